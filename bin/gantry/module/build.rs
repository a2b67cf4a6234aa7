//! `gantry module build` builds a shared object that the installed gantryd accepts;
//! `gantry module test` also runs the module's tests against that gantryd.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use gantry_loader::{signature_path, with_digest};

use super::console::{end, say};
use super::error::KitError;
use super::kit::{Daemon, DaemonOption, Kit, KitOption, module_folder};
use super::packages::Packages;
use super::place::PreparedFile;
use super::toolchain::{CargoOptions, Toolchain};
use super::workspace::Workspace;

/// Build a module as a shared object for the installed gantryd, and print its path.
#[derive(clap::Args, Debug)]
#[command(after_help = BUILD_HELP)]
pub struct Build {
    #[command(flatten)]
    what: What,
    /// More options for cargo build, such as --features x
    #[arg(last = true, value_name = "OPTION")]
    more: Vec<OsString>,
}

/// Build a module and run its own tests against the installed gantryd.
#[derive(clap::Args, Debug)]
#[command(after_help = TEST_HELP)]
pub struct Test {
    #[command(flatten)]
    what: What,
    /// Options for the tests, such as the name of one
    #[arg(last = true, value_name = "OPTION")]
    more: Vec<OsString>,
}

/// The options of both commands.
#[derive(clap::Args, Debug)]
struct What {
    /// The module's folder, or a workspace folder for all modules in it
    #[arg(default_value = ".", value_name = "DIR")]
    folder: PathBuf,
    #[command(flatten)]
    cargo: CargoOptions,
    #[command(flatten)]
    kit: KitOption,
    #[command(flatten)]
    gantryd: DaemonOption,
}

const BUILD_HELP: &str = "\
Examples:
  gantry module build
  gantry module build --offline mod_greet
  gantry module build -- --features tls

The shared object is target/gantry/mod_x.so in the workspace. Cargo's intermediate
files are in target/gantry-ID, one folder per module kit; cargo clean removes those
of older kits.
Your compiler must be the one that built gantryd; the result is compared with the
stamp of that gantryd. Without a network, the crates must be in cargo's cache
(cargo fetch) or vendored (cargo vendor).
Exit codes: 0 built and accepted, 1 failed, 2 wrong command line.";

const TEST_HELP: &str = "\
Environment variables for the tests:
  GANTRY_TEST_GANTRYD  the path of gantryd
  GANTRY_TEST_MODULES  folders for ModulePath, separated by colons: the one with
                       the module just built, and that of the installed modules
Tests that need a server are marked #[ignore], so plain cargo test skips them; this
command runs them.
Exit codes: 0 all passed, 1 failed, 2 wrong command line.";

impl Build {
    /// Builds.
    pub fn run(&self) -> ExitCode {
        end(self.what.build(&self.more).map(|built| built.files.iter().for_each(|file| say(file.display()))))
    }
}

impl Test {
    /// Builds and tests.
    pub fn run(&self) -> ExitCode {
        end(self.what.build(&[]).and_then(|built| self.test(&built)))
    }

    fn test(&self, built: &Built) -> Result<(), KitError> {
        let folders = std::iter::once(built.folder.clone()).chain(module_folder());
        let folders = folders.filter(|folder| folder.is_dir()).map(PathBuf::into_os_string).collect::<Vec<_>>();
        let environment = [
            ("GANTRY_TEST_GANTRYD", built.daemon.path().as_os_str().to_owned()),
            ("GANTRY_TEST_MODULES", folders.join(":".as_ref())),
        ];
        built.toolchain.test(&built.packages, &self.what.cargo, &self.more, &environment)
    }
}

/// The result of a build.
struct Built {
    packages: Packages,
    files: Vec<PathBuf>,
    folder: PathBuf,
    daemon: Daemon,
    toolchain: Toolchain,
}

impl What {
    fn build(&self, more: &[OsString]) -> Result<Built, KitError> {
        let workspace = Workspace::around(&self.folder)?;
        let (kit, daemon): (Kit, Daemon) = (self.kit.find()?, self.gantryd.find()?);
        workspace.attach(&kit)?;
        let toolchain = Toolchain::in_folder(&workspace.root, &kit, &daemon)?;
        let packages = workspace.packages(&toolchain, &kit)?;
        let built = toolchain.build(&packages, &self.cargo, more)?;
        let folder = workspace.output();
        let mut files = Vec::new();
        for name in &packages.names {
            let missing = || KitError::Answer {
                program: "cargo build".to_owned(),
                detail: format!("it built no shared object for {name}"),
            };
            files.push(take(built.get(name).ok_or_else(missing)?, name, &folder, &daemon)?);
        }
        Ok(Built { packages, files, folder, daemon, toolchain })
    }
}

/// Copies cargo's shared object to the output folder and adds its digest, if the
/// daemon would load it. Removes the signature of the previous file.
fn take(object: &Path, name: &str, folder: &Path, daemon: &Daemon) -> Result<PathBuf, KitError> {
    daemon.accepts(object)?;
    let file = folder.join(format!("{name}.so"));
    let bytes = with_digest(fs::read(object).map_err(KitError::file("read", object))?);
    if fs::read(&file).is_ok_and(|held| held == bytes) {
        return Ok(file);
    }
    fs::create_dir_all(folder).map_err(KitError::file("create this folder", folder))?;
    let new = PreparedFile::file(&file, &bytes, 0o755).map_err(KitError::file("write", &file))?;
    let signature = signature_path(&file);
    if signature.is_file() {
        fs::remove_file(&signature).map_err(KitError::file("remove", &signature))?;
    }
    new.settle().map_err(KitError::file("write", &file))?;
    Ok(file)
}
