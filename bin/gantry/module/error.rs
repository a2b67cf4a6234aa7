//! Why a command of the module kit failed, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use gantry_loader::LoadError;

use super::quote::ShellWord;

/// Why a command of the module kit failed.
#[derive(Debug, thiserror::Error)]
pub enum KitError {
    /// A name that no module may have.
    #[error("'{name}' is not a valid module name: {reason}; examples: mod_greet, mod_rate_limit")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The folder for the new module exists already.
    #[error("{} exists already; remove it, or name another folder: gantry module new NAME DIR", .path.display())]
    Exists {
        /// Its path.
        path: PathBuf,
    },
    /// The folder is not a module kit.
    #[error(
        "{}: not a module kit ({missing} is missing); install Gantry with its kit, or name the kit's folder with --kit",
        .folder.display()
    )]
    NoKit {
        /// The folder.
        folder: PathBuf,
        /// The missing file.
        missing: &'static str,
    },
    /// Gantry's installation is unknown.
    #[error("this gantry is neither installed nor in cargo's folder of a checkout; name the {what} with {option}")]
    NotInstalled {
        /// What was looked for.
        what: &'static str,
        /// The option that names it.
        option: &'static str,
    },
    /// The daemon's stamp cannot be read.
    #[error("{}: cannot read its stamp: {reason}; name the gantryd that the module is for with --gantryd", .path.display())]
    Daemon {
        /// The daemon.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A folder without a module.
    #[error("{}: not a module: {reason}; to write one: gantry module new NAME", .folder.display())]
    NoModule {
        /// The folder.
        folder: PathBuf,
        /// What it lacks.
        reason: String,
    },
    /// A module that has not been built yet.
    #[error("{}: no module has been built here; to build it: gantry module build {}", .folder.display(), ShellWord(.folder))]
    NotBuilt {
        /// The folder.
        folder: PathBuf,
    },
    /// A program of the toolchain that cannot be run.
    #[error(
        "cannot run {program}: {source}; building a module needs cargo and rustc {wanted}, for example from rustup: \
         rustup toolchain install {wanted}"
    )]
    Start {
        /// The program.
        program: String,
        /// The required release of the compiler.
        wanted: String,
        /// The system's reason.
        source: io::Error,
    },
    /// Another compiler than the daemon's.
    #[error(
        "the compiler here is rustc {found}, but gantryd was built with rustc {needed} and would refuse the module\n  \
         with rustup: rustup toolchain install {release}; rust-toolchain.toml in {} then selects it, \
         unless RUSTUP_TOOLCHAIN or RUSTC is set\n  \
         without rustup: install Rust {release}, and set RUSTC=/path/to/rustc",
        .folder.display()
    )]
    Compiler {
        /// Release, commit and host of the compiler found.
        found: String,
        /// Release, commit and host of the compiler required.
        needed: String,
        /// The required release.
        release: String,
        /// The workspace.
        folder: PathBuf,
    },
    /// A program that failed and has printed why.
    #[error("{program} failed: see above")]
    Program {
        /// The program and its command.
        program: String,
    },
    /// Cargo lacks crates.
    #[error(
        "cargo lacks crates and cannot download them{}\n  \
         with a network, download them once: cargo fetch --manifest-path {1}\n  \
         without one, copy them: cargo vendor, on another machine, puts them into a folder and prints how to \
         configure cargo for it\n  \
         to use the versions that gantryd itself was built with, copy {2} next to Cargo.toml",
        if *.offline { " (offline)" } else { "" }, ShellWord(.manifest), .lock.display()
    )]
    Crates {
        /// Whether cargo ran with --offline.
        offline: bool,
        /// The workspace's manifest.
        manifest: PathBuf,
        /// The kit's lock file.
        lock: PathBuf,
    },
    /// A program's output was not understood.
    #[error("cannot understand the output of {program}: {detail}")]
    Answer {
        /// The program.
        program: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A module that the daemon would refuse.
    #[error("{}: {} would refuse it: {}", .file.display(), .gantryd.display(), .reasons.join("; "))]
    Refused {
        /// The module's file.
        file: PathBuf,
        /// The daemon.
        gantryd: PathBuf,
        /// Each reason.
        reasons: Vec<String>,
    },
    /// A file that is not a package.
    #[error("{}: not a module package: {reason}; to make one: gantry module package", .file.display())]
    Package {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file that is not a module, or a word that is not a key.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A file or folder.
    #[error("{}: cannot {action}: {source}", .path.display())]
    File {
        /// The action that failed.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl KitError {
    /// Makes an error that names the file from the system's reason.
    pub fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { action, path, source }
    }
}
