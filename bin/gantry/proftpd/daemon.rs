//! The connection of these commands to the daemon.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::control::connection::{Daemon, Request};
use crate::control::error::ControlError;
use crate::control::value::{self, Who};

/// The sessions of a configuration's daemon, or of this build's.
pub fn who(configuration: Option<&Path>) -> Result<Who, ControlError> {
    let mut daemon = find(configuration)?;
    let answer = daemon.ask(&Request::new("who"))?;
    value::read("who", &answer.value)
}

/// The daemon of a configuration, or this build's.
pub fn find(configuration: Option<&Path>) -> Result<Daemon, ControlError> {
    let socket = configuration.map(|file| {
        let text = fs::read_to_string(file).map_err(|error| ControlError::Input(file.to_owned(), error))?;
        socket_in(&text).ok_or_else(|| {
            ControlError::Input(file.to_owned(), io::Error::other("it has no line `ControlsSocket PATH`"))
        })
    });
    Daemon::find(socket.transpose()?.as_deref())
}

/// The socket that a configuration names. This reads only the file's own lines: no
/// sections and no included files.
fn socket_in(text: &str) -> Option<PathBuf> {
    let lines = text.lines().filter_map(|line| line.trim().split_once(char::is_whitespace));
    let mut named = lines.filter(|(name, _)| name.eq_ignore_ascii_case("ControlsSocket"));
    named.next_back().map(|(_, path)| PathBuf::from(path.trim().trim_matches('"')))
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
