//! What is logged: a query, and what follows if it fails.

use crate::lookup::Query;

/// What a SQLLog or SQLLogOnEvent line does.
pub struct Record {
    /// What.
    pub query: Query,
    /// What follows a failure.
    pub failure: Failure,
}

/// What a failed SQLLog does to its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// It goes on, and the log has an error.
    GoesOn,
    /// It ends.
    EndsSession,
}
