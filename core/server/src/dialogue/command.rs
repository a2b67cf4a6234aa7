//! One command of the dialogue: what the session makes of it becomes a reply here
//! and nowhere else.

use gantry_api::{Command, Error, Fault, PathArgument, Phase, Reply};

use crate::generation::dispatch::Row;
use crate::session::work::{Performed, Work, path_argument};
use crate::wire::connection::Connection;

/// A command whose reply is the dialogue's and is still to be sent.
pub struct Answered<'a> {
    performed: Performed<'a>,
    logged: Phase,
}

/// Takes a command through the gate and its phases, and sends the reply. Errors
/// are those of the control connection.
pub async fn command(work: &mut Work<'_>, connection: &Connection, command: &Command) -> std::io::Result<()> {
    let answered = answer(work, command).await;
    if let Some(reply) = &work.dialogue.reply {
        connection.send(reply).await?;
        // At once: what the client says next is meant for a new layer.
        connection.switch(!reply.is_negative())?;
    }
    log(work, command, &answered).await;
    Ok(())
}

/// All up to the reply.
pub async fn answer<'a>(work: &mut Work<'a>, command: &Command) -> Answered<'a> {
    work.dialogue.reply = None;
    let performed = work.perform(command).await;
    if let Err(error) = &performed.result {
        work.report(command, error);
        let (code, text) = error.reply();
        work.dialogue.respond(code, words(command, performed.row, error, text));
    }
    let failed = performed.result.is_err() || work.dialogue.reply.as_ref().is_some_and(Reply::is_negative);
    let (after, logged) = if failed { (Phase::PostError, Phase::LogError) } else { (Phase::Post, Phase::Log) };
    if let Some(panic) = work.follow(command, &performed, after).await
        && after == Phase::Post
    {
        let (code, text) = panic.reply();
        work.dialogue.respond(code, text);
    }
    if work.dialogue.reply.is_none() {
        work.dialogue.respond(200, format!("{} command successful", command.verb));
    }
    Answered { performed, logged }
}

/// What follows the reply.
pub async fn log(work: &mut Work<'_>, command: &Command, answered: &Answered<'_>) {
    work.follow(command, &answered.performed, answered.logged).await;
}

/// The reply to an error: file errors name what the client named, as ProFTPD
/// does.
fn words(command: &Command, row: &Row, error: &Error, text: &str) -> Vec<u8> {
    let of_file = error.reply().0 == 550 && error.fault() == Fault::System;
    let denied = error.fault() == Fault::Client && text == "Permission denied";
    let path = match row.path {
        PathArgument::None => command.argument.as_slice(),
        which => path_argument(which, &command.argument),
    };
    match (of_file, denied) {
        (false, false) => text.as_bytes().to_vec(),
        (_, true) if path.is_empty() => format!("{}: {text}", command.verb).into_bytes(),
        _ if path.is_empty() => text.as_bytes().to_vec(),
        _ => [path, b": ", text.as_bytes()].concat(),
    }
}
