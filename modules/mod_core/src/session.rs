//! QUIT, SYST, TYPE, MODE, STRU, ALLO (RFC 959), and what is not implemented: REIN, ACCT, SMNT.

use gantry_api::Type;
use gantry_api::prelude::*;

use crate::parameters::{done, first_word, not_understood, shown};

command! {
    /// Ends the session.
    QUIT "(close control connection)", class: INFO, limit: NAMED, login: no, does: [RETR], at_once: quit;
    /// Tells the kind of system.
    SYST "(returns system type)", class: INFO, limit: NAMED, login: no, at_once: system;
    /// Sets the representation type of transfers.
    TYPE "<sp> type-code (A, I, L 8)", class: MISC, limit: NAMED, login: no, at_once: representation;
    /// Sets the transfer mode: streams alone.
    MODE "is not implemented (always S)", class: MISC, limit: NAMED, login: no, at_once: transfer_mode;
    /// Sets the structure of files: none but that of bytes.
    STRU "is not implemented (always F)", class: MISC, limit: NAMED, login: no, at_once: structure;
    /// Does nothing.
    NOOP "(no operation)", class: MISC, login: no, at_once: nothing;
    /// Sets no room aside: nothing here needs it.
    ALLO "<sp> size", class: MISC, limit: NAMED, login: no, at_once: allocate;
    /// Breaks off the transfer.
    ABOR "(abort current operation)", class: MISC, limit: NAMED, login: no, at_once: abort;
    /// Is not implemented.
    REIN | ACCT "is not implemented", class: AUTH, login: no, at_once: not_implemented;
    /// Is not implemented.
    SMNT "is not implemented", class: MISC, limit: NAMED, login: no, at_once: not_implemented;
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
    let Some((kind, letter)) = kind_of(&at.command.argument) else {
        let asked = shown(&at.command.argument).to_uppercase();
        return refuse(504, format!("TYPE not implemented for '{asked}' parameter"));
    };
    at.dialogue.kind = kind;
    done(at, 200, format!("Type set to {letter}"))
}

/// MODE: streams alone.
fn transfer_mode(at: &mut Moment<'_>) -> Result<Step> {
    one_letter(at, b"S", b"BC", "Mode", "transfer mode")
}

/// STRU: files alone.
fn structure(at: &mut Moment<'_>) -> Result<Step> {
    one_letter(at, b"F", b"RP", "Structure", "structure type")
}

fn nothing(at: &mut Moment<'_>) -> Result<Step> {
    done(at, 200, "NOOP command successful")
}

/// ABOR of no transfer: one under way is the server's to break off.
fn abort(at: &mut Moment<'_>) -> Result<Step> {
    done(at, 226, "Abort successful")
}

/// ALLO: nothing is set aside.
fn allocate(at: &mut Moment<'_>) -> Result<Step> {
    let (size, _) = first_word(&at.command.argument);
    if size.is_empty() {
        return not_understood(at, 504);
    }
    if !size.iter().all(u8::is_ascii_digit) {
        return refuse(504, format!("{}: Invalid ALLO argument", shown(size)));
    }
    done(at, 202, "No storage allocation necessary")
}

/// What RFC 959 knows and nobody serves.
fn not_implemented(at: &mut Moment<'_>) -> Result<Step> {
    refuse(502, format!("{} command not implemented", at.command.verb))
}

/// The type that an argument of TYPE names, and the letter that the reply names. The form (`N`, `T`) of ASCII changes
/// nothing here; `L 8` is as good as `I`.
fn kind_of(argument: &[u8]) -> Option<(Type, char)> {
    let words: Vec<u8> = argument.iter().filter(|byte| **byte != b' ').map(u8::to_ascii_uppercase).collect();
    match words.as_slice() {
        b"A" | b"AN" | b"AT" => Some((Type::Ascii, 'A')),
        b"I" => Some((Type::Image, 'I')),
        b"L8" => Some((Type::Image, 'L')),
        _ => None,
    }
}

fn one_letter(at: &mut Moment<'_>, served: &[u8], known: &[u8], what: &str, kind: &str) -> Result<Step> {
    let letter = at.command.argument.to_ascii_uppercase();
    match letter.as_slice() {
        [] => not_understood(at, 501),
        [letter] if served.contains(letter) => done(at, 200, format!("{what} set to {}", char::from(*letter))),
        [letter] if known.contains(letter) => {
            refuse(504, format!("'{} {}' unsupported {kind}", at.command.verb, char::from(*letter)))
        }
        _ => refuse(501, format!("'{} {}' unrecognized {kind}", at.command.verb, shown(&at.command.argument))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_ascii_and_image() {
        for ascii in [&b"A"[..], b"a", b"A N", b"an", b"A T"] {
            assert_eq!(kind_of(ascii), Some((Type::Ascii, 'A')));
        }
        assert_eq!(kind_of(b"i"), Some((Type::Image, 'I')));
        assert_eq!(kind_of(b"L 8"), Some((Type::Image, 'L')));
        for other in [&b""[..], b"E", b"L 7", b"L", b"I N", b"\xff"] {
            assert_eq!(kind_of(other), None);
        }
    }
}
