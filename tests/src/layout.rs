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
        match self {
            Self::Static => installed("GANTRY_TEST_STATIC", "static"),
            Self::Shared => installed("GANTRY_TEST_SHARED", "shared"),
        }
    }

    /// The daemon.
    pub fn gantryd(self) -> PathBuf {
        self.prefix().join("sbin/gantryd")
    }
}

/// The prefix of a daemon built with `dso` alone, which has no module of its
/// own that may be left out.
///
/// # Panics
/// When it is not there.
pub fn dso_alone() -> PathBuf {
    installed("GANTRY_TEST_DSO", "dso")
}

/// The folder whose folders are installs of one feature set each.
pub fn feature_sets() -> PathBuf {
    env::var_os("GANTRY_TEST_SETS").map_or_else(|| workspace().join("target/test/sets"), PathBuf::from)
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

fn installed(variable: &str, name: &str) -> PathBuf {
    let prefix = env::var_os(variable).map_or_else(|| workspace().join("target/test").join(name), PathBuf::from);
    let daemon = prefix.join("sbin/gantryd");
    assert!(daemon.is_file(), "there is no {}: run tests/run, which installs what the tests need (or set {variable})", daemon.display());
    prefix
}
