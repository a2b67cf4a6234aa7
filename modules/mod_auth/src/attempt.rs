//! A login that is to be checked, and why it fails.

use gantry_api::service::{LoginRequest, Services};

use crate::settings::Settings;
use crate::troubles::News;

/// Why a login fails; the text is for the log.
pub(crate) enum Refusal {
    /// The client is nobody who may log in.
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

/// A login that is to be checked.
pub(crate) struct Attempt<'a> {
    pub(crate) services: &'a Services,
    /// Who asks, by the name that it gave.
    pub(crate) client: LoginRequest,
    pub(crate) settings: &'a Settings,
    pub(crate) password: &'a [u8],
}

impl Attempt<'_> {
    /// What asks an authenticator for a user.
    pub(crate) fn request(&self, user: &str) -> LoginRequest {
        LoginRequest { user: user.to_owned(), ..self.client.clone() }
    }
}
