//! The directories' users, for AuthOrder.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gantry_api::proto::text::Escaped;
use gantry_api::service::{Authenticator, LoginRequest, Verdict};
use gantry_api::{Account, ErrorKind, Result, ServerId, async_trait, log};
use gantry_secrets::Hashing;

use crate::passwords;
use crate::request::Bound;
use crate::secret::Secret;
use crate::tracking::Sessions;
use crate::users::Users;

/// The users of all servers of the configuration.
pub(crate) struct LdapUsers {
    pub(crate) servers: Arc<HashMap<ServerId, Users>>,
    pub(crate) sessions: Arc<Sessions>,
    /// Hashes passwords that are compared.
    pub(crate) hashing: Hashing,
    /// How long the last wrong password took, in microseconds.
    pub(crate) refusal: AtomicU64,
}

#[async_trait]
impl Authenticator for LdapUsers {
    async fn account(&self, request: &LoginRequest) -> Result<Option<Account>> {
        let Some(users) = self.servers.get(&request.server) else { return Ok(None) };
        let tracking = if users.tracks { self.sessions.control(request) } else { None };
        let found = users.account(&request.user, tracking).await;
        // Of a directory that is down mod_auth's log has a line a minute; this is about one user.
        if let Err(error) = &found
            && error.kind() == ErrorKind::Invalid
        {
            log!(Warn, "user '{}': {error}", Escaped(request.user.as_bytes()));
        }
        if let Some(log) = &users.log {
            let text = match &found {
                Ok(Some(account)) => {
                    let groups: Vec<&str> = account.groups.iter().map(|group| group.name.as_str()).collect();
                    let Account { name, uid, gid, home, .. } = account;
                    let (home, groups) = (home.display(), groups.join(","));
                    format!("found '{name}', UID {uid}, GID {gid}, home {home}, groups {groups}")
                }
                Ok(None) => "no entry".to_owned(),
                Err(error) => format!("the look-up fails: {error}"),
            };
            log.write(request, &text);
        }
        found
    }

    async fn verify(&self, request: &LoginRequest, account: &Account, password: &[u8]) -> Result<Verdict> {
        let Some(users) = self.servers.get(&request.server) else { return Ok(Verdict::Unknown) };
        let secret = account.secret.as_deref().and_then(|text| Secret::decode(text, &request.user));
        let verdict = match secret {
            Some((Secret::Compare(values), _)) => {
                match passwords::fit(&self.hashing, values, users.scheme, password).await? {
                    true => Ok(Bound::Accepted),
                    false => Ok(Bound::Refused("wrong password".to_owned())),
                }
            }
            // mod_auth spends the time of a wrong password for a user that there is not. No other user's entry may
            // count it: the directory may lock it.
            Some((Secret::Bind(_), false)) | None => {
                tokio::time::sleep(Duration::from_micros(self.refusal.load(Ordering::Relaxed))).await;
                return Ok(Verdict::Rejected);
            }
            Some((Secret::Bind(dn), true)) => match std::str::from_utf8(password) {
                Ok(password) => self.bind(users, dn, password).await,
                // RFC 4513 section 5.1.3.
                Err(_) => Ok(Bound::Refused("the password is not UTF-8".to_owned())),
            },
        };
        if let Some(log) = &users.log {
            match &verdict {
                Ok(Bound::Accepted) => log.write(request, "the password is right"),
                Ok(Bound::Refused(why)) => log.write(request, &format!("the password is refused: {why}")),
                Err(error) => log.write(request, &format!("the password cannot be checked: {error}")),
            }
        }
        Ok(match verdict? {
            Bound::Accepted => Verdict::Accepted,
            Bound::Refused(_) => Verdict::Rejected,
        })
    }

    async fn user_name(&self, request: &LoginRequest, uid: u32) -> Result<Option<String>> {
        match self.servers.get(&request.server) {
            Some(users) => users.user_name(uid).await,
            None => Ok(None),
        }
    }

    async fn group_name(&self, request: &LoginRequest, gid: u32) -> Result<Option<String>> {
        match self.servers.get(&request.server) {
            Some(users) => users.group_name(gid).await,
            None => Ok(None),
        }
    }
}

impl LdapUsers {
    async fn bind(&self, users: &Users, dn: String, password: &str) -> Result<Bound> {
        let began = Instant::now();
        let bound = users.directory.bind(dn, password.to_owned()).await;
        if let Ok(Bound::Refused(_)) = bound {
            let took = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.refusal.store(took, Ordering::Relaxed);
        }
        bound
    }
}
