//! gantry, the operator's tool: reads its arguments, calls the command, chooses
//! the exit code. Started under the name of a command of ProFTPD's, it is that one.

mod arguments;
mod ftpasswd;
mod module;
mod passwd;

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command};

fn main() -> ExitCode {
    let name = std::env::args_os().next().unwrap_or_default();
    if Path::new(&name).file_name().is_some_and(|name| name == "ftpasswd") {
        return ftpasswd::run();
    }
    let done = match Arguments::parse().command {
        Command::Passwd(arguments) => arguments.run().map_err(|error| error.to_string()),
        Command::Module(command) => return command.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gantry: {error}");
            ExitCode::FAILURE
        }
    }
}
