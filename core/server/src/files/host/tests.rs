//! What the host's store answers at once, and what it sends to the pool.

use std::fs;

use gantry_api::ErrorKind;
use gantry_api::files::Kind;
use gantry_sys::{Credentials, FileType, Medium, Roots};
use tokio::runtime::{Builder, Runtime};

use super::*;
use crate::files::privileged::Unprivileged;

/// A store of a folder, as the user who runs the test.
struct Site {
    folder: tempfile::TempDir,
    store: HostStore,
    runtime: Runtime,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "content").unwrap();
        fs::create_dir(folder.path().join("folder")).unwrap();
        let store = Self::store(folder.path());
        Self { folder, store, runtime: Builder::new_current_thread().build().unwrap() }
    }

    fn store(root: &Path) -> HostStore {
        let own = Credentials::current().unwrap();
        let root = Roots::default().open(root).unwrap();
        let actor = Actor::at(root, Arc::new(Blocking::new().unwrap()), Switch::new(own.clone(), own));
        HostStore { actor, privileged: Arc::new(Unprivileged) }
    }

    fn wait<T: Send>(&self, promise: Promise<'_, T>) -> Result<T> {
        self.runtime.block_on(promise)
    }

    fn found(&self, name: &str) -> Found<HostPlace> {
        self.wait(self.store.find(&path(name), Links::Follow)).unwrap().unwrap()
    }

    /// A place as the gate would approve it.
    fn judged(&self, name: &str) -> ApprovedPlace<HostPlace> {
        ApprovedPlace::by_the_gate(self.found(name).place)
    }
}

fn path(name: &str) -> VirtualPath {
    VirtualPath::root().join(name.as_bytes())
}

fn is_now<T>(promise: &Promise<'_, T>) -> bool {
    matches!(promise, Promise::Kept(_))
}

#[test]
fn what_the_kernel_has_in_its_caches_is_answered_at_once() {
    let site = Site::new();
    if site.store.actor.user().root.medium == Medium::Elsewhere {
        return println!("left out: the temporary folder is on a file system that is not asked at once");
    }
    assert_eq!(site.found("file").metadata.size, 7);
    assert!(is_now(&site.store.find(&path("file"), Links::Follow)));
    assert!(is_now(&site.store.name(&path("new"))));
    assert!(is_now(&site.store.enter(site.judged("folder"))));
    let opened = site.store.open(site.judged("file"), Access::Read);
    assert!(is_now(&opened));
    let file = site.wait(opened).unwrap();
    assert!(is_now(&file.metadata()));
    assert_eq!(site.wait(file.read_at(3, 100)).unwrap(), b"tent");
    assert!(site.wait(site.store.find(&path("none"), Links::Follow)).unwrap().is_none());
    assert!(is_now(&site.store.find(&path("none"), Links::Follow)), "that there is nothing is known as well");
}

#[test]
fn what_creates_or_writes_goes_to_the_pool() {
    let site = Site::new();
    let name = || ApprovedPlace::by_the_gate(site.wait(site.store.name(&path("new"))).unwrap());
    assert!(!is_now(&site.store.create_directory(name(), 0o755)));
    assert!(!is_now(&site.store.remove_file(name())));
    assert!(!is_now(&site.store.open(site.judged("file"), Access::Write)));
    let created = site.wait(site.store.create(name(), Access::Write, 0o600)).unwrap().unwrap();
    assert_eq!((created.metadata.kind, created.metadata.mode), (Kind::File, 0o600));
    assert!(site.wait(site.store.create(name(), Access::Write, 0o600)).unwrap().is_none());
    assert!(!is_now(&created.file.write_at(0, b"x".to_vec())));
}

#[test]
fn another_file_system_is_never_asked_at_once() {
    let site = Site::new();
    let store = Site::store(Path::new("/"));
    // Another mount, if the machine has one.
    let shared = Path::new("/dev/shm");
    let file = tempfile::NamedTempFile::new_in(if shared.is_dir() { shared } else { site.folder.path() }).unwrap();
    let name = path(file.path().to_str().unwrap());
    let found = site.wait(store.find(&name, Links::Follow)).unwrap().unwrap();
    assert_eq!(found.place.is_near(), !shared.is_dir() && store.actor.user().root.medium != Medium::Elsewhere);
    if !found.place.is_near() {
        assert!(!is_now(&store.find(&name, Links::Follow)));
        assert!(!is_now(&store.open(ApprovedPlace::by_the_gate(found.place), Access::Read)));
    }
    let refused = site.wait(store.find(&path("proc/self/status"), Links::Follow)).err();
    assert_eq!(refused.map(|error| error.kind()), Some(ErrorKind::Denied), "nor is the kernel");
}

