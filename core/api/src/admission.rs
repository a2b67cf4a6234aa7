//! Admission: the moment at which a session becomes somebody. Whoever checks logins
//! says who it is and where it belongs; the server does the rest in one step, or
//! leaves the session as it was.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;

use crate::account::Account;
use crate::error::Result;
use crate::ids::{SectionId, ServerId};
use crate::path::VirtualPath;

/// Who a session becomes, and where it belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// Who it is: files are touched under these ids.
    pub account: Account,
    /// Its root, a folder of the host: nothing above it can be reached.
    pub root: PathBuf,
    /// The `<Anonymous>` section that it belongs to; none for the server itself.
    pub section: Option<SectionId>,
    /// Where it begins inside the root: the first that can be entered.
    pub beginnings: Vec<VirtualPath>,
}

/// The server that a session is at.
#[derive(Debug, Clone)]
pub struct AtServer {
    /// Which it is in the session's configuration.
    pub id: ServerId,
    /// Its ServerName.
    pub name: Arc<str>,
    /// See [`crate::Session::server_key`].
    pub key: Arc<str>,
}

/// The server's side of a session: what changes where the session stands. Modules
/// reach it through [`crate::Session::admit`] and [`crate::Session::move_to`].
#[async_trait]
pub trait Door: Send + Sync {
    /// Judges `<Limit LOGIN>` of a section before anybody has looked at a password, as
    /// far as the limits do not ask for the user.
    fn lets_in(&self, section: Option<SectionId>) -> Result<()>;
    /// Judges `<Limit LOGIN>`, opens the root, and fixes what holds for the session
    /// from here on; where it begins. On an error nothing has changed.
    async fn admit(&mut self, admission: &Admission) -> Result<VirtualPath>;
    /// Moves a session that has not logged in to another server.
    fn move_to(&mut self, server: ServerId) -> Result<AtServer>;
}
