//! gantry, the operator's tool: reads its arguments, calls the command, chooses
//! the exit code.

mod arguments;
mod module;
mod passwd;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command, ModuleCommand};

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Passwd(arguments) => arguments.run().map_err(|error| error.to_string()),
        Command::Module(ModuleCommand::Check(arguments)) => return arguments.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gantry: {error}");
            ExitCode::FAILURE
        }
    }
}
