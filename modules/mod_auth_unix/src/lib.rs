//! mod_auth_unix: the system's own users. The name service knows them, and the server's keeper compares their passwords
//! with the shadow entries. It does not decide who may log in, or where.

use std::sync::Arc;

use gantry_api::prelude::*;
use gantry_api::service::{Authenticator, LoginRequest, Verdict};
use gantry_api::system::{Standing, System};
use gantry_api::{Account, proto::text::Escaped};

/// The module.
#[derive(Default)]
pub struct AuthUnix;

module! { AuthUnix, settings: Settings }

settings! {
    /// The settings of one server.
    #[derive(Debug)]
    pub(crate) struct Settings {
        /// No option has an effect here: `AIXNoRLogin` is for AIX, and `NoGetgrouplist` and `NoInitgroups` are for other
        /// ways to find a user's groups.
        pub(crate) _options: Vec<String> = AuthUnixOptions "option ..." in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: options;
        /// Has no effect: users are always looked up by the system's name service, and confining a session hides nothing
        /// from it.
        pub(crate) _persistent: bool = PersistentPasswd "on|off" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "off", parse: parse::on_off;
    }
}

#[async_trait]
impl Module for AuthUnix {
    fn offers(scopes: &Scopes<'_>) -> Vec<Offer> {
        scopes.servers::<Settings>().map(|scope| Offer::Authenticator(scope.server)).collect()
    }

    async fn start(&mut self, start: &mut Start<'_>) -> Result<()> {
        if let Ok(system) = start.system() {
            start.publish().authenticator("mod_auth_unix", Users { system });
        }
        Ok(())
    }
}

/// The system's users.
struct Users {
    system: Arc<dyn System>,
}

#[async_trait]
impl Authenticator for Users {
    async fn account(&self, request: &LoginRequest) -> Result<Option<Account>> {
        self.system.user(&request.user).await
    }

    async fn verify(&self, _: &LoginRequest, account: &Account, password: &[u8]) -> Result<Verdict> {
        let why = match self.system.check(&account.name, password).await? {
            Standing::Good => return Ok(Verdict::Accepted),
            Standing::Wrong => return Ok(Verdict::Rejected),
            Standing::Locked => "the account is locked, or has no password",
            Standing::Expired => "the account has expired",
            Standing::Aged => "the password has expired and must be changed",
        };
        log!(Info, "{}: {why}", Escaped(account.name.as_bytes()));
        Ok(Verdict::Rejected)
    }
}

fn options(words: &[&str]) -> std::result::Result<Value, ParseError> {
    let known = ["AIXNoRLogin", "NoGetgrouplist", "NoInitgroups"];
    for word in words {
        match known.iter().any(|known| known.eq_ignore_ascii_case(word)) {
            true => {}
            false if word.eq_ignore_ascii_case("MagicTokenChroot") => {
                return Err("MagicTokenChroot is not supported: use DefaultRoot and DefaultChdir".into());
            }
            false => return Err(ParseError::new(format!("unknown AuthUnixOption: '{word}'")).at(word)),
        }
    }
    parse::words(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_proftpds() {
        assert!(options(&["NoGetgrouplist", "noinitgroups"]).is_ok());
        assert!(options(&["MagicTokenChroot"]).unwrap_err().to_string().contains("DefaultRoot"));
        assert!(options(&["Other"]).is_err() && options(&[]).is_err());
    }
}
