//! Facts of MLST and MLSD (RFC 3659 section 7): their names, a client's selection, and the line
//! that lists them.

use std::fmt;

use super::entry::{Entry, one_word, write_bytes};
use super::kind::Kind;
use crate::time;

/// Names of facts, in output order; bit `n` of [`Facts`] is the `n`th.
const NAMES: [&str; 10] = [
    "modify",
    "perm",
    "size",
    "type",
    "unique",
    "UNIX.group",
    "UNIX.groupname",
    "UNIX.mode",
    "UNIX.owner",
    "UNIX.ownername",
];

/// A selection of facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts(u16);

impl Facts {
    /// None.
    pub const NONE: Facts = Facts(0);
    /// All facts, the selection until a client changes it.
    pub const ALL: Facts = Facts((1 << NAMES.len()) - 1);
    /// Time of modification.
    pub const MODIFY: Facts = Facts(1);
    /// What the session may do.
    pub const PERM: Facts = Facts(1 << 1);
    /// Bytes.
    pub const SIZE: Facts = Facts(1 << 2);
    /// File, directory, link.
    pub const TYPE: Facts = Facts(1 << 3);
    /// A text that is the same for all names of one file.
    pub const UNIQUE: Facts = Facts(1 << 4);
    /// Number of the group.
    pub const UNIX_GROUP: Facts = Facts(1 << 5);
    /// Name of the group.
    pub const UNIX_GROUPNAME: Facts = Facts(1 << 6);
    /// Permission bits.
    pub const UNIX_MODE: Facts = Facts(1 << 7);
    /// Number of the owner.
    pub const UNIX_OWNER: Facts = Facts(1 << 8);
    /// Name of the owner.
    pub const UNIX_OWNERNAME: Facts = Facts(1 << 9);

    /// The selection in `OPTS MLST type;size;`, given without `MLST `. Unknown facts are ignored,
    /// as RFC 3659 section 7.9 requires, and so is what no semicolon ends.
    #[must_use]
    pub fn parse(argument: &[u8]) -> Facts {
        named(argument).fold(Facts::NONE, |facts, at| Facts(facts.0 | 1 << at))
    }

    /// The known facts of such a selection in the client's order, each with a semicolon.
    #[must_use]
    pub fn spelled(argument: &[u8]) -> String {
        named(argument).filter_map(|at| NAMES.get(at)).map(|name| format!("{name};")).collect()
    }

    /// Whether it contains all of `other`.
    #[must_use]
    pub const fn contains(self, facts: Facts) -> bool {
        self.0 & facts.0 == facts.0
    }

    /// Both selections together.
    #[must_use]
    pub const fn with(self, facts: Facts) -> Facts {
        Facts(self.0 | facts.0)
    }

    /// This selection without `other`.
    #[must_use]
    pub const fn without(self, facts: Facts) -> Facts {
        Facts(self.0 & !facts.0)
    }

    /// FEAT's text after `MLST `: every fact, with a star after the selected ones.
    #[must_use]
    pub fn feature(self) -> String {
        let mut text = String::new();
        for (at, name) in NAMES.iter().enumerate() {
            text.push_str(name);
            if self.has(at) {
                text.push('*');
            }
            text.push(';');
        }
        text
    }

    const fn has(self, at: usize) -> bool {
        self.0 & (1 << at) != 0
    }
}

/// The positions of the facts that a selection names.
fn named(argument: &[u8]) -> impl Iterator<Item = usize> {
    let ended = argument.iter().rposition(|&byte| byte == b';').and_then(|end| argument.get(..end));
    let wanted = ended.unwrap_or_default().split(|&byte| byte == b';');
    wanted.filter_map(|wanted| NAMES.iter().position(|name| name.as_bytes().eq_ignore_ascii_case(wanted.trim_ascii())))
}

/// The names, each with a semicolon.
impl fmt::Display for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, name) in NAMES.iter().enumerate() {
            if self.has(at) {
                write!(f, "{name};")?;
            }
        }
        Ok(())
    }
}

