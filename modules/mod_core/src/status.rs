//! STAT without an argument (RFC 959): the state of the session. STAT of a path is a listing, which
//! another module handles.

use gantry_api::Type;
use gantry_api::prelude::*;

command! {
    /// Shows the state of the session, or lists a path on the control connection.
    STAT "[<sp> pathname]", class: INFO, limit: READ | DIRS, path: AfterOptions, does: [LIST], at_once: status;
}

fn status(at: &mut Moment<'_>) -> Result<Step> {
    if !at.command.argument.is_empty() {
        return Ok(Step::Next);
    }
    let session = &*at.session;
    let mut reply = Reply::new(211, format!("Status of '{}'", session.server_name));
    reply.push(format!("Connected from {} ({})", session.remote_host, session.remote.ip().to_canonical()));
    match &session.account {
        Some(account) => reply.push(format!("Logged in as {}", account.name)),
        None => reply.push("Not logged in"),
    }
    let kind = match at.dialogue.kind {
        Type::Ascii => "ASCII",
        Type::Image => "BINARY",
    };
    reply.push(format!("TYPE: {kind}, STRUcture: File, Mode: Stream"));
    let total = session.bytes.0.saturating_add(session.bytes.1);
    if total > 0 {
        reply.push(format!("Total bytes transferred for session: {total}"));
    }
    reply.push("No data connection");
    at.dialogue.reply = Some(reply.line("End of status"));
    Ok(Step::Done)
}
