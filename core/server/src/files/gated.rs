//! The gate before a store. Each operation pins what its path leads to, judges
//! that very place, and only then acts on it; what acts on a store takes a
//! [`ApprovedPlace`], which nothing but [`StoreGate::judge`] makes.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use gantry_api::files::{Created, Kind, Links, Listing, Metadata, Open, OpenFile, Target};
use gantry_api::store::{Access, ApprovedPlace, Found};
use gantry_api::{Error, ErrorKind, Promise, Result, Verb, VirtualPath};

use crate::files::ground::Ground;
use crate::files::privileged::NewOwners;
use crate::files::view::View;
use crate::gate::Operation;
use crate::generation::ftpaccess::is_access_file;
use crate::generation::held::ScopeHandle;

/// How often a file is looked for that others make and remove meanwhile.
const TRIES: usize = 16;

/// One command's way to a store.
pub struct StoreGate<'a, S: ?Sized> {
    view: &'a View,
    store: &'a S,
    verb: Verb,
}

impl<S: ?Sized> Clone for StoreGate<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: ?Sized> Copy for StoreGate<'_, S> {}

/// Leave to act at a place, and what holds there.
struct Leave<P> {
    judged: ApprovedPlace<P>,
    scope: ScopeHandle,
}

/// What the gate is asked about: the path that leads there, and what is there.
#[derive(Clone, Copy)]
struct Thing<'p> {
    path: &'p VirtualPath,
    found: Option<Metadata>,
}

impl<'a, S: Ground + ?Sized> StoreGate<'a, S> {
    /// For a command of a session, which sees `store`.
    pub fn new(view: &'a View, store: &'a S, verb: Verb) -> Self {
        Self { view, store, verb }
    }

