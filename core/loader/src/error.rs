//! Why a file is not loaded: which file, what is wrong, what was found and what
//! is needed, and what to do about it.

use std::io;
use std::path::PathBuf;

use gantry_api::stamp::StampError;

use crate::architecture::Architecture;
use crate::failure::Failure;
use crate::words::{advice, listed, mismatch, several, tried, unlinked, words};

/// Why a module's file is not loaded. Each is one line for the administrator.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A word that names no module.
    #[error(
        "'{name}' is no name of a module: give it without a folder, such as mod_sql.c; ModulePath names the folders"
    )]
    Name {
        /// The word.
        name: String,
    },
    /// No folder has the module.
    #[error("no {module}.so in {}; build it or install it there, or name its folder with ModulePath", listed(.folders))]
    NotFound {
        /// The module.
        module: String,
        /// Where it was looked for.
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
    /// Something other than a file.
    #[error("{}: this is {kind} where a file is needed; put the file itself there", .path.display())]
    Kind {
        /// Its path.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
    },
    /// A file without a byte.
    #[error("{}: the file is empty; build it or install it anew", .path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A file that is too large.
    #[error("{}: {found} bytes are more than a module may have, which is {limit}", .path.display())]
    Size {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        found: u64,
        /// The largest size in bytes.
        limit: u64,
    },
    /// Somebody could change the file whom the daemon does not trust.
    #[error("{}: {}", .path.display(), .distrust.sentence(.place))]
    Distrusted {
        /// The module's file.
        path: PathBuf,
        /// The file, or the folder above it that is the reason.
        place: PathBuf,
        /// The reason.
        distrust: Distrust,
    },
    /// Not a file of machine code.
    #[error("{}: not a shared object (it does not begin as an ELF file does); build it or install it anew", .path.display())]
    NotElf {
        /// The file.
        path: PathBuf,
    },
    /// Machine code, but no shared object.
    #[error("{}: an executable or object file, not a shared object; a module is built with crate-type cdylib", .path.display())]
    NotShared {
        /// The file.
        path: PathBuf,
    },
    /// For another machine.
    #[error("{}: built for {found}, this gantryd is for {needed}; install the build for {needed}", .path.display())]
    Architecture {
        /// The file.
        path: PathBuf,
        /// What it is for.
        found: Architecture,
        /// What this build is for.
        needed: Architecture,
    },
    /// Shorter than its own tables say.
    #[error("{}: cut short: it has {found} bytes of at least {needed}; install it anew", .path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        found: u64,
        /// The least that its tables speak of.
        needed: u64,
    },
    /// Its tables make no sense.
    #[error("{}: a damaged shared object: {detail}; install it anew", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        detail: String,
    },
    /// Its bytes are not those that were installed.
    #[error("{}: damaged: its bytes are not those of the digest that it ends with; install it anew", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// No module of Gantry's.
    #[error("{}: no stamp in it (section .gantry.stamp): not a module of Gantry's, or stripped of its sections: install the file as it was built", .path.display())]
    NoStamp {
        /// The file.
        path: PathBuf,
    },
    /// A stamp that cannot be read.
    #[error("{}: {source}; rebuild or install the module anew", .path.display())]
    BadStamp {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: StampError,
    },
    /// More than one stamp.
    #[error("{}: {}", .path.display(), several(.modules))]
    SeveralStamps {
        /// The file.
        path: PathBuf,
        /// The modules that they name, as far as they can be read.
        modules: Vec<String>,
    },
    /// Built otherwise than this daemon.
    #[error("{}: {}. Rebuild it with: gantry module build {module}", .path.display(), mismatch(.found, .needed, .differences))]
    Stamp {
        /// The file.
        path: PathBuf,
        /// The module that was asked for.
        module: String,
        /// The file's stamp id.
        found: String,
        /// This build's stamp id.
        needed: String,
        /// Field, the file's value, this build's value.
        differences: Vec<(&'static str, String, String)>,
    },
    /// Another module than its name says.
    #[error("{}: holds the module {found}, not {needed}; a module's file bears its name: rename it or load {found}", .path.display())]
    OtherModule {
        /// The file.
        path: PathBuf,
        /// The module in it.
        found: String,
        /// The module that was asked for.
        needed: String,
    },
    /// Its way in is missing.
    #[error("{}: does not export {symbol}; was it stripped of more than --strip-unneeded removes? Rebuild it", .path.display())]
    NoSymbol {
        /// The file.
        path: PathBuf,
        /// What it should export.
        symbol: String,
    },
    /// No memory or handle for the private copy.
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
        /// The folders in which the system looks for libraries, as far as it
        /// tells.
        searched: Vec<PathBuf>,
    },
    /// A process that was to load it first did not live to tell.
    #[error("{}: {}", .path.display(), tried(.failure))]
    Trial {
        /// The file.
        path: PathBuf,
        /// What became of that process.
        failure: Failure,
    },
    /// It handed over another header than its stamp promises.
    #[error("{}: its header does not agree with its stamp; rebuild the module", .path.display())]
    Header {
        /// The file.
        path: PathBuf,
    },
    /// It holds no module, against what its stamp says.
    #[error("{}: {module} is not among the modules that it registers; rebuild the module", .path.display())]
    NoDescriptor {
        /// The file.
        path: PathBuf,
        /// The module.
        module: String,
    },
    /// Signatures are asked for, and it has none.
    #[error(
        "{}: not signed: there is no {}, and ModuleSigners asks for it; if the file is as it was built, sign it with: \
         gantry module sign --key KEYFILE {}", .path.display(), .signature.display(), .path.display()
    )]
    Unsigned {
        /// The file.
        path: PathBuf,
        /// The file that should hold the signature.
        signature: PathBuf,
    },
    /// What should be a signature is none.
    #[error("{}: holds no signature (64 bytes in base64); make it anew with gantry module sign", .signature.display())]
    NoSignature {
        /// The file that should hold it.
        signature: PathBuf,
    },
    /// The signature is not by one of the keys, or over other bytes.
    #[error(
        "{}: the signature in {} fits none of the {keys} keys of ModuleSigners: the file was changed after it was signed, \
         or signed with another key; install file and signature anew", .path.display(), .signature.display()
    )]
    WrongSignature {
        /// The file.
        path: PathBuf,
        /// The file that holds the signature.
        signature: PathBuf,
        /// How many keys there are.
        keys: usize,
    },
    /// What should be a key is none.
    #[error("'{word}': {detail}")]
    Key {
        /// The word or file.
        word: String,
        /// What is wrong with it.
        detail: &'static str,
    },
}

/// Why a file or folder is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distrust {
    /// It belongs to this user, who is neither root nor the daemon's.
    Owner(u32),
    /// Its mode lets others write.
    Mode(u32),
}

impl Distrust {
    fn sentence(self, place: &std::path::Path) -> String {
        let place = place.display();
        match self {
            Self::Owner(owner) => {
                format!("{place} belongs to the user with the id {owner}, who is neither root nor gantryd's; chown it")
            }
            Self::Mode(mode) => format!("{place} may be written to by others (mode {mode:04o}): chmod go-w {place}"),
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
            "mod_sql.so: built for stamp 3f9c00000000, this gantryd has 81aa00000000; \
             differs in: rustc (module 1.94.1, gantryd 1.95.0), flags (module none, gantryd --cfg=x). \
             Rebuild it with: gantry module build mod_sql"
        );
    }
}
