//! The host's own users, and what only root can say of their passwords. The server does
//! it, in threads and processes of its own: nothing here makes a session's worker wait,
//! and everything takes a bounded time. Modules get it from
//! [`Start::system`](crate::Start::system) or [`Services::system`](crate::service::Services::system).

use std::time::Duration;

use async_trait::async_trait;

use crate::account::Account;
use crate::error::Result;

/// How a system user stands with a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is right, and the account may be used.
    Good,
    /// It is wrong, or there is no such user.
    Wrong,
    /// No password is right: the account is locked, or has none.
    Locked,
    /// It is right, but the account has expired.
    Expired,
    /// It is right, but must be changed first, by another way than FTP.
    Aged,
}

/// A login that PAM is to judge.
pub struct PamLogin<'a> {
    /// The service, a file in /etc/pam.d. From the configuration alone: never from a
    /// client.
    pub service: &'a str,
    /// The user.
    pub user: &'a str,
    /// The password.
    pub password: &'a [u8],
    /// PAM_RHOST: the client's name or address.
    pub host: &'a str,
    /// PAM_TTY.
    pub terminal: Option<&'a str>,
    /// Whether the user's credentials are set and a session is opened.
    pub session: bool,
    /// How long the conversation may take.
    pub limit: Duration,
}

/// What PAM says of a login.
pub struct PamOutcome {
    /// Why PAM refuses, in its own words; none where it lets the user in.
    pub refusal: Option<String>,
    /// What PAM's modules had to say to the user.
    pub messages: Vec<String>,
    /// The session, if one was asked for and PAM lets the user in.
    pub session: Option<Box<dyn PamSession>>,
}

/// A PAM session that is open. Its drop closes it.
pub trait PamSession: Send + Sync {}

/// The host's users. The server implements it.
#[async_trait]
pub trait System: Send + Sync {
    /// A user, with all groups, as the name service has it.
    ///
    /// # Errors
    /// The name service fails, or takes too long.
    async fn user(&self, name: &str) -> Result<Option<Account>>;

    /// Compares a password with the system's own entry of a user (shadow(5)).
    ///
    /// # Errors
    /// That cannot be done: above all, the daemon was not started as root.
    async fn check(&self, user: &str, password: &[u8]) -> Result<Standing>;

    /// Has PAM judge a login. A refusal comes after the delay that PAM wants.
    ///
    /// # Errors
    /// PAM cannot be asked, or takes too long.
    async fn pam(&self, login: &PamLogin<'_>) -> Result<PamOutcome>;

    /// Whether this is done as root. Otherwise PAM and the shadow entries are only what
    /// the daemon's user may do with them: as a rule, nothing.
    fn is_root(&self) -> bool;
}
