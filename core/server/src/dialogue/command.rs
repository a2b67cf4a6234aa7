//! One command of the dialogue: what the session makes of it becomes a reply here
//! and nowhere else.

use std::time::Duration;

use gantry_api::{Command, Error, ErrorKind, Fault, PathArgument, Phase, Reply, Verb};
use tokio::time::Instant;

use crate::session::work::{Performance, Work, path_argument};
use crate::wire::connection::Connection;

/// A command whose reply is the dialogue's and is still to be sent.
pub struct PendingReply<'a> {
    performed: Performance<'a>,
    logged: Phase,
}

/// Takes a command through the gate and its phases, and sends the reply. Errors
/// are those of the control connection.
pub async fn command(work: &mut Work<'_>, connection: &Connection, command: &Command) -> std::io::Result<()> {
    let began = (command.verb == Verb::PASS).then(Instant::now);
    let answered = answer(work, command).await;
    if let Some(began) = began
        && work.dialogue.reply.as_ref().is_some_and(Reply::is_negative)
    {
        tokio::time::sleep_until(refusal_moment(began, began.elapsed())).await;
    }
    if let Some(reply) = &work.dialogue.reply {
        connection.send(reply).await?;
        // At once: what the client says next is meant for a new layer.
        connection.switch(!reply.is_negative())?;
    }
    log(work, command, &answered).await;
    Ok(())
}

/// When a refused password is answered: at fixed moments, whatever it took to refuse it,
/// so that nobody can tell by the time whether there is such a user.
fn refusal_moment(began: Instant, took: Duration) -> Instant {
    let moments = took.as_millis() / REFUSALS.as_millis() + 1;
    began + REFUSALS * u32::try_from(moments).unwrap_or(u32::MAX).min(1000)
}

/// The time between those moments: longer than any usual hash takes.
const REFUSALS: Duration = Duration::from_millis(500);

/// All up to the reply.
pub async fn answer<'a>(work: &mut Work<'a>, command: &Command) -> PendingReply<'a> {
    work.dialogue.reply = None;
    let performed = work.perform(command).await;
    if let Err(error) = &performed.result {
        work.report(command, error);
        work.dialogue.respond(code(error), words(command, performed.row.path, error));
    }
    let failed = performed.result.is_err() || work.dialogue.reply.as_ref().is_some_and(Reply::is_negative);
    let (after, logged) = if failed { (Phase::PostError, Phase::LogError) } else { (Phase::Post, Phase::Log) };
    if let Some(panic) = work.follow(command, &performed, after).await
        && after == Phase::Post
    {
        work.dialogue.respond(code(&panic), panic.text());
    }
    if work.dialogue.reply.is_none() {
        work.dialogue.respond(200, format!("{} command successful", command.verb));
    }
    PendingReply { performed, logged }
}

/// What follows the reply.
pub async fn log(work: &mut Work<'_>, command: &Command, answered: &PendingReply<'_>) {
    work.follow(command, &answered.performed, answered.logged).await;
}

/// The reply code of an error (RFC 959 section 4.2): the one that was chosen, or that
/// of its kind. 550 for what stays as it is, 451 for what may pass or is broken.
pub fn code(error: &Error) -> u16 {
    error.code().unwrap_or(match error.kind() {
        ErrorKind::Failed | ErrorKind::TimedOut => 451,
        ErrorKind::Refused
        | ErrorKind::NotFound
        | ErrorKind::Exists
        | ErrorKind::Denied
        | ErrorKind::NotDirectory
        | ErrorKind::IsDirectory
        | ErrorKind::NotEmpty
        | ErrorKind::ReadOnly
        | ErrorKind::Elsewhere
        | ErrorKind::Invalid
        | ErrorKind::TooLarge
        | ErrorKind::Busy
        | ErrorKind::Unsupported => 550,
        ErrorKind::Full => 452,
        ErrorKind::Quota => 552,
        ErrorKind::Aborted => 426,
        ErrorKind::NotUnderstood => 500,
        ErrorKind::Usage => 501,
        ErrorKind::OutOfOrder => 503,
        ErrorKind::NotLoggedIn | ErrorKind::LoginRefused => 530,
    })
}

/// The reply to an error, in ProFTPD's words: errors of files name what the client
/// named.
fn words(command: &Command, path: PathArgument, error: &Error) -> Vec<u8> {
    let (text, has_text) = (error.text(), error.has_text());
    let path = match path {
        PathArgument::None => command.argument.as_slice(),
        which => path_argument(which, &command.argument),
    };
    // A text of a module's says all that the client shall read.
    let is_bare = (error.fault() == Fault::System || !has_text) && !error.names_file();
    match error.kind() {
        ErrorKind::NotUnderstood if !has_text => not_understood(command).into_bytes(),
        ErrorKind::NotLoggedIn if !has_text => b"Please login with USER and PASS".to_vec(),
        // The gate's: it judges commands that name no file, too.
        ErrorKind::Denied if !has_text && error.fault() == Fault::Client => denied(command, path),
        ErrorKind::Denied if !has_text && path.is_empty() => format!("{}: {text}", command.verb).into_bytes(),
        kind if kind.is_of_file() && is_bare && !path.is_empty() => [path, b": ", text.as_bytes()].concat(),
        _ => text.as_bytes().to_vec(),
    }
}

