//! SITE CHMOD: permission bits, in octal or as chmod(1) names them.

use gantry_api::files::{Kind, Links};
use gantry_api::prelude::*;

use crate::parameters::{done, first_word, not_understood, shown};

command! {
    /// Sets permission bits, in octal or as chmod(1) names them.
    SITE_CHMOD "<sp> mode <sp> pathname", class: MISC, path: AfterWord, does: [STOR], wait: change;
}

async fn change(at: &mut Moment<'_>) -> Result<Step> {
    let (wanted, name) = first_word(&at.command.argument);
    if name.is_empty() {
        return not_understood(at, 500);
    }
    let path = at.session.resolve(name);
    let named = |error: Error| error.of_file(name);
    let metadata = at.files.metadata(&path, Links::Follow).await.map_err(named)?;
    let Some(mode) = mode(wanted, metadata.mode, metadata.kind) else {
        return refuse(550, format!("'{}': invalid mode", shown(wanted)));
    };
    at.files.set_mode(&path, mode).await.map_err(named)?;
    done(at, 200, "SITE CHMOD command successful")
}

/// The mode that `wanted` makes of `current`: octal digits, or clauses such as `u+x,go-w`, `a=rX`.
fn mode(wanted: &[u8], current: u32, kind: Kind) -> Option<u32> {
    let text = std::str::from_utf8(wanted).ok().filter(|text| !text.is_empty())?;
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o7777);
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
        let bits = bits(letters, mode, kind)? & who;
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
        ] {
            assert_eq!(of(wanted), Some(made), "{}", shown(wanted));
        }
        assert_eq!(mode(b"a+X", 0o644, Kind::Directory), Some(0o755));
    }

    #[test]
    fn what_is_no_mode_is_refused() {
        for wanted in
            [&b""[..], b"999", b"77777", b"u", b"z+x", b"u+q", b"u+x,", b"\xff", b"u\xc3\xa4+x", b"u+\xc3\xa4"]
        {
            assert_eq!(mode(wanted, 0o644, Kind::File), None, "{}", shown(wanted));
        }
    }
}
