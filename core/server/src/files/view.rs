//! What a logged-in session sees of files: its store, and what the gate goes by.

use std::sync::Arc;

use crate::files::host::HostStore;
use crate::files::sections::Sections;
use crate::gate::Person;

/// What a session's operations need, from its login on.
pub struct View {
    /// What holds its files.
    pub store: HostStore,
    /// What holds where.
    pub sections: Arc<Sections>,
    /// Who asks the gate.
    pub person: Person,
}
