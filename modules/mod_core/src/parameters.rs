//! What all commands of this module share for their arguments and replies.

use gantry_api::prelude::*;

/// Sets the reply, and marks the command as handled.
pub(crate) fn done(at: &mut Moment<'_>, code: u16, text: impl AsRef<[u8]>) -> Result<Step> {
    at.respond(code, text);
    Ok(Step::Done)
}

/// Refuses a command with a wrong number of arguments.
pub(crate) fn wrong_number<T>() -> Result<T> {
    refuse(501, "Invalid number of parameters")
}

/// Checks that there is no argument.
pub(crate) fn none(at: &Moment<'_>) -> Result<()> {
    if at.command.argument.is_empty() { Ok(()) } else { wrong_number() }
}

/// The argument as a path.
pub(crate) fn path(at: &Moment<'_>) -> Result<VirtualPath> {
    if at.command.argument.is_empty() { wrong_number() } else { Ok(at.path()) }
}

/// The argument as people read it, for error replies.
pub(crate) fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The refusal of a command with an invalid argument: `500 'RETR' not understood`.
pub(crate) fn not_understood<T>(at: &Moment<'_>, code: u16) -> Result<T> {
    refuse(code, format!("'{}' not understood", line(at.command)))
}

/// The command as the client may have sent it: `SITE CHMOD 644 x`.
pub(crate) fn line(command: &Command) -> String {
    let name = command.verb.name();
    let name = if command.verb.is_site() { name.replacen('_', " ", 1) } else { name };
    match shown(&command.argument) {
        argument if argument.is_empty() => name,
        argument => format!("{name} {argument}"),
    }
}

/// The words of an argument.
pub(crate) fn words(argument: &[u8]) -> impl Iterator<Item = &[u8]> {
    argument.split(|byte| *byte == b' ').filter(|word| !word.is_empty())
}

/// The first word, and the rest after one space.
pub(crate) fn first_word(argument: &[u8]) -> (&[u8], &[u8]) {
    let mut parts = argument.splitn(2, |byte| *byte == b' ');
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_quoted_as_they_were_sent() {
        let command = |line: &[u8]| Command::parse(line).unwrap();
        assert_eq!(line(&command(b"site chmod 644 a b")), "SITE CHMOD 644 a b");
        assert_eq!(line(&command(b"mode x")), "MODE x");
        assert_eq!(first_word(b"644  a b"), (&b"644"[..], &b" a b"[..]));
        assert_eq!(first_word(b""), (&b""[..], &b""[..]));
    }
}