    /// What is known of a path.
    pub fn metadata(self, path: &'a VirtualPath, links: Links) -> Promise<'a, Metadata> {
        self.find(path, links, Operation::Stat).and_then(|(_, metadata)| Ok(metadata))
    }

    /// A path to the same thing, without links.
    pub fn resolved(self, path: &'a VirtualPath) -> Promise<'a, VirtualPath> {
        self.find(path, Links::Follow, Operation::Stat)
            .and_then(move |(leave, _)| self.store.inside(leave.judged.place(), path))
    }

    /// Opens a regular file.
    pub fn open(self, path: &'a VirtualPath, purpose: Open) -> Promise<'a, OpenFile> {
        match purpose {
            Open::Read => {
                if let Some(opened) = self.store.open_at_once(path, |found| self.judge_file(path, found)) {
                    return Promise::now(opened);
                }
                self.find(path, Links::Follow, Operation::Read).then(move |(leave, metadata)| {
                    match is_file(&metadata) {
                        Ok(()) => self.open_found(leave, metadata, Access::Read),
                        Err(error) => Promise::now(Err(error)),
                    }
                })
            }
            _ => Promise::later(self.open_to_write(path, purpose)),
        }
    }

    /// Makes a file, or tells what is there already.
    pub fn create(self, path: &'a VirtualPath) -> Promise<'a, Created> {
        // What is hidden has to be looked for by its other names.
        if self.view.sections.hides_nothing()
            && let Some(created) = self.store.create_at_once(
                path,
                |place| self.judge_new(path, place),
                |found| self.judge_at_once(path, found, Operation::Stat)?.ok().map(|(_, metadata)| metadata),
            )
        {
            return Promise::now(created);
        }
        Promise::later(self.create_by_steps(path))
    }

    /// Sees whether a directory may be entered, and where it really is.
    pub fn enter(self, path: &'a VirtualPath) -> Promise<'a, VirtualPath> {
        let mut real = None;
        let entered = self.store.enter_at_once(path, |found| {
            real = self.store.inside(&found.place, path).ok();
            self.judge_at_once(path, found, Operation::Enter)
        });
        if let Some(entered) = entered {
            return Promise::now(entered.map(|()| real.unwrap_or_else(|| path.clone())));
        }
        let found = self.find(path, Links::Follow, Operation::Enter);
        found.then(move |(leave, _)| {
            let real = self.store.inside(leave.judged.place(), path);
            self.store.enter(leave.judged).and_then(move |()| Ok(real.unwrap_or_else(|_| path.clone())))
        })
    }

    /// Begins to list a directory.
    pub fn list(self, path: &'a VirtualPath) -> Promise<'a, Box<dyn Listing>> {
        let found = self.find(path, Links::Follow, Operation::List);
        found.then(move |(leave, _)| {
            let Leave { judged, scope } = leave;
            let listing = self.store.list(judged);
            if self.view.sections.held(&scope).settings.hidden.is_empty() {
                return listing;
            }
            listing.and_then(move |inner| Ok(self.view.without_hidden(inner, scope)))
        })
    }

    /// Makes a directory.
    pub fn create_directory(self, path: &'a VirtualPath) -> Promise<'a, ()> {
        Promise::later(async move {
            let leave = self.name(path, Operation::MakeDirectory).await?;
            let mode = 0o777 & !self.view.sections.held(&leave.scope).settings.umask.1;
            match self.owners(&leave.scope) {
                owners if owners.is_none() => self.store.create_directory(leave.judged, mode).await,
                owners => self.store.create_directory_for(leave.judged, mode, owners).await,
            }
        })
    }

    /// Removes an empty directory.
    pub fn remove_directory(self, path: &'a VirtualPath) -> Promise<'a, ()> {
        Promise::later(async move {
            let leave = self.name(path, Operation::RemoveDirectory).await?;
            self.check_sections(leave.judged.place(), None, true)?;
            self.store.remove_directory(leave.judged).await
        })
    }

    /// Removes a file or link.
    pub fn remove_file(self, path: &'a VirtualPath) -> Promise<'a, ()> {
        Promise::later(async move {
            let leave = self.name(path, Operation::Remove).await?;
            self.check_sections(leave.judged.place(), None, false)?;
            self.store.remove_file(leave.judged).await
        })
    }

    /// Renames.
    pub fn rename(self, from: &'a VirtualPath, to: &'a VirtualPath, target: Target) -> Promise<'a, ()> {
        Promise::later(async move {
            let leave = self.name(from, Operation::RenameFrom).await?;
            let to = self.name(to, Operation::RenameTo).await?;
            if self.check_sections(leave.judged.place(), Some(to.judged.place()), true).is_err() {
                let found = self.store.find(from, Links::Keep).await?;
                let is_folder = found.is_none_or(|found| found.metadata.kind == Kind::Directory);
                self.check_sections(leave.judged.place(), Some(to.judged.place()), is_folder)?;
            }
            self.store.rename(leave.judged, to.judged, target).await
        })
    }

    /// Sets the time of last modification.
    pub fn set_modified(self, path: &'a VirtualPath, time: i64) -> Promise<'a, ()> {
        Promise::later(async move {
            let (leave, _) = self.find(path, Links::Follow, Operation::Change).await?;
            self.store.set_modified(leave.judged, time).await
        })
    }

    /// Sets permission bits.
    pub fn set_mode(self, path: &'a VirtualPath, mode: u32) -> Promise<'a, ()> {
        Promise::later(async move {
            let (leave, _) = self.find(path, Links::Follow, Operation::Change).await?;
            self.store.set_mode(leave.judged, mode & 0o7777).await
        })
    }

    /// Sets the group.
    pub fn set_group(self, path: &'a VirtualPath, gid: u32) -> Promise<'a, ()> {
        Promise::later(async move {
            let (leave, _) = self.find(path, Links::Follow, Operation::Change).await?;
            self.store.set_group(leave.judged, gid).await
        })
    }

    /// The text of a link.
    pub fn link_text(self, path: &'a VirtualPath) -> Promise<'a, Vec<u8>> {
        let found = self.find(path, Links::Keep, Operation::Stat);
        found.then(move |(leave, _)| self.store.link_text(leave.judged))
    }

    /// What holds at a path: where what it leads to is, or else the name; by its
    /// letters where neither can be told.
    pub fn scope_at(self, path: &'a VirtualPath) -> Promise<'a, ScopeHandle> {
        if let Some(held) = self.view.sections.everywhere() {
            return Promise::now(Ok(held));
        }
        Promise::later(async move {
            let place = match self.store.find(path, Links::Follow).await {
                Ok(Some(found)) => Some(found.place),
                Ok(None) if !path.is_root() => self.store.name(path).await.ok(),
                _ => None,
            };
            let by_letters = || Path::new(OsStr::from_bytes(&self.store.shown(path))).to_owned();
            let real = place.as_ref().and_then(|place| self.store.path(place).ok());
            self.store.scope_at(&self.view.sections, place.as_ref(), real.unwrap_or_else(by_letters)).await
        })
    }
}

impl<'a, S: Ground + ?Sized> StoreGate<'a, S> {
    /// Asks the gate about a place.
    fn judge(self, place: S::Place, operation: Operation, thing: Thing<'a>) -> Promise<'a, Leave<S::Place>> {
        let scope = match self.view.sections.everywhere() {
            Some(held) => Promise::now(Ok(held)),
            None => match self.store.path(&place) {
                Ok(path) => self.store.scope_at(&self.view.sections, Some(&place), path),
                Err(error) => Promise::now(Err(error)),
            },
        };
        scope.and_then(move |scope| {
            self.view.sections.check(&scope, self.verb, operation, &self.view.person)?;
            if !self.view.sections.held(&scope).settings.hidden.is_empty() {
                self.see(&scope, &place, thing)?;
            }
            self.check_access_file(&place, operation, &scope)?;
            Ok(Leave { judged: ApprovedPlace::by_the_gate(place), scope })
        })
    }

    /// Asks the gate about what was found; none where it has to wait.
    fn judge_at_once(
        self,
        path: &'a VirtualPath,
        found: Found<S::Place>,
        operation: Operation,
    ) -> Option<Result<(ApprovedPlace<S::Place>, Metadata)>> {
        let thing = Thing { path, found: Some(found.metadata) };
        let Promise::Kept(Some(leave)) = self.judge(found.place, operation, thing) else { return None };
        Some(leave.map(|leave| (leave.judged, found.metadata)))
    }

    /// The same about a file that is to be read.
    fn judge_file(
        self,
        path: &'a VirtualPath,
        found: Found<S::Place>,
    ) -> Option<Result<(ApprovedPlace<S::Place>, Metadata)>> {
        let judged = self.judge_at_once(path, found, Operation::Read)?;
        Some(judged.and_then(|(judged, metadata)| {
            is_file(&metadata)?;
            Ok((judged, metadata))
        }))
    }

    /// Asks the gate about the name of a new file, and adds the file's mode; none where it has to wait or
    /// refuses, and where the file is to be somebody else's.
    fn judge_new(self, path: &'a VirtualPath, place: S::Place) -> Option<(ApprovedPlace<S::Place>, u32)> {
        let thing = Thing { path, found: None };
        let Promise::Kept(Some(Ok(leave))) = self.judge(place, Operation::Write, thing) else { return None };
        if !self.owners(&leave.scope).is_none() {
            return None;
        }
        Some((leave.judged, self.mode_of_new(&leave.scope)))
    }

    /// Refuses to change a `.ftpaccess` file: with one, clients could give themselves what
    /// the configuration denies, or shut a folder to everybody.
    fn check_access_file(self, place: &S::Place, operation: Operation, scope: &ScopeHandle) -> Result<()> {
        let sections = &self.view.sections;
        if !operation.changes() || !self.store.has_access_files() || !sections.guards_files() {
            return Ok(());
        }
        match is_access_file(&self.store.path(place)?) && !sections.held(scope).settings.override_write {
            true => Err(Error::of(ErrorKind::Denied)),
            false => Ok(()),
        }
    }

    /// Refuses to take the name from a folder in or below which a section is: the section
    /// would no longer cover what it was written for.
    fn check_sections(self, from: &S::Place, to: Option<&S::Place>, is_folder: bool) -> Result<()> {
        if !self.view.sections.has_folders() {
            return Ok(());
        }
        let from = self.store.path(from)?;
        let to = to.map(|to| self.store.path(to)).transpose()?;
        match self.view.sections.loses(&from, to.as_deref(), is_folder) {
            true => Err(Error::of(ErrorKind::Denied)),
            false => Ok(()),
        }
    }

    /// What a path leads to, judged.
    fn find(
        self,
        path: &'a VirtualPath,
        links: Links,
        operation: Operation,
    ) -> Promise<'a, (Leave<S::Place>, Metadata)> {
        self.store.find(path, links).then(move |found| match found {
            Some(found) => {
                let thing = Thing { path, found: Some(found.metadata) };
                self.judge(found.place, operation, thing).and_then(move |leave| Ok((leave, found.metadata)))
            }
            None => Promise::now(Err(Error::of(ErrorKind::NotFound))),
        })
    }

    /// The name at the end of a path, judged.
    fn name(self, path: &'a VirtualPath, operation: Operation) -> Promise<'a, Leave<S::Place>> {
        if self.view.sections.hides_nothing() {
            let thing = Thing { path, found: None };
            return self.store.name(path).then(move |place| self.judge(place, operation, thing));
        }
        Promise::later(async move {
            let place = self.store.name(path).await?;
            let found = self.store.find(path, Links::Keep).await?;
            let thing = Thing { path, found: found.map(|found| found.metadata) };
            self.judge(place, operation, thing).await
        })
    }

    /// Refuses a thing that is hidden from the command: to it, it does not exist.
    fn see(self, scope: &ScopeHandle, place: &S::Place, thing: Thing<'_>) -> Result<()> {
        let real = self.store.path(place)?;
        let real = real.file_name().map(OsStr::as_bytes).unwrap_or_default();
        let names = [thing.path.name(), real];
        let seen = self.view.sections.finds(scope, self.verb, &self.view.viewer, &names, thing.found.as_ref());
        if seen { Ok(()) } else { Err(Error::of(ErrorKind::NotFound)) }
    }

    fn open_found(self, leave: Leave<S::Place>, metadata: Metadata, access: Access) -> Promise<'a, OpenFile> {
        self.store.open(leave.judged, access).and_then(move |file| Ok(OpenFile { file, metadata }))
    }

    /// Opens a file to write to it, or makes it; what another file comes to be by
    /// that name meanwhile is judged anew.
    async fn open_to_write(self, path: &'a VirtualPath, purpose: Open) -> Result<OpenFile> {
        let access = if purpose == Open::Append { Access::Append } else { Access::Write };
        for _ in 0..TRIES {
            let found = match purpose {
                Open::Create => None,
                _ => self.store.find(path, Links::Follow).await?,
            };
            let Some(found) = found else {
                match self.make(path, access).await? {
                    Some(file) => return Ok(file),
                    None if purpose == Open::Create => break,
                    None => continue,
                }
            };
            let thing = Thing { path, found: Some(found.metadata) };
            let leave = self.judge(found.place, Operation::Write, thing).await?;
            is_file(&found.metadata)?;
            let mut opened = self.open_found(leave, found.metadata, access).await?;
            if purpose == Open::Replace {
                opened.file.truncate(0).await?;
                opened.metadata.size = 0;
            }
            return Ok(opened);
        }
        Err(Error::of(ErrorKind::Exists))
    }

    async fn make(self, path: &'a VirtualPath, access: Access) -> Result<Option<OpenFile>> {
        let leave = self.name(path, Operation::Write).await?;
        let mode = self.mode_of_new(&leave.scope);
        match self.owners(&leave.scope) {
            owners if owners.is_none() => self.store.create(leave.judged, access, mode).await,
            owners => self.store.create_for(leave.judged, access, mode, owners).await,
        }
    }

    /// To whom new files belong where this holds.
    fn owners(self, scope: &ScopeHandle) -> NewOwners {
        let owners = &self.view.sections.held(scope).settings.owners;
        let group = owners.group.map(|group| group.id.unwrap_or_else(|| self.view.viewer.gid()));
        NewOwners { user: owners.user.and_then(|user| user.id), group }
    }

    /// A name that is not known at once is new as a rule, so the file is made first, and what is there
    /// is looked at if it cannot be made.
    async fn create_by_steps(self, path: &'a VirtualPath) -> Result<Created> {
        let known = match self.store.find(path, Links::Follow) {
            Promise::Kept(known) => known.and_then(Result::ok).flatten(),
            Promise::Later(_) => None,
        };
        if let Some(known) = known
            && let Ok(metadata) = self.look_at(path, known).await
        {
            return Ok(Created::Exists(metadata));
        }
        let refused = match self.make(path, Access::Write).await {
            Ok(Some(file)) => return Ok(Created::New(file)),
            Ok(None) => Error::of(ErrorKind::Exists),
            Err(error) => error,
        };
        match self.metadata(path, Links::Follow).await {
            Ok(metadata) => Ok(Created::Exists(metadata)),
            Err(_) => Err(refused),
        }
    }

    async fn look_at(self, path: &'a VirtualPath, found: Found<S::Place>) -> Result<Metadata> {
        let thing = Thing { path, found: Some(found.metadata) };
        self.judge(found.place, Operation::Stat, thing).await?;
        Ok(found.metadata)
    }

    /// The permission bits of a new file.
    fn mode_of_new(self, scope: &ScopeHandle) -> u32 {
        0o666 & !self.view.sections.held(scope).settings.umask.0
    }
}

/// Refuses to open what is no regular file: a pipe would wait for its other end, and
/// a device might do anything.
fn is_file(metadata: &Metadata) -> Result<()> {
    match metadata.kind {
        Kind::File => Ok(()),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "Not a regular file").into()),
    }
}

#[cfg(test)]
mod tests;
