//! What `benches/run` measures besides criterion's timing, and how it evaluates the results. Each
//! step writes or reads one file in a run's folder.

mod counts;
mod daemon;
mod error;
mod figures;
mod lay_out;
mod memory;
mod names;
mod page;
mod pin;
mod record;
mod servers;
mod timings;
mod wire;

use std::path::Path;
use std::process::ExitCode;

use crate::error::Result;

const USAGE: &str = "measure lay-out PROFILE MODULES FOLDER   builds the servers to compare
measure timings PROFILE FOLDER OUT       collects criterion's estimates from all rounds in one file
measure counts PROFILE PROGRAM OUT       counts instructions and allocations per call
measure calls-do-not-allocate PROGRAM    fails if a call allocates that should not
measure servers PROFILE FOLDER OUT [once]  measures sockets, logins, start-up, swap, size, memory
measure page RUN PAGE                    generates the page of a run";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let Some(done) = step(&arguments) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("measure: {error}");
            ExitCode::FAILURE
        }
    }
}

fn step(arguments: &[&str]) -> Option<Result<()>> {
    Some(match arguments {
        ["lay-out", profile, modules, folder] => lay_out::run(profile, modules.parse().ok()?, Path::new(folder)),
        ["timings", profile, folder, out] => timings::run(profile, Path::new(folder), Path::new(out)),
        ["counts", profile, program, out] => counts::run(profile, Path::new(program), Path::new(out)),
        ["calls-do-not-allocate", program] => counts::check(Path::new(program)),
        ["servers", profile, folder, out] => servers::run(profile, Path::new(folder), Path::new(out), servers::FULL),
        ["servers", profile, folder, out, "once"] => {
            servers::run(profile, Path::new(folder), Path::new(out), servers::ONCE)
        }
        ["page", run, page] => page::run(Path::new(run), Path::new(page)),
        _ => return None,
    })
}
