//! Changes a line of an AuthUserFile, which has the format of passwd(5). All other
//! lines stay byte for byte the same.

use std::fmt;
use std::path::PathBuf;

/// The shell of a new user, which does not allow logins to the system.
const SHELL: &str = "/bin/false";
/// The highest id; the number above it means "none" to the system.
const MOST: i64 = u32::MAX as i64 - 1;

/// The fields of a line besides name and password.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct Fields {
    /// The user id for file access (required for a new user)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=MOST))]
    pub uid: Option<u32>,
    /// The group id [default for a new user: the number of --uid]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=MOST))]
    pub gid: Option<u32>,
    /// The user's real name or a comment
    #[arg(long, value_name = "TEXT")]
    pub gecos: Option<String>,
    /// The home folder, an absolute path (required for a new user)
    #[arg(long, value_name = "DIR")]
    pub home: Option<PathBuf>,
    /// The login shell [default for a new user: /bin/false]
    #[arg(long, value_name = "SHELL")]
    pub shell: Option<String>,
}

/// What happened to a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The user was added.
    Added,
    /// The user's line was changed.
    Changed,
}

impl fmt::Display for Change {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Added => "added",
            Self::Changed => "changed",
        })
    }
}

/// Why a line cannot be written.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// Not a valid user name.
    #[error("'{}' is not a valid user name: {fault}", .name.escape_debug())]
    Name {
        /// The name as given.
        name: String,
        /// Why it is not valid.
        fault: &'static str,
    },
    /// A field that would break its line.
    #[error("{0}: {1}")]
    Field(&'static str, &'static str),
    /// A new user without a required field.
    #[error("user '{0}' does not exist yet; a new user needs {1}")]
    Needed(String, &'static str),
    /// No user has this name.
    #[error("user '{0}' does not exist")]
    Nobody(String),
    /// The user's line has another format.
    #[error("line {0}, for '{1}', does not have the format of passwd(5); correct it by hand")]
    Malformed(usize, String),
}

/// Checks that a name can be written in a line.
pub fn check_name(name: &str) -> Result<(), LineError> {
    let fault = match () {
        () if name.is_empty() => "it is empty",
        () if name.contains(':') => "it contains a colon",
        () if name.contains(char::is_control) => "it contains a control character",
        () if name.starts_with('#') => "a line that starts with '#' is a comment",
        () if name.trim() != name => "it starts or ends with a space",
        () => return Ok(()),
    };
    Err(LineError::Name { name: name.to_owned(), fault })
}

impl Fields {
    /// Checks that the fields can be written in a line.
    pub fn check(&self) -> Result<(), LineError> {
        if let Some(home) = &self.home {
            let home = home.to_str().ok_or(LineError::Field("--home", "not UTF-8"))?;
            plain("--home", home)?;
            if !home.starts_with('/') {
                return Err(LineError::Field("--home", "must be an absolute path"));
            }
        }
        self.gecos.as_ref().map_or(Ok(()), |gecos| plain("--gecos", gecos))?;
        self.shell.as_ref().map_or(Ok(()), |shell| plain("--shell", shell))
    }
}

fn plain(option: &'static str, text: &str) -> Result<(), LineError> {
    match text.contains(|letter: char| letter == ':' || letter.is_control()) {
        true => Err(LineError::Field(option, "must not contain a colon or control character")),
        false => Ok(()),
    }
}

/// The file's text with the user's line changed or added.
pub fn with(text: &[u8], user: &str, secret: &str, fields: &Fields) -> Result<(Vec<u8>, Change), LineError> {
    // If two lines have the same name, the first counts, as for gantryd.
    let Some(at) = split(text).position(|line| is_of(line, user)) else {
        let line = added(user, secret, fields)?;
        let end: &[u8] = if text.is_empty() || text.ends_with(b"\n") { b"" } else { b"\n" };
        return Ok(([text, end, line.as_bytes()].concat(), Change::Added));
    };
    let mut made = Vec::new();
    for (number, line) in split(text).enumerate() {
        match number == at {
            true => made.extend_from_slice(changed(number, line, user, secret, fields)?.as_bytes()),
            false => made.extend_from_slice(line),
        }
    }
    Ok((made, Change::Changed))
}

/// The file's text without any line of the user.
pub fn without(text: &[u8], user: &str) -> Result<Vec<u8>, LineError> {
    let kept: Vec<&[u8]> = split(text).filter(|line| !is_of(line, user)).collect();
    let kept = kept.concat();
    if kept.len() == text.len() { Err(LineError::Nobody(user.to_owned())) } else { Ok(kept) }
}

/// The password field of the user's line.
pub fn secret(text: &[u8], user: &str) -> Result<String, LineError> {
    let found = split(text).enumerate().find(|(_, line)| is_of(line, user));
    let (number, line) = found.ok_or_else(|| LineError::Nobody(user.to_owned()))?;
    let malformed = || LineError::Malformed(number + 1, user.to_owned());
    let line = str::from_utf8(line).map_err(|_| malformed())?;
    line.split(':').nth(1).map(str::to_owned).ok_or_else(malformed)
}

