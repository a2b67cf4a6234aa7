//! Why a file is not loaded: the file, what is wrong, what was found and what is needed,
//! and what to do about it (in parentheses, because the place follows the message).

use std::io;
use std::path::PathBuf;

use gantry_api::stamp::StampError;

use crate::architecture::Architecture;
use crate::failure::Failure;
use crate::words::{advice, listed, mismatch, several, tried, unlinked, words};

/// Why a module's file is not loaded; each message is one line for the administrator.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A word that is not a module name.
    #[error(
        "'{name}' is not a module name (write the name without a folder, such as mod_sql.c; set folders with ModulePath)"
    )]
    Name {
        /// The word.
        name: String,
    },
    /// No folder has the module.
    #[error("no {module}.so in {} (install it there, or add its folder with ModulePath)", listed(.folders))]
    NotFound {
        /// The module.
        module: String,
        /// The folders that were searched.
        folders: Vec<PathBuf>,
    },
    /// The file, or a folder above it, cannot be opened or read.
    #[error("{}: {}{}", .path.display(), words(.source), advice(.source))]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Something other than a regular file.
    #[error("{}: this is {kind}, not a file (put the file itself there)", .path.display())]
    Kind {
        /// Its path.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
    },
    /// An empty file.
    #[error("{}: the file is empty (rebuild or reinstall it)", .path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A file that is too large.
    #[error("{}: the file has {found} bytes, but a module may have at most {limit}", .path.display())]
    Size {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        found: u64,
        /// The largest size in bytes.
        limit: u64,
    },
    /// A user whom the daemon does not trust could change the file.
    #[error("{}: {}", .path.display(), .distrust.sentence(.place))]
    Distrusted {
        /// The module's file.
        path: PathBuf,
        /// The file or the folder above it that is not trusted.
        place: PathBuf,
        /// The reason.
        distrust: Distrust,
    },
    /// Not a file of machine code.
    #[error("{}: not a shared object: it has no ELF header (rebuild or reinstall it)", .path.display())]
    NotElf {
        /// The file.
        path: PathBuf,
    },
    /// Machine code, but no shared object.
    #[error("{}: an executable or object file, not a shared object (build it with crate-type cdylib)", .path.display())]
    NotShared {
        /// The file.
        path: PathBuf,
    },
    /// Built for another machine.
    #[error("{}: built for {found}, but this gantryd is for {needed} (install the build for this machine)", .path.display())]
    Architecture {
        /// The file.
        path: PathBuf,
        /// The file's machine.
        found: Architecture,
        /// This build's machine.
        needed: Architecture,
    },
    /// Shorter than its own tables say.
    #[error("{}: cut short: {found} of at least {needed} bytes (reinstall it)", .path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        found: u64,
        /// The least size in bytes according to its tables.
        needed: u64,
    },
    /// Its tables are invalid.
    #[error("{}: damaged shared object: {detail} (reinstall it)", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is invalid.
        detail: String,
    },
    /// Its bytes do not match its digest.
    #[error("{}: damaged: its bytes do not match the digest at its end (reinstall it)", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// Not a Gantry module.
    #[error("{}: no stamp (section .gantry.stamp): not a Gantry module, or the section was stripped (install the file as it was built)", .path.display())]
    NoStamp {
        /// The file.
        path: PathBuf,
    },
    /// A stamp that cannot be read.
    #[error("{}: {source} (rebuild or reinstall the module)", .path.display())]
    BadStamp {
        /// The file.
        path: PathBuf,
        /// What is wrong with the stamp.
        source: StampError,
    },
    /// More than one stamp.
    #[error("{}: {}", .path.display(), several(.modules))]
    SeveralStamps {
        /// The file.
        path: PathBuf,
        /// The modules that the stamps name, as far as they can be read.
        modules: Vec<String>,
    },
    /// Built differently from this daemon.
    #[error("{}: {} (rebuild it with: gantry module build {module})", .path.display(), mismatch(.found, .needed, .differences))]
    Stamp {
        /// The file.
        path: PathBuf,
        /// The requested module.
        module: String,
        /// The file's stamp id.
        found: String,
        /// This build's stamp id.
        needed: String,
        /// Field, the file's value, this build's value.
        differences: Vec<(&'static str, String, String)>,
    },
    /// The file contains another module than its name says.
    #[error("{}: contains the module {found}, not {needed} (rename the file or load {found})", .path.display())]
    OtherModule {
        /// The file.
        path: PathBuf,
        /// The module in the file.
        found: String,
        /// The requested module.
        needed: String,
    },
    /// Its entry function is missing.
    #[error("{}: does not export {symbol} (rebuild it, and strip it with --strip-unneeded at most)", .path.display())]
    NoSymbol {
        /// The file.
        path: PathBuf,
        /// The function that it should export.
        symbol: String,
    },
    /// No private copy can be made.
    #[error("{}: cannot make a private copy in memory: {source}", .path.display())]
    Copy {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The system's loader refused it.
    #[error("{}: {}", .path.display(), unlinked(.detail, .searched))]
    Link {
        /// The file.
        path: PathBuf,
        /// The system's words.
        detail: String,
        /// The folders in which the system looks for libraries, as far as known.
        searched: Vec<PathBuf>,
    },
    /// The trial failed: see [`Trial`](crate::Trial).
    #[error("{}: {}", .path.display(), tried(.failure))]
    Trial {
        /// The file.
        path: PathBuf,
        /// How the trial ended.
        failure: Failure,
    },
    /// Its header does not match its stamp.
    #[error("{}: its header does not match its stamp (rebuild the module)", .path.display())]
    Header {
        /// The file.
        path: PathBuf,
    },
    /// It does not register the module that its stamp names.
    #[error("{}: does not register {module} (rebuild the module)", .path.display())]
    NoDescriptor {
        /// The file.
        path: PathBuf,
        /// The module.
        module: String,
    },
    /// A signature is required, but the file has none.
    #[error(
        "{}: not signed: ModuleSigners requires {}, which is missing (if you trust the file, sign it with: \
         gantry module sign --key KEYFILE {})", .path.display(), .signature.display(), .path.display()
    )]
    Unsigned {
        /// The file.
        path: PathBuf,
        /// The file that should contain the signature.
        signature: PathBuf,
    },
    /// The signature file does not contain a signature.
    #[error("{}: not a signature of 64 bytes in base64 (sign the module again with gantry module sign)", .signature.display())]
    NoSignature {
        /// The file that should contain it.
        signature: PathBuf,
    },
    /// The signature is by another key, or covers other bytes.
    #[error(
        "{}: the signature in {} matches no ModuleSigners key ({keys} tried): the file was changed after it was signed, \
         or signed with another key (reinstall file and signature)", .path.display(), .signature.display()
    )]
    WrongSignature {
        /// The file.
        path: PathBuf,
        /// The file that contains the signature.
        signature: PathBuf,
        /// The number of keys.
        keys: usize,
    },
    /// A word or file does not contain a valid key.
    #[error("'{word}': {detail}")]
    Key {
        /// The word or file.
        word: String,
        /// What is wrong with the word or file.
        detail: &'static str,
    },
}

