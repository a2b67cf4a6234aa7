//! The interface of all clients, and helpers for them.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::job::{Job, Target};
use crate::process::exists;
use crate::sample::Tree;

/// A client. Each call is one session, and panics if the client fails.
pub trait Client {
    /// Uploads files into existing folders.
    fn put(&self, target: &Target, jobs: &[Job]);
    /// Downloads files into existing folders.
    fn get(&self, target: &Target, jobs: &[Job]);
    /// Uploads a tree into a new folder on the server, creating folders.
    fn put_tree(&self, target: &Target, tree: &Tree, local: &Path, remote: &str);
    /// Downloads a tree into a new folder, creating folders.
    fn get_tree(&self, target: &Target, tree: &Tree, remote: &str, local: &Path);
}

/// A client program, without the user's own settings. `None` if it is missing and
/// `GANTRY_TEST_LEAVE_OUT` names it; `tests/run` reports that at the end.
///
/// # Panics
/// If it is missing and may not be left out.
pub(super) fn program(name: &str, home: &Path) -> Option<Command> {
    if !exists(name) {
        let left_out = env::var("GANTRY_TEST_LEAVE_OUT").unwrap_or_default();
        assert!(
            left_out.split_whitespace().any(|word| word == name),
            "the program {name} is missing: tests/run installs it"
        );
        eprintln!("left out: {name} is missing");
        return None;
    }
    let mut command = Command::new(name);
    command.current_dir(home).env("HOME", home).env("LC_ALL", "C.UTF-8").env_remove("NETRC");
    Some(command)
}

/// Creates the folders of a tree.
pub(super) fn make_local_folders(tree: &Tree, local: &Path) {
    for folder in &tree.folders {
        fs::create_dir_all(local.join(folder)).expect("a folder can be made");
    }
}

/// A path as text.
pub(super) fn text(path: &Path) -> &str {
    path.to_str().expect("the tests' paths are UTF-8")
}
