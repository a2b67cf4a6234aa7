//! The module kit as its users see it: the commands of an installed `gantry`, without a checkout or
//! network.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::layout::{feature_set, test_folder, workspace};
use crate::process::{Done, run_within};

/// The prefix that the kit's tests install modules into.
pub fn prefix() -> PathBuf {
    feature_set("kit")
}

/// An empty folder for one workspace. Its path is the same in each run, so that cargo can reuse
/// crates from the previous run.
///
/// # Panics
/// When it cannot be emptied.
pub fn folder(name: &str) -> PathBuf {
    let folder = test_folder().join("kit-workspaces").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("an old workspace can be removed");
    }
    fs::create_dir_all(&folder).expect("a folder can be made");
    folder
}

/// A command of `gantry module`. Cargo has no network, and one folder for what all workspaces
/// share.
pub fn module(folder: &Path, arguments: &[&str]) -> Command {
    let mut gantry = Command::new(prefix().join("bin/gantry"));
    gantry.arg("module").args(arguments).current_dir(folder);
    gantry.env("CARGO_NET_OFFLINE", "true").env("CARGO_TARGET_DIR", target());
    // A module must not see the tests' own workspace.
    for name in env::vars_os().filter_map(|(name, _)| name.into_string().ok()) {
        if name.starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR" || name == "CARGO_MANIFEST_PATH" {
            gantry.env_remove(name);
        }
    }
    gantry
}

/// Runs a command of `gantry module`.
#[track_caller]
pub fn run(folder: &Path, arguments: &[&str]) -> Done {
    finish(&mut module(folder, arguments))
}

/// Runs a command that may build crates, one at a time: cargo gives the crates in `.gantry` the
/// same file names in each workspace, so one build may overwrite files that another test is about
/// to read.
#[track_caller]
pub fn finish(command: &mut Command) -> Done {
    static BUILDING: Mutex<()> = Mutex::new(());
    let _alone = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
    run_within(command, "", Duration::from_secs(900))
}

/// A workspace with the examples of the tree, unchanged.
///
/// # Panics
/// When they cannot be copied.
#[track_caller]
pub fn examples(name: &str) -> PathBuf {
    let folder = folder(name);
    run(&folder, &["new", "mod_first", "examples"]).ok();
    let examples = folder.join("examples");
    fs::remove_dir_all(examples.join("mod_first")).expect("what was written can be removed");
    let from = workspace().join("modules/examples");
    run_within(Command::new("cp").arg("-r").arg(from.join(".")).arg(&examples), "", Duration::from_secs(60)).ok();
    examples
}

/// Cargo's folder for what the tests' workspaces share.
pub fn target() -> PathBuf {
    test_folder().join("modules/Kit")
}
