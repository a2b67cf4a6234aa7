//! The host's file system as a store. The kernel resolves paths inside the session's root
//! (openat2), and every access uses the session's credentials. What the kernel has in its caches is
//! answered at once, on the calling thread. What creates, changes or may wait runs on a thread of
//! the pool.

mod actor;
mod file;
mod given;
mod listing;
mod place;
mod warm;

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gantry_api::files::{Created, File, Links, Listing, Metadata, OpenFile, Target};
use gantry_api::store::{Access, ApprovedPlace, Found, Store};
use gantry_api::{Error, ErrorKind, Promise, Result, VirtualPath};
use gantry_sys::handle::{Freshness, attributes};
use gantry_sys::root::searchable_cached;
use gantry_sys::{Directory, Existing, Medium, Mode, OFlags, Switch};

use crate::files::blocking::Blocking;
use crate::files::ground::Ground;
use crate::files::host::actor::{Actor, User};
use crate::files::host::file::HostFile;
use crate::files::host::listing::HostListing;
use crate::files::host::place::{HostPlace, metadata};
use crate::files::privileged::{NewOwners, Privileged};
use crate::files::sections::Sections;
use crate::generation::ftpaccess::Inside;
use crate::generation::held::ScopeHandle;
use crate::generation::snapshot::Generation;

/// How often to check again if the pinned place is moved meanwhile.
const TRIES: usize = 16;

/// The files of one session on the host.
pub struct HostStore {
    actor: Actor,
    privileged: Arc<dyn Privileged>,
}

impl HostStore {
    /// The files below `root`, accessed as the user of `switch`.
    ///
    /// # Errors
    /// The root cannot be reached: the system's fault.
    pub async fn open(
        generation: Arc<Generation>,
        blocking: Arc<Blocking>,
        root: &Path,
        switch: Switch,
        privileged: Arc<dyn Privileged>,
    ) -> Result<Self> {
        let actor = Actor::new(generation, blocking, root, switch).await?;
        Ok(Self { actor, privileged })
    }

    /// The root's real path.
    pub fn root_path(&self) -> &Path {
        &self.actor.user().root.path
    }

    fn opened(&self, (file, metadata, near): Made, access: Access) -> OpenFile {
        let file = HostFile::new(self.actor.blocking.clone(), file, access, near);
        OpenFile { file: Box::new(file), metadata }
    }
}

/// A file that was made, what is known of it, and what holds it, where the kernel answers for it by itself.
type Made = (OwnedFd, Metadata, Option<Medium>);

impl User {
    fn find_cached(&self, path: &VirtualPath, links: Links) -> Option<io::Result<Option<Found<HostPlace>>>> {
        match self.root.root.open_cached(path.as_bytes(), flags(links))? {
            Ok((handle, found)) if self.is_near(&found) => {
                Some(Ok(Some(Found { place: HostPlace::thing(handle, &found, true), metadata: metadata(&found) })))
            }
            // The kernel does not tell mounts apart, so this may be any.
            Ok(_) => None,
            Err(error) => Some(none_if_missing(error)),
        }
    }

    fn find(&self, path: &VirtualPath, links: Links) -> io::Result<Option<Found<HostPlace>>> {
        let handle = match self.root.root.open_at(path.as_bytes(), flags(links), Mode::empty()) {
            Ok(handle) => handle,
            Err(error) => return none_if_missing(error),
        };
        let found = attributes(handle.as_fd(), Freshness::Now)?;
        let place = HostPlace::thing(handle, &found, self.is_near(&found));
        Ok(Some(Found { place, metadata: metadata(&found) }))
    }

    /// Finds what a path leads to, and has it judged; none where any of that may wait.
    fn judged_cached(
        &self,
        path: &VirtualPath,
        judge: impl FnOnce(Found<HostPlace>) -> Option<Result<(ApprovedPlace<HostPlace>, Metadata)>>,
    ) -> Result<Option<(ApprovedPlace<HostPlace>, Metadata)>> {
        let Some(found) = self.find_cached(path, Links::Follow).transpose()? else { return Ok(None) };
        judge(found.ok_or_else(|| Error::of(ErrorKind::NotFound))?).transpose()
    }

