//! gantry under the names of ProFTPD's commands: each takes that command's options
//! and prints its output format (doc/utils in ProFTPD's manual). Gantry has no
//! scoreboard, so they ask the daemon over its control socket. `ftpasswd` has its
//! own file.

mod console;
mod daemon;
mod ftpcount;
mod ftpdctl;
mod ftpshut;
mod ftptop;
mod ftpwho;
mod options;
mod prxs;

use std::process::ExitCode;

/// Runs the command of this name; `None` if there is no such command.
pub fn run(name: &str) -> Option<ExitCode> {
    let command = match name {
        "ftpdctl" => ftpdctl::run,
        "ftpwho" => ftpwho::run,
        "ftpcount" => ftpcount::run,
        "ftptop" => ftptop::run,
        "ftpshut" => ftpshut::run,
        "prxs" => prxs::run,
        _ => return None,
    };
    let words: Vec<String> = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    Some(command(&words))
}
