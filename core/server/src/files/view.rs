//! What a logged-in session sees of files: its store, and what the gate goes by.

use std::sync::Arc;

use gantry_api::files::{DirectoryEntry, Listing};
use gantry_api::store::Store;
use gantry_api::{Promise, VirtualPath};

use crate::files::host::HostStore;
use crate::files::sections::Sections;
use crate::gate::Person;
use crate::generation::held::ScopeHandle;
use crate::hiding::Viewer;

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
    /// From whom things are hidden.
    pub viewer: Viewer,
}

impl View {
    /// A listing without what is hidden in its folder.
    pub fn without_hidden(&self, inner: Box<dyn Listing>, scope: ScopeHandle) -> Box<dyn Listing> {
        Box::new(Visible { inner, scope, sections: self.sections.clone(), viewer: self.viewer.clone() })
    }
}

/// The entries of a listing that are not hidden.
struct Visible {
    inner: Box<dyn Listing>,
    scope: ScopeHandle,
    sections: Arc<Sections>,
    viewer: Viewer,
}

impl Listing for Visible {
    fn next(&mut self) -> Promise<'_, Vec<DirectoryEntry>> {
        let Self { inner, scope, sections, viewer } = self;
        Promise::later(async move {
            let hidden = &sections.held(scope).settings.hidden;
            loop {
                let mut entries = inner.next().await?;
                let is_end = entries.is_empty();
                entries.retain(|entry| !viewer.misses(hidden, &entry.name, &entry.metadata));
                // An empty answer means the end.
                if is_end || !entries.is_empty() {
                    return Ok(entries);
                }
            }
        })
    }
}
