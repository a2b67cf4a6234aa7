//! Modules that cargo builds for the tests, as module authors do: those of `modules/` in their own
//! workspace, and modules of the tree with other options.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::layout::{test_folder, workspace};
use crate::process::run_within;

/// How a fixture differs from the daemon's build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Build {
    /// In nothing that matters: another workspace, profile and lock file.
    Foreign,
    /// By a `--cfg`.
    OtherCfg,
    /// By its panic strategy.
    PanicAbort,
    /// By the sources of core/api.
    ChangedApi,
}

/// Builds a module of `tests/modules` and returns its shared object.
///
/// # Panics
/// When cargo fails.
pub fn build(module: &str, how: Build) -> PathBuf {
    let sources = match how {
        Build::ChangedApi => changed_tree(),
        _ => workspace(),
    };
    let mut cargo = cargo(&sources.join("tests/modules/Cargo.toml"), module, &format!("{how:?}"));
    match how {
        Build::OtherCfg => {
            let given = env::var("RUSTFLAGS").unwrap_or_default();
            cargo.env("RUSTFLAGS", format!("{given} --cfg other"));
        }
        Build::PanicAbort => {
            cargo.args(["--profile", "aborting"]);
        }
        Build::Foreign | Build::ChangedApi => {}
    }
    run_within(&mut cargo, "", Duration::from_secs(900)).ok();
    let profile = if how == Build::PanicAbort { "aborting" } else { "debug" };
    shared_object(&format!("{how:?}"), profile, module)
}

/// Builds a module of the tree with another optimisation, so that its bytes differ.
///
/// # Panics
/// When cargo fails.
pub fn rebuild(module: &str) -> PathBuf {
    let mut cargo = cargo(&workspace().join("Cargo.toml"), module, "Rebuilt");
    cargo.args(["--config", "profile.dev.opt-level=1", "--config", "profile.dev.debug=false"]);
    run_within(&mut cargo, "", Duration::from_secs(900)).ok();
    shared_object("Rebuilt", "debug", module)
}

/// Puts a shared object into a module folder under its module's name, by renaming like an
/// administrator's tools, so that a mapped file stays complete.
///
/// # Panics
/// When it cannot be copied.
pub fn install(object: &Path, module: &str, folder: &Path) {
    let (new, path) = (folder.join(".new"), folder.join(format!("{module}.so")));
    fs::copy(object, &new).and_then(|_| fs::rename(new, path)).expect("a module can be put into its folder");
}

fn cargo(manifest: &Path, module: &str, target: &str) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.arg("build").arg("--manifest-path").arg(manifest).args(["-p", module]);
    cargo.arg("--target-dir").arg(target_folder(target)).current_dir(workspace());
    cargo
}

fn target_folder(name: &str) -> PathBuf {
    test_folder().join("modules").join(name)
}

fn shared_object(target: &str, profile: &str, module: &str) -> PathBuf {
    target_folder(target).join(profile).join(format!("lib{module}.so"))
}

/// The parts that a module is built from, with a change in one file of core/api.
fn changed_tree() -> PathBuf {
    let (from, to) = (workspace(), target_folder("changed-tree"));
    for part in ["core/api", "core/proto", "core/runtime", "tests/modules"] {
        copy_tree(&from.join(part), &to.join(part));
    }
    to
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let entry = entry.expect("a folder can be read");
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        match source.is_dir() {
            true if entry.file_name() == "target" => {}
            true => copy_tree(&source, &target),
            false => {
                let mut bytes = fs::read(&source).expect("a source can be read");
                if source.ends_with("core/api/src/account.rs") {
                    bytes.extend_from_slice(b"\n// A small change.\n");
                }
                write_if_other(&target, &bytes);
            }
        }
    }
}

// Cargo compares times, so a file with the same contents is not touched.
fn write_if_other(path: &Path, bytes: &[u8]) {
    if !fs::read(path).is_ok_and(|held| held == bytes) {
        fs::write(path, bytes).expect("a file can be written");
    }
}
