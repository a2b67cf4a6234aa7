//! What files make of the scopes around them, and what is remembered.

use std::fs;
use std::path::PathBuf;

use gantry_api::Image;
use gantry_config::{Configuration, Options, parse_text};

use super::*;
use crate::generation::images::Images;
use crate::generation::witness::{self, Report};
use crate::log::LOGGER;
use crate::plan::catalogue::ModuleSet;

const SERVER: ScopeId = ScopeId(0);
const INNER: ScopeId = ScopeId(1);

/// A root with a file, and the configuration around it, which may have one
/// `<Directory>`, for the folder `in`.
struct Site {
    _folder: tempfile::TempDir,
    path: PathBuf,
    root: Root,
    overrides: Overrides,
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
        let mut configured = HashMap::from([(SERVER, (ServerId(0), server.scope.clone()))]);
        let inner = server.directories.first().map(|directory| directory.scope.clone());
        configured.extend(inner.map(|scope| (INNER, (ServerId(0), scope))));
        let directives = Image::this(&LOGGER).directives;
        let defaults = Arc::new(Defaults::read(directives.iter().copied()).unwrap());
        let reader = FtpAccess::new(directives, Vec::new());
        let overrides = Overrides::new(reader, configured, defaults, Arc::new([]));
        Self { root: Root::open(&path).unwrap(), _folder: folder, path, overrides }
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.path.join(name), text).unwrap();
    }

    fn umask(&self, inside: &str) -> Result<Option<u32>> {
        let has_inner = self.overrides.configured.contains_key(&INNER);
        let inner = self.path.join("in");
        let section = |path: &Path| if has_inner && path.starts_with(&inner) { INNER } else { SERVER };
        let held = self.overrides.scope_at((&self.root, &self.path), &self.path.join(inside), None, section)?;
        Ok(match held.expect("nothing was pinned") {
            Held::Configured(_) => None,
            Held::Made(made) => Some(made.scope().settings.umask.0),
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
    assert!(site.overrides.memory().made.is_empty(), "what has just changed is not remembered");
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
    let thing = |path| Pinned::Thing(id(path).0, id(path).1);
    let folder = |path| Pinned::Folder(id(path).0, id(path).1);
    let found = |path: &str, pinned| {
        let path = site.path.join(path);
        site.overrides.scope_at((&site.root, &site.path), &path, Some(pinned), |_| SERVER).map(|held| held.is_some())
    };
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
    let step = (Outer::Configured(SERVER), Layer::File(version(&site.path)));
    let (_, written) = &site.overrides.configured[&SERVER];
    let made = site.overrides.make(ServerId(0), written.clone(), Some(step)).unwrap();
    assert_eq!(made.number, Some(0));
    assert_eq!(site.umask("file")?, Some(0o022), "what is remembered counts");
    for at in 0..MOST as i64 + 10 {
        let step = (Outer::Configured(SERVER), Layer::File(Version { size: at, ..settled }));
        site.overrides.remember(step, None);
    }
    assert!(site.overrides.memory().made.len() <= MOST);
    Ok(())
}

#[test]
fn settings_that_a_file_made_go_before_their_images() {
    let site = Site::new("AllowOverride on\n");
    let (_, written) = &site.overrides.configured[&SERVER];
    let (image, report) = (witness::image(), Report::default());
    let scope = report.scope([&image]);
    let modules: ModuleRefs = Arc::new([(image, 0)]);
    drop(Made::new(Lent::new(scope, modules), written.clone(), None));
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
    assert_eq!(site.overrides.memory().told.len(), 3);
    assert_eq!(site.umask("in/deep/file")?, None);
    Ok(())
}

fn version(folder: &Path) -> Version {
    Version::of(&rustix::fs::stat(folder.join(NAME)).unwrap())
}
