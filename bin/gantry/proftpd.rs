//! gantry under the names of ProFTPD's commands: each takes that command's options
//! and prints its forms (doc/utils of ProFTPD's manual), by asking the daemon over
//! its control socket, for there is no scoreboard. `ftpasswd` has a file of its own.

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

/// Does what the command of this name does; none where there is no such name.
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
