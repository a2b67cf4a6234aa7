//! Loads modules: each file is read once and checked, and the same bytes are
//! mapped once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use gantry_api::Image;
use gantry_api::log::{Host, Level, Record};
use gantry_api::stamp::Stamp;

use crate::digest::{self, Sha256Sum};
use crate::error::LoadError;
use crate::failure::{Ending, Failure};
use crate::file::{self, Trust};
use crate::library::{Libraries, Library};
use crate::signature::{Signer, signers, verify};
use crate::trial::Trial;
use crate::{elf, map};

/// Loads modules, and knows which bytes are mapped: the same bytes are used
/// again, not mapped twice.
pub struct Loader {
    trust: Trust,
    trial: Option<Trial>,
    libraries: Libraries,
    /// Held while a file is tried and mapped: one at a time, so that the same
    /// bytes are mapped once. It may take long.
    loading: Mutex<()>,
    /// Never held for long.
    mapped: Mutex<HashMap<Sha256Sum, Held>>,
    lingering: map::Lingering,
    /// The bytes whose trial came to no end, and when.
    hung: Mutex<Option<(Sha256Sum, Instant, Failure)>>,
}

/// A reload that is refused may be read once more under another identity: what
/// hung a moment ago is not waited for again.
const HUNG_COUNTS: Duration = Duration::from_secs(10);

/// How long an image stays mapped.
enum Held {
    /// While somebody uses it.
    WhileUsed(Weak<Loaded>),
    /// For good: its runtime leaves thread-local values whose destructors are
    /// code of the image, on threads that we do not own.
    Forever(Arc<Loaded>),
}

impl Held {
    fn loaded(&self) -> Option<Arc<Loaded>> {
        match self {
            Self::WhileUsed(loaded) => loaded.upgrade(),
            Self::Forever(loaded) => Some(Arc::clone(loaded)),
        }
    }
}

impl Default for Loader {
    fn default() -> Self {
        Self::new()
    }
}

impl Loader {
    /// A loader that trusts files as this process's privileges demand.
    pub fn new() -> Self {
        Self::with_trust(Trust::of_this_process())
    }

    /// A loader that trusts files as told.
    pub fn with_trust(trust: Trust) -> Self {
        Self {
            trust,
            trial: None,
            libraries: Libraries::default(),
            loading: Mutex::default(),
            mapped: Mutex::default(),
            lingering: map::Lingering::default(),
            hung: Mutex::default(),
        }
    }

    /// Has files tried in a process of their own before they are mapped in this
    /// one.
    #[must_use]
    pub fn trying(self, trial: Trial) -> Self {
        Self { trial: Some(trial), ..self }
    }

