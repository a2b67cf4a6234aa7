//! A login to check, and why it may fail.

use gantry_api::service::{LoginRequest, Services};

use crate::settings::Settings;
use crate::troubles::News;

/// Why a login fails; the texts are for the log.
pub(crate) enum Refusal {
    /// The client may not log in.
    Login(String),
    /// An authenticator failed, and no other module knows the user, so nobody can tell.
    Trouble {
        /// What failed.
        reason: String,
        /// Whether the log shall have it.
        news: News,
    },
    /// An `<Anonymous>` has no root.
    Root(String),
}

impl From<String> for Refusal {
    fn from(reason: String) -> Self {
        Self::Login(reason)
    }
}

/// A login to check.
pub(crate) struct Attempt<'a> {
    pub(crate) services: &'a Services,
    /// The client, with the user name that it sent.
    pub(crate) client: LoginRequest,
    pub(crate) settings: &'a Settings,
    pub(crate) password: &'a [u8],
}

impl Attempt<'_> {
    /// The request for an authenticator.
    pub(crate) fn request(&self, user: &str) -> LoginRequest {
        LoginRequest { user: user.to_owned(), ..self.client.clone() }
    }
}
