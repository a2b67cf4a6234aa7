//! gantry, the operator's tool: reads its arguments, runs the command, chooses
//! the exit code. Under the name of a ProFTPD command it behaves like that command.

mod arguments;
mod completions;
mod control;
mod ftpasswd;
mod migrate;
mod module;
mod passwd;
mod proftpd;
mod quota;
mod show;
#[cfg(any(feature = "static-mod_tls", feature = "shared-mod_tls"))]
mod tls;

use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::arguments::{Arguments, Command};

fn main() -> ExitCode {
    let name = std::env::args_os().next().unwrap_or_default();
    let name = Path::new(&name).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if name == "ftpasswd" {
        return ftpasswd::run();
    }
    if name == "ftpquota" {
        return quota::run();
    }
    if let Some(code) = proftpd::run(name) {
        return code;
    }
    let done = match Arguments::parse().command {
        Command::Migrate(arguments) => Err(arguments.run()),
        Command::Passwd(arguments) => arguments.run().map_err(|error| error.to_string()),
        Command::Quota(arguments) => arguments.run().map_err(|error| error.to_string()),
        Command::Module(command) => return command.run(),
        #[cfg(any(feature = "static-mod_tls", feature = "shared-mod_tls"))]
        Command::Tls(command) => command.run(),
        Command::Control(command) => return command.run(),
        Command::Completions(arguments) => arguments.run(Arguments::command()).map_err(|error| error.to_string()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gantry: {error}");
            ExitCode::FAILURE
        }
    }
}
