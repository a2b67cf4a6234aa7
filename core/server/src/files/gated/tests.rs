//! Which operations the gate lets through to a store, and when.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use gantry_api::files::{File, Kind, Links, Listing, Metadata, Open, OpenFile, Target};
use gantry_api::settings::of_values;
use gantry_api::store::{Access, ApprovedPlace, Found, Store};
use gantry_api::{Account, Lent, Promise, ServerId, Value, Verb, VirtualPath, World};
use gantry_config::{Directories, Layers, Limit, Order, Position, Rule};
use tokio::runtime::Builder;
use tokio::sync::mpsc;

use super::*;
use crate::files::sections::Sections;
use crate::files::view::{SessionStore, View};
use crate::filters::LimitFilters;
use crate::gate::{Client, Person, Rules};
use crate::generation::base::{Base, Spot};
use crate::generation::dispatch::Table;
use crate::generation::scope::{Scope, ScopeId};
use crate::generation::scopes::Scopes;
use crate::generation::snapshot::Generation;
use crate::generation::spelling::Holder;
use crate::hiding::Viewer;

/// A store that records the operations on it.
#[derive(Default)]
struct Noted {
    acts: Mutex<Vec<&'static str>>,
    /// What `find` returns, in order; nothing after the last.
    found: Mutex<VecDeque<Kind>>,
}

impl Noted {
    fn with(kinds: impl IntoIterator<Item = Kind>) -> Self {
        Self { found: Mutex::new(kinds.into_iter().collect()), ..Self::default() }
    }

    fn did<T: Send + 'static>(&self, act: &'static str, answer: T) -> Promise<'_, T> {
        self.acts.lock().unwrap().push(act);
        Promise::now(Ok(answer))
    }

    fn acts(&self) -> Vec<&'static str> {
        self.acts.lock().unwrap().clone()
    }
}

struct Nothing;

impl File for Nothing {
    fn metadata(&self) -> Promise<'_, Metadata> {
        Promise::now(Ok(metadata(Kind::File)))
    }
    fn read_at(&self, _: u64, _: usize) -> Promise<'_, Vec<u8>> {
        Promise::now(Ok(Vec::new()))
    }
    fn write_at(&self, _: u64, _: Vec<u8>) -> Promise<'_, ()> {
        Promise::now(Ok(()))
    }
    fn truncate(&self, _: u64) -> Promise<'_, ()> {
        Promise::now(Ok(()))
    }
}

fn metadata(kind: Kind) -> Metadata {
    Metadata { kind, mode: 0o644, links: 1, uid: 0, gid: 0, size: 7, modified: 0, device: 0, inode: 0 }
}

type At = ApprovedPlace<VirtualPath>;

impl Store for Noted {
    type Place = VirtualPath;

    fn path(&self, place: &VirtualPath) -> Result<PathBuf> {
        Ok(PathBuf::from(place.to_string()))
    }
    fn find(&self, path: &VirtualPath, _: Links) -> Promise<'_, Option<Found<VirtualPath>>> {
        let found = self.found.lock().unwrap().pop_front();
        Promise::now(Ok(found.map(|kind| Found { place: path.clone(), metadata: metadata(kind) })))
    }
    fn name(&self, path: &VirtualPath) -> Promise<'_, VirtualPath> {
        Promise::now(Ok(path.clone()))
    }
    fn enter(&self, _: At) -> Promise<'_, ()> {
        self.did("enter", ())
    }
    fn open(&self, _: At, _: Access) -> Promise<'_, Box<dyn File>> {
        self.did("open", Box::new(Nothing))
    }
    fn list(&self, _: At) -> Promise<'_, Box<dyn Listing>> {
        gantry_api::store::unsupported()
    }
    fn create(&self, _: At, _: Access, _: u32) -> Promise<'_, Option<OpenFile>> {
        self.did("create", None)
    }
    fn create_directory(&self, _: At, _: u32) -> Promise<'_, ()> {
        self.did("create_directory", ())
    }
    fn remove_directory(&self, _: At) -> Promise<'_, ()> {
        self.did("remove_directory", ())
    }
    fn remove_file(&self, _: At) -> Promise<'_, ()> {
        self.did("remove_file", ())
    }
    fn rename(&self, _: At, _: At, _: Target) -> Promise<'_, ()> {
        self.did("rename", ())
    }
    fn set_mode(&self, _: At, _: u32) -> Promise<'_, ()> {
        self.did("set_mode", ())
    }
}

/// The files of a session that may not use these commands.
fn view(denied: &[&str]) -> View {
    let limit = Limit {
        commands: denied.iter().map(|name| (*name).to_owned()).collect(),
        plain: false,
        order: Order::AllowDeny,
        allow: Vec::new(),
        deny: vec![Rule::All],
        settings: Value::None,
        position: Position::in_file(Path::new("/t"), 1, 1),
        host_names: Vec::new(),
    };
    let rules = Rules::new(&[limit].into_iter().collect());
    let settings = of_values([]).unwrap();
    let scope =
        Scope { server: ServerId(0), settings, rules, limit_filters: LimitFilters::default(), modules: Vec::new() };
    let base = Arc::new(Base {
        server: ServerId(0),
        own: Spot { held: ScopeId(0).into(), layers: Layers::default() },
        directories: Directories::default(),
        inner: Vec::new(),
        reads_files: false,
    });
    let scopes = Scopes::new(Lent::new(vec![scope], Arc::default()), &[], Arc::default());
    let (retire, _) = mpsc::unbounded_channel();
    let generation = Generation::new(1, Vec::new(), scopes, Vec::new(), Table::new(&[]), World::default(), retire);
    let nobody = Account {
        name: "nobody".into(),
        uid: 65534,
        gid: 65534,
        groups: Vec::new(),
        home: "/".into(),
        shell: String::new(),
        secret: None,
    };
    let folders = generation.folders(&base, Holder { account: &nobody, root: Path::new("/"), on_host: false }).unwrap();
    let client = Client::new([127, 0, 0, 1].into(), "127.0.0.1", &[]);
    View {
        store: SessionStore::Published(Arc::new(Noted::default())),
        sections: Arc::new(Sections::new(Arc::new(generation), folders)),
        person: Person::new(Arc::new(client), None),
        viewer: Viewer::new(&nobody),
    }
}

