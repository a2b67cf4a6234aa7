//! `gantry module new`: writes a small, complete, tested module: mod_greet under
//! another name, in a workspace that uses the installed kit.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::console::{end, say};
use super::error::KitError;
use super::kit::{DaemonOption, Kit, KitOption};
use super::name::Name;
use super::quote::ShellWord;
use super::workspace::{Workspace, attach};

/// Write a new module: a small, complete crate with a directive, a hook and a test
/// against a real server, in its own workspace.
#[derive(clap::Args, Debug)]
#[command(after_help = HELP)]
pub struct New {
    /// The module's name, such as mod_greet: lower-case letters, digits and _
    #[arg(value_name = "NAME")]
    name: String,
    /// The folder to create [default: ./NAME]
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    kit: KitOption,
    #[command(flatten)]
    gantryd: DaemonOption,
}

const HELP: &str = "\
Example:
  gantry module new mod_hello && cd mod_hello
  gantry module test
  gantry module install

If run in a workspace that this command created, it adds the module to that workspace.
Exit codes: 0 written, 1 failed, 2 wrong command line.";

impl New {
    /// Writes it.
    pub fn run(&self) -> ExitCode {
        end(self.write())
    }

    fn write(&self) -> Result<(), KitError> {
        let name = Name::new(&self.name)?;
        let kit = self.kit.find()?;
        let daemon = self.gantryd.find_or_this_build()?;
        if daemon.clash(name.module()).is_some() {
            return Err(KitError::Name {
                name: self.name.clone(),
                reason: "a module of this name is linked into gantryd",
            });
        }
        let named = self.folder.as_deref().unwrap_or(Path::new(name.module()));
        let folder = std::path::absolute(named).map_err(KitError::file("find", named))?;
        if fs::symlink_metadata(&folder).is_ok() {
            return Err(KitError::Exists { path: folder });
        }
        let parent = folder.parent().unwrap_or(&folder);
        let written = if folder.ends_with(name.module()) && Workspace::takes_modules(parent) {
            module(&folder, &name, &kit)
        } else {
            workspace(&folder, &kit).and_then(|()| module(&folder.join(name.module()), &name, &kit))
        };
        if written.is_err() {
            // The folder did not exist before, so everything in it is ours.
            let _ = fs::remove_dir_all(&folder);
        }
        written?;
        say(folder.display());
        eprintln!("next: cd {} && gantry module test", ShellWord(named));
        Ok(())
    }
}

/// The workspace around modules.
fn workspace(folder: &Path, kit: &Kit) -> Result<(), KitError> {
    let (manifest, lock) = (kit.folder.join("Cargo.toml"), kit.folder.join("Cargo.lock"));
    let read = |path: &Path| fs::read_to_string(path).map_err(KitError::file("read", path));
    let tables = read(&manifest)?;
    let dependencies: String = OFFERED.iter().map(|name| line(&tables, name)).collect();
    let text = WORKSPACE.replace("@DEPENDENCIES@\n", &dependencies).replace("@LINTS@\n", &lints(&tables));
    put(&folder.join("Cargo.toml"), &text)?;
    put(&folder.join("Cargo.lock"), &read(&lock)?)?;
    put(&folder.join(".gitignore"), IGNORED)?;
    put(&folder.join("rustfmt.toml"), STYLE)?;
    attach(folder, kit)
}

/// A module's crate.
fn module(folder: &Path, name: &Name, kit: &Kit) -> Result<(), KitError> {
    for (path, text) in CRATE {
        put(&folder.join(path), &name.renamed(text))?;
    }
    for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
        let path = kit.folder.join(licence);
        if let Ok(text) = fs::read_to_string(path) {
            let text = text.replace("The Gantry authors", &format!("The authors of {}", name.module()));
            put(&folder.join(licence), &text)?;
        }
    }
    Ok(())
}

fn put(path: &Path, text: &str) -> Result<(), KitError> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(KitError::file("create this folder", folder))?;
    fs::write(path, text).map_err(KitError::file("write", path))
}

/// One line of the kit's manifest.
fn line(manifest: &str, beginning: &str) -> String {
    manifest.lines().find(|line| line.starts_with(beginning)).map(|line| format!("{line}\n")).unwrap_or_default()
}

/// The lint sections of the kit's manifest.
fn lints(manifest: &str) -> String {
    let mut within = false;
    let lines = manifest.lines().filter(|line| {
        if line.starts_with('[') {
            within = line.starts_with("[workspace.lints");
        }
        within && !line.is_empty()
    });
    lines.map(|line| if line.starts_with('[') { format!("\n{line}\n") } else { format!("{line}\n") }).collect()
}

const WORKSPACE: &str = include_str!("template/Cargo.toml");
/// The crates that most modules need, in the daemon's versions.
const OFFERED: [&str; 2] = ["serde = ", "tokio = "];
const IGNORED: &str = include_str!("template/gitignore");
/// The code style of the written files.
const STYLE: &str = include_str!("../../../rustfmt.toml");
const CRATE: [(&str, &str); 5] = [
    ("Cargo.toml", include_str!("../../../modules/mod_greet/Cargo.toml")),
    ("README.md", include_str!("../../../modules/mod_greet/README.md")),
    ("src/lib.rs", include_str!("../../../modules/mod_greet/src/lib.rs")),
    ("tests/greeting.rs", include_str!("../../../modules/mod_greet/tests/greeting.rs")),
    ("tests/server/mod.rs", include_str!("../../../modules/mod_greet/tests/server/mod.rs")),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lints_are_taken_from_the_kits_manifest_and_nothing_else() {
        let manifest = "[workspace]\nmembers = []\n\n[workspace.lints.rust]\na = 1\n\n[workspace.lints.clippy]\nb = 2\n\n[package]\nname = \"x\"\n";
        assert_eq!(lints(manifest), "\n[workspace.lints.rust]\na = 1\n\n[workspace.lints.clippy]\nb = 2\n");
    }
}
