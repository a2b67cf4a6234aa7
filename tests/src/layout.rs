//! The installed servers under test. `tests/run` installs each into its own prefix; nothing here
//! builds one.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How the SQL modules get into the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Linked in: the features `static-*`.
    Static,
    /// Loaded from shared objects: the features `shared-*`.
    Shared,
}

impl Layout {
    /// The prefix of this layout's installation.
    ///
    /// # Panics
    /// If it is missing: `tests/run` installs it.
    pub fn prefix(self) -> PathBuf {
        let (variable, set) = match self {
            Self::Static => ("GANTRY_TEST_STATIC", "static-all"),
            Self::Shared => ("GANTRY_TEST_SHARED", "shared-all"),
        };
        env::var_os(variable).map_or_else(|| feature_set(set), |prefix| checked(prefix.into()))
    }

    /// The daemon.
    pub fn gantryd(self) -> PathBuf {
        self.prefix().join("sbin/gantryd")
    }
}

/// The prefix of an installation with one feature set, by its name in `tests/run`.
///
/// # Panics
/// If it is missing.
pub fn feature_set(name: &str) -> PathBuf {
    checked(test_folder().join(name))
}

/// The folder for what `tests/run` builds for the tests.
pub fn test_folder() -> PathBuf {
    env::var_os("GANTRY_TEST_FOLDER").map_or_else(|| workspace().join("target/test"), PathBuf::from)
}

/// The folder of the shared objects that the configuration of both layouts names.
pub fn shared_objects() -> PathBuf {
    Layout::Shared.prefix().join("libexec")
}

/// The root of the source tree.
pub fn workspace() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the tests are a folder of the workspace").to_owned()
}

/// A command of a prefix's daemon.
pub fn daemon(prefix: &Path) -> Command {
    Command::new(prefix.join("sbin/gantryd"))
}

fn checked(prefix: PathBuf) -> PathBuf {
    let daemon = prefix.join("sbin/gantryd");
    assert!(daemon.is_file(), "{} is missing: run tests/run, which installs what the tests need", daemon.display());
    prefix
}
