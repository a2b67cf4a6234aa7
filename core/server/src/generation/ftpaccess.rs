//! `.ftpaccess` files (AllowOverride): they add to the configuration of their folders, as if each
//! were a `<Directory>` section. gantry-config decides what they may contain. Nothing here decides
//! who may do what.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::{Component, Path};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use gantry_api::log::Level;
use gantry_api::proto::text::Escaped;
use gantry_api::{Error, ErrorKind, Result, ServerId};
use gantry_config::{Fault, Faults, FtpAccess, Layer, Layers};
use gantry_sys::{FileType, Mode, OFlags, Root, Stat};
use rustix::fs::{AtFlags, fstat, openat, statat};
use rustix::io::Errno;

use crate::generation::base::{Folders, Spot};
use crate::generation::held::ScopeHandle;
use crate::generation::images::ModuleRefs;
use crate::generation::scopes::Scopes;
use crate::log::say;

const NAME: &str = ".ftpaccess";

/// Whether a name is that of such a file, even on file systems that ignore case.
pub fn is_access_file(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.eq_ignore_ascii_case(NAME))
}

/// The most files, and reported versions, to remember.
const MOST: usize = 512;

/// The most bytes of memory for the cached contents, roughly.
const MOST_COST: usize = 16 << 20;

/// How many seconds a file must be unchanged before its contents are cached: clocks are too coarse
/// to tell two quick changes apart.
const SETTLED: i64 = 2;

/// The effect of an invalid file.
const REFUSED: &str = "; access to its folder is refused";

/// What reads the files of one generation.
pub struct AccessFiles {
    memory: Mutex<Memory>,
    reader: FtpAccess,
    /// Keeps the modules mapped whose directives `reader` calls.
    _modules: ModuleRefs,
}

/// A pinned file or folder, by device and inode. Another user may have replaced what is at the
/// path, and the replacement's files must not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileIdentity {
    /// The file with the path's last name.
    Thing(u64, u64),
    /// The folder that contains that name.
    Folder(u64, u64),
}

impl FileIdentity {
    /// Whether it is the file with this name in the folder, or the folder.
    fn is_at(self, folder: Option<&OwnedFd>, name: Component<'_>) -> bool {
        let (stat, wanted) = match (self, folder) {
            (_, None) => return false,
            (Self::Thing(device, inode), Some(folder)) => {
                (statat(folder, name.as_os_str(), AtFlags::SYMLINK_NOFOLLOW), (device, inode))
            }
            (Self::Folder(device, inode), Some(folder)) => (fstat(folder), (device, inode)),
        };
        stat.is_ok_and(|stat| (stat.st_dev, stat.st_ino) == wanted)
    }
}

/// One version of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Version {
    file: (u64, u64),
    size: i64,
    modified: (i64, u64),
    changed: (i64, u64),
}

#[derive(Default)]
struct Memory {
    /// The contents of each file; `None` if they are invalid.
    layers: HashMap<Version, Option<Arc<Layer>>>,
    /// Their total cost in bytes.
    cost: usize,
    told: HashSet<Version>,
}

/// The scope on the way to a path.
struct Here {
    held: ScopeHandle,
    layers: Layers,
    /// Whether its files are cached, so that others will use the same layers.
    lasts: bool,
}

/// A place in a session's root.
#[derive(Clone, Copy)]
pub struct Inside<'a> {
    /// The root.
    pub root: &'a Root,
    /// The root's path on the host.
    pub root_path: &'a Path,
    /// The place's path on the host.
    pub path: &'a Path,
    /// What was pinned there.
    pub pinned: Option<FileIdentity>,
}

impl AccessFiles {
    /// For all modules.
    pub fn new(reader: FtpAccess, modules: ModuleRefs) -> Self {
        Self { memory: Mutex::default(), reader, _modules: modules }
    }

