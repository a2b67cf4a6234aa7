//! Steps that cargo cannot do, because it knows no prefixes or module folders:
//! `cargo run -p xtask -- install --prefix DIR`.

mod cargo;
mod completions;
mod error;
mod features;
mod install;
mod kit;
mod layout;
mod place;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "xtask", about = "Steps around cargo", max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    step: Step,
}

#[derive(Subcommand)]
enum Step {
    /// Build Gantry and install it under a prefix.
    Install(install::Install),
}

fn main() -> ExitCode {
    let Arguments { step: Step::Install(install) } = Arguments::parse();
    match install.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
