//! The access gate: whether a command may do what it does where it does it
//! (`<Limit>`, `<Directory>`, AllowAll, DenyAll). Every way to a file comes
//! through here: the session's file system asks before each operation, whoever
//! calls it.

use gantry_api::{Error, Result, Verb};
use gantry_config::{Limit, Rule};

/// What is done to a file, whatever the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Knowing of it.
    Stat,
    /// Reading a file.
    Read,
    /// Writing a file.
    Write,
    /// Listing a directory.
    List,
    /// Making a directory the working one.
    Enter,
    /// Making a directory.
    MakeDirectory,
    /// Removing a directory.
    RemoveDirectory,
    /// Removing a file.
    Remove,
    /// Giving up a name.
    RenameFrom,
    /// Taking a name.
    RenameTo,
    /// Changing times or permissions.
    Change,
}

impl Operation {
    /// The commands that exist to do this; another command that does it needs
    /// leave for the first of them as well.
    fn commands(self) -> &'static [Verb] {
        match self {
            Self::Stat => &[],
            Self::Read => &[Verb::RETR],
            Self::Write => &[Verb::STOR, Verb::STOU, Verb::APPE],
            Self::List => &[Verb::LIST, Verb::NLST, Verb::MLSD, Verb::STAT],
            Self::Enter => &[Verb::CWD, Verb::XCWD, Verb::CDUP, Verb::XCUP, Verb::PASS],
            Self::MakeDirectory => &[Verb::MKD, Verb::XMKD],
            Self::RemoveDirectory => &[Verb::RMD, Verb::XRMD],
            Self::Remove => &[Verb::DELE],
            Self::RenameFrom => &[Verb::RNFR, Verb::RNTO],
            Self::RenameTo => &[Verb::RNTO],
            Self::Change => &[Verb::STOR, Verb::MFMT, Verb::MFF, CHMOD],
        }
    }
}

/// The rules of one scope, innermost first.
#[derive(Debug, Clone)]
pub struct Rules {
    rules: Vec<(Names, Rule)>,
}

#[derive(Debug, Clone)]
struct Names(Vec<String>);

impl Rules {
    /// Takes the limits of a scope, which stand innermost last.
    pub fn new(limits: &[Limit]) -> Self {
        let rules = limits.iter().rev().map(|limit| (Names(limit.commands.clone()), limit.rule)).collect();
        Self { rules }
    }

    /// Whether there is nothing to check.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether a command may be used: the innermost rule that names it counts,
    /// by itself, by its group, or by ALL, in this order.
    fn allows(&self, verb: Verb) -> bool {
        let name = verb.name();
        let names: [&[&str]; 3] = [&[&name], groups(verb), if verb == LOGIN { &[] } else { &["ALL"] }];
        let said = names.iter().find_map(|names| self.rules.iter().find(|(rule, _)| rule.has(names)));
        said.is_none_or(|(_, rule)| *rule == Rule::AllowAll)
    }

    /// Refuses what a command may not do.
    pub fn check(&self, verb: Verb, operation: Option<Operation>) -> Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        let mut allowed = self.allows(verb);
        if let Some(commands) = operation.map(Operation::commands)
            && let Some(first) = commands.first()
            && !commands.contains(&verb)
        {
            allowed &= self.allows(*first);
        }
        if allowed { Ok(()) } else { Err(Error::client(550, "Permission denied")) }
    }
}

impl Names {
    fn has(&self, names: &[&str]) -> bool {
        self.0.iter().any(|name| names.iter().any(|wanted| name.eq_ignore_ascii_case(wanted)))
    }
}

const CHMOD: Verb = Verb::new("SITE_CHMOD");
/// `<Limit LOGIN>`.
pub const LOGIN: Verb = Verb::new("LOGIN");

/// The groups of `<Limit>` that a command is in.
fn groups(verb: Verb) -> &'static [&'static str] {
    match verb {
        Verb::RETR | Verb::SIZE => &["READ"],
        Verb::STAT => &["READ", "DIRS"],
        Verb::APPE
        | Verb::DELE
        | Verb::MKD
        | Verb::XMKD
        | Verb::RMD
        | Verb::XRMD
        | Verb::RNTO
        | Verb::STOR
        | Verb::STOU
        | Verb::MFMT
        | Verb::MFF => &["WRITE"],
        Verb::CDUP
        | Verb::XCUP
        | Verb::CWD
        | Verb::XCWD
        | Verb::LIST
        | Verb::MDTM
        | Verb::MLSD
        | Verb::MLST
        | Verb::NLST
        | Verb::PWD
        | Verb::XPWD
        | Verb::RNFR => &["DIRS"],
        site if site.is_site() => &["WRITE", "SITE"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(limits: &[(&[&str], Rule)]) -> Rules {
        let rules = limits
            .iter()
            .rev()
            .map(|(names, rule)| (Names(names.iter().map(|name| (*name).to_owned()).collect()), *rule))
            .collect();
        Rules { rules }
    }

    #[test]
    fn the_command_counts_before_its_group_and_the_group_before_all() {
        let rules = rules(&[(&["ALL"], Rule::DenyAll), (&["DIRS"], Rule::AllowAll), (&["NLST"], Rule::DenyAll)]);
        assert!(rules.allows(Verb::LIST));
        assert!(!rules.allows(Verb::NLST));
        assert!(!rules.allows(Verb::RETR));
        assert!(rules.allows(LOGIN));
    }

    #[test]
    fn a_command_needs_leave_for_what_it_does() {
        let rules = rules(&[(&["READ"], Rule::DenyAll)]);
        assert!(rules.check(Verb::new("SITE_COPY"), Some(Operation::Read)).is_err());
        assert!(rules.check(Verb::new("SITE_COPY"), Some(Operation::Write)).is_ok());
        assert!(rules.check(Verb::STOR, Some(Operation::Write)).is_ok());
    }
}
