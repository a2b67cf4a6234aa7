//! gantry under the names of ProFTPD's commands: each takes that command's options
//! and prints its forms (doc/utils of ProFTPD's manual), by asking the daemon over
//! its control socket, for there is no scoreboard. `ftpasswd` has a file of its own.

mod ftpcount;
mod ftpdctl;
mod ftpshut;
mod ftptop;
pub mod ftpwho;
mod options;
mod prxs;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::control::value::{self, Who};
use crate::control::{ControlError, Daemon, Request, ended};

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

/// The sessions, from the daemon of a configuration or from this build's.
fn who(configuration: Option<&Path>) -> Result<Who, ControlError> {
    let mut daemon = daemon(configuration)?;
    let answer = daemon.ask(&Request::new("who"))?;
    value::read("who", &answer.value)
}

fn daemon(configuration: Option<&Path>) -> Result<Daemon, ControlError> {
    let socket = configuration.map(|file| {
        let text = fs::read_to_string(file).map_err(|error| ControlError::Input(file.to_owned(), error))?;
        socket_in(&text).ok_or_else(|| {
            ControlError::Input(file.to_owned(), io::Error::other("no line of it says `ControlsSocket PATH`"))
        })
    });
    Daemon::find(socket.transpose()?.as_deref())
}

/// The socket that a configuration names. Its sections and the files that it
/// includes are the daemon's to read.
fn socket_in(text: &str) -> Option<PathBuf> {
    let lines = text.lines().filter_map(|line| line.trim().split_once(char::is_whitespace));
    let mut named = lines.filter(|(name, _)| name.eq_ignore_ascii_case("ControlsSocket"));
    named.next_back().map(|(_, path)| PathBuf::from(path.trim().trim_matches('"')))
}

/// The exit code; under these names every fault is 1.
fn code(name: &str, done: Result<(), ControlError>) -> ExitCode {
    if ended(name, done) == ExitCode::SUCCESS { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Says that an option changes nothing here.
fn no_scoreboard(name: &str) {
    eprintln!("{name}: there is no scoreboard: -f has no effect");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_names_its_socket() {
        let text = "ControlsEngine on\n  controlssocket\t\"/run/g.sock\"\n#ControlsSocket /no\nControlsSocketACL allow user x\n";
        assert_eq!(socket_in(text), Some(PathBuf::from("/run/g.sock")));
        assert_eq!(socket_in("ControlsSocket\n"), None);
    }
}
