//! The answer of RFC 1413: `6193, 23 : USERID : UNIX : stjohns`.

/// The longest name of a user that is kept, in characters (RFC 1413 section 4: octets).
const LONGEST: usize = 512;

/// The user in an answer for a connection, which is named by the ports on the client's and on the
/// server's side. Control characters are removed.
pub(crate) fn user(answer: &[u8], ports: (u16, u16)) -> Option<String> {
    let line = answer.split(|byte| *byte == b'\n').next()?;
    let line = String::from_utf8_lossy(line);
    let mut fields = line.trim_end_matches('\r').splitn(4, ':');
    let (asked, kind, _system, user) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let (remote, local) = asked.split_once(',')?;
    let named = (remote.trim().parse().ok()?, local.trim().parse().ok()?);
    if named != ports || !kind.trim().eq_ignore_ascii_case("USERID") {
        return None;
    }
    let user: String = user.trim().chars().filter(|letter| !letter.is_control()).take(LONGEST).collect();
    (!user.is_empty()).then_some(user)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_names_a_user_of_this_connection() {
        let user = |answer: &str| user(answer.as_bytes(), (6193, 23));
        assert_eq!(user("6193, 23 : USERID : UNIX : stjohns\r\n").as_deref(), Some("stjohns"));
        assert_eq!(user("6193,23:USERID:OTHER,UTF-8:a:b c\x1b[0m\n").as_deref(), Some("a:b c[0m"));
        for wrong in [
            "",
            "6193, 23 : ERROR : NO-USER\r\n",
            "6193, 24 : USERID : UNIX : x\r\n",
            "6193, 23 : USERID : UNIX : \r\n",
            "x",
        ] {
            assert_eq!(user(wrong), None, "{wrong:?}");
        }
    }
}
