//! What vouches for a client besides a password, such as its certificate.

use crate::account::Account;
use crate::error::Result;
use crate::guard::guarded;

guarded! {
    /// Vouches for a session's client. A module that has learned who the client is gives the
    /// session one ([`crate::Moment::vouch`]), and whoever checks logins asks it once USER has
    /// named an account: if it answers yes, no password is asked for (RFC 4217 section 5.1,
    /// reply 232). An error counts as no.
    pub trait Voucher: Send + Sync {
        /// Whether the client is this user, who has this account.
        async fn vouches_for(&self, user: &str, account: &Account) -> Result<bool>;
    }
}
