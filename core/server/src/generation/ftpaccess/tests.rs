//! How files change the scopes around them, and what is cached.

use std::path::PathBuf;
use std::{fs, iter};

use gantry_api::{Defaults, Image, Lent};
use gantry_config::{Configuration, Options, Spellings, parse_text};

use super::*;
use crate::generation::base::Base;
use crate::generation::held::LateScope;
use crate::generation::images::Images;
use crate::generation::scope::{Scope, ScopeId};
use crate::generation::witness::{self, Report};
use crate::log::LOGGER;
use crate::plan::catalogue::ModuleSet;

/// A root with a file, and the configuration around it, which may contain a `<Directory>` for the
/// folder `in`.
struct Site {
    _folder: tempfile::TempDir,
    path: PathBuf,
    root: Root,
    files: AccessFiles,
    scopes: Scopes,
    folders: Folders,
}

impl Site {
    fn new(configuration: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap();
        fs::create_dir_all(path.join("in/deep")).unwrap();
        let images = Images::new(Vec::new());
        let text = configuration.replace("ROOT", path.to_str().unwrap());
        let read: Configuration =
            parse_text("/t.conf", &text, &mut ModuleSet::of_configuration(&images), &Options::default()).unwrap();
        let server = &read.servers[0];
        let directives = Image::this(&LOGGER).directives;
        let defaults = Arc::new(Defaults::read(directives.iter().copied()).unwrap());
        let inner = server.directories.iter().map(|inner| inner.layers.clone());
        let layers: Vec<Layers> = iter::once(server.layers.clone()).chain(inner).collect();
        let scope = |layers: &Layers| Scope::new(ServerId(0), &layers.scope(), &defaults, iter::empty());
        let scopes = layers.iter().map(scope).collect::<Result<_, _>>().unwrap();
        let scopes = Scopes::new(Lent::new(scopes, Arc::new([])), &layers, defaults);
        let spots = layers.into_iter().enumerate().map(|(at, layers)| Spot { held: ScopeId(at).into(), layers });
        let mut spots = spots.collect::<Vec<_>>().into_iter();
        let base = Base {
            server: ServerId(0),
            own: spots.next().unwrap(),
            directories: server.directories.clone(),
            inner: spots.collect(),
            reads_files: true,
        };
        let table = server.directories.placed(|path| Some(Spellings::of(path))).unwrap().table;
        let folders = Folders { base: base.into(), table, placed: None };
        let files = AccessFiles::new(FtpAccess::new(directives, Vec::new()), Arc::new([]));
        Self { root: Root::open(&path).unwrap(), _folder: folder, path, files, scopes, folders }
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.path.join(name), text).unwrap();
    }

    fn held(&self, inside: &str, pinned: Option<FileIdentity>) -> Result<Option<ScopeHandle>> {
        let path = &self.path.join(inside);
        let inside = Inside { root: &self.root, root_path: &self.path, path, pinned };
        self.files.scope_at(&self.scopes, &self.folders, inside)
    }

    fn umask(&self, inside: &str) -> Result<Option<u32>> {
        Ok(match self.held(inside, None)?.expect("nothing was pinned") {
            ScopeHandle::Configured(_) => None,
            ScopeHandle::Made(made) => Some(made.scope().settings.umask.0),
        })
    }
}

#[test]
fn files_count_from_the_root_down() -> Result<()> {
    let site = Site::new("AllowOverride on\n");
    assert_eq!(site.umask("in/file")?, None);
    site.put(".ftpaccess", "Umask 1\n");
    site.put("in/deep/.ftpaccess", "Umask 2\n");
    assert_eq!(site.umask("file")?, Some(1));
    assert_eq!(site.umask("in")?, Some(1));
    assert_eq!(site.umask("in/deep")?, Some(2));
    assert_eq!(site.umask("in/deep/not/there")?, Some(2));
    site.put("in/deep/.ftpaccess", "Umask 3\n");
    assert_eq!(site.umask("in/deep/file")?, Some(3));
    let remembered = (site.files.memory().layers.len(), site.scopes.remembered());
    assert_eq!(remembered, (0, 0), "a recent change is not cached");
    Ok(())
}

#[test]
fn only_the_files_around_what_was_pinned_count() -> Result<()> {
    let site = Site::new("AllowOverride on\n");
    site.put("in/.ftpaccess", "Umask 1\n");
    fs::write(site.path.join("in/deep/file"), "").unwrap();
    let id = |path: &str| {
        let stat = rustix::fs::stat(site.path.join(path)).unwrap();
        (stat.st_dev, stat.st_ino)
    };
    let thing = |path| FileIdentity::Thing(id(path).0, id(path).1);
    let folder = |path| FileIdentity::Folder(id(path).0, id(path).1);
    let found = |path: &str, pinned| site.held(path, Some(pinned)).map(|held| held.is_some());
    assert!(found("in/deep/file", thing("in/deep/file"))?);
    assert!(found("in/deep/new", folder("in/deep"))?);
    assert!(found("in", thing("in"))?);
    let (file, deep) = (thing("in/deep/file"), folder("in/deep"));
    fs::rename(site.path.join("in/deep"), site.path.join("in/old")).unwrap();
    fs::create_dir(site.path.join("in/deep")).unwrap();
    fs::write(site.path.join("in/deep/file"), "").unwrap();
    assert!(!found("in/deep/file", file)?);
    assert!(!found("in/deep/new", deep)?);
    assert!(!found("none/new", deep)?);
    Ok(())
}

