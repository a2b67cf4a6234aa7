//! `ftpshut`: takes all servers down and ends all sessions; the daemon keeps running.
//! ProFTPD's command leaves a file for its daemon to find (/etc/shutmsg); this one asks
//! the daemon directly. It therefore accepts no time but now, and no message.

use std::process::ExitCode;

use super::console::code;
use super::daemon;
use super::options::{Item, Options};
use crate::control::connection::Request;
use crate::control::error::{ControlError, Reason};
use crate::control::value::{self, Who};
use crate::show;

const USAGE: &str = "usage: ftpshut [ -R ] [ -l min ] [ -d min ] time  [ warning-message ... ]\n";
const OPTIONS: Options = Options { letters: "Rl:d:", names: &[], stops: true };

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
enum Task {
    /// Take servers down, with or without a message for the clients.
    Now { message: bool },
    /// Take servers up again.
    Restore,
}

/// Runs the command line.
pub fn run(words: &[String]) -> ExitCode {
    match task(&OPTIONS.items(words)) {
        Ok(Task::Now { message }) => {
            if message {
                eprintln!("ftpshut: clients do not see the message; they get the server's own 421 reply");
            }
            code("ftpshut", down())
        }
        Ok(Task::Restore) => code("ftpshut", up()),
        Err(fault) => {
            eprint!("{fault}");
            ExitCode::FAILURE
        }
    }
}

fn task(items: &[Item]) -> Result<Task, String> {
    let (mut restore, mut words) = (false, Vec::new());
    for item in items {
        match item {
            Item::Flag(_) => restore = true,
            Item::Value(_, minutes) if minutes.parse::<u16>().is_ok() => {}
            Item::Value(option, _) => return Err(format!("ftpshut: -{option} requires a numeric argument\n{USAGE}")),
            Item::Unknown(option) => {
                return Err(format!("ftpshut: unknown option '{}'\n{USAGE}", option.escape_debug()));
            }
            Item::Word(word) => words.push(word.as_str()),
        }
    }
    if restore {
        return Ok(Task::Restore);
    }
    match words.split_first() {
        Some((&("now" | "+0"), message)) => Ok(Task::Now { message: !message.is_empty() }),
        Some((time, _)) if is_time(time) => Err(format!(
            "ftpshut: the only time is now; to run it later, use at(1) (echo ftpshut now | at {}); to end the daemon, \
             use `gantry shutdown --graceful TIME`\n",
            time_of_at(time)
        )),
        Some(_) => Err(format!("ftpshut: Invalid time interval specified.\n{USAGE}")),
        None => Err(USAGE.to_owned()),
    }
}

/// `+minutes` or `HHMM`.
fn is_time(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.strip_prefix('+') {
        Some(minutes) => digits(minutes),
        None => digits(text) && text.len() == 4 && &text[..2] < "24" && &text[2..] < "60",
    }
}

fn time_of_at(text: &str) -> String {
    text.strip_prefix('+').map_or_else(|| text.to_owned(), |minutes| format!("now + {minutes} minutes"))
}

fn down() -> Result<(), ControlError> {
    let mut daemon = daemon::find(None)?;
    daemon.ask(&Request::new("down").word("all"))?;
    let answer = daemon.ask(&Request::new("who"))?;
    let who: Who = value::read("who", &answer.value)?;
    if !who.sessions.is_empty() {
        let ids = who.sessions.iter().map(value::Session::id);
        match daemon.ask(&Request::new("kick").word("session").words(ids)) {
            // They have ended by themselves in the meantime.
            Err(ControlError::Refused { reason: Reason::Refused, .. }) => {}
            other => drop(other?),
        }
    }
    Ok(show::print(
        "ftpshut: the servers are down and all sessions are ending; `ftpshut -R` takes the servers up again\n",
    )?)
}

fn up() -> Result<(), ControlError> {
    daemon::find(None)?.ask(&Request::new("up").word("all"))?;
    Ok(show::print("ftpshut: the servers accept clients again\n")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_only_time_is_now() {
        let task = |line: &str| {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            task(&OPTIONS.items(&words))
        };
        assert_eq!(task("now"), Ok(Task::Now { message: false }));
        assert_eq!(task("-l 5 -d 3 +0 we are -R back"), Ok(Task::Now { message: true }));
        assert_eq!(task("-R"), Ok(Task::Restore));
        assert!(task("+30").unwrap_err().contains("at now + 30 minutes"));
        assert!(task("2359").unwrap_err().contains("at 2359"));
        for line in ["9999", "foo", "", "-l x now", "-x now", "-l", "+", "12345"] {
            assert!(task(line).unwrap_err().contains("usage"), "{line}");
        }
    }
}