/// The gate's refusal. ProFTPD's words depend on the command.
fn denied(command: &Command, path: &[u8]) -> Vec<u8> {
    let subject = if path.is_empty() { command.verb.name().into_bytes() } else { path.to_vec() };
    let (subject, words) = match command.verb {
        Verb::MLSD | Verb::MLST | Verb::MFMT | Verb::MFF => return b"Unable to handle command".to_vec(),
        Verb::NOOP => return b"Operation not permitted".to_vec(),
        Verb::CWD | Verb::XCWD => (subject, "No such file or directory"),
        Verb::CDUP | Verb::XCUP => (b"..".to_vec(), "No such file or directory"),
        Verb::RETR
        | Verb::STOR
        | Verb::APPE
        | Verb::STOU
        | Verb::DELE
        | Verb::RNFR
        | Verb::RNTO
        | Verb::MDTM
        | Verb::FEAT => (subject, "Operation not permitted"),
        _ => (subject, "Permission denied"),
    };
    [&subject[..], b": ", words.as_bytes()].concat()
}

/// The refusal of what no module handles, in ProFTPD's words.
fn not_understood(command: &Command) -> String {
    let name = command.verb.name();
    let words = match name.strip_prefix("SITE_") {
        Some(site) => format!("'SITE {site}'"),
        None if command.verb == Verb::OPTS => {
            let option = command.argument.split(|byte| *byte == b' ').next().unwrap_or_default();
            String::from_utf8_lossy(&[b"OPTS ", option].concat()).into_owned()
        }
        None => name,
    };
    format!("{words} not understood")
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn reply(verb: &'static str, argument: &str, error: &Error) -> (u16, String) {
        let command = Command { verb: Verb::new(verb), argument: argument.into() };
        let path = match verb {
            "RETR" => PathArgument::Whole,
            "SITE_CHMOD" => PathArgument::AfterWord,
            _ => PathArgument::None,
        };
        let text = words(&command, path, error);
        (code(error), String::from_utf8(text).unwrap())
    }

    #[test]
    fn errors_of_files_name_what_the_client_named() {
        let absent = Error::from(io::Error::from_raw_os_error(2));
        assert_eq!(reply("RETR", "a b", &absent), (550, "a b: No such file or directory".to_owned()));
        assert_eq!(reply("SITE_CHMOD", "644 a b", &absent), (550, "a b: No such file or directory".to_owned()));
        assert_eq!(reply("PWD", "", &absent), (550, "No such file or directory".to_owned()));
        let named = absent.of_file(b"x");
        assert_eq!(reply("RETR", "a b", &named), (550, "x: No such file or directory".to_owned()));
        let denied = Error::of(ErrorKind::Denied);
        assert_eq!(reply("RETR", "a", &denied), (550, "a: Operation not permitted".to_owned()));
        assert_eq!(reply("MLST", "a", &denied), (550, "Unable to handle command".to_owned()));
        let unreadable = Error::from(io::Error::from_raw_os_error(13));
        assert_eq!(reply("RETR", "a", &unreadable), (550, "a: Permission denied".to_owned()));
        assert_eq!(reply("PWD", "", &denied), (550, "PWD: Permission denied".to_owned()));
    }

    #[test]
    fn refused_passwords_are_answered_at_fixed_moments() {
        let began = Instant::now();
        let after = |took| refusal_moment(began, Duration::from_millis(took)) - began;
        assert_eq!((after(0), after(4), after(499)), (REFUSALS, REFUSALS, REFUSALS));
        assert_eq!((after(500), after(501)), (REFUSALS * 2, REFUSALS * 2));
    }

    #[test]
    fn what_a_module_says_is_said() {
        let refused = Error::client(554, "not so far");
        assert_eq!(reply("RETR", "a", &refused), (554, "not so far".to_owned()));
        let absent = Error::client(450, "No files found").with_kind(ErrorKind::NotFound);
        assert_eq!(reply("RETR", "a", &absent), (450, "No files found".to_owned()));
        assert_eq!(reply("RETR", "a", &Error::usage("one name")), (501, "one name".to_owned()));
    }

    #[test]
    fn kinds_have_their_codes_and_words() {
        let said = |verb: &'static str, kind| reply(verb, "", &Error::of(kind));
        assert_eq!(said("RETR", ErrorKind::NotLoggedIn), (530, "Please login with USER and PASS".to_owned()));
        assert_eq!(said("XYZ", ErrorKind::NotUnderstood), (500, "XYZ not understood".to_owned()));
        assert_eq!(said("SITE_XYZ", ErrorKind::NotUnderstood), (500, "'SITE XYZ' not understood".to_owned()));
        assert_eq!(said("PASS", ErrorKind::LoginRefused), (530, "Login incorrect.".to_owned()));
        let system = Error::system("a table is broken");
        let words = "Requested action aborted: local error in processing";
        assert_eq!(reply("RETR", "a", &system), (451, words.to_owned()));
        assert_eq!(reply("RETR", "a", &Error::from(io::Error::from_raw_os_error(28))).0, 452);
    }
}