#[test]
fn a_section_further_in_counts_more() -> Result<()> {
    let site = Site::new("AllowOverride on\n<Directory ROOT/in>\nUmask 4\nAllowOverride off\n</Directory>\n");
    site.put(".ftpaccess", "Umask 1\n");
    site.put("in/.ftpaccess", "Umask 2\n");
    assert_eq!(site.umask("file")?, Some(1));
    assert_eq!(site.umask("in/file")?, Some(4));
    Ok(())
}

#[test]
fn what_has_settled_is_read_once() -> Result<()> {
    let site = Site::new("AllowOverride on\n");
    site.put(".ftpaccess", "Umask 1\n");
    let settled = Version { changed: (0, 0), ..version(&site.path) };
    assert!(settled.is_settled() && !version(&site.path).is_settled());
    let layer = site.files.reader.read(Path::new("/x"), b"Umask 7\n".to_vec()).unwrap();
    site.files.remember(version(&site.path), Some(layer));
    assert_eq!(site.umask("file")?, Some(7), "the cached contents are used");
    assert_eq!((site.umask("in")?, site.scopes.remembered()), (Some(7), 1));
    for at in 0..MOST as i64 + 10 {
        site.files.remember(Version { size: at, ..settled }, None);
    }
    assert!(site.files.memory().layers.len() <= MOST);
    Ok(())
}

#[test]
fn settings_that_a_file_made_go_before_their_images() {
    let (image, report) = (witness::image(), Report::default());
    let scope = report.scope([&image]);
    drop(LateScope::new(scope, Arc::new([(image, 0)])));
    report.assert_sound(1);
}

#[test]
fn what_is_no_good_refuses_its_folder() -> Result<()> {
    let site = Site::new("AllowOverride on\n");
    let refused = |what: &str| {
        assert_eq!(site.umask("in/deep/file").map_err(|error| error.kind()), Err(ErrorKind::Denied), "{what}");
        assert_eq!(site.umask("file").ok(), Some(None), "{what}");
        fs::remove_file(site.path.join("in/.ftpaccess")).unwrap();
    };
    site.put("in/.ftpaccess", "Nonsense\n");
    refused("an unknown directive");
    site.put("in/.ftpaccess", &"#".repeat(FtpAccess::MOST_BYTES + 1));
    refused("a huge file");
    site.put("other", "Umask 1\n");
    std::os::unix::fs::symlink("../other", site.path.join("in/.ftpaccess")).unwrap();
    refused("a link");
    assert_eq!(site.files.memory().told.len(), 3);
    assert_eq!(site.umask("in/deep/file")?, None);
    Ok(())
}

fn version(folder: &Path) -> Version {
    Version::of(&rustix::fs::stat(folder.join(NAME)).unwrap())
}

#[test]
fn only_roots_and_the_folder_owners_file_counts() -> Result<()> {
    let site = Site::new("AllowOverride on\n");
    site.put("in/.ftpaccess", "Umask 1\n");
    assert_eq!(site.umask("in/x")?, Some(1));
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let own = |path: &str, uid| std::os::unix::fs::chown(site.path.join(path), Some(uid), None).unwrap();
    own("in/.ftpaccess", 4321);
    assert_eq!(site.umask("in/x")?, None, "another one's");
    own("in", 4321);
    assert_eq!(site.umask("in/x")?, Some(1), "the folder owner's");
    own("in/.ftpaccess", 0);
    assert_eq!(site.umask("in/x")?, Some(1), "root's");
    fs::create_dir_all(site.path.join("in/deep/.ftpaccess")).unwrap();
    assert!(site.umask("in/deep/x").is_err(), "no file, and root's");
    own("in/deep/.ftpaccess", 4321);
    assert_eq!(site.umask("in/deep/x")?, Some(1), "another one's shuts no folder");
    Ok(())
}

#[test]
fn what_is_remembered_of_files_is_bounded_by_what_it_costs() {
    let site = Site::new("AllowOverride on\n");
    let text = format!("<Limit ALL>\n{}</Limit>\n", "AllowUser regex ^a\n".repeat(FtpAccess::MOST_PATTERNS));
    let version = |inode| Version { file: (0, inode), size: 0, modified: (0, 0), changed: (0, 0) };
    for inode in 0..100 {
        let layer = site.files.reader.read(Path::new("/x"), text.clone().into_bytes()).unwrap();
        assert!(layer.cost() > MOST_COST / 100);
        let layers = site.folders.base.own.layers.with(&layer);
        site.files.remember(version(inode), Some(layer));
        site.scopes.of(ServerId(0), &layers).unwrap();
    }
    assert!(site.files.memory().layers.len() < 100 && site.files.memory().cost <= MOST_COST);
    assert!(site.scopes.remembered() < 100);
}
