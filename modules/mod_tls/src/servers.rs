//! The module's servers.

use std::collections::HashMap;
use std::sync::Arc;

use gantry_api::session::ServerId;

use crate::server::Server;
use crate::tickets::Cache;

/// The module.
#[derive(Default)]
pub(crate) struct TlsModule {
    /// The servers with TLSEngine on.
    pub(crate) servers: Arc<HashMap<ServerId, Arc<Server>>>,
    /// The cache of sessions for later control connections (TLSSessionCache).
    pub(crate) cache: Option<Arc<Cache>>,
    /// Whether any scope has TLSRequired.
    pub(crate) requires: bool,
}
