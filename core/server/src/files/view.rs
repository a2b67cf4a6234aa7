//! The files of a logged-in session: its store, and the data for the gate.

use std::sync::Arc;

use gantry_api::files::{DirectoryEntry, Listing};
use gantry_api::store::Store;
use gantry_api::{Promise, VirtualPath};

use crate::files::host::HostStore;
use crate::files::sections::Sections;
use crate::gate::Person;
use crate::generation::held::ScopeHandle;
use crate::hiding::Viewer;

/// The store of a session's files.
pub enum SessionStore {
    /// The host's file system.
    Host(HostStore),
    /// A store that a module published.
    Published(Arc<dyn Store<Place = VirtualPath>>),
}

/// What a session's operations need, from its login on.
pub struct View {
    /// The store.
    pub store: SessionStore,
    /// The scopes by path.
    pub sections: Arc<Sections>,
    /// Who the gate checks.
    pub person: Person,
    /// Who hidden files are hidden from.
    pub viewer: Viewer,
}

impl View {
    /// A listing without the hidden files of its folder.
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
