//! Facts about a command, without its handler: for the gate, the logs, HELP and FEAT.

use std::fmt;
use std::ops::BitOr;

use gantry_proto::verb::Verb;

/// Facts about a command, for HELP, FEAT and the logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandInfo {
    /// The command.
    pub verb: Verb,
    /// Its parameters.
    pub syntax: String,
    /// What it does.
    pub help: String,
    /// Its classes.
    pub classes: CommandClasses,
    /// Which part of its argument is a path.
    pub path: PathArgument,
    /// Its FEAT line (RFC 2389), if it has one.
    pub feature: Option<String>,
}

/// Whether a command is allowed before login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    /// 530 before login.
    Required,
    /// Allowed at any time.
    NotNeeded,
}

/// Which part of a command's argument is a path. The gate and the `<Directory>` settings depend on
/// it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathArgument {
    /// Nothing.
    None,
    /// The whole argument; the working directory if it is empty.
    Whole,
    /// The rest after options such as `-la`.
    AfterOptions,
    /// The rest after the first word.
    AfterWord,
    /// Nothing; the command is about the folder above the working directory.
    Parent,
}

impl PathArgument {
    /// The path in an argument.
    pub fn of(self, argument: &[u8]) -> &[u8] {
        match self {
            Self::None => &[],
            Self::Whole => argument,
            Self::Parent => b"..",
            Self::AfterWord => after_word(argument),
            Self::AfterOptions => {
                let mut rest = argument;
                while rest.first() == Some(&b'-') {
                    rest = after_word(rest);
                }
                rest
            }
        }
    }
}

/// The rest of a text after its first space.
fn after_word(text: &[u8]) -> &[u8] {
    text.iter().position(|byte| *byte == b' ').and_then(|at| text.get(at + 1..)).unwrap_or_default()
}

/// A set of command classes, as ProFTPD's ExtendedLog names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CommandClasses(u16);

impl CommandClasses {
    /// Reading files.
    pub const READ: Self = Self(1);
    /// Writing, renaming and removing files and directories.
    pub const WRITE: Self = Self(2);
    /// Working with directories.
    pub const DIRS: Self = Self(4);
    /// Information.
    pub const INFO: Self = Self(8);
    /// Logins.
    pub const AUTH: Self = Self(16);
    /// Everything that is in no other class.
    pub const MISC: Self = Self(32);
    /// Security (RFC 2228).
    pub const SEC: Self = Self(64);

    const NAMES: [(Self, &'static str); 7] = [
        (Self::READ, "READ"),
        (Self::WRITE, "WRITE"),
        (Self::DIRS, "DIRS"),
        (Self::INFO, "INFO"),
        (Self::AUTH, "AUTH"),
        (Self::MISC, "MISC"),
        (Self::SEC, "SEC"),
    ];

    /// No class.
    pub const fn none() -> Self {
        Self(0)
    }

    /// The class with this name, ignoring case.
    pub fn parse(name: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(_, known)| known.eq_ignore_ascii_case(name));
        found.map(|(class, _)| *class)
    }

    /// Whether the sets have a class in common.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The union of both sets.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOr for CommandClasses {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.union(other)
    }
}

/// `DIRS, WRITE`.
impl fmt::Display for CommandClasses {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(Self::NAMES.iter().filter(|(class, _)| self.intersects(*class)).map(|(_, name)| *name), out)
    }
}

/// A set of command groups, as `<Limit>` names them. They differ slightly from the classes: MKD is in
/// DIRS and WRITE for logs, but only in WRITE for `<Limit>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LimitGroups(u16);

impl LimitGroups {
    /// Reading files.
    pub const READ: Self = Self(1);
    /// Changing files and directories.
    pub const WRITE: Self = Self(2);
    /// Navigating and listing directories.
    pub const DIRS: Self = Self(4);
    /// Every SITE command.
    pub const SITE: Self = Self(8);
    /// No group, and not in `<Limit ALL>` either: only a `<Limit>` that names the command applies. For
    /// commands that touch no file and without which no client works (PASV, TYPE, QUIT).
    pub const NAMED: Self = Self(16);

    const NAMES: [(Self, &'static str); 4] =
        [(Self::READ, "READ"), (Self::WRITE, "WRITE"), (Self::DIRS, "DIRS"), (Self::SITE, "SITE")];

    /// No group.
    pub const fn none() -> Self {
        Self(0)
    }

    /// The default groups of a command: those with the names of its classes, or WRITE for a SITE
    /// command, as in ProFTPD.
    pub const fn of(verb: Verb, classes: CommandClasses) -> Self {
        if verb.is_site() {
            return Self::WRITE.union(Self::SITE);
        }
        Self(classes.0 & (Self::READ.0 | Self::WRITE.0 | Self::DIRS.0))
    }

    /// Adds SITE for a SITE command.
    pub const fn given(self, verb: Verb) -> Self {
        if verb.is_site() { self.union(Self::SITE) } else { self }
    }

    /// Whether `<Limit ALL>` applies.
    pub const fn in_all(self) -> bool {
        self.0 & Self::NAMED.0 == 0
    }

    /// Whether the set contains the group with this name, ignoring case.
    pub fn contains_name(self, name: &str) -> bool {
        let mut names = Self::NAMES.iter().filter(|(group, _)| self.0 & group.0 != 0);
        names.any(|(_, known)| known.eq_ignore_ascii_case(name))
    }

    /// The union of both sets.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOr for LimitGroups {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.union(other)
    }
}

/// `READ, DIRS`.
impl fmt::Display for LimitGroups {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(Self::NAMES.iter().filter(|(group, _)| self.0 & group.0 != 0).map(|(_, name)| *name), out)
    }
}

fn list<'n>(names: impl Iterator<Item = &'n str>, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (at, name) in names.enumerate() {
        write!(out, "{}{name}", if at == 0 { "" } else { ", " })?;
    }
    Ok(())
}
