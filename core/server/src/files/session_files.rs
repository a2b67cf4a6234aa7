//! The session's file system: each path is resolved inside the session's root
//! by the kernel (openat2), judged by the access gate where it really lies,
//! and touched under the session's credentials on a thread that may wait.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use gantry_api::files::{DirectoryEntry, File, Files, Kind, Links, Listing, Metadata, Open, Target};
use gantry_api::{Error, Result, Verb, VirtualPath, async_trait};
use gantry_sys::{Batch, Directory, Mode, OFlags, handle};

use crate::caught::caught;
use crate::files::shared::Shared;
use crate::files::view::{View, metadata};
use crate::gate::Operation;
use crate::generation::held::Held;

/// The files of one session, for one command; before the login there are none.
pub struct SessionFiles<'a> {
    shared: &'a Arc<Shared>,
    verb: Verb,
}

impl<'a> SessionFiles<'a> {
    /// For a command of this verb, by which the gate judges.
    pub fn new(shared: &'a Arc<Shared>, verb: Verb) -> Self {
        Self { shared, verb }
    }

    fn view(&self) -> Result<&Arc<View>> {
        self.shared.view.get().ok_or_else(|| Error::client(530, "Please login with USER and PASS"))
    }

    /// Does work on a thread of the pool, as the session's user.
    async fn act<T: Send + 'static>(&self, work: impl FnOnce(&View, Verb) -> Result<T> + Send + 'static) -> Result<T> {
        let (view, verb) = (self.view()?.clone(), self.verb);
        caught(self.shared.blocking.run(move || view.as_user(|| work(&view, verb)))).await
    }
}

#[async_trait]
impl Files for SessionFiles<'_> {
    fn shown(&self, path: &VirtualPath) -> Vec<u8> {
        let view = self.shared.view.get();
        view.map_or_else(|| path.as_bytes().to_vec(), |view| view.shown(path).into_os_string().into_vec())
    }

    async fn metadata(&self, path: &VirtualPath, links: Links) -> Result<Metadata> {
        let path = path.clone();
        self.act(move |view, verb| view.metadata(verb, &path, links)).await
    }

    async fn open(&self, path: &VirtualPath, purpose: Open) -> Result<Box<dyn File>> {
        let path = path.clone();
        let file = self.act(move |view, verb| view.open(verb, &path, purpose)).await?;
        Ok(Box::new(HostFile { shared: self.shared.clone(), file: Arc::new(file.into()), purpose }))
    }

    async fn enter(&self, path: &VirtualPath) -> Result<()> {
        let path = path.clone();
        self.act(move |view, verb| view.enter(verb, &path)).await
    }

    async fn list(&self, path: &VirtualPath) -> Result<Box<dyn Listing>> {
        let path = path.clone();
        let opened = self.act(move |view, verb| {
            let found = view.root.open_at(path.as_bytes(), OFlags::PATH | OFlags::DIRECTORY, Mode::empty())?;
            view.check_open(verb, Operation::List, found.as_fd())?;
            Ok((Directory::open(found.as_fd())?, found))
        });
        let (directory, handle) = opened.await?;
        Ok(Box::new(HostListing {
            files: (self.shared.clone(), self.view()?.clone()),
            state: Some((directory, handle)),
        }))
    }

    async fn create_directory(&self, path: &VirtualPath) -> Result<()> {
        let path = path.clone();
        self.act(move |view, verb| {
            let scope = view.check_place(verb, Operation::MakeDirectory, &path)?;
            Ok(view.root.place(path.as_bytes())?.create_directory(view.directory_mode(&scope))?)
        })
        .await
    }

    async fn remove_directory(&self, path: &VirtualPath) -> Result<()> {
        let path = path.clone();
        self.act(move |view, verb| {
            view.check_place(verb, Operation::RemoveDirectory, &path)?;
            Ok(view.root.place(path.as_bytes())?.remove_directory()?)
        })
        .await
    }

    async fn remove_file(&self, path: &VirtualPath) -> Result<()> {
        let path = path.clone();
        self.act(move |view, verb| {
            view.check_place(verb, Operation::Remove, &path)?;
            Ok(view.root.place(path.as_bytes())?.remove_file()?)
        })
        .await
    }

    async fn rename(&self, from: &VirtualPath, to: &VirtualPath, target: Target) -> Result<()> {
        let (from, to) = (from.clone(), to.clone());
        self.act(move |view, verb| view.rename(verb, &from, &to, target)).await
    }

    async fn set_modified(&self, path: &VirtualPath, time: i64) -> Result<()> {
        let path = path.clone();
        self.act(move |view, verb| {
            let found = view.root.handle(path.as_bytes())?;
            view.check_open(verb, Operation::Change, found.as_fd())?;
            Ok(handle::set_modified(found.as_fd(), time)?)
        })
        .await
    }

    async fn set_mode(&self, path: &VirtualPath, mode: u32) -> Result<()> {
        let path = path.clone();
        self.act(move |view, verb| {
            let found = view.root.handle(path.as_bytes())?;
            view.check_open(verb, Operation::Change, found.as_fd())?;
            Ok(handle::set_mode(found.as_fd(), Mode::from_raw_mode(mode & 0o7777))?)
        })
        .await
    }
}