#[test]
fn a_place_stays_what_was_found() {
    let site = Site::new();
    let (place, opened) = (site.judged("file"), site.judged("file"));
    fs::rename(site.folder.path().join("file"), site.folder.path().join("moved")).unwrap();
    fs::write(site.folder.path().join("file"), "another").unwrap();
    let file = site.wait(site.store.open(opened, Access::Read)).unwrap();
    assert_eq!(site.wait(file.read_at(0, 100)).unwrap(), b"content");
    let real = site.store.path(&place.into_place()).unwrap();
    assert_eq!(real, site.folder.path().canonicalize().unwrap().join("moved"));
}

#[test]
fn what_is_opened_at_once_is_what_was_judged() {
    let site = Site::new();
    if site.store.actor.user().root.medium == Medium::Elsewhere {
        return println!("left out: the temporary folder is on a file system that is not asked at once");
    }
    let at = |name: &str| site.folder.path().join(name);
    site.found("file");
    let opened = site.store.open_at_once(&path("file"), |found| {
        fs::rename(at("file"), at("moved")).unwrap();
        fs::write(at("file"), "another").unwrap();
        Some(Ok((ApprovedPlace::by_the_gate(found.place), found.metadata)))
    });
    let file = opened.unwrap().unwrap().file;
    assert_eq!(site.wait(file.read_at(0, 100)).unwrap(), b"content");
    site.found("file");
    let refused = site.store.open_at_once(&path("file"), |_| Some(Err(Error::of(ErrorKind::Denied))));
    assert_eq!(refused.unwrap().err().map(|error| error.kind()), Some(ErrorKind::Denied));
    assert!(site.store.open_at_once(&path("file"), |_| None).is_none(), "a judgement that waits opens nothing");
}

#[test]
fn a_pipe_is_found_and_nobody_waits_for_it() {
    let site = Site::new();
    let pipe = site.folder.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, FileType::Fifo, Mode::RWXU, 0).unwrap();
    assert_eq!(site.found("pipe").metadata.kind, Kind::Other);
}

#[test]
fn names_of_a_folder_come_at_once_the_second_time() {
    let site = Site::new();
    let names = |at_once: bool| {
        let mut listing = site.wait(site.store.list(site.judged("/"))).unwrap();
        let next = listing.next();
        assert_eq!(is_now(&next), at_once);
        let mut names: Vec<_> = site.wait(next).unwrap().into_iter().map(|entry| entry.name).collect();
        names.sort();
        assert_eq!(names, [&b"file"[..], b"folder"]);
        assert!(site.wait(listing.next()).unwrap().is_empty());
    };
    let (first, second) = match site.store.actor.user().root.medium {
        Medium::Memory => (true, true),
        Medium::Disk => (false, true),
        Medium::Elsewhere => (false, false),
    };
    names(first);
    names(second);
}

#[test]
fn files_in_memory_are_made_in_one_step() {
    let memory = Path::new("/dev/shm");
    let Ok(folder) = tempfile::tempdir_in(memory) else {
        return println!("left out: there is no {}", memory.display());
    };
    let store = Site::store(folder.path());
    if store.actor.user().root.medium != Medium::Memory {
        return println!("left out: {} is not in memory", memory.display());
    }
    let create = |name: &str| {
        let judge_name = |place| Some((ApprovedPlace::by_the_gate(place), 0o640));
        let made = store.create_at_once(&path(name), judge_name, |found| Some(found.metadata));
        made.map(|made| match made.unwrap() {
            Created::New(new) => (true, new.metadata.mode),
            Created::Exists(found) => (false, found.mode),
        })
    };
    assert_eq!(create("new"), Some((true, 0o640)));
    fs::create_dir(folder.path().join("folder")).unwrap();
    std::os::unix::fs::symlink("new", folder.path().join("link")).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.path().join("lost")).unwrap();
    assert_eq!((create("new"), create("link")), (Some((false, 0o640)), Some((false, 0o640))));
    assert_eq!((create("folder").map(|(new, _)| new), create("lost"), create("none/new")), (Some(false), None, None));
    let refused = store.create_at_once(&path("other"), |_| None, |found| Some(found.metadata));
    assert!(refused.is_none() && !folder.path().join("other").exists());
}
