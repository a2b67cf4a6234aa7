//! Dispatch tables: for each command and phase, the modules to call. Made once
//! a generation; a module without a hook on a verb is in none of its rows.

use gantry_api::{Hook, Login, PathArgument, Phase, Verb};

/// The modules of one command.
#[derive(Debug, Clone)]
pub struct Row {
    /// Whether it needs a login.
    pub login: Login,
    /// What of its argument is a path.
    pub path: PathArgument,
    phases: [Box<[usize]>; 6],
}

impl Row {
    /// The modules to call in a phase, in order, by their positions.
    pub fn modules(&self, phase: Phase) -> &[usize] {
        &self.phases[phase as usize]
    }

    /// Whether some module handles the command.
    pub fn is_handled(&self) -> bool {
        !self.modules(Phase::Command).is_empty()
    }
}

/// The rows of all commands that some module names.
#[derive(Debug)]
pub struct Table {
    rows: Vec<(Verb, Row)>,
    other: Row,
}

impl Table {
    /// Makes the table of the modules' hooks, given in the modules' order.
    pub fn new(hooks: &[Vec<Hook>]) -> Self {
        let mut verbs: Vec<Verb> = hooks.iter().flatten().filter_map(|hook| hook.verb).collect();
        verbs.sort_unstable();
        verbs.dedup();
        let rows = verbs.into_iter().map(|verb| (verb, row(Some(verb), hooks))).collect();
        Self { rows, other: row(None, hooks) }
    }

    /// The row of a command; the one of the hooks on every command where no
    /// module names it.
    pub fn row(&self, verb: Verb) -> &Row {
        match self.rows.binary_search_by(|(known, _)| known.cmp(&verb)) {
            Ok(at) => &self.rows[at].1,
            Err(_) => &self.other,
        }
    }
}

fn row(verb: Option<Verb>, hooks: &[Vec<Hook>]) -> Row {
    // Hooks on every command are not called for the events of a session.
    let is_event = verb.is_some_and(Verb::is_event);
    let concerns = |hook: &Hook| if hook.verb.is_none() { !is_event } else { hook.verb == verb };
    let phase = |phase: Phase| -> Box<[usize]> {
        let modules = hooks.iter().enumerate();
        modules
            .filter(|(_, hooks)| hooks.iter().any(|hook| hook.phase == phase && concerns(hook)))
            .map(|(at, _)| at)
            .collect()
    };
    let handler =
        hooks.iter().flatten().find(|hook| hook.phase == Phase::Command && verb.is_some() && hook.verb == verb);
    Row {
        login: handler.map_or(Login::Required, |hook| hook.login),
        path: handler.map_or(PathArgument::None, |hook| hook.path),
        phases: Phase::ALL.map(phase),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_holds_the_hooking_modules_alone() {
        let table = Table::new(&[
            vec![Hook::command(Verb::RETR), Hook::post(Verb::STOR)],
            vec![Hook::every(Phase::Log)],
            vec![Hook::command(Verb::RETR), Hook::connect()],
        ]);
        assert_eq!(table.row(Verb::RETR).modules(Phase::Command), [0, 2]);
        assert_eq!(table.row(Verb::RETR).modules(Phase::Log), [1]);
        assert_eq!(table.row(Verb::STOR).modules(Phase::Post), [0]);
        assert!(!table.row(Verb::STOR).is_handled());
        assert_eq!(table.row(Verb::NOOP).modules(Phase::Log), [1]);
        assert_eq!(table.row(Verb::CONNECT).modules(Phase::Command), [2]);
        assert!(table.row(Verb::CONNECT).modules(Phase::Log).is_empty());
    }
}
