//! `.ftpaccess` (AllowOverride): what such files say of their folders, on top of
//! the configuration, as if each were a `<Directory>` section. What may stand
//! in one is gantry-config's to say. Nothing here decides who may do what.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::{Component, Path};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use gantry_api::log::{self, Level};
use gantry_api::proto::text::Escaped;
use gantry_api::{Defaults, Error, ErrorKind, Lent, Result, ServerId, Value};
use gantry_config::{Fault, Faults, FtpAccess, Scope as Written};
use gantry_sys::{FileType, Mode, OFlags, Root, Stat};
use rustix::fs::{AtFlags, fstat, openat, statat};
use rustix::io::Errno;

use crate::generation::held::{Held, Made};
use crate::generation::images::ModuleRefs;
use crate::generation::scope::{Scope, ScopeId};

const NAME: &str = ".ftpaccess";

/// Scopes, and versions that were complained of, that are remembered.
const MOST: usize = 512;

/// How long, in seconds, a file must have been as it is before what it says is
/// remembered: clocks are too coarse to tell two changes in a row apart.
const SETTLED: i64 = 2;

/// Scopes as the configuration has them, each with its server.
pub type Configured = HashMap<ScopeId, (ServerId, Written)>;

/// What reads the files of one generation, and what it made of them.
pub struct Overrides {
    memory: Mutex<Memory>,
    reader: FtpAccess,
    configured: Configured,
    defaults: Arc<Defaults>,
    numbers: AtomicU64,
    /// Whose directives `reader` calls.
    modules: ModuleRefs,
}

/// What was pinned at a path, by device and inode: others may have put something
/// else there, and their files must not be read in place of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pinned {
    /// What has the path's last name.
    Thing(u64, u64),
    /// The folder in which that name is.
    Folder(u64, u64),
}

