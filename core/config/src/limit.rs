//! `<Limit>`: what a scope allows and refuses. The judging is the access
//! gate's.

use gantry_api::Value;

use crate::position::Position;

/// One `<Limit>` section, or an AllowAll or DenyAll that stands directly in a
/// `<Directory>` or `<Anonymous>` and speaks of all commands.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// Commands (`STOR`, `SITE_CHMOD`) and groups (`READ`, `WRITE`, `DIRS`,
    /// `ALL`, `LOGIN`), in upper case.
    pub commands: Vec<String>,
    /// What happens to them.
    pub rule: Rule,
    /// All directives of the section, name and value, in order.
    pub settings: Value,
    /// Where it stands.
    pub position: Position,
}

/// What a limit says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// AllowAll.
    AllowAll,
    /// DenyAll.
    DenyAll,
}

impl Rule {
    /// The rule that a directive of this name gives.
    pub(crate) fn of(directive: &str) -> Option<Self> {
        match () {
            () if directive.eq_ignore_ascii_case("AllowAll") => Some(Self::AllowAll),
            () if directive.eq_ignore_ascii_case("DenyAll") => Some(Self::DenyAll),
            () => None,
        }
    }
}
