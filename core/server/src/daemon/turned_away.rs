//! What is told of clients that are not let in.

use crate::seldom::Seldom;

/// Lines about clients that are not let in: they cause as many as they like.
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
