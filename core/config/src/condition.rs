//! `<IfModule>`, `<IfDefine>` and `<IfVersion>`: they create no scope, they only decide whether the
//! lines inside count. Each file has its own.

use crate::tree::Argument;

/// The kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConditionKind {
    Module,
    Define,
    Version,
}

impl ConditionKind {
    pub(crate) fn of(name: &str) -> Option<Self> {
        [Self::Module, Self::Define, Self::Version].into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Module => "IfModule",
            Self::Define => "IfDefine",
            Self::Version => "IfVersion",
        }
    }
}

/// An open condition.
pub(crate) struct Condition {
    pub(crate) kind: ConditionKind,
    pub(crate) met: bool,
    /// The line where it opened.
    pub(crate) line: u32,
}

/// The open conditions in a file.
#[derive(Default)]
pub(crate) struct Conditions(Vec<Condition>);

impl Conditions {
    /// Whether lines count here.
    pub(crate) fn met(&self) -> bool {
        self.0.last().is_none_or(|condition| condition.met)
    }

    /// Opens a condition. Inside one that is not met, it is not met either.
    pub(crate) fn open(&mut self, kind: ConditionKind, met: bool, line: u32) {
        let met = met && self.met();
        self.0.push(Condition { kind, met, line });
    }

    /// Closes the innermost condition of a kind and all inside it; returns whether there
    /// was one.
    pub(crate) fn close(&mut self, kind: ConditionKind) -> bool {
        let found = self.0.iter().rposition(|condition| condition.kind == kind);
        found.inspect(|at| self.0.truncate(*at)).is_some()
    }

    /// The outermost condition that is still open.
    pub(crate) fn unclosed(&self) -> Option<&Condition> {
        self.0.first()
    }
}

/// Reads `name` or `!name`: the name, and whether it must be present.
pub(crate) fn wanted(arguments: &[Argument]) -> Option<(&str, bool)> {
    let word = arguments.first()?.text.as_str();
    let (name, there) = word.strip_prefix('!').map_or((word, true), |name| (name, false));
    (!name.is_empty()).then_some((name, there))
}
