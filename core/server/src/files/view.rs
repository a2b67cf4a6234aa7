//! What a logged-in session sees of files: its store, and what the gate goes by.

use std::sync::Arc;

use gantry_api::VirtualPath;
use gantry_api::store::Store;

use crate::files::host::HostStore;
use crate::files::sections::Sections;
use crate::gate::Person;

/// What holds a session's files.
pub enum SessionStore {
    /// The host's file system.
    Host(HostStore),
    /// A store that a module published.
    Published(Arc<dyn Store<Place = VirtualPath>>),
}

/// What a session's operations need, from its login on.
pub struct View {
    /// What holds its files.
    pub store: SessionStore,
    /// What holds where.
    pub sections: Arc<Sections>,
    /// Who asks the gate.
    pub person: Person,
}