    /// Loads the module named `module` from `file`, or hands out the image that
    /// the same bytes were mapped to before. The image's log lines go to
    /// `host`. Whoever keeps a part of the image keeps the `Arc`.
    ///
    /// Where `signers` are named, one of them must have signed the file, which
    /// is looked at before anything in it is.
    ///
    /// Blocks for as long as reading the file takes, and for as long as the
    /// constructors of the file and its libraries take once its stamp agrees; with
    /// a trial, they are known to end.
    ///
    /// # Errors
    /// Says what is wrong with the file and what to do about it.
    pub fn load(
        &self,
        file: &Path,
        module: &str,
        signers: Option<&[Signer]>,
        host: &'static dyn Host,
    ) -> Result<Arc<Loaded>, LoadError> {
        let bytes = file::read(file, Some(self.trust), file::LIMIT)?.bytes;
        let signer = signers.map(|signers| verify(file, &bytes, signers)).transpose()?;
        let object = elf::module(file, &bytes)?;
        let (sha256, has_digest) = digest::check(file, &bytes)?;
        let stamp = object.stamp()?;
        agree(file, &stamp, module)?;
        let symbol = format!("gantry_image_{module}");
        object.exports(&symbol)?;

        let _alone = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loaded) = self.mapped().get(&sha256).and_then(Held::loaded) {
            loaded.read_again(file, signer);
            return Ok(loaded);
        }
        if !has_digest && self.trust == Trust::Strict {
            say_undigested(file, host);
        }
        let has_runtime = stamp.field("runtime") == "yes";
        let keep = match has_runtime {
            true => map::Keep::Forever,
            false => map::Keep::WhileUsed(self.lingering.clone(), sha256),
        };
        let left = self.lingering().remove(&sha256);
        let copy = match left {
            // Tried before, and most likely mapped still.
            Some(copy) => copy,
            None => {
                let copy = map::Copy::new(file, &bytes)?;
                self.try_module(file, &copy, &symbol, sha256)?;
                copy
            }
        };
        let mapping = map::Mapping::new(file, copy, &symbol, keep, host)?;
        if !mapping.image().modules.iter().any(|descriptor| descriptor.name == module) {
            return Err(LoadError::NoDescriptor { path: file.to_owned(), module: module.to_owned() });
        }
        let (path, signer) = (Mutex::new(file.to_owned()), Mutex::new(signer.cloned()));
        let loaded = Arc::new(Loaded { mapping, stamp, path, sha256, signer });
        let mut mapped = self.mapped();
        mapped.retain(|_, held| held.loaded().is_some());
        let held = match has_runtime {
            true => Held::Forever(Arc::clone(&loaded)),
            false => Held::WhileUsed(Arc::downgrade(&loaded)),
        };
        mapped.insert(sha256, held);
        Ok(loaded)
    }

    /// Has a process of its own load the copy, where there are trials.
    fn try_module(&self, file: &Path, copy: &map::Copy, symbol: &str, sha256: Sha256Sum) -> Result<(), LoadError> {
        let Some(trial) = &self.trial else { return Ok(()) };
        let mut hung = self.hung.lock().unwrap_or_else(PoisonError::into_inner);
        let known = hung.as_ref().filter(|(bytes, when, _)| *bytes == sha256 && when.elapsed() < HUNG_COUNTS);
        let tried = match known {
            Some((.., failure)) => Err(failure.clone()),
            None => trial.of_module(file, copy, symbol, &self.libraries.loaded()),
        };
        tried.map_err(|failure| {
            if matches!(failure.ending, Ending::Never(_)) {
                *hung = Some((sha256, Instant::now(), failure.clone()));
            }
            LoadError::Trial { path: file.to_owned(), failure }
        })
    }

    /// Loads a library that modules need, for the life of the process, and for
    /// all that is loaded after it: LoadFile.
    ///
    /// # Errors
    /// Says what is wrong with the file and what to do about it.
    pub fn load_library(&self, path: &Path) -> Result<Library, LoadError> {
        self.libraries.load(path, self.trust, self.trial.as_ref())
    }

    /// Whether the bytes of a digest are mapped.
    pub fn is_mapped(&self, sha256: &Sha256Sum) -> bool {
        let held = self.mapped().get(sha256).and_then(Held::loaded);
        let mut lingering = self.lingering();
        lingering.retain(|_, copy| copy.is_mapped());
        held.is_some() || lingering.contains_key(sha256)
    }

    fn mapped(&self) -> MutexGuard<'_, HashMap<Sha256Sum, Held>> {
        self.mapped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lingering(&self) -> MutexGuard<'_, HashMap<Sha256Sum, map::Copy>> {
        self.lingering.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The keys that a word of ModuleSigners stands for, a file of keys being
    /// trusted as modules' files are.
    ///
    /// # Errors
    /// As [`signers`].
    pub fn signers(&self, word: &str) -> Result<Vec<Signer>, LoadError> {
        signers(word, Some(self.trust))
    }
}

/// An image that was loaded. It stays mapped for as long as this lives; one
/// that had a runtime stays for the life of the process.
pub struct Loaded {
    mapping: map::Mapping,
    stamp: Stamp,
    path: Mutex<PathBuf>,
    sha256: Sha256Sum,
    signer: Mutex<Option<Signer>>,
}

impl Loaded {
    /// Its bytes were read once more: from where, and who signed them, where that
    /// was asked for.
    fn read_again(&self, file: &Path, signer: Option<&Signer>) {
        file.clone_into(&mut self.path.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(signer) = signer {
            *self.signer.lock().unwrap_or_else(PoisonError::into_inner) = Some(signer.clone());
        }
    }

    /// Who signed its bytes, where that was asked for.
    pub fn signer(&self) -> Option<Signer> {
        self.signer.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What it holds.
    pub fn image(&self) -> &Image {
        self.mapping.image()
    }

    /// Its stamp.
    pub fn stamp(&self) -> &Stamp {
        &self.stamp
    }

    /// The file that its bytes were last read from.
    pub fn path(&self) -> PathBuf {
        self.path.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The digest of its bytes.
    pub fn sha256(&self) -> &Sha256Sum {
        &self.sha256
    }
}

/// Whether this build may run the code that the stamp speaks of.
fn agree(file: &Path, stamp: &Stamp, module: &str) -> Result<(), LoadError> {
    let here = Stamp::of_this_build();
    let differences = stamp.differences(&here);
    if !differences.is_empty() {
        let owned = |(key, theirs, ours): &(&'static str, &str, &str)| (*key, (*theirs).to_owned(), (*ours).to_owned());
        return Err(LoadError::Stamp {
            path: file.to_owned(),
            module: module.to_owned(),
            found: stamp.id(),
            needed: here.id(),
            differences: differences.iter().map(owned).collect(),
        });
    }
    let found = stamp.field("module");
    if found != module {
        return Err(LoadError::OtherModule {
            path: file.to_owned(),
            found: found.to_owned(),
            needed: module.to_owned(),
        });
    }
    Ok(())
}

/// A file as cargo builds it is as good as any until it is damaged.
fn say_undigested(file: &Path, host: &dyn Host) {
    let path = file.display();
    let message = format!(
        "{path}: no digest in it, so that damage of the file cannot be found: `gantry module build` and `cargo xtask \
         install` write one"
    );
    if host.enabled(Level::Info) {
        host.log(&Record { level: Level::Info, target: "gantry-loader", message: &message, fields: &[] });
    }
}
