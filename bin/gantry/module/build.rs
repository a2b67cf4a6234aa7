//! `gantry module build`: a module's crate to a shared object that the installed
//! gantryd accepts; and `gantry module test`, its tests against that gantryd.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use gantry_loader::{signature_path, with_digest};

use super::console::{end, say};
use super::error::KitError;
use super::kit::{Daemon, DaemonOption, Kit, KitOption, module_folder};
use super::packages::Packages;
use super::place::Prepared;
use super::toolchain::{CargoOptions, Toolchain};
use super::workspace::Workspace;

/// Build a module as a shared object that the installed gantryd accepts, and
/// print its path.
#[derive(clap::Args, Debug)]
#[command(after_help = BUILD_HELP)]
pub struct Build {
    #[command(flatten)]
    what: What,
    /// More for cargo build, such as --features x
    #[arg(last = true, value_name = "OPTION")]
    more: Vec<OsString>,
}

/// Build a module, and run its own tests against the installed gantryd.
#[derive(clap::Args, Debug)]
#[command(after_help = TEST_HELP)]
pub struct Test {
    #[command(flatten)]
    what: What,
    /// More for the tests themselves, such as the name of one
    #[arg(last = true, value_name = "OPTION")]
    more: Vec<OsString>,
}

/// What both take.
#[derive(clap::Args, Debug)]
struct What {
    /// The module's folder, or that of its workspace: then all modules in it
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

The shared object is put into target/gantry of the workspace, as mod_x.so. What
cargo makes on the way is in target/gantry-ID, of which each module kit has one of
its own; those of former kits go with cargo clean.
The compiler must be the one that built gantryd; what is built is compared with
the stamp of that gantryd. Where nothing can be fetched, the crates must be in
cargo's cache (cargo fetch) or vendored (cargo vendor).
Exit codes: 0 built, and it fits; 1 not; 2 a wrong command line.";

const TEST_HELP: &str = "\
The tests find in their environment:
  GANTRY_TEST_GANTRYD  the path of gantryd
  GANTRY_TEST_MODULES  folders for ModulePath, separated by colons: the one with
                       the module just built, and that of the installed modules
Tests that need a server are marked #[ignore], so that a plain cargo test passes
them over; here they are run.
Exit codes: 0 all passed, 1 not, 2 a wrong command line.";

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

/// What a build made.
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
                detail: format!("it has built no shared object of {name}"),
            };
            files.push(take(built.get(name).ok_or_else(missing)?, name, &folder, &daemon)?);
        }
        Ok(Built { packages, files, folder, daemon, toolchain })
    }
}

/// Takes what cargo built to where it is looked for, if the daemon would have it,
/// with its digest behind it.
/// The signature of what was there before is no longer one.
fn take(object: &Path, name: &str, folder: &Path, daemon: &Daemon) -> Result<PathBuf, KitError> {
    daemon.accepts(object)?;
    let file = folder.join(format!("{name}.so"));
    let bytes = with_digest(fs::read(object).map_err(KitError::file("read this", object))?);
    if fs::read(&file).is_ok_and(|held| held == bytes) {
        return Ok(file);
    }
    fs::create_dir_all(folder).map_err(KitError::file("make this folder", folder))?;
    let new = Prepared::file(&file, &bytes, 0o755).map_err(KitError::file("write this", &file))?;
    let signature = signature_path(&file);
    if signature.is_file() {
        fs::remove_file(&signature).map_err(KitError::file("remove this", &signature))?;
    }
    new.settle().map_err(KitError::file("write this", &file))?;
    Ok(file)
}
