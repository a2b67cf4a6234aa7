//! What keeps a command of the module kit from being done, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use gantry_loader::LoadError;

use super::quote::Quoted;

/// What keeps a command of the module kit from being done.
#[derive(Debug, thiserror::Error)]
pub enum KitError {
    /// A name that no module may have.
    #[error("'{name}' is no name for a module: {reason}; such as mod_greet or mod_rate_limit")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Something stands where a new module was to be.
    #[error("{}: there is something already; remove it, or name another folder: gantry module new NAME DIR", .path.display())]
    Exists {
        /// Its path.
        path: PathBuf,
    },
    /// No module kit.
    #[error(
        "{}: this is no module kit (it has no {missing}); install Gantry with its kit, or name the kit's folder by --kit",
        .folder.display()
    )]
    NoKit {
        /// Where it was looked for.
        folder: PathBuf,
        /// What is not there.
        missing: &'static str,
    },
    /// Nothing says where Gantry is installed.
    #[error(
        "this gantry was not installed, and does not stand in cargo's folder of a checkout; name the {what} by {option}"
    )]
    NotInstalled {
        /// What was looked for.
        what: &'static str,
        /// The option that names it.
        option: &'static str,
    },
    /// The daemon does not say what it is.
    #[error("{}: it does not tell its stamp: {reason}; name the gantryd that the module is for by --gantryd", .path.display())]
    Daemon {
        /// The daemon.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A folder without a module.
    #[error("{}: this is no module: {reason}; gantry module new NAME writes one", .folder.display())]
    NoModule {
        /// The folder.
        folder: PathBuf,
        /// What it lacks.
        reason: String,
    },
    /// A module that has not been built yet.
    #[error("{}: no module has been built here; build it: gantry module build {}", .folder.display(), Quoted(.folder))]
    NotBuilt {
        /// The folder.
        folder: PathBuf,
    },
    /// A program of the toolchain that cannot be run.
    #[error(
        "cannot run {program}: {source}; a module is built by cargo and rustc {wanted}, which rustup installs: \
         rustup toolchain install {wanted}"
    )]
    Start {
        /// The program.
        program: String,
        /// The compiler's release that is needed.
        wanted: String,
        /// The system's reason.
        source: io::Error,
    },
    /// Another compiler than the daemon's.
    #[error(
        "the compiler here is rustc {found}, and gantryd was built by rustc {needed}: it would refuse the module\n  \
         with rustup: rustup toolchain install {release}; rust-toolchain.toml in {} then chooses it, \
         unless RUSTUP_TOOLCHAIN or RUSTC is set\n  \
         else: install Rust {release}, and name its compiler: RUSTC=/path/to/rustc",
        .folder.display()
    )]
    Compiler {
        /// Release, commit and host of the one found.
        found: String,
        /// Those of the one needed.
        needed: String,
        /// The release that is needed.
        release: String,
        /// The workspace.
        folder: PathBuf,
    },
    /// A program that ended with a failure and has said why.
    #[error("{program} failed: see above")]
    Program {
        /// The program and what it did.
        program: String,
    },
    /// Cargo lacks crates.
    #[error(
        "cargo lacks crates, and cannot fetch them{}\n  \
         where there is a network, fetch them once: cargo fetch --manifest-path {1}\n  \
         where there is none, bring them along: cargo vendor, run elsewhere, makes a folder of them and says how cargo \
         finds it\n  \
         the versions that gantryd itself was built with are in {2}: a copy of it beside Cargo.toml asks for no others",
        if *.offline { " (offline)" } else { "" }, Quoted(.manifest), .lock.display()
    )]
    Crates {
        /// Whether cargo was told to do without a network.
        offline: bool,
        /// The workspace's manifest.
        manifest: PathBuf,
        /// The kit's lock file.
        lock: PathBuf,
    },
    /// Cargo said something that is not understood.
    #[error("cannot understand what {program} says: {detail}")]
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
    /// A file that is no package.
    #[error("{}: this is no package of a module: {reason}; gantry module package makes one", .file.display())]
    Package {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file that is no module, or a key that is none.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A file or folder.
    #[error("{}: cannot {action}: {source}", .path.display())]
    File {
        /// What was to be done.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl KitError {
    /// Turns the system's reason into an error that names the file.
    pub fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { action, path, source }
    }
}