impl Entry<'_> {
    /// Appends facts and name as in MLSD lines and MLST replies, without the line end:
    /// `size=12;type=file; name`. A directory called `.` or `..` has the type `cdir` or `pdir`.
    pub fn write_facts(&self, facts: Facts, out: &mut Vec<u8>) {
        for (at, name) in NAMES.iter().enumerate() {
            let fact = Facts(1 << at);
            if !facts.contains(fact) {
                continue;
            }
            if let Some(value) = self.fact(fact) {
                out.extend_from_slice(format!("{name}={value};").as_bytes());
            }
        }
        out.push(b' ');
        write_bytes(self.name, out);
    }

    fn fact(&self, fact: Facts) -> Option<String> {
        Some(match fact {
            Facts::MODIFY => time::format(self.modified),
            Facts::PERM => self.access.letters(self.kind),
            Facts::SIZE if self.kind == Kind::Directory => return None,
            Facts::SIZE => self.size.to_string(),
            Facts::TYPE => self.type_name().to_owned(),
            Facts::UNIQUE => format!("{:X}U{:X}", self.unique.0, self.unique.1),
            Facts::UNIX_GROUP => self.gid.to_string(),
            Facts::UNIX_GROUPNAME => one_word(self.group),
            Facts::UNIX_MODE => format!("0{:o}", self.mode & 0o7777),
            Facts::UNIX_OWNER => self.uid.to_string(),
            Facts::UNIX_OWNERNAME => one_word(self.owner),
            _ => return None,
        })
    }

    fn type_name(&self) -> &'static str {
        match (self.kind, self.name) {
            (Kind::Directory, b".") => "cdir",
            (Kind::Directory, b"..") => "pdir",
            (Kind::Directory, _) => "dir",
            (Kind::File, _) => "file",
            (Kind::Link, _) => "OS.unix=symlink",
            (Kind::CharacterDevice, _) => "OS.unix=chr",
            (Kind::BlockDevice, _) => "OS.unix=blk",
            (Kind::Pipe, _) => "OS.unix=pipe",
            (Kind::Socket, _) => "OS.unix=socket",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::access::Access;
    use super::*;

    fn stated(entry: &Entry<'_>, facts: Facts) -> String {
        let mut out = Vec::new();
        entry.write_facts(facts, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn file() -> Entry<'static> {
        Entry {
            name: b"a name",
            mode: 0o100_644,
            owner: "ann;x=1",
            group: "staff",
            uid: 1000,
            gid: 50,
            size: 12,
            modified: 1_795_450_500,
            unique: (0xfd00, 0x12ab),
            access: Access::READ.with(Access::WRITE).with(Access::DELETE),
            ..Entry::default()
        }
    }

    #[test]
    fn all_facts_are_stated_until_a_client_chooses() {
        assert_eq!(
            stated(&file(), Facts::ALL),
            "modify=20261123161500;perm=adrw;size=12;type=file;unique=FD00U12AB;UNIX.group=50;\
             UNIX.groupname=staff;UNIX.mode=0644;UNIX.owner=1000;UNIX.ownername=ann_x=1; a name"
        );
        let chosen = Facts::parse(b"Type;size;nonsense;;unix.MODE;perm");
        assert_eq!(Facts::spelled(b"Type;size;nonsense;;unix.MODE;perm"), "type;size;UNIX.mode;");
        assert_eq!(stated(&file(), chosen), "size=12;type=file;UNIX.mode=0644; a name");
        assert_eq!(chosen.to_string(), "size;type;UNIX.mode;");
        assert_eq!(stated(&file(), Facts::parse(b"")), " a name");
    }

    #[test]
    fn directories_have_no_size_and_other_letters() {
        let directory =
            Entry { kind: Kind::Directory, access: Access::READ.with(Access::ENTER).with(Access::WRITE), ..file() };
        let facts = Facts::TYPE.with(Facts::PERM).with(Facts::SIZE);
        assert_eq!(stated(&directory, facts), "perm=lcmpe;type=dir; a name");
        let current = Entry { name: b".", ..directory };
        assert_eq!(stated(&current, Facts::TYPE), "type=cdir; .");
    }

    #[test]
    fn features_mark_the_choice() {
        let text = Facts::ALL.without(Facts::PERM).feature();
        assert!(text.starts_with("modify*;perm;size*;type*;"));
        assert!(Facts::ALL.contains(Facts::UNIX_OWNERNAME));
    }
}
