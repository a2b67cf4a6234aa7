//! QUIT, SYST, TYPE, MODE, STRU, ALLO (RFC 959), what clients say of themselves (CLNT, CSID), and what is not implemented:
//! REIN, ACCT, SMNT.

use gantry_api::Type;
use gantry_api::prelude::*;

use crate::parameters::{done, first_word, not_understood, shown, words};

command! {
    /// Ends the session.
    QUIT "(close control connection)", class: INFO, limit: NAMED, login: no, does: [RETR], at_once: quit;
    /// Returns the type of the system.
    SYST "(returns system type)", class: INFO, limit: NAMED, login: no, at_once: system;
    /// Sets the representation type of transfers.
    TYPE "<sp> type-code (A, I, L 8)", class: MISC, limit: NAMED, login: no, at_once: representation;
    /// Sets the transfer mode; only streams are implemented.
    MODE "is not implemented (always S)", class: MISC, limit: NAMED, at_once: transfer_mode;
    /// Sets the structure of files; only bytes are implemented.
    STRU "is not implemented (always F)", class: MISC, limit: NAMED, at_once: structure;
    /// Does nothing.
    NOOP "(no operation)", class: MISC, login: no, at_once: nothing;
    /// Reserves no space: none is needed.
    ALLO "<sp> size", class: MISC, limit: NAMED, at_once: allocate;
    /// Aborts the transfer.
    ABOR "(abort current operation)", class: MISC, limit: NAMED, at_once: abort;
    /// Not implemented.
    REIN | ACCT "is not implemented", class: AUTH, login: no, at_once: not_implemented;
    /// Not implemented.
    SMNT "is not implemented", class: MISC, limit: NAMED, at_once: not_implemented;
    /// Takes the client's name, and does nothing with it.
    CLNT "<sp> client-name", class: MISC, limit: NAMED, login: no, feature: "CLNT", at_once: client;
    /// Takes the client's name and version, and tells the server's.
    CSID "<sp> Name=...; Version=...;", class: MISC, limit: NAMED, feature: "CSID", at_once: identify;
}

fn quit(at: &mut Moment<'_>) -> Result<Step> {
    at.session.end("Quit");
    done(at, 221, "Goodbye.")
}

fn system(at: &mut Moment<'_>) -> Result<Step> {
    done(at, 215, "UNIX Type: L8")
}

fn representation(at: &mut Moment<'_>) -> Result<Step> {
    if at.command.argument.is_empty() {
        return not_understood(at, 500);
    }
    let Some(kind) = kind_of(&at.command.argument) else {
        let asked = shown(&at.command.argument).to_uppercase();
        return refuse(504, format!("TYPE not implemented for '{asked}' parameter"));
    };
    at.dialogue.kind = kind;
    let letter = at.command.argument.first().copied().map_or(' ', char::from);
    done(at, 200, format!("Type set to {letter}"))
}

/// MODE: only streams.
fn transfer_mode(at: &mut Moment<'_>) -> Result<Step> {
    one_letter(at, b"S", b"BC", "Mode", "transfer mode")
}

/// STRU: only files.
fn structure(at: &mut Moment<'_>) -> Result<Step> {
    one_letter(at, b"F", b"RP", "Structure", "structure type")
}

fn nothing(at: &mut Moment<'_>) -> Result<Step> {
    done(at, 200, "NOOP command successful")
}

/// ABOR without a transfer. The server aborts a running one.
fn abort(at: &mut Moment<'_>) -> Result<Step> {
    if !at.command.argument.is_empty() {
        return not_understood(at, 500);
    }
    done(at, 226, "Abort successful")
}

/// ALLO: reserves nothing.
fn allocate(at: &mut Moment<'_>) -> Result<Step> {
    let (size, _) = first_word(&at.command.argument);
    if size.is_empty() {
        return not_understood(at, 504);
    }
    if !size.strip_prefix(b"-").unwrap_or(size).iter().all(u8::is_ascii_digit) {
        return refuse(504, format!("{}: Invalid ALLO argument", shown(size)));
    }
    done(at, 202, "No storage allocation necessary")
}

/// Commands of RFC 959 that are not implemented.
fn not_implemented(at: &mut Moment<'_>) -> Result<Step> {
    refuse(502, format!("{} command not implemented", at.command.verb))
}

/// CLNT.
fn client(at: &mut Moment<'_>) -> Result<Step> {
    done(at, 200, "OK")
}

/// CSID.
fn identify(at: &mut Moment<'_>) -> Result<Step> {
    done(at, 200, concat!("name=Gantry;version=", env!("CARGO_PKG_VERSION"), ";casesensitive=1;"))
}

/// The type that an argument of TYPE names. The form that may follow it (`N`, `T`, `8`) changes nothing here; `L` with
/// one is as good as `I`.
fn kind_of(argument: &[u8]) -> Option<Type> {
    let words: Vec<Vec<u8>> = words(argument).map(<[u8]>::to_ascii_uppercase).collect();
    match words.iter().map(Vec::as_slice).collect::<Vec<_>>().as_slice() {
        [b"A"] | [b"A", _] => Some(Type::Ascii),
        [b"I"] | [b"I", _] | [b"L", _] => Some(Type::Image),
        _ => None,
    }
}

fn one_letter(at: &mut Moment<'_>, served: &[u8], known: &[u8], what: &str, kind: &str) -> Result<Step> {
    // Of the word, the first letter counts.
    let (Some(letter), 1) = (at.command.argument.first(), words(&at.command.argument).count()) else {
        return not_understood(at, 501);
    };
    let letter = letter.to_ascii_uppercase();
    match letter {
        letter if served.contains(&letter) => done(at, 200, format!("{what} set to {}", char::from(letter))),
        letter if known.contains(&letter) => {
            refuse(504, format!("'{} {}' unsupported {kind}", at.command.verb, shown(&at.command.argument)))
        }
        _ => refuse(501, format!("'{} {}' unrecognized {kind}", at.command.verb, shown(&at.command.argument))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_ascii_and_image() {
        for ascii in [&b"A"[..], b"a", b"A N", b"A T"] {
            assert_eq!(kind_of(ascii), Some(Type::Ascii));
        }
        for image in [&b"i"[..], b"I", b"L 8"] {
            assert_eq!(kind_of(image), Some(Type::Image));
        }
        for other in [&b""[..], b"E", b"L", b"AN", b"L8", b"A N T", b"\xff"] {
            assert_eq!(kind_of(other), None);
        }
    }
}