    /// Sees whether a directory may be entered, once it has been judged; none where any of that may wait.
    fn enter_cached(
        &self,
        path: &VirtualPath,
        judge: impl FnOnce(Found<HostPlace>) -> Option<Result<(ApprovedPlace<HostPlace>, Metadata)>>,
    ) -> Result<Option<()>> {
        let Some((judged, _)) = self.judged_cached(path, judge)? else { return Ok(None) };
        Ok(searchable_cached(judged.place().as_fd()).transpose()?)
    }

    /// Opens a file for reading after its check; `None` if anything would have to wait.
    fn open_cached(
        &self,
        path: &VirtualPath,
        judge: impl FnOnce(Found<HostPlace>) -> Option<Result<(ApprovedPlace<HostPlace>, Metadata)>>,
    ) -> Result<Option<(OwnedFd, Metadata)>> {
        let Some((judged, metadata)) = self.judged_cached(path, judge)? else { return Ok(None) };
        let opened = judged.into_place().open_at_once(Access::Read).transpose()?;
        Ok(opened.map(|file| (file, metadata)))
    }

    /// Makes a file by a judged name; none where that is taken.
    fn create(&self, at: &HostPlace, access: Access, mode: u32) -> io::Result<Option<Made>> {
        let Some(file) = at.named()?.create_file(writing(access), Mode::from_raw_mode(mode))? else { return Ok(None) };
        let found = attributes(file.as_fd(), Freshness::Now)?;
        Ok(Some((file, metadata(&found), self.is_near(&found).then_some(self.root.medium))))
    }

    /// Makes a file by a name that is judged first, or finds what the name leads to; none where any of that may wait.
    fn create_in_memory(
        &self,
        path: &VirtualPath,
        name: impl FnOnce(HostPlace) -> Option<(ApprovedPlace<HostPlace>, u32)>,
        thing: impl FnOnce(Found<HostPlace>) -> Option<Metadata>,
    ) -> Option<io::Result<std::result::Result<Made, Metadata>>> {
        let place = self.root.root.place_cached(path.as_bytes())?.ok()?;
        let (judged, mode) = name(HostPlace::name(place))?;
        match self.create(judged.place(), Access::Write, mode).transpose() {
            Some(made) => Some(made.map(Ok)),
            None => Some(Ok(Err(thing(self.find_cached(path, Links::Follow)?.ok()??)?))),
        }
    }

    /// The scope of a place, including the `.ftpaccess` files of its folders.
    fn scope_with_files(&self, sections: &Sections, place: Option<&HostPlace>, path: PathBuf) -> Result<ScopeHandle> {
        let (root, root_path) = (&self.root.root, self.root.path.as_path());
        let mut path = path;
        for _ in 0..TRIES {
            let pinned = place.map(HostPlace::pinned).transpose()?;
            if let Some(held) = sections.with_files(Inside { root, root_path, path: &path, pinned })? {
                return Ok(held);
            }
            path = place.map(HostPlace::path).transpose()?.unwrap_or(path);
        }
        Err(Error::client(450, "Resource temporarily unavailable"))
    }
}

impl Store for HostStore {
    type Place = HostPlace;

    fn path(&self, place: &HostPlace) -> Result<PathBuf> {
        Ok(place.path()?)
    }

    fn shown(&self, path: &VirtualPath) -> Vec<u8> {
        let inside = path.as_bytes().strip_prefix(b"/").unwrap_or(path.as_bytes());
        self.actor.user().root.path.join(OsStr::from_bytes(inside)).into_os_string().into_vec()
    }

