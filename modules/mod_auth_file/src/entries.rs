//! The lines of passwd(5) and group(5). A faulty line is skipped with a warning that gives its number, so that one
//! mistake does not lock everyone out.

use std::collections::HashMap;

/// A user in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) hash: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) home: String,
    pub(crate) shell: String,
}

/// A group in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) gid: u32,
    pub(crate) members: Vec<String>,
}

/// A faulty line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Warning {
    /// The line's number, from 1.
    pub(crate) line: usize,
    /// What is wrong, without the line itself, because it contains a hash.
    pub(crate) what: String,
}

/// The contents of a file, and its faulty lines.
pub(crate) type Parsed<T> = (T, Vec<Warning>);

/// Users by name; if two have the same name, the first counts, as in passwd(5).
pub(crate) fn users(text: &[u8]) -> Parsed<HashMap<String, User>> {
    let mut users = HashMap::new();
    let mut warnings = Vec::new();
    for (number, line) in lines(text) {
        let warn = |what: String| Warning { line: number, what };
        match user(line) {
            Ok((name, _)) if users.contains_key(&name) => {
                warnings.push(warn(format!("user '{name}' is already in a line above")))
            }
            Ok((name, user)) => drop(users.insert(name, user)),
            Err(what) => warnings.push(warn(what)),
        }
    }
    (users, warnings)
}

/// Groups, in the order of the file.
pub(crate) fn groups(text: &[u8]) -> Parsed<Vec<Group>> {
    let mut groups = Vec::new();
    let mut warnings = Vec::new();
    for (line, text) in lines(text) {
        match group(text) {
            Ok(group) => groups.push(group),
            Err(what) => warnings.push(Warning { line, what }),
        }
    }
    (groups, warnings)
}

/// The lines that are not empty or comments, numbered from 1.
fn lines(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let lines = text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines
        .enumerate()
        .map(|(at, line)| (at + 1, line))
        .filter(|(_, line)| !line.trim_ascii().is_empty() && !line.starts_with(b"#"))
}

fn user(line: &[u8]) -> Result<(String, User), String> {
    let line = std::str::from_utf8(line).map_err(|_| "not UTF-8".to_owned())?;
    let fields: Vec<&str> = line.split(':').collect();
    let [name, hash, uid, gid, _, home, shell] = fields[..] else {
        return Err(format!("expected 7 fields separated by colons, found {}", fields.len()));
    };
    if name.is_empty() {
        return Err("the name is empty".to_owned());
    }
    if !home.starts_with('/') {
        return Err(format!("the home of '{name}' is not an absolute path"));
    }
    let (uid, gid) = (id(uid, "uid")?, id(gid, "gid")?);
    let user =
        User { hash: hash.to_owned(), uid, gid, home: home.to_owned(), shell: shell.trim_ascii_end().to_owned() };
    Ok((name.to_owned(), user))
}

fn group(line: &[u8]) -> Result<Group, String> {
    let line = std::str::from_utf8(line).map_err(|_| "not UTF-8".to_owned())?;
    let fields: Vec<&str> = line.split(':').collect();
    let [name, _, gid, members] = fields[..] else {
        return Err(format!("expected 4 fields separated by colons, found {}", fields.len()));
    };
    if name.is_empty() {
        return Err("the name is empty".to_owned());
    }
    let members = members.split(',').map(str::trim).filter(|member| !member.is_empty()).map(str::to_owned);
    Ok(Group { name: name.to_owned(), gid: id(gid, "gid")?, members: members.collect() })
}

/// A user or group id; the highest number means "none" to the system.
fn id(text: &str, what: &str) -> Result<u32, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse::<u32>().ok().filter(|number| digits && *number != u32::MAX);
    number.ok_or_else(|| format!("'{text}' is not a {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_read() {
        let (users, warnings) = users(b"# comment\n\nann:$6$x$y:1000:50:Ann, of A:/home/ann:/bin/sh\r\nbob::0:0::/:\n");
        assert_eq!(warnings, []);
        let ann = User { hash: "$6$x$y".into(), uid: 1000, gid: 50, home: "/home/ann".into(), shell: "/bin/sh".into() };
        assert_eq!(users["ann"], ann);
        assert_eq!((users["bob"].hash.as_str(), users["bob"].shell.as_str()), ("", ""));
    }

    #[test]
    fn wrong_lines_are_numbered_and_passed_over() {
        let text = b"a:x:1:1::/:\nb:x:1:1::/\nc:x:-1:1::/:\nd:x:1:4294967295::/:\n:x:1:1::/:\na:x:2:2::/:\ne:x:1:1::home:\nf:\xff:1:1::/:\ng:x:1:1::/:";
        let (users, warnings) = users(text);
        let mut names: Vec<_> = users.keys().collect();
        names.sort();
        assert_eq!(names, ["a", "g"]);
        assert_eq!(users["a"].uid, 1);
        assert_eq!(warnings.iter().map(|warning| warning.line).collect::<Vec<_>>(), [2, 3, 4, 5, 6, 7, 8]);
        assert!(warnings.iter().all(|warning| !warning.what.contains(":x:")));
    }

    #[test]
    fn groups_are_read() {
        let (groups, warnings) = groups(b"staff:x:50:ann,bob\nweb:x:60:\nbad:x:y:ann\n");
        assert_eq!(groups[0], Group { name: "staff".into(), gid: 50, members: vec!["ann".into(), "bob".into()] });
        assert!(groups[1].members.is_empty());
        assert_eq!(warnings[0].line, 3);
    }
}