fn wait<T: Send>(promise: Promise<'_, T>) -> Result<T> {
    Builder::new_current_thread().build().unwrap().block_on(promise)
}

fn gated<'a>(view: &'a View, store: &'a Noted, verb: Verb) -> StoreGate<'a, dyn Store<Place = VirtualPath>> {
    StoreGate::new(view, store, verb)
}

fn path() -> VirtualPath {
    VirtualPath::root().join(b"path")
}

#[test]
fn nothing_is_done_that_is_refused() {
    let view = view(&["ALL"]);
    let store = Noted::with([Kind::File; 6]);
    let at = path();
    let gate = |verb| gated(&view, &store, verb);
    let refused = |result: Result<()>| assert_eq!(result.unwrap_err().text(), "Permission denied");
    refused(wait(gate(Verb::MKD).create_directory(&at)));
    refused(wait(gate(Verb::RMD).remove_directory(&at)));
    refused(wait(gate(Verb::DELE).remove_file(&at)));
    refused(wait(gate(Verb::RNTO).rename(&at, &at, Target::Keep)));
    refused(wait(gate(Verb::CWD).enter(&at)).map(drop));
    refused(wait(gate(Verb::RETR).metadata(&at, Links::Follow)).map(drop));
    for purpose in [Open::Read, Open::Create, Open::Replace, Open::Append, Open::Update] {
        refused(wait(gate(Verb::STOR).open(&at, purpose)).map(drop));
    }
    assert!(store.acts().is_empty(), "{:?}", store.acts());
}

#[test]
fn a_rename_needs_leave_for_both_names() {
    let store = Noted::default();
    let at = path();
    for (denied, acts) in [("RNFR", 0), ("RNTO", 0), ("DELE", 1)] {
        let view = view(&[denied]);
        // Another command that renames needs permission for RNFR or RNTO, too.
        let _ = wait(gated(&view, &store, Verb::new("SITE_MOVE")).rename(&at, &at, Target::Keep));
        assert_eq!(store.acts().len(), acts, "{denied}");
    }
}

#[test]
fn what_a_store_answers_at_once_is_there_at_once() {
    let view = view(&[]);
    let store = Noted::with([Kind::File, Kind::File, Kind::Directory]);
    let (at, gate) = (path(), gated(&view, &store, Verb::RETR));
    assert!(matches!(gate.metadata(&at, Links::Keep), Promise::Kept(Some(Ok(Metadata { size: 7, .. })))));
    assert!(matches!(gate.open(&at, Open::Read), Promise::Kept(Some(Ok(OpenFile { .. })))));
    assert!(matches!(gate.enter(&at), Promise::Kept(Some(Ok(_)))));
    assert_eq!(store.acts(), ["open", "enter"]);
}

#[test]
fn only_regular_files_are_opened() {
    let view = view(&[]);
    let at = path();
    for kind in [Kind::Directory, Kind::Link, Kind::Other] {
        for purpose in [Open::Read, Open::Replace, Open::Append, Open::Update] {
            let store = Noted::with([kind]);
            let refused = wait(gated(&view, &store, Verb::STOR).open(&at, purpose)).map(drop).unwrap_err();
            assert_eq!(refused.text(), "Not a regular file");
            assert!(store.acts().is_empty());
        }
    }
}

#[test]
fn a_file_that_others_make_meanwhile_is_found_again() {
    // It finds nothing, although the name is taken.
    let store = Noted::default();
    let (view, at) = (view(&[]), path());
    let opened = wait(gated(&view, &store, Verb::STOR).open(&at, Open::Update)).map(drop).unwrap_err();
    assert_eq!(opened.text(), "File exists");
    assert_eq!(store.acts().len(), TRIES, "it does not look for ever");
    let made = wait(gated(&view, &store, Verb::STOR).open(&at, Open::Create)).map(drop).unwrap_err();
    assert_eq!(made.text(), "File exists");
    let store = Noted::with([Kind::File]);
    let opened = wait(gated(&view, &store, Verb::STOR).open(&at, Open::Replace)).unwrap();
    assert_eq!((store.acts(), opened.metadata.size), (vec!["open"], 0));
}

#[test]
fn a_file_is_made_or_told_of() {
    let (view_of, at) = (view, path());
    let view = view_of(&[]);
    let create = |store: &Noted| match wait(gated(&view, store, Verb::STOR).create(&at)) {
        Ok(Created::New(_)) => "new".to_owned(),
        Ok(Created::Exists(found)) => format!("{:?}", found.kind),
        Err(error) => error.text().to_owned(),
    };
    // What is known to be there is not made.
    let store = Noted::with([Kind::Directory]);
    assert_eq!((create(&store).as_str(), store.acts().len()), ("Directory", 0));
    // A link that leads nowhere takes the name as well.
    let store = Noted::default();
    assert_eq!((create(&store).as_str(), store.acts()), ("File exists", vec!["create"]));
    let denied = view_of(&["ALL"]);
    let refused = wait(gated(&denied, &store, Verb::STOR).create(&at)).map(drop).unwrap_err();
    assert_eq!((refused.text(), store.acts().len()), ("Permission denied", 1));
}
