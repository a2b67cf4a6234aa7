//! What the store refuses, in the words that clients know.

use std::io;

use gantry_api::Error;

/// Why the store refuses something.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reason {
    Busy,
    Exists,
    Folder,
    Full,
    Invalid,
    Missing,
    NotEmpty,
    NotFolder,
}

/// The same words as for the host's files.
pub(crate) fn refused(reason: Reason) -> Error {
    let (kind, words) = match reason {
        Reason::Busy => (io::ErrorKind::ResourceBusy, "Device or resource busy"),
        Reason::Exists => (io::ErrorKind::AlreadyExists, "File exists"),
        Reason::Folder => (io::ErrorKind::IsADirectory, "Is a directory"),
        Reason::Full => (io::ErrorKind::StorageFull, "No space left on device"),
        Reason::Invalid => (io::ErrorKind::InvalidInput, "Invalid argument"),
        Reason::Missing => (io::ErrorKind::NotFound, "No such file or directory"),
        Reason::NotEmpty => (io::ErrorKind::DirectoryNotEmpty, "Directory not empty"),
        Reason::NotFolder => (io::ErrorKind::NotADirectory, "Not a directory"),
    };
    io::Error::new(kind, words).into()
}