    /// The scope at a place in a session's root. The files are looked up with the thread's
    /// credentials. `None` if the path now leads to something other than what was pinned.
    ///
    /// # Errors
    /// `Denied` in the folder of an invalid file; a system error if a folder cannot be searched.
    pub fn scope_at(&self, scopes: &Scopes, folders: &Folders, inside: Inside<'_>) -> Result<Option<ScopeHandle>> {
        let Inside { root, root_path, path, pinned } = inside;
        let server = folders.base.server;
        let inside = path.strip_prefix(root_path).map_err(|_| io::Error::from(Errno::NOENT))?;
        let mut names = inside.components();
        let mut at = root_path.to_owned();
        let mut around = folders.at(&at)?;
        let mut here = Here { held: around.held.clone(), layers: around.layers.clone(), lasts: true };
        let mut folder = Some(root.open_at(b"/", OFlags::PATH | OFlags::DIRECTORY, Mode::empty())?);
        loop {
            let section = folders.at(&at)?;
            if !std::ptr::eq(section, around) {
                here = inside_section(scopes, server, here, around, section)?;
                around = section;
            }
            if let Some(folder) = &folder
                && scopes.held(&section.held).settings.allow_override
            {
                here = self.with_file(scopes, server, here, folder, &at)?;
            }
            let Some(name) = names.next() else { return Ok(Some(here.held)) };
            let is_last = names.clone().next().is_none();
            if is_last && !pinned.is_none_or(|pinned| pinned.is_at(folder.as_ref(), name)) {
                return Ok(None);
            }
            at.push(name);
            folder = match folder {
                Some(folder) => below(&folder, name)?,
                None => None,
            };
        }
    }

    /// The scope in a folder, including its file if it has one.
    fn with_file(&self, scopes: &Scopes, server: ServerId, here: Here, folder: &OwnedFd, path: &Path) -> Result<Here> {
        let stat = match statat(folder, NAME, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => return Ok(here),
            Err(error) => return Err(io::Error::from(error).into()),
        };
        let path = path.join(NAME);
        // Otherwise anyone who may write to another user's folder could set its rules.
        let owner = fstat(folder).map_err(io::Error::from)?.st_uid;
        let is_owners = |stat: &Stat| stat.st_uid == 0 || stat.st_uid == owner;
        if !is_owners(&stat) {
            self.tell(
                Version::of(&stat),
                &format!("ignored: neither root nor its folder's owner owns {}", path.display()),
                "",
            );
            return Ok(here);
        }
        let (layer, version, lasts) = self.layer(folder, &stat, &path, is_owners)?;
        let (layers, lasts) = (here.layers.with(&layer), here.lasts && lasts);
        match scope_of(scopes, server, &layers, lasts) {
            Ok(held) => Ok(Here { held, layers, lasts }),
            Err(faults) => {
                self.tell(version, &shortened(&faults), REFUSED);
                Err(refusal())
            }
        }
    }

    /// The contents of a folder's file, their version, and whether they are cached.
    fn layer(
        &self,
        folder: &OwnedFd,
        stat: &Stat,
        path: &Path,
        is_owners: impl Fn(&Stat) -> bool,
    ) -> Result<(Arc<Layer>, Version, bool)> {
        let version = Version::of(stat);
        if let Some(known) = self.memory().layers.get(&version) {
            return known.clone().map(|layer| (layer, version, true)).ok_or_else(refusal);
        }
        let (bytes, version) = match read(folder, stat, is_owners) {
            Ok(read) => read,
            // Not cached, because others may be able to read it.
            Err(reason) => {
                self.tell(version, &format!("Fatal: {reason}: '{}'", path.display()), REFUSED);
                return Err(refusal());
            }
        };
        let layer =
            self.reader.read(path, bytes).map_err(|faults| self.tell(version, &shortened(&faults), REFUSED)).ok();
        let lasts = version.is_settled();
        if lasts {
            self.remember(version, layer.clone());
        }
        layer.map(|layer| (layer, version, lasts)).ok_or_else(refusal)
    }

