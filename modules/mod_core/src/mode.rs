//! SITE CHMOD: permission bits, in octal or as chmod(1) names them. SITE CHGRP: the group.

use gantry_api::Account;
use gantry_api::files::{Kind, Links};
use gantry_api::prelude::*;

use crate::parameters::{done, first_word, line, shown};

command! {
    /// Sets permission bits, in octal or as chmod(1) names them.
    SITE_CHMOD "<sp> mode <sp> pathname", class: MISC, path: AfterWord, does: [STOR], wait: change;
    /// Sets the group.
    SITE_CHGRP "<sp> group <sp> pathname", class: MISC, path: AfterWord, does: [STOR], wait: change_group;
}

async fn change(at: &mut Moment<'_>) -> Result<Step> {
    let (wanted, name) = first_word(&at.command.argument);
    let name = name.trim_ascii_start();
    if name.is_empty() {
        return Ok(incomplete(at));
    }
    let path = at.session.resolve(name);
    let named = |error: Error| error.of_file(name);
    let metadata = at.files.metadata(&path, Links::Follow).await.map_err(named)?;
    let Some(mode) = mode(wanted, metadata.mode, metadata.kind) else {
        return refuse(550, format!("'{}': invalid mode", shown(wanted)));
    };
    let line = [b"CHMOD ", &at.command.argument[..]].concat();
    at.files.set_mode(&path, mode).await.map_err(|error| error.of_file(&line))?;
    done(at, 200, "SITE CHMOD command successful")
}

async fn change_group(at: &mut Moment<'_>) -> Result<Step> {
    let (wanted, name) = first_word(&at.command.argument);
    let name = name.trim_ascii_start();
    if name.is_empty() {
        return Ok(incomplete(at));
    }
    let (path, wanted) = (at.session.resolve(name), shown(wanted));
    let named = |error: Error| error.of_file(name);
    at.files.metadata(&path, Links::Follow).await.map_err(named)?;
    let Some(gid) = group(at.session.account()?, &wanted) else {
        return refuse(550, format!("{}: Invalid argument", shown(name)));
    };
    at.files.set_group(&path, gid).await.map_err(named)?;
    done(at, 200, "SITE CHGRP command successful")
}

/// The number of a group: one of the account's by its name, or any by its number.
pub(crate) fn group(account: &Account, wanted: &str) -> Option<u32> {
    let own = account.groups.iter().find(|group| group.name == wanted);
    own.map(|group| group.gid).or_else(|| wanted.parse().ok().filter(|gid| *gid != u32::MAX))
}

/// ProFTPD's refusal of a SITE command that lacks a word.
fn incomplete(at: &mut Moment<'_>) -> Step {
    let words = format!("'{}' not understood", line(at.command));
    at.dialogue.reply = Some(Reply::new(500, words).line("SITE not understood"));
    Step::Done
}

/// The mode that `wanted` makes of `current`: octal digits, or clauses such as `u+x,go-w`, `a=rX`.
fn mode(wanted: &[u8], current: u32, kind: Kind) -> Option<u32> {
    let text = std::str::from_utf8(wanted).ok().filter(|text| !text.is_empty())?;
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        // As ProFTPD: what is beyond the bits that there are is ignored.
        return u32::from_str_radix(text, 8).ok().map(|mode| mode & 0o7777);
    }
    text.split(',').try_fold(current & 0o7777, |mode, clause| apply(clause, mode, kind))
}

/// One clause: whom it is for, then one or more of `+-=` with letters.
fn apply(clause: &str, mode: u32, kind: Kind) -> Option<u32> {
    let operators = clause.find(['+', '-', '='])?;
    let (who, mut rest) = clause.split_at(operators);
    let who = whom(who)?;
    let mut mode = mode;
    while let Some(operator) = rest.chars().next() {
        let letters = rest.get(1..)?;
        let end = letters.find(['+', '-', '=']).unwrap_or(letters.len());
        let (letters, next) = letters.split_at(end);
        let bits = match letters {
            "u" | "g" | "o" => copied(letters, mode) & who,
            letters => bits(letters, mode, kind)? & who,
        };
        mode = match operator {
            '+' => mode | bits,
            '-' => mode & !bits,
            '=' => mode & !(who & 0o777) | bits,
            _ => return None,
        };
        rest = next;
    }
    Some(mode)
}

/// The bits that belong to those who are named; everybody where nobody is.
fn whom(who: &str) -> Option<u32> {
    if who.is_empty() {
        return Some(0o7777);
    }
    who.chars().try_fold(0, |mask, letter| {
        Some(
            mask | match letter {
                'u' => 0o4700,
                'g' => 0o2070,
                'o' => 0o1007,
                'a' => 0o7777,
                _ => return None,
            },
        )
    })
}

/// What one of owner, group and others may do, for all three of them.
fn copied(whose: &str, mode: u32) -> u32 {
    let bits = match whose {
        "u" => mode >> 6,
        "g" => mode >> 3,
        _ => mode,
    };
    (bits & 7) * 0o111
}

fn bits(letters: &str, mode: u32, kind: Kind) -> Option<u32> {
    letters.chars().try_fold(0, |bits, letter| {
        Some(
            bits | match letter {
                'r' => 0o444,
                'w' => 0o222,
                'x' => 0o111,
                'X' if kind == Kind::Directory || mode & 0o111 != 0 => 0o111,
                'X' => 0,
                's' => 0o6000,
                't' => 0o1000,
                _ => return None,
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_octal_or_symbolic() {
        let of = |wanted: &[u8]| mode(wanted, 0o644, Kind::File);
        for (wanted, made) in [
            (&b"600"[..], 0o600),
            (b"04755", 0o4755),
            (b"u+x", 0o744),
            (b"+x", 0o755),
            (b"go-r", 0o600),
            (b"a=r", 0o444),
            (b"u=rwx,g=rx,o=", 0o750),
            (b"u+X", 0o644),
            (b"u+xs", 0o4744),
            (b"g+w-r", 0o624),
            (b"o+t", 0o1644),
            (b"g=u", 0o664),
            (b"77777", 0o7777),
        ] {
            assert_eq!(of(wanted), Some(made), "{}", shown(wanted));
        }
        assert_eq!(mode(b"a+X", 0o644, Kind::Directory), Some(0o755));
    }

    #[test]
    fn what_is_no_mode_is_refused() {
        for wanted in [&b""[..], b"999", b"u", b"z+x", b"u+q", b"u+x,", b"\xff", b"u\xc3\xa4+x", b"u+\xc3\xa4"] {
            assert_eq!(mode(wanted, 0o644, Kind::File), None, "{}", shown(wanted));
        }
    }
}