/// What holds at the path that a command names.
///
/// # Errors
/// Nobody knows: the command is refused.
pub async fn scope_of(shared: &Arc<Shared>, path: VirtualPath) -> Result<Held> {
    let Some(view) = shared.view.get() else { return Ok(shared.scope.into()) };
    let view = view.clone();
    let find = move || view.as_user(|| view.scope_of(|| view.real_path(&path).or_else(|_| Ok(view.shown(&path)))));
    shared.blocking.run(find).await
}

struct HostFile {
    shared: Arc<Shared>,
    file: Arc<std::fs::File>,
    purpose: Open,
}

impl HostFile {
    async fn act<T: Send + 'static>(
        &self,
        work: impl FnOnce(&std::fs::File) -> io::Result<T> + Send + 'static,
    ) -> Result<T> {
        let file = self.file.clone();
        caught(self.shared.blocking.run(move || Ok(work(&file)?))).await
    }
}

#[async_trait]
impl File for HostFile {
    async fn metadata(&self) -> Result<Metadata> {
        Ok(metadata(&handle::stat(self.file.as_fd())?))
    }

    async fn read_at(&self, offset: u64, most: usize) -> Result<Vec<u8>> {
        self.act(move |file| {
            let mut bytes = vec![0; most];
            let count = file.read_at(&mut bytes, offset)?;
            bytes.truncate(count);
            Ok(bytes)
        })
        .await
    }

    async fn write_at(&self, offset: u64, bytes: Vec<u8>) -> Result<()> {
        self.act(move |file| file.write_all_at(&bytes, offset)).await
    }

    async fn truncate(&self, length: u64) -> Result<()> {
        self.act(move |file| file.set_len(length)).await
    }

    /// None where bytes are appended: splice refuses such a file. `write_at`
    /// does not, and Linux's pwrite appends to it whatever the offset, so that
    /// several sessions may append to one file at once.
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        (self.purpose != Open::Append).then(|| self.file.as_fd())
    }
}

struct HostListing {
    files: (Arc<Shared>, Arc<View>),
    state: Option<(Directory, OwnedFd)>,
}

#[async_trait]
impl Listing for HostListing {
    async fn next(&mut self) -> Result<Vec<DirectoryEntry>> {
        let Some((mut directory, handle)) = self.state.take() else { return Ok(Vec::new()) };
        let view = self.files.1.clone();
        let read = self.files.0.blocking.run(move || {
            let (entries, batch) = view.as_user(|| batch(&mut directory, handle.as_fd()))?;
            Ok((entries, (batch == Batch::More).then_some((directory, handle))))
        });
        let (entries, state) = caught(read).await?;
        self.state = state;
        Ok(entries)
    }
}

/// The next names of a directory with what they stand for. A name that is
/// gone again by then is left out.
fn batch(directory: &mut Directory, handle: BorrowedFd<'_>) -> Result<(Vec<DirectoryEntry>, Batch)> {
    let mut entries = Vec::new();
    loop {
        let mut names = Vec::new();
        let batch = directory.next_batch(|name, _| names.push(name.to_vec()))?;
        entries.extend(names.into_iter().filter_map(|name| entry(handle, name)));
        // An empty answer would mean the end.
        if batch == Batch::End || !entries.is_empty() {
            return Ok((entries, batch));
        }
    }
}

fn entry(directory: BorrowedFd<'_>, name: Vec<u8>) -> Option<DirectoryEntry> {
    use rustix::fs::{AtFlags, readlinkat, statat};
    let stat = statat(directory, name.as_slice(), AtFlags::SYMLINK_NOFOLLOW).ok()?;
    let metadata = metadata(&stat);
    let target = match metadata.kind {
        Kind::Link => readlinkat(directory, name.as_slice(), Vec::new()).ok().map(std::ffi::CString::into_bytes),
        _ => None,
    };
    Some(DirectoryEntry { name, metadata, target })
}