    fn remember(&self, version: Version, layer: Option<Arc<Layer>>) {
        let cost = layer.as_ref().map_or(0, |layer| layer.cost());
        let mut memory = self.memory();
        if memory.layers.len() >= MOST || memory.cost.saturating_add(cost) > MOST_COST {
            memory.layers.clear();
            memory.cost = 0;
        }
        memory.cost = memory.cost.saturating_add(cost);
        memory.layers.insert(version, layer);
    }

    /// Logs once what is wrong with a file, and the effect.
    fn tell(&self, version: Version, what: &str, follows: &str) {
        let mut memory = self.memory();
        if memory.told.len() >= MOST {
            memory.told.clear();
        }
        if memory.told.insert(version) {
            drop(memory);
            let what = Escaped(what.as_bytes());
            say(Level::Warn, format_args!("{what}{follows}"));
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The scope where another section of the configuration begins. That section takes precedence over
/// the files in the folders around it.
fn inside_section(scopes: &Scopes, server: ServerId, here: Here, around: &Spot, section: &Spot) -> Result<Here> {
    if here.layers.key() == around.layers.key() {
        return Ok(Here { held: section.held.clone(), layers: section.layers.clone(), lasts: true });
    }
    let layers = here.layers.with_beyond(&section.layers, &around.layers);
    let held = scope_of(scopes, server, &layers, here.lasts);
    let held = held.map_err(|faults| Error::configuration(faults.to_string()).with_kind(ErrorKind::Denied))?;
    Ok(Here { held, layers, lasts: here.lasts })
}

fn scope_of(scopes: &Scopes, server: ServerId, layers: &Layers, lasts: bool) -> Result<ScopeHandle, Arc<Faults>> {
    if lasts { scopes.of(server, layers) } else { scopes.anew(server, layers) }
}

impl Version {
    fn of(stat: &Stat) -> Self {
        Self {
            file: (stat.st_dev, stat.st_ino),
            size: stat.st_size,
            modified: (stat.st_mtime, stat.st_mtime_nsec),
            changed: (stat.st_ctime, stat.st_ctime_nsec),
        }
    }

    fn is_settled(&self) -> bool {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        i64::try_from(now).is_ok_and(|now| self.changed.0.saturating_add(SETTLED) <= now)
    }
}

/// The same text as for a refusal by `<Limit>`.
fn refusal() -> Error {
    Error::of(ErrorKind::Denied)
}

/// A user's file may have thousands of faults; the log shows one.
fn shortened(Faults(faults): &Faults) -> String {
    let first = faults.first().map(Fault::first_line).unwrap_or_default();
    match faults.len() {
        0 | 1 => first,
        more => format!("{first}, and {} more", more - 1),
    }
}

/// A handle of a folder in a folder; `None` if it is not a folder.
fn below(folder: &OwnedFd, name: Component<'_>) -> Result<Option<OwnedFd>> {
    let Component::Normal(name) = name else { return Ok(None) };
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match openat(folder, name, flags, Mode::empty()) {
        Ok(folder) => Ok(Some(folder)),
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
        Err(error) => Err(io::Error::from(error).into()),
    }
}

/// The bytes of a folder's file, up to one more than allowed, and their version; otherwise the
/// reason.
fn read(folder: &OwnedFd, stat: &Stat, is_owners: impl Fn(&Stat) -> bool) -> Result<(Vec<u8>, Version), String> {
    let is_file = |stat: &Stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    if !is_file(stat) {
        return Err("not a regular file".to_owned());
    }
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let words = |error: io::Error| Error::from(error).text().to_owned();
    let file = File::from(openat(folder, NAME, flags, Mode::empty()).map_err(|error| words(error.into()))?);
    let stat = fstat(&file).map_err(|error| words(error.into()))?;
    if !is_file(&stat) || !is_owners(&stat) {
        return Err("replaced while it was read".to_owned());
    }
    let mut bytes = Vec::new();
    let most = u64::try_from(FtpAccess::MOST_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    file.take(most).read_to_end(&mut bytes).map_err(words)?;
    Ok((bytes, Version::of(&stat)))
}

#[cfg(test)]
mod tests;