    fn find(&self, path: &VirtualPath, links: Links) -> Promise<'_, Option<Found<HostPlace>>> {
        if let Some(found) = self.actor.at_once(|user| user.find_cached(path, links)) {
            return Promise::now(found);
        }
        let path = path.clone();
        self.actor.later(move |user| Ok(user.find(&path, links)?))
    }

    fn name(&self, path: &VirtualPath) -> Promise<'_, HostPlace> {
        if let Some(place) = self.actor.at_once(|user| user.root.root.place_cached(path.as_bytes())) {
            return Promise::now(place.map(HostPlace::name));
        }
        let path = path.clone();
        self.actor.later(move |user| Ok(HostPlace::name(user.root.root.place(path.as_bytes())?)))
    }

    fn enter(&self, at: ApprovedPlace<HostPlace>) -> Promise<'_, ()> {
        let place = at.into_place();
        if place.is_near()
            && let Some(entered) = self.actor.at_once(|_| searchable_cached(place.as_fd()))
        {
            return Promise::now(entered);
        }
        self.actor.later(move |_| Ok(place.enter()?))
    }

    fn open(&self, at: ApprovedPlace<HostPlace>, access: Access) -> Promise<'_, Box<dyn File>> {
        let place = at.into_place();
        let (blocking, near) = (self.actor.blocking.clone(), place.is_near().then_some(self.actor.user().root.medium));
        let host_file = move |file| -> Box<dyn File> { Box::new(HostFile::new(blocking, file, access, near)) };
        if (access == Access::Read || near == Some(Medium::Memory))
            && place.is_near()
            && let Some(opened) = self.actor.at_once(|_| place.open_at_once(access))
        {
            return Promise::now(opened.map(host_file));
        }
        self.actor.later(move |_| Ok(place.open(access)?)).and_then(move |file| Ok(host_file(file)))
    }

    fn list(&self, at: ApprovedPlace<HostPlace>) -> Promise<'_, Box<dyn Listing>> {
        let place = at.into_place();
        let listing =
            |directory, place| -> Box<dyn Listing> { Box::new(HostListing::new(self.actor.clone(), directory, place)) };
        if place.is_near()
            && let Some(directory) = self.actor.at_once(|_| Some(Directory::open(place.as_fd())))
        {
            return Promise::now(directory.map(|directory| listing(directory, place)));
        }
        let opened = self.actor.later(move |_| Ok((Directory::open(place.as_fd())?, place)));
        opened.and_then(move |(directory, place)| Ok(listing(directory, place)))
    }

    fn create(&self, at: ApprovedPlace<HostPlace>, access: Access, mode: u32) -> Promise<'_, Option<OpenFile>> {
        let place = at.into_place();
        let created = self.actor.later(move |user| Ok(user.create(&place, access, mode)?));
        created.and_then(move |created| Ok(created.map(|created| self.opened(created, access))))
    }

    fn create_directory(&self, at: ApprovedPlace<HostPlace>, mode: u32) -> Promise<'_, ()> {
        let place = at.into_place();
        self.actor.later(move |_| Ok(place.named()?.create_directory(Mode::from_raw_mode(mode))?))
    }

    fn remove_directory(&self, at: ApprovedPlace<HostPlace>) -> Promise<'_, ()> {
        let place = at.into_place();
        self.actor.later(move |_| Ok(place.named()?.remove_directory()?))
    }

    fn remove_file(&self, at: ApprovedPlace<HostPlace>) -> Promise<'_, ()> {
        let place = at.into_place();
        self.actor.later(move |_| Ok(place.named()?.remove_file()?))
    }

    fn rename(&self, from: ApprovedPlace<HostPlace>, to: ApprovedPlace<HostPlace>, target: Target) -> Promise<'_, ()> {
        let (from, to) = (from.into_place(), to.into_place());
        let existing = match target {
            Target::Keep => Existing::Keep,
            Target::Replace => Existing::Replace,
        };
        self.actor.later(move |_| Ok(from.named()?.rename(to.named()?, existing)?))
    }

    fn set_modified(&self, at: ApprovedPlace<HostPlace>, time: i64) -> Promise<'_, ()> {
        let place = at.into_place();
        self.actor.later(move |_| Ok(gantry_sys::handle::set_modified(place.as_fd(), time)?))
    }

    fn set_mode(&self, at: ApprovedPlace<HostPlace>, mode: u32) -> Promise<'_, ()> {
        let place = at.into_place();
        self.actor.later(move |_| Ok(gantry_sys::handle::set_mode(place.as_fd(), Mode::from_raw_mode(mode))?))
    }

    fn set_group(&self, at: ApprovedPlace<HostPlace>, gid: u32) -> Promise<'_, ()> {
        let place = at.into_place();
        self.actor.later(move |_| Ok(gantry_sys::handle::set_owner(place.as_fd(), None, Some(gid))?))
    }

    fn link_text(&self, at: ApprovedPlace<HostPlace>) -> Promise<'_, Vec<u8>> {
        let place = at.into_place();
        self.actor.later(move |_| Ok(gantry_sys::handle::link_text(place.as_fd())?))
    }
}

