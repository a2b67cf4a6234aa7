//! `ftpdctl`: runs any action by name and prefixes each line of the answer with
//! "ftpdctl: ". The exit code is 0 if the daemon answers, even with a refusal.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::options::{Item, Options};
use crate::control::connection::{Daemon, Request};
use crate::control::error::{ControlError, Reason, plain};
use crate::show;
use crate::show::text::visible;

const USAGE: &str = "\
usage: ftpdctl [options] action [...]
  -h\tdisplays this message
  -s\tspecify an alternate local socket
  -v\tdisplays more verbose information

";

const OPTIONS: Options =
    Options { letters: "hs:v", names: &[("help", 'h'), ("socket", 's'), ("verbose", 'v')], stops: true };

/// Runs the command line.
pub fn run(words: &[String]) -> ExitCode {
    let (mut socket, mut verbose, mut action) = (None, false, Vec::new());
    for item in OPTIONS.items(words) {
        match item {
            Item::Flag('h') => {
                let _ = show::print(USAGE);
                return ExitCode::SUCCESS;
            }
            Item::Flag(_) => verbose = true,
            Item::Value(_, path) if !path.starts_with('/') => {
                eprintln!("ftpdctl: alternate socket path must be an absolute path");
                return ExitCode::FAILURE;
            }
            Item::Value(_, path) => socket = Some(PathBuf::from(path)),
            Item::Unknown(option) => say(&[format!("unknown option: {option}")]),
            Item::Word(word) => action.push(word),
        }
    }
    let Some((name, words)) = action.split_first() else {
        say(&["missing required action".to_owned()]);
        return ExitCode::FAILURE;
    };
    if verbose {
        say(&action.iter().map(|word| format!("adding \"{word}\" to reqargv")).collect::<Vec<_>>());
    }
    match ask(socket.as_deref(), &Request::new(name).words(words), verbose) {
        Ok(lines) => {
            say(&lines);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("ftpdctl: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The answer's lines; a refusal is an answer.
fn ask(socket: Option<&Path>, request: &Request, verbose: bool) -> Result<Vec<String>, String> {
    let mut daemon = Daemon::find(socket).map_err(|error| unreachable(&error))?;
    if verbose {
        let contact = format!("contacting server using '{}'", daemon.socket().display());
        say(&[contact, "sending control request".to_owned(), "receiving control response".to_owned()]);
    }
    match daemon.ask(request) {
        Ok(answer) => Ok(answer.lines.iter().flat_map(|line| line.lines()).map(str::to_owned).collect()),
        Err(ControlError::Refused { reason, text, .. }) => Ok(refused(reason, &text)),
        Err(error) => Err(error.to_string()),
    }
}

/// A refusal in the words of ProFTPD's command, then in the daemon's.
fn refused(reason: Reason, text: &str) -> Vec<String> {
    let first = match reason {
        Reason::Denied => Some("access denied"),
        Reason::Disabled | Reason::Unknown => Some("unsupported action requested"),
        Reason::Usage | Reason::Busy | Reason::Refused => None,
    };
    let first = first.filter(|first| !text.starts_with(first));
    first.into_iter().chain(text.lines()).map(str::to_owned).collect()
}

fn unreachable(error: &ControlError) -> String {
    let (socket, fault) = match error {
        ControlError::NoSocket { socket, .. } => (socket, "No such file or directory".to_owned()),
        ControlError::Stale(socket) => (socket, "Connection refused".to_owned()),
        ControlError::Permission(socket) => (socket, "Permission denied".to_owned()),
        ControlError::Unreachable { socket, source } => (socket, plain(source)),
        other => return other.to_string(),
    };
    let first = format!("error contacting server using '{}': {fault}", visible(&socket.display().to_string()));
    // The advice in the further lines is in our own words.
    let text = error.to_string();
    text.lines().skip(1).fold(first, |told, line| format!("{told}\nftpdctl: {line}"))
}

fn say(lines: &[String]) {
    let text: String = lines.iter().map(|line| format!("ftpdctl: {}\n", visible(line))).collect();
    let _ = show::print(&text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_in_both_words() {
        let told = |reason, text| refused(reason, text).join("|");
        assert_eq!(told(Reason::Denied, "say\nthis"), "access denied|say|this");
        assert_eq!(told(Reason::Denied, "access denied: say"), "access denied: say");
        assert_eq!(told(Reason::Unknown, "no such"), "unsupported action requested|no such");
        assert_eq!(told(Reason::Refused, "mod_x is needed"), "mod_x is needed");
    }

    #[test]
    fn a_daemon_that_is_not_there_is_told_as_that_command_does() {
        let error = ControlError::NoSocket { socket: "/none".into(), tried: Vec::new() };
        let text = unreachable(&error);
        assert!(
            text.starts_with("error contacting server using '/none': No such file or directory\nftpdctl: "),
            "{text}"
        );
    }
}
