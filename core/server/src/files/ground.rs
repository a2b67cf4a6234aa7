//! What the gate needs of a store, beyond [`Store`].

use std::path::PathBuf;
use std::sync::Arc;

use gantry_api::files::{Created, Metadata, OpenFile};
use gantry_api::store::{Access, ApprovedPlace, Found, Store};
use gantry_api::{Promise, Result, VirtualPath};

use crate::files::privileged::NewOwners;
use crate::files::sections::Sections;
use crate::generation::held::ScopeHandle;

/// A store that may contain files with settings for their folders (`.ftpaccess`).
pub trait Ground: Store {
    /// The scope of a place at `path`, or of a path that leads nowhere.
    fn scope_at<'a>(
        &'a self,
        sections: &'a Arc<Sections>,
        _place: Option<&Self::Place>,
        path: PathBuf,
    ) -> Promise<'a, ScopeHandle> {
        Promise::now(sections.at(&path))
    }

    /// Opens a file for reading in one step: pins, checks and opens it. `None` if a step would have
    /// to wait; the caller then takes the steps one by one.
    fn open_at_once(
        &self,
        _path: &VirtualPath,
        _judge: impl FnOnce(Found<Self::Place>) -> Option<Result<(ApprovedPlace<Self::Place>, Metadata)>>,
    ) -> Option<Result<OpenFile>> {
        None
    }

    /// Creates and opens a new file that belongs to others; `None` if the name is taken. A store that knows no owners leaves
    /// them out.
    fn create_for(
        &self,
        at: ApprovedPlace<Self::Place>,
        access: Access,
        mode: u32,
        _owners: NewOwners,
    ) -> Promise<'_, Option<OpenFile>> {
        self.create(at, access, mode)
    }

    /// Makes a directory that belongs to others.
    fn create_directory_for(&self, at: ApprovedPlace<Self::Place>, mode: u32, _owners: NewOwners) -> Promise<'_, ()> {
        self.create_directory(at, mode)
    }

    /// Where a place, to which a path leads, is inside the session's root.
    fn inside(&self, _place: &Self::Place, path: &VirtualPath) -> Result<VirtualPath> {
        Ok(path.clone())
    }

    /// Sees in one step whether a directory may be entered, as `open_at_once` does for a file.
    fn enter_at_once(
        &self,
        _path: &VirtualPath,
        _judge: impl FnOnce(Found<Self::Place>) -> Option<Result<(ApprovedPlace<Self::Place>, Metadata)>>,
    ) -> Option<Result<()>> {
        None
    }

    /// Makes a file in one step: the name is pinned, judged and taken. `name` judges it and
    /// adds the file's mode; where the name is taken, `thing` judges what it leads to. None
    /// where anything of that may wait or is refused: the steps are then taken one by one.
    fn create_at_once(
        &self,
        _path: &VirtualPath,
        _name: impl FnOnce(Self::Place) -> Option<(ApprovedPlace<Self::Place>, u32)>,
        _thing: impl FnOnce(Found<Self::Place>) -> Option<Metadata>,
    ) -> Option<Result<Created>> {
        None
    }

    /// Whether the store has such files.
    fn has_access_files(&self) -> bool {
        false
    }
}

/// A module's store has no `.ftpaccess` files.
impl Ground for dyn Store<Place = VirtualPath> {}
