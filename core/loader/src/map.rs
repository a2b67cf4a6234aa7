//! Maps an image with `dlopen` from a private copy of checked bytes; also opens
//! LoadFile's libraries from their own paths.
//!
//! The C library distinguishes images by name and inode. The copy's handle therefore
//! stays open while any part of the image is mapped, so that its number cannot name
//! another copy.
#![allow(unsafe_code)]

use std::collections::HashMap;
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use gantry_api::image::{Entry, Header};
use gantry_api::log::Host;
use gantry_api::{Image, Lent};
use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_LOCAL, RTLD_NOW};

use crate::digest::Sha256Sum;
use crate::error::LoadError;
use crate::search;

/// The longest name of a file in memory, in bytes.
const NAME_LIMIT: usize = 200;

/// How long an image stays mapped.
pub(crate) enum Keep {
    /// Until the mapping is dropped. If the C library still has it mapped then, its
    /// copy is stored here under its digest.
    WhileUsed(Lingering, Sha256Sum),
    /// For the life of the process.
    Forever,
}

/// A mapped image.
pub(crate) struct Mapping(Lent<Image, Open>);

impl Mapping {
    /// Maps a copy of checked bytes: their stamp matches this build's, and they export
    /// `symbol`. `file` is only for messages.
    pub(crate) fn new(
        file: &Path,
        copy: Copy,
        symbol: &str,
        keep: Keep,
        host: &'static dyn Host,
    ) -> Result<Self, LoadError> {
        let open = Open::new(file, copy, keep)?;
        // This runs the image's copy of core/api, not a module. A guard here would not
        // help, because a panic can only be caught in its own image.
        let image = (open.header(file, symbol)?.open)(host);
        Ok(Self(Lent::new(image, open)))
    }

    /// The image.
    pub(crate) fn image(&self) -> &Image {
        &self.0
    }
}

/// Loads a library forever; everything loaded later can use it.
pub(crate) fn open_library(path: &Path) -> Result<(), LoadError> {
    // SAFETY: the library's constructors run here. The administrator names it, and
    // `file` has checked that nobody else could have put it there.
    let opened = unsafe { Library::open(Some(path), RTLD_NOW | RTLD_GLOBAL) };
    let library = opened.map_err(|error| {
        let text = words(&error);
        // The message already contains the path.
        refused(path, text.strip_prefix(&format!("{}: ", path.display())).unwrap_or(&text).to_owned())
    })?;
    std::mem::forget(library);
    Ok(())
}

fn refused(path: &Path, detail: String) -> LoadError {
    LoadError::Link { path: path.to_owned(), detail, searched: search::folders() }
}

/// The system's message.
fn words(error: &libloading::Error) -> String {
    match error {
        libloading::Error::DlOpen { source } => source.to_string(),
        other => other.to_string(),
    }
}

/// Copies of images that are unused but still mapped. If their bytes are needed again,
/// they are opened again instead of mapped twice.
pub(crate) type Lingering = Arc<Mutex<HashMap<Sha256Sum, Copy>>>;

/// An open library, and the copy that it was opened from.
struct Open {
    library: ManuallyDrop<Library>,
    copy: ManuallyDrop<Copy>,
    keep: Keep,
}

impl Open {
    fn new(file: &Path, copy: Copy, keep: Keep) -> Result<Self, LoadError> {
        let link = |error| refused(file, copy.words(file, &error));
        // SAFETY: the constructors of a shared object run here. Its stamp says that it
        // is a Gantry module built like this executable, and `file` has checked that
        // no untrusted user could have put it there.
        let library = unsafe { Library::open(Some(copy.path()), RTLD_NOW | RTLD_LOCAL) }.map_err(link)?;
        Ok(Self { library: ManuallyDrop::new(library), copy: ManuallyDrop::new(copy), keep })
    }

    /// The header that the function `symbol` returns, if it matches this build's.
    fn header(&self, file: &Path, symbol: &str) -> Result<&Header, LoadError> {
        let missing = |_| LoadError::NoSymbol { path: file.to_owned(), symbol: symbol.to_owned() };
        // SAFETY: `module!` exports a function of this type under this name, and the
        // stamp shows that `module!` made the image. The function takes no arguments
        // and returns the address of a static.
        let header = unsafe { self.library.get::<Entry>(symbol.as_bytes()).map_err(missing)?() };
        let sound = header.is_aligned() && !header.is_null();
        // SAFETY: it points to a `static` of the image, which stays mapped while `self`
        // lives. The struct is `repr(C)`; any bytes are valid for its fields except the
        // last, which the image's own compiler filled in.
        let header = sound.then(|| unsafe { &*header }).filter(|header| header.agrees());
        header.ok_or_else(|| LoadError::Header { path: file.to_owned() })
    }
}

impl Drop for Open {
    /// Closes the library, and also its copy if no part of it is mapped any more: a
    /// thread-local value with a destructor keeps it mapped.
    fn drop(&mut self) {
        let Keep::WhileUsed(lingering, sha256) = &self.keep else { return };
        // SAFETY: each is dropped or taken only here, once, and `self` is going away.
        let copy = unsafe {
            ManuallyDrop::drop(&mut self.library);
            ManuallyDrop::take(&mut self.copy)
        };
        if copy.is_mapped() {
            lingering.lock().unwrap_or_else(PoisonError::into_inner).insert(*sha256, copy);
        }
    }
}

/// A private, sealed copy of a file's bytes.
pub(crate) struct Copy(OwnedFd);

impl Copy {
    pub(crate) fn new(file: &Path, bytes: &[u8]) -> Result<Self, LoadError> {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let name = &name[..name.floor_char_boundary(NAME_LIMIT)];
        let sealed = gantry_sys::memfd::sealed(name, bytes);
        sealed.map(Self).map_err(|source| LoadError::Copy { path: file.to_owned(), source })
    }

    /// The copy that another process made and passed to us.
    pub(crate) fn handed_over(handle: OwnedFd) -> Self {
        Self(handle)
    }

    /// Another handle to it.
    pub(crate) fn handle(&self) -> std::io::Result<OwnedFd> {
        self.0.try_clone()
    }

    fn path(&self) -> String {
        format!("/proc/self/fd/{}", self.0.as_raw_fd())
    }

    /// Whether the C library still has it mapped.
    pub(crate) fn is_mapped(&self) -> bool {
        // SAFETY: RTLD_NOLOAD loads nothing. At most this adds a reference to a mapped
        // library; its constructors ran when it was mapped.
        unsafe { Library::open(Some(self.path()), RTLD_NOW | libc::RTLD_NOLOAD) }.is_ok()
    }

    /// The system's message, with the file's name instead of the copy's.
    fn words(&self, file: &Path, error: &libloading::Error) -> String {
        words(error).replace(&format!("{}: ", self.path()), "").replace(&self.path(), &file.display().to_string())
    }
}
