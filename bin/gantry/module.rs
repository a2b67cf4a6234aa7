//! `gantry module`: the commands on modules, each in a file of its own: the module
//! kit (new, build and test, install, package), check, and signatures. All but
//! check need the loader, which a build without the feature dso has not.

#[cfg(feature = "dso")]
mod archive;
#[cfg(feature = "dso")]
mod build;
mod check;
#[cfg(feature = "dso")]
mod error;
#[cfg(feature = "dso")]
mod install;
#[cfg(feature = "dso")]
mod keygen;
#[cfg(feature = "dso")]
mod kit;
#[cfg(feature = "dso")]
mod name;
#[cfg(feature = "dso")]
mod new;
#[cfg(feature = "dso")]
mod package;
#[cfg(feature = "dso")]
mod place;
#[cfg(feature = "dso")]
mod quote;
#[cfg(feature = "dso")]
mod sign;
#[cfg(feature = "dso")]
mod toolchain;
#[cfg(feature = "dso")]
mod verify;
#[cfg(feature = "dso")]
mod workspace;

use std::process::ExitCode;

pub use self::check::Check;
#[cfg(feature = "dso")]
pub use self::{
    build::{Build, Test},
    install::Install,
    keygen::Keygen,
    new::New,
    package::Package,
    sign::Sign,
    verify::Verify,
};

/// The commands on modules.
#[derive(Debug, clap::Subcommand)]
pub enum ModuleCommand {
    /// Write a new module: a small, complete, tested crate
    #[cfg(feature = "dso")]
    New(New),
    /// Build a module as a shared object that the installed gantryd accepts
    #[cfg(feature = "dso")]
    Build(Build),
    /// Build a module, and run its tests against the installed gantryd
    #[cfg(feature = "dso")]
    Test(Test),
    /// Put modules into the folder where LoadModule looks
    #[cfg(feature = "dso")]
    Install(Install),
    /// Make a tar file of a module for other machines
    #[cfg(feature = "dso")]
    Package(Package),
    /// Tell what a module's file says of itself, and whether the installed gantryd would load it
    Check(Check),
    /// Make a key to sign modules with
    #[cfg(feature = "dso")]
    Keygen(Keygen),
    /// Sign modules' files
    #[cfg(feature = "dso")]
    Sign(Sign),
    /// Tell whether modules' files are signed
    #[cfg(feature = "dso")]
    Verify(Verify),
}

impl ModuleCommand {
    /// Does it.
    pub fn run(&self) -> ExitCode {
        match self {
            Self::Check(arguments) => arguments.run(),
            #[cfg(feature = "dso")]
            Self::New(arguments) => arguments.run(),
            #[cfg(feature = "dso")]
            Self::Build(arguments) => arguments.run(),
            #[cfg(feature = "dso")]
            Self::Test(arguments) => arguments.run(),
            #[cfg(feature = "dso")]
            Self::Install(arguments) => arguments.run(),
            #[cfg(feature = "dso")]
            Self::Package(arguments) => arguments.run(),
            #[cfg(feature = "dso")]
            Self::Keygen(arguments) => arguments.run(),
            #[cfg(feature = "dso")]
            Self::Sign(arguments) => arguments.run(),
            #[cfg(feature = "dso")]
            Self::Verify(arguments) => arguments.run(),
        }
    }
}

/// Tells how a command of the kit ended.
#[cfg(feature = "dso")]
fn end(done: Result<(), error::KitError>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gantry: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints what a command of the kit made.
#[cfg(feature = "dso")]
fn say(what: impl std::fmt::Display) {
    use std::io::Write as _;
    // Whoever reads may have read enough.
    let _ = writeln!(std::io::stdout(), "{what}");
}