impl Ground for HostStore {
    /// All under one switch of credentials, because switching takes longer than the rest.
    fn open_at_once(
        &self,
        path: &VirtualPath,
        judge: impl FnOnce(Found<HostPlace>) -> Option<Result<(ApprovedPlace<HostPlace>, Metadata)>>,
    ) -> Option<Result<OpenFile>> {
        let opened = self.actor.at_once(|user| user.open_cached(path, judge).transpose())?;
        Some(opened.map(|(file, metadata)| {
            let near = Some(self.actor.user().root.medium);
            let file = HostFile::new(self.actor.blocking.clone(), file, Access::Read, near);
            OpenFile { file: Box::new(file), metadata }
        }))
    }

    fn create_for(
        &self,
        at: ApprovedPlace<HostPlace>,
        access: Access,
        mode: u32,
        owners: NewOwners,
    ) -> Promise<'_, Option<OpenFile>> {
        Promise::later(self.create_file_for(at, access, mode, owners))
    }

    fn create_directory_for(&self, at: ApprovedPlace<HostPlace>, mode: u32, owners: NewOwners) -> Promise<'_, ()> {
        Promise::later(self.make_directory_for(at, mode, owners))
    }

    fn inside(&self, place: &HostPlace, _path: &VirtualPath) -> Result<VirtualPath> {
        let real = place.path()?;
        let inside = real.strip_prefix(self.root_path()).map_err(|_| Error::of(ErrorKind::NotFound))?;
        Ok(VirtualPath::root().join(inside.as_os_str().as_bytes()))
    }

    fn enter_at_once(
        &self,
        path: &VirtualPath,
        judge: impl FnOnce(Found<HostPlace>) -> Option<Result<(ApprovedPlace<HostPlace>, Metadata)>>,
    ) -> Option<Result<()>> {
        self.actor.at_once(|user| user.enter_cached(path, judge).transpose())
    }

    /// In memory alone: a disk may have to be waited for.
    fn create_at_once(
        &self,
        path: &VirtualPath,
        name: impl FnOnce(HostPlace) -> Option<(ApprovedPlace<HostPlace>, u32)>,
        thing: impl FnOnce(Found<HostPlace>) -> Option<Metadata>,
    ) -> Option<Result<Created>> {
        if self.actor.user().root.medium != Medium::Memory {
            return None;
        }
        let made = self.actor.at_once(|user| user.create_in_memory(path, name, thing))?;
        Some(made.map(|made| match made {
            Ok(made) => Created::New(self.opened(made, Access::Write)),
            Err(found) => Created::Exists(found),
        }))
    }

    fn has_access_files(&self) -> bool {
        true
    }

    fn scope_at<'a>(
        &'a self,
        sections: &'a Arc<Sections>,
        place: Option<&HostPlace>,
        path: PathBuf,
    ) -> Promise<'a, ScopeHandle> {
        if !sections.reads_files() {
            return Promise::now(sections.at(&path));
        }
        match place.map(HostPlace::try_clone).transpose() {
            Ok(place) => {
                let sections = sections.clone();
                self.actor.later(move |user| user.scope_with_files(&sections, place.as_ref(), path))
            }
            Err(error) => Promise::now(Err(error.into())),
        }
    }
}

/// How a new file is opened.
fn writing(access: Access) -> OFlags {
    if access == Access::Append { OFlags::WRONLY | OFlags::APPEND } else { OFlags::WRONLY }
}

fn flags(links: Links) -> OFlags {
    match links {
        Links::Follow => OFlags::PATH,
        Links::Keep => OFlags::PATH | OFlags::NOFOLLOW,
    }
}

fn none_if_missing<T>(error: io::Error) -> io::Result<Option<T>> {
    match error.kind() {
        io::ErrorKind::NotFound => Ok(None),
        _ => Err(error),
    }
}

#[cfg(test)]
mod tests;
