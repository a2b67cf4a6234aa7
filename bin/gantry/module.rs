//! `gantry module`: the commands for modules, each in its own file: the module kit
//! (new, build and test, install, package), check, and signatures. All but check
//! need the loader, which is missing in a build without the feature dso.

#[cfg(feature = "dso")]
mod archive;
#[cfg(feature = "dso")]
mod build;
#[cfg(feature = "dso")]
mod candidate;
mod check;
#[cfg(feature = "dso")]
mod console;
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
mod packages;
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

/// The commands for modules.
#[derive(Debug, clap::Subcommand)]
pub enum ModuleCommand {
    #[cfg(feature = "dso")]
    #[command(flatten)]
    Kit(KitCommand),
    /// Describe a module file, and say whether the installed gantryd would load it
    Check(Check),
}

/// The commands that need the loader.
#[cfg(feature = "dso")]
#[derive(Debug, clap::Subcommand)]
pub enum KitCommand {
    /// Write a new module: a small, complete, tested crate
    New(New),
    /// Build a module as a shared object for the installed gantryd
    Build(Build),
    /// Build a module and run its tests against the installed gantryd
    Test(Test),
    /// Install modules where LoadModule looks
    Install(Install),
    /// Make a tar file of a module for other machines
    Package(Package),
    /// Create a key for signing modules
    Keygen(Keygen),
    /// Sign module files
    Sign(Sign),
    /// Check the signatures of module files
    Verify(Verify),
}

impl ModuleCommand {
    /// Runs it.
    pub fn run(&self) -> ExitCode {
        match self {
            #[cfg(feature = "dso")]
            Self::Kit(command) => command.run(),
            Self::Check(arguments) => arguments.run(),
        }
    }
}

#[cfg(feature = "dso")]
impl KitCommand {
    fn run(&self) -> ExitCode {
        match self {
            Self::New(arguments) => arguments.run(),
            Self::Build(arguments) => arguments.run(),
            Self::Test(arguments) => arguments.run(),
            Self::Install(arguments) => arguments.run(),
            Self::Package(arguments) => arguments.run(),
            Self::Keygen(arguments) => arguments.run(),
            Self::Sign(arguments) => arguments.run(),
            Self::Verify(arguments) => arguments.run(),
        }
    }
}