/// The lines, each with its end.
pub fn split(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|byte| *byte == b'\n')
}

/// Whether a line is that of a user or group.
pub fn is_of(line: &[u8], user: &str) -> bool {
    line.strip_prefix(user.as_bytes()).is_some_and(|rest| rest.starts_with(b":"))
}

fn added(user: &str, secret: &str, fields: &Fields) -> Result<String, LineError> {
    let needed = |what| LineError::Needed(user.to_owned(), what);
    let uid = fields.uid.ok_or_else(|| needed("--uid and --home"))?;
    let home = fields.home.as_ref().ok_or_else(|| needed("--home"))?.display();
    let gid = fields.gid.unwrap_or(uid);
    let gecos = fields.gecos.as_deref().unwrap_or_default();
    let shell = fields.shell.as_deref().unwrap_or(SHELL);
    Ok(format!("{user}:{secret}:{uid}:{gid}:{gecos}:{home}:{shell}\n"))
}

fn changed(number: usize, line: &[u8], user: &str, secret: &str, fields: &Fields) -> Result<String, LineError> {
    let malformed = || LineError::Malformed(number + 1, user.to_owned());
    let line = str::from_utf8(line).map_err(|_| malformed())?.trim_end_matches(['\r', '\n']);
    let old: Vec<&str> = line.split(':').collect();
    let [name, _, uid, gid, gecos, home, shell] = old[..] else { return Err(malformed()) };
    let number = |given: Option<u32>, old: &str| given.map_or_else(|| old.to_owned(), |given| given.to_string());
    let (uid, gid) = (number(fields.uid, uid), number(fields.gid, gid));
    let home = fields.home.as_ref().map_or_else(|| home.to_owned(), |given| given.display().to_string());
    let (gecos, shell) = (fields.gecos.as_deref().unwrap_or(gecos), fields.shell.as_deref().unwrap_or(shell));
    Ok(format!("{name}:{secret}:{uid}:{gid}:{gecos}:{home}:{shell}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Fields {
        Fields { uid: Some(7), home: Some("/h".into()), ..Fields::default() }
    }

    #[test]
    fn a_new_user_gets_a_line_of_its_own() {
        let (text, change) = with(b"# users\nann:x:1:1::/a:", "bob", "$y$", &all()).unwrap();
        assert_eq!(text, b"# users\nann:x:1:1::/a:\nbob:$y$:7:7::/h:/bin/false\n");
        assert_eq!(change, Change::Added);
        assert_eq!(with(b"", "bob", "s", &all()).unwrap().0, b"bob:s:7:7::/h:/bin/false\n");
        let needed = with(b"", "bob", "s", &Fields::default()).unwrap_err();
        assert_eq!(needed.to_string(), "user 'bob' does not exist yet; a new user needs --uid and --home");
    }

    #[test]
    fn one_line_changes_and_all_others_stay() {
        let text = b"\xff junk\nbobby:x:1:1::/a:\r\nbob:old:2:3:Bob, B:/b:/bin/sh\r\nbob:second:9:9::/:\n";
        let (made, change) = with(text, "bob", "new", &Fields { uid: Some(5), ..Fields::default() }).unwrap();
        let expected = b"\xff junk\nbobby:x:1:1::/a:\r\nbob:new:5:3:Bob, B:/b:/bin/sh\nbob:second:9:9::/:\n";
        assert_eq!((made, change), (expected.to_vec(), Change::Changed));
        assert_eq!(secret(text, "bob"), Ok("old".to_owned()));
        assert_eq!(secret(text, "ann"), Err(LineError::Nobody("ann".to_owned())));
        assert_eq!(with(b"bob:x:1\n", "bob", "new", &all()), Err(LineError::Malformed(1, "bob".to_owned())));
    }

    #[test]
    fn a_removed_user_leaves_no_line() {
        let text = b"bob:a:1:1::/:\nann:b:1:1::/:\nbob:c:1:1::/:";
        assert_eq!(without(text, "bob").unwrap(), b"ann:b:1:1::/:\n");
        assert_eq!(without(text, "bo"), Err(LineError::Nobody("bo".to_owned())));
    }

    #[test]
    fn what_would_break_a_line_is_refused() {
        for name in ["", "a:b", "a\nb", "a\u{85}b", "#a", " a", "a\t"] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
        assert_eq!(check_name("jörg b"), Ok(()));
        for (home, shell) in [("relative", ""), ("/a:b", ""), ("/a\nb", ""), ("/a", "x:y"), ("/a", "x\r")] {
            let fields = Fields { home: Some(home.into()), shell: Some(shell.to_owned()), ..Fields::default() };
            assert!(fields.check().is_err(), "{home:?} {shell:?}");
        }
        assert_eq!(all().check(), Ok(()));
    }
}
