//! Checks a password: asks the authenticators in order. An unknown user takes as long as a wrong password.

use std::sync::{Mutex, PoisonError};

use gantry_api::Account;
use gantry_api::prelude::*;
use gantry_api::service::{LoginRequest, Services, Verdict};

use crate::order::{self, Asked, Entry, Finality};
use crate::system::SystemUsers;

/// A dummy hash, used until a real one has been seen.
const NOBODYS: &str =
    "$6$gantry.nobody$0000000000000000000000000000000000000000000000000000000000000000000000000000000000000";

/// Checks logins. It remembers the last account that was found. The password of an unknown user is checked against
/// that account and then refused, so that it takes as long as this site's hashes take.
#[derive(Default)]
pub(crate) struct Logins {
    pattern: Mutex<Option<(String, Account)>>,
}

impl Logins {
    /// The account with this password; the error is for the log, never for the client.
    pub(crate) async fn verify(
        &self,
        services: &Services,
        order: &[Entry],
        request: &LoginRequest,
        password: &[u8],
    ) -> std::result::Result<Account, String> {
        let asked_all = order::asked(order, services);
        let mut reason = None;
        for asked in &asked_all {
            let account = match asked.authenticator.account(request).await {
                Ok(account) => account,
                Err(error) => {
                    log!(Warn, "{} cannot look up a user: {error}", asked.name);
                    None
                }
            };
            let verdict = match &account {
                Some(account) => self.ask(asked, request, account, password).await,
                None => Verdict::Unknown,
            };
            match (verdict, account) {
                (Verdict::Accepted, Some(account)) => return Ok(account),
                (Verdict::Rejected, Some(account)) => {
                    if is_locked(&account) {
                        self.spend_the_same(&asked_all, request, password).await;
                    }
                    return Err("Incorrect password".to_owned());
                }
                (_, Some(_)) => reason = Some("Incorrect password"),
                (_, None) => {}
            }
            if asked.finality == Finality::Final {
                break;
            }
        }
        if let Some(reason) = reason {
            return Err(reason.to_owned());
        }
        self.spend_the_same(&asked_all, request, password).await;
        Err("no such user found".to_owned())
    }

    /// The account of a name whose password nobody asks for: the first that an authenticator knows, else the system's,
    /// where AuthOrder does not leave those out.
    pub(crate) async fn look_up(
        &self,
        services: &Services,
        order: &[Entry],
        system: &SystemUsers,
        request: &LoginRequest,
    ) -> Option<Account> {
        for asked in order::asked(order, services) {
            match asked.authenticator.account(request).await {
                Ok(Some(account)) => return Some(account),
                Ok(None) => {}
                Err(error) => log!(Warn, "{} cannot look up a user: {error}", asked.name),
            }
            if asked.finality == Finality::Final {
                return None;
            }
        }
        order::asks_system(order).then(|| system.account(&request.user).cloned()).flatten()
    }

    /// Takes as long as a login that fails.
    pub(crate) async fn fail(&self, services: &Services, order: &[Entry], request: &LoginRequest, password: &[u8]) {
        self.spend_the_same(&order::asked(order, services), request, password).await;
    }

    async fn ask(&self, asked: &Asked<'_>, request: &LoginRequest, account: &Account, password: &[u8]) -> Verdict {
        if !is_locked(account) {
            let seen = (asked.name.to_owned(), account.clone());
            *self.pattern.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
        }
        let verdict = asked.authenticator.verify(request, account, password).await;
        verdict.unwrap_or_else(|error| {
            log!(Warn, "{} cannot check a password: {error}", asked.name);
            Verdict::Unknown
        })
    }

    /// Checks the password only to spend the time; ignores the verdict.
    async fn spend_the_same(&self, asked: &[Asked<'_>], request: &LoginRequest, password: &[u8]) {
        let pattern = self.pattern.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (name, account) = pattern.unwrap_or_else(|| (String::new(), nobody()));
        let Some(asked) = asked.iter().find(|asked| asked.name == name).or(asked.first()) else { return };
        let _ = asked.authenticator.verify(request, &account, password).await;
    }
}

/// Whether the stored hash can never match, so that checking it takes no time.
fn is_locked(account: &Account) -> bool {
    account.secret.as_deref().is_some_and(|hash| hash.is_empty() || hash.starts_with(['*', '!']))
}

fn nobody() -> Account {
    Account {
        name: String::new(),
        uid: u32::MAX,
        gid: u32::MAX,
        groups: Vec::new(),
        home: "/".into(),
        shell: String::new(),
        secret: Some(NOBODYS.to_owned()),
    }
}
