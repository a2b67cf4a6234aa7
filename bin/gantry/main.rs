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
        Command::Module(command) => return module(&command),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gantry: {error}");
            ExitCode::FAILURE
        }
    }
}

fn module(command: &ModuleCommand) -> ExitCode {
    match command {
        ModuleCommand::Check(arguments) => arguments.run(),
        #[cfg(feature = "dso")]
        ModuleCommand::Keygen(arguments) => arguments.run(),
        #[cfg(feature = "dso")]
        ModuleCommand::Sign(arguments) => arguments.run(),
        #[cfg(feature = "dso")]
        ModuleCommand::Verify(arguments) => arguments.run(),
    }
}
