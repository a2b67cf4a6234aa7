//! What the module keeps with a session: its quota, and the command under way.

use std::sync::Arc;

use gantry_api::prelude::*;

use crate::Quotatab;
use crate::held::Held;
use crate::limits::{self, Quota};
use crate::sizes::Window;
use crate::variables;

/// A session's part.
#[derive(Default)]
pub(crate) struct Seat {
    pub(crate) found: Found,
    /// The command under way.
    pub(crate) command: Option<Command>,
}

/// What is known of the quota.
#[derive(Default, Clone)]
pub(crate) enum Found {
    /// Nobody has looked yet, or a table could not be used.
    #[default]
    Unknown,
    /// There is none.
    Nothing,
    /// The one that applies.
    Quota(Arc<Quota>),
}

/// A command under way.
pub(crate) struct Command {
    pub(crate) verb: Verb,
    pub(crate) quota: Arc<Quota>,
    /// The files that it may change.
    pub(crate) windows: Vec<Window>,
    /// What it may still add to the tally.
    pub(crate) held: Arc<Held>,
}

/// The session's quota, if there is one.
///
/// # Errors
/// A table cannot be used.
pub(crate) async fn quota(quotatab: &Quotatab, at: &mut Moment<'_>) -> Result<Option<Arc<Quota>>> {
    let Some(server) = quotatab.server(at.session) else { return Ok(None) };
    match at.state.of::<Seat>().found.clone() {
        Found::Nothing => return Ok(None),
        Found::Quota(quota) => return Ok(Some(quota)),
        Found::Unknown => {}
    }
    let found = limits::find(server, at.session).await?.map(Arc::new);
    at.state.of::<Seat>().found = match &found {
        Some(quota) => Found::Quota(quota.clone()),
        None => Found::Nothing,
    };
    if let Some(quota) = &found {
        variables::leave(at, quota);
    }
    Ok(found)
}

/// The session's quota, if it has been found before.
pub(crate) fn known(at: &mut Moment<'_>) -> Option<Arc<Quota>> {
    match &at.state.of::<Seat>().found {
        Found::Quota(quota) => Some(quota.clone()),
        _ => None,
    }
}
