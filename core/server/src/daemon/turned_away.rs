//! Log lines about clients that are not served.

use crate::seldom::Seldom;

/// Each line is limited, because clients can cause as many as they like.
#[derive(Debug, Default)]
pub struct TurnedAway {
    /// No connection can be accepted.
    pub not_accepted: Seldom,
    /// MaxInstances.
    pub too_many: Seldom,
    /// No descriptors are left.
    pub no_room: Seldom,
    /// MaxUnauthenticatedPerHost.
    pub strangers: Seldom,
}
