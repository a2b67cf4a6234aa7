//! Loads modules: each file is read once and checked, and the same bytes are mapped only
//! once.

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

/// Loads modules. It remembers which bytes are mapped, and maps the same bytes only
/// once.
pub struct Loader {
    trust: Trust,
    trial: Option<Trial>,
    libraries: Libraries,
    /// Held while a file is tried and mapped, which may take long. One file at a time,
    /// so that the same bytes are mapped only once.
    loading: Mutex<()>,
    /// Never held for long.
    mapped: Mutex<HashMap<Sha256Sum, Hold>>,
    lingering: map::Lingering,
    /// The bytes whose last trial hung, and when.
    hung: Mutex<Option<(Sha256Sum, Instant, Failure)>>,
}

/// A refused reload may be tried again under another identity. Bytes that hung within
/// this time are not tried again.
const HUNG_COUNTS: Duration = Duration::from_secs(10);

/// How long an image stays mapped.
enum Hold {
    /// While it is in use.
    WhileUsed(Weak<LoadedImage>),
    /// Forever: its runtime leaves thread-local values on threads that we do not own,
    /// and their destructors are code of the image.
    Forever(Arc<LoadedImage>),
}

impl Hold {
    fn loaded(&self) -> Option<Arc<LoadedImage>> {
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
    /// A loader with the trust that this process's privileges demand.
    pub fn new() -> Self {
        Self::with_trust(Trust::of_this_process())
    }

    /// A loader with the given trust.
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

    /// Makes the loader try each file in a separate process before it maps the file.
    #[must_use]
    pub fn trying(self, trial: Trial) -> Self {
        Self { trial: Some(trial), ..self }
    }

    /// Loads the module named `module` from `file`, or returns the existing image of
    /// the same bytes. The image's log lines go to `host`. Keep the `Arc` as long as
    /// you keep any part of the image.
    ///
    /// If `signers` are given, one of them must have signed the file; this is checked
    /// before anything in the file is parsed.
    ///
    /// Blocks while the file is read, and while the constructors of the file and its
    /// libraries run. With a trial, the constructors are known to end.
    ///
    /// # Errors
    /// What is wrong with the file and what to do about it.
    pub fn load(
        &self,
        file: &Path,
        module: &str,
        signers: Option<&[Signer]>,
        host: &'static dyn Host,
    ) -> Result<Arc<LoadedImage>, LoadError> {
        let bytes = file::read(file, Some(self.trust), file::LIMIT)?.bytes;
        let signer = signers.map(|signers| verify(file, &bytes, signers)).transpose()?;
        let object = elf::module(file, &bytes)?;
        let (sha256, has_digest) = digest::check(file, &bytes)?;
        let stamp = object.stamp()?;
        agree(file, &stamp, module)?;
        let symbol = format!("gantry_image_{module}");
        object.exports(&symbol)?;

        let _alone = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loaded) = self.mapped().get(&sha256).and_then(Hold::loaded) {
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
            // Tried before, and most likely still mapped.
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
        let loaded = Arc::new(LoadedImage { mapping, stamp, path, sha256, signer });
        let mut mapped = self.mapped();
        mapped.retain(|_, held| held.loaded().is_some());
        let held = match has_runtime {
            true => Hold::Forever(Arc::clone(&loaded)),
            false => Hold::WhileUsed(Arc::downgrade(&loaded)),
        };
        mapped.insert(sha256, held);
        Ok(loaded)
    }

    /// Tries the copy in a separate process, if trials are enabled.
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

    /// Loads a library for LoadFile. It stays for the life of the process, and
    /// everything loaded later can use it.
    ///
    /// # Errors
    /// What is wrong with the file and what to do about it.
    pub fn load_library(&self, path: &Path) -> Result<Library, LoadError> {
        self.libraries.load(path, self.trust, self.trial.as_ref())
    }

    /// Whether the bytes with this digest are mapped.
    pub fn is_mapped(&self, sha256: &Sha256Sum) -> bool {
        let held = self.mapped().get(sha256).and_then(Hold::loaded);
        let mut lingering = self.lingering();
        lingering.retain(|_, copy| copy.is_mapped());
        held.is_some() || lingering.contains_key(sha256)
    }

    fn mapped(&self) -> MutexGuard<'_, HashMap<Sha256Sum, Hold>> {
        self.mapped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lingering(&self) -> MutexGuard<'_, HashMap<Sha256Sum, map::Copy>> {
        self.lingering.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The keys that a word of ModuleSigners names. A file of keys needs the same trust
    /// as a module's file.
    ///
    /// # Errors
    /// Those of [`signers`].
    pub fn signers(&self, word: &str) -> Result<Vec<Signer>, LoadError> {
        signers(word, Some(self.trust))
    }
}

/// A loaded image. It stays mapped while this lives; an image with a runtime stays
/// mapped for the life of the process.
pub struct LoadedImage {
    mapping: map::Mapping,
    stamp: Stamp,
    path: Mutex<PathBuf>,
    sha256: Sha256Sum,
    signer: Mutex<Option<Signer>>,
}

impl LoadedImage {
    /// Records that its bytes were read again: from which file, and who signed them if
    /// signers were required.
    fn read_again(&self, file: &Path, signer: Option<&Signer>) {
        file.clone_into(&mut self.path.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(signer) = signer {
            *self.signer.lock().unwrap_or_else(PoisonError::into_inner) = Some(signer.clone());
        }
    }

    /// Who signed its bytes, if signers were required.
    pub fn signer(&self) -> Option<Signer> {
        self.signer.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The image.
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

    /// The SHA-256 of its bytes.
    pub fn sha256(&self) -> &Sha256Sum {
        &self.sha256
    }
}

/// Checks that this build may run code with this stamp, and that it is the module.
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

/// Logs that a file has no digest. Such a file is fine until it is damaged.
fn say_undigested(file: &Path, host: &dyn Host) {
    let path = file.display();
    let message = format!(
        "{path} has no digest, so damage to the file cannot be detected; `gantry module build` and `cargo xtask \
         install` add one"
    );
    if host.enabled(Level::Info) {
        host.log(&Record { level: Level::Info, target: "gantry-loader", message: &message, fields: &[] });
    }
}
