//! REST (RFC 3659 section 5): where the next transfer begins. It applies to the command of the next
//! data connection. Commands that only prepare one (PASV, TYPE) may come in between, because many
//! clients send them there.

use gantry_api::Type;
use gantry_api::prelude::*;

command! {
    /// Sets where in a file the next transfer begins.
    REST "<sp> byte-count", class: MISC, limit: NAMED, feature: "REST STREAM", at_once: rest;
}

fn rest(at: &mut Moment<'_>) -> Result<Step> {
    at.dialogue.restart = 0;
    if at.command.argument.is_empty() {
        return refuse(500, "'REST' not understood");
    }
    if at.command.argument.contains(&b' ') {
        return refuse(500, format!("'REST {}' not understood", String::from_utf8_lossy(&at.command.argument)));
    }
    let offset = offset(&at.command.argument);
    let is_number = at.command.argument.iter().all(u8::is_ascii_digit);
    // In ASCII, an offset counts bytes on the wire: finding it would require reading the file.
    if is_number && offset != Some(0) && at.dialogue.kind == Type::Ascii {
        return refuse(501, "REST: Resuming transfers not allowed in ASCII mode");
    }
    let Some(offset) = offset else {
        return refuse(501, "REST requires a value greater than or equal to 0");
    };
    (at.dialogue.restart, at.dialogue.range) = (offset, None);
    at.respond(350, format!("Restarting at {offset}. Send STORE or RETRIEVE to initiate transfer"));
    Ok(Step::Done)
}

/// No file is longer than the largest signed offset of the system.
fn offset(argument: &[u8]) -> Option<u64> {
    let digits = !argument.is_empty() && argument.iter().all(u8::is_ascii_digit);
    let number = std::str::from_utf8(argument).ok().filter(|_| digits)?.parse().ok()?;
    (number <= i64::MAX as u64).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_whole_and_within_reach() {
        assert_eq!(offset(b"0"), Some(0));
        assert_eq!(offset(b"9223372036854775807"), Some(i64::MAX as u64));
        for bad in [&b""[..], b"-1", b"+1", b" 1", b"1x", b"9223372036854775808", b"99999999999999999999999", b"\xff"] {
            assert_eq!(offset(bad), None);
        }
    }
}
