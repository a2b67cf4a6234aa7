//! The installed servers under test. `tests/run` installs each into a prefix
//! of its own; nothing here builds one.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How the SQL modules come into the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Linked in: the features `static-*`.
    Static,
    /// Loaded from shared objects: the features `shared-*`.
    Shared,
}

impl Layout {
    /// Where this layout is installed.
    ///
    /// # Panics
    /// When it is not there: `tests/run` puts it there.
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

/// The prefix of one feature set's install, by the name that `tests/run` gives
/// it.
///
/// # Panics
/// When it is not there.
pub fn feature_set(name: &str) -> PathBuf {
    checked(test_folder().join(name))
}

/// Where `tests/run` puts what it builds for the tests.
pub fn test_folder() -> PathBuf {
    env::var_os("GANTRY_TEST_FOLDER").map_or_else(|| workspace().join("target/test"), PathBuf::from)
}

/// The folder of the shared objects that both layouts' configuration names.
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
    assert!(daemon.is_file(), "there is no {}: run tests/run, which installs what the tests need", daemon.display());
    prefix
}
