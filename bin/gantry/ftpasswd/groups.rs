//! Changes a line of an AuthGroupFile, which has the format of group(5). All other
//! lines stay byte for byte the same.

use crate::passwd::lines::{Change, LineError, check_name, is_of, split};

/// What to do with a group's members.
#[derive(Debug, Clone, Copy)]
pub enum Members<'a> {
    /// Keep them.
    Keep,
    /// Replace them with these.
    Set(&'a [String]),
    /// Add one.
    Add(&'a str),
}

/// Why a line cannot be written.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum GroupError {
    /// Not a valid name for a group or member.
    #[error("'{}' is not a valid name for a group or member: {fault}", .name.escape_debug())]
    Name {
        /// The name as given.
        name: String,
        /// Why it is not valid.
        fault: &'static str,
    },
    /// A new group without a gid.
    #[error("group '{0}' does not exist yet; a new group needs --gid")]
    Needed(String),
    /// No group has this name.
    #[error("group '{0}' does not exist")]
    Nobody(String),
    /// The group's line has another format.
    #[error("line {0}, for '{1}', does not have the format of group(5); correct it by hand")]
    Malformed(usize, String),
}

/// The file's text with the group's line changed or added.
pub fn with(text: &[u8], group: &str, gid: Option<u32>, members: Members<'_>) -> Result<(Vec<u8>, Change), GroupError> {
    check(group)?;
    match members {
        Members::Set(members) => members.iter().try_for_each(|member| check(member))?,
        Members::Add(member) => check(member)?,
        Members::Keep => {}
    }
    let Some(at) = split(text).position(|line| is_of(line, group)) else {
        let line = added(group, gid, members)?;
        let end: &[u8] = if text.is_empty() || text.ends_with(b"\n") { b"" } else { b"\n" };
        return Ok(([text, end, line.as_bytes()].concat(), Change::Added));
    };
    let mut made = Vec::new();
    for (number, line) in split(text).enumerate() {
        match number == at {
            true => made.extend_from_slice(changed(number, line, group, gid, members)?.as_bytes()),
            false => made.extend_from_slice(line),
        }
    }
    Ok((made, Change::Changed))
}

/// The file's text without any line of the group.
pub fn without(text: &[u8], group: &str) -> Result<Vec<u8>, GroupError> {
    let kept = split(text).filter(|line| !is_of(line, group)).collect::<Vec<_>>().concat();
    if kept.len() == text.len() { Err(GroupError::Nobody(group.to_owned())) } else { Ok(kept) }
}

fn check(name: &str) -> Result<(), GroupError> {
    let fault = match check_name(name) {
        Err(LineError::Name { fault, .. }) => fault,
        _ if name.contains(',') => "it contains a comma",
        _ => return Ok(()),
    };
    Err(GroupError::Name { name: name.to_owned(), fault })
}

fn added(group: &str, gid: Option<u32>, members: Members<'_>) -> Result<String, GroupError> {
    let members = match members {
        Members::Add(_) => return Err(GroupError::Nobody(group.to_owned())),
        Members::Set(members) => members.join(","),
        Members::Keep => String::new(),
    };
    let gid = gid.ok_or_else(|| GroupError::Needed(group.to_owned()))?;
    Ok(format!("{group}:x:{gid}:{members}\n"))
}

fn changed(
    number: usize,
    line: &[u8],
    group: &str,
    gid: Option<u32>,
    members: Members<'_>,
) -> Result<String, GroupError> {
    let malformed = || GroupError::Malformed(number + 1, group.to_owned());
    let line = str::from_utf8(line).map_err(|_| malformed())?.trim_end_matches(['\r', '\n']);
    let old: Vec<&str> = line.split(':').collect();
    let [name, secret, number, there] = old[..] else { return Err(malformed()) };
    let gid = gid.map_or_else(|| number.to_owned(), |gid| gid.to_string());
    let members = match members {
        Members::Keep => there.to_owned(),
        Members::Set(members) => members.join(","),
        Members::Add(member) if there.split(',').any(|known| known.trim() == member) => there.to_owned(),
        Members::Add(member) if there.is_empty() => member.to_owned(),
        Members::Add(member) => format!("{there},{member}"),
    };
    Ok(format!("{name}:{secret}:{gid}:{members}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(done: Result<(Vec<u8>, Change), GroupError>) -> String {
        String::from_utf8(done.unwrap().0).unwrap()
    }

    #[test]
    fn one_line_changes_and_all_others_stay() {
        let file = b"# groups\nstaff:x:5:a,b\nno:x:6:";
        let two = ["c".to_owned(), "d".to_owned()];
        assert_eq!(text(with(file, "no", Some(7), Members::Add("a"))), "# groups\nstaff:x:5:a,b\nno:x:7:a\n");
        assert_eq!(text(with(file, "staff", None, Members::Add("c"))), "# groups\nstaff:x:5:a,b,c\nno:x:6:");
        assert_eq!(text(with(file, "staff", None, Members::Add("b"))), "# groups\nstaff:x:5:a,b\nno:x:6:");
        assert_eq!(text(with(file, "staff", None, Members::Set(&two))), "# groups\nstaff:x:5:c,d\nno:x:6:");
        assert_eq!(
            text(with(file, "new", Some(8), Members::Set(&two))),
            format!("{}\nnew:x:8:c,d\n", str::from_utf8(file).unwrap())
        );
        assert_eq!(without(file, "staff").unwrap(), b"# groups\nno:x:6:");
    }

    #[test]
    fn what_makes_no_line_is_refused() {
        assert_eq!(with(b"", "g", None, Members::Keep), Err(GroupError::Needed("g".to_owned())));
        assert_eq!(with(b"", "g", Some(1), Members::Add("a")), Err(GroupError::Nobody("g".to_owned())));
        assert_eq!(with(b"g:x\n", "g", Some(1), Members::Keep), Err(GroupError::Malformed(1, "g".to_owned())));
        assert_eq!(without(b"", "g"), Err(GroupError::Nobody("g".to_owned())));
        for name in ["a,b", "a:b", "", "a\n"] {
            assert!(with(b"", name, Some(1), Members::Keep).is_err(), "{name:?}");
            assert!(with(b"g:x:1:\n", "g", None, Members::Add(name)).is_err(), "{name:?}");
        }
    }
}
