//! The module's servers.

use std::collections::HashMap;
use std::sync::Arc;

use gantry_api::session::ServerId;

use crate::server::Server;

/// The module.
#[derive(Default)]
pub(crate) struct TlsModule {
    /// The servers with TLSEngine on.
    pub(crate) servers: HashMap<ServerId, Arc<Server>>,
    /// Whether TLSRequired says anything in any scope.
    pub(crate) requires: bool,
}