impl Pinned {
    /// Whether it is what has a name in a folder, or that folder.
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

/// One step further in: a scope and what lies on top of it.
type Step = (Outer, Layer);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Outer {
    Configured(ScopeId),
    Made(u64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Layer {
    Section(ScopeId),
    File(Version),
}

/// One state of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Version {
    file: (u64, u64),
    size: i64,
    modified: (i64, u64),
    changed: (i64, u64),
}

#[derive(Default)]
struct Memory {
    /// None for a file that is no good.
    made: HashMap<Step, Option<Arc<Made>>>,
    told: HashSet<Version>,
}

impl Overrides {
    /// For the scopes of all servers that read such files, as they are
    /// configured, the defaults of all directives, and all modules.
    pub fn new(reader: FtpAccess, configured: Configured, defaults: Arc<Defaults>, modules: ModuleRefs) -> Self {
        Self { memory: Mutex::default(), reader, configured, defaults, numbers: AtomicU64::new(0), modules }
    }

    /// What holds at a path of the host within a session's root, which lies at
    /// `root_path`; `section` tells which scope of the configuration a path is in.
    /// The files are looked for under the thread's credentials. None where the path
    /// has come to lead to something else than what was pinned there.
    ///
    /// # Errors
    /// `Denied` in the folder of a file that is no good; the system's
    /// when a folder cannot be searched.
    pub fn scope_at(
        &self,
        (root, root_path): (&Root, &Path),
        path: &Path,
        pinned: Option<Pinned>,
        section: impl Fn(&Path) -> ScopeId,
    ) -> Result<Option<Held>> {
        let inside = path.strip_prefix(root_path).map_err(|_| io::Error::from(Errno::NOENT))?;
        let mut names = inside.components();
        let mut at = root_path.to_owned();
        let mut around = section(&at);
        let mut held = Held::from(around);
        let mut folder = Some(root.open_at(b"/", OFlags::PATH | OFlags::DIRECTORY, Mode::empty())?);
        loop {
            let here = section(&at);
            held = self.inside_section(held, around, here)?;
            around = here;
            if let Some(folder) = &folder
                && self.lets(here)
            {
                held = self.with_file(held, folder, &at)?;
            }
            let Some(name) = names.next() else { return Ok(Some(held)) };
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

    /// Whether AllowOverride is on in a scope of the configuration.
    fn lets(&self, scope: ScopeId) -> bool {
        let setting = self.configured.get(&scope).and_then(|(_, written)| written.settings.entry("AllowOverride"));
        setting == Some(&Value::Bool(true))
    }

    /// What holds where another section of the configuration begins.
    fn inside_section(&self, held: Held, around: ScopeId, here: ScopeId) -> Result<Held> {
        if here == around {
            return Ok(held);
        }
        let Held::Made(outer) = &held else { return Ok(here.into()) };
        let step = outer.number.map(|number| (Outer::Made(number), Layer::Section(here)));
        if let Some(Some(made)) = step.and_then(|step| self.memory().made.get(&step).cloned()) {
            return Ok(Held::Made(made));
        }
        let (inner, around) = (self.configured(here)?, self.configured(around)?);
        let written = self.reader.beneath(&inner.1, &around.1, &outer.written);
        let made = self.make(outer.scope().server, written, step);
        made.map(Held::Made).map_err(|faults| Error::configuration(faults.to_string()).with_kind(ErrorKind::Denied))
    }

    /// What holds in a folder, with its file if it has one.
    fn with_file(&self, held: Held, folder: &OwnedFd, path: &Path) -> Result<Held> {
        let stat = match statat(folder, NAME, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => return Ok(held),
            Err(error) => return Err(io::Error::from(error).into()),
        };
        let outer = self.on_paper(&held)?;
        let step = |version| outer.outer.map(|outer| (outer, Layer::File(version)));
        if let Some(known) = step(Version::of(&stat)).and_then(|step| self.memory().made.get(&step).cloned()) {
            return known.map(Held::Made).ok_or_else(refusal);
        }
        let path = path.join(NAME);
        let (bytes, version) = match read(folder, &stat) {
            Ok(read) => read,
            // Not remembered: others may be able to read it.
            Err(reason) => {
                self.tell(Version::of(&stat), &format!("Fatal: {reason}: '{}'", path.display()));
                return Err(refusal());
            }
        };
        let step = step(version).filter(|_| version.is_settled());
        let made = self.reader.read(&path, bytes, outer.written);
        match made.and_then(|written| self.make(outer.server, written, step)) {
            Ok(made) => Ok(Held::Made(made)),
            Err(faults) => {
                self.tell(version, &shortened(&faults));
                if let Some(step) = step {
                    self.remember(step, None);
                }
                Err(refusal())
            }
        }
    }

    /// A scope as it is written down.
    fn on_paper<'a>(&'a self, held: &'a Held) -> Result<OnPaper<'a>> {
        match held {
            Held::Configured(scope) => {
                let (server, written) = self.configured(*scope)?;
                Ok(OnPaper { outer: Some(Outer::Configured(*scope)), server: *server, written })
            }
            Held::Made(made) => {
                Ok(OnPaper { outer: made.number.map(Outer::Made), server: made.scope().server, written: &made.written })
            }
        }
    }

    fn configured(&self, scope: ScopeId) -> Result<&(ServerId, Written)> {
        self.configured.get(&scope).ok_or_else(|| Error::system("a scope of no server that reads .ftpaccess files"))
    }

    /// Makes a scope, and remembers it as that of `step`.
    fn make(&self, server: ServerId, written: Written, step: Option<Step>) -> Result<Arc<Made>, Faults> {
        let modules = self.modules.iter().map(|(image, at)| &image.image().modules[*at]);
        let scope = Scope::new(server, &written, &self.defaults, modules)?;
        let number = step.map(|_| self.numbers.fetch_add(1, Ordering::Relaxed));
        let made = Arc::new(Made::new(Lent::new(scope, self.modules.clone()), written, number));
        if let Some(step) = step {
            self.remember(step, Some(made.clone()));
        }
        Ok(made)
    }

    fn remember(&self, step: Step, made: Option<Arc<Made>>) {
        let mut memory = self.memory();
        if memory.made.len() >= MOST {
            memory.made.clear();
        }
        memory.made.insert(step, made);
    }

    /// Tells the administrator what is wrong with a file, once.
    fn tell(&self, version: Version, what: &str) {
        let mut memory = self.memory();
        if memory.told.len() >= MOST {
            memory.told.clear();
        }
        if memory.told.insert(version) {
            drop(memory);
            let what = Escaped(what.as_bytes());
            log::write(Level::Warn, "gantry-server", format_args!("{what}; its folder is refused to everybody"));
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A scope as it is written down, and how steps name it.
struct OnPaper<'a> {
    outer: Option<Outer>,
    server: ServerId,
    written: &'a Written,
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

/// The same words as for what a `<Limit>` refuses.
fn refusal() -> Error {
    Error::of(ErrorKind::Denied)
}

/// A user's file may have thousands of faults; the log has room for one.
fn shortened(Faults(faults): &Faults) -> String {
    let first = faults.first().map(Fault::first_line).unwrap_or_default();
    match faults.len() {
        0 | 1 => first,
        more => format!("{first}, and {} more", more - 1),
    }
}

/// A handle of a folder in a folder; none when it is something else.
fn below(folder: &OwnedFd, name: Component<'_>) -> Result<Option<OwnedFd>> {
    let Component::Normal(name) = name else { return Ok(None) };
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match openat(folder, name, flags, Mode::empty()) {
        Ok(folder) => Ok(Some(folder)),
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
        Err(error) => Err(io::Error::from(error).into()),
    }
}

/// The bytes of a folder's file, one more at most than there may be, and the
/// version that they are of. The error says why not.
fn read(folder: &OwnedFd, stat: &Stat) -> Result<(Vec<u8>, Version), String> {
    let is_file = |stat: &Stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    if !is_file(stat) {
        return Err("not a regular file".to_owned());
    }
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let words = |error: io::Error| Error::from(error).text().to_owned();
    let file = File::from(openat(folder, NAME, flags, Mode::empty()).map_err(|error| words(error.into()))?);
    let stat = fstat(&file).map_err(|error| words(error.into()))?;
    if !is_file(&stat) {
        return Err("not a regular file".to_owned());
    }
    let mut bytes = Vec::new();
    let most = u64::try_from(FtpAccess::MOST_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    file.take(most).read_to_end(&mut bytes).map_err(words)?;
    Ok((bytes, Version::of(&stat)))
}

#[cfg(test)]
mod tests;