/// Why a file or folder is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distrust {
    /// It belongs to this user id, which is neither root's nor the daemon's.
    Owner(u32),
    /// Its mode lets others write.
    Mode(u32),
}

impl Distrust {
    fn sentence(self, place: &std::path::Path) -> String {
        let place = place.display();
        match self {
            Self::Owner(owner) => {
                format!("{place} belongs to user id {owner} and not to root (chown it)")
            }
            Self::Mode(mode) => format!("{place} can be changed by others, mode {mode:04o} (chmod go-w {place})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mismatch_names_each_field_with_both_values() {
        let error = LoadError::Stamp {
            path: "mod_sql.so".into(),
            module: "mod_sql".into(),
            found: "3f9c00000000".into(),
            needed: "81aa00000000".into(),
            differences: vec![
                ("rustc", "1.94.1 abc x86_64-unknown-linux-gnu".into(), "1.95.0 def x86_64-unknown-linux-gnu".into()),
                ("flags", String::new(), "--cfg=x".into()),
            ],
        };
        assert_eq!(
            error.to_string(),
            "mod_sql.so: built for stamp 3f9c00000000, but this gantryd has 81aa00000000; \
             differs in: rustc (module 1.94.1, gantryd 1.95.0), flags (module none, gantryd --cfg=x) \
             (rebuild it with: gantry module build mod_sql)"
        );
    }
}
