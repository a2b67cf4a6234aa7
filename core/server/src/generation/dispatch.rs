//! Dispatch tables: the modules to call for each command and phase. Built once per generation; a
//! module without a hook on a verb is in none of its rows.

use gantry_api::command::Handler;
use gantry_api::{CommandClasses, CommandEntry, Commands, Hook, Login, PathArgument, Phase, Verb};

use crate::gate::LimitFacts;

/// The commands and hooks of a module.
#[derive(Debug, Default)]
pub struct Member<'a> {
    /// Its hooks.
    pub hooks: Vec<Hook>,
    /// The commands that it declares.
    pub commands: Vec<&'a CommandEntry>,
}

/// One command: its declaration, and the modules to call for it.
#[derive(Debug, Clone)]
pub struct Row {
    /// Whether it needs a login.
    pub login: Login,
    /// Which part of its argument is a path.
    pub path: PathArgument,
    /// Its classes.
    pub classes: CommandClasses,
    /// The facts that `<Limit>` uses.
    pub limits: LimitFacts,
    handlers: Box<[Handling]>,
    phases: [Box<[usize]>; 6],
}

/// How to call a module.
#[derive(Debug, Clone, Copy)]
pub struct Handling {
    /// Its position.
    pub module: usize,
    /// Its handler for the command; `None` if it only hooks a phase.
    pub handler: Option<Handler>,
}

impl From<usize> for Handling {
    fn from(module: usize) -> Self {
        Self { module, handler: None }
    }
}

impl Row {
    /// The modules to call in a phase, in order, by position; empty for the command phase itself.
    pub fn modules(&self, phase: Phase) -> &[usize] {
        &self.phases[phase as usize]
    }

    /// The modules that handle the command, in order.
    pub fn handlers(&self) -> &[Handling] {
        &self.handlers
    }

    /// Whether a module handles the command.
    pub fn is_handled(&self) -> bool {
        !self.handlers.is_empty()
    }
}

/// The rows of all commands that a module mentions.
#[derive(Debug)]
pub struct Table {
    rows: Vec<(Verb, Row)>,
    other: Row,
}

impl Table {
    /// Builds the table; the modules come in order.
    pub fn new(members: &[Member<'_>]) -> Self {
        let hooked = members.iter().flat_map(|member| &member.hooks).filter_map(|hook| match hook.commands {
            Commands::One(verb) => Some(verb),
            Commands::All | Commands::Classes(_) => None,
        });
        let declared = members.iter().flat_map(|member| &member.commands).map(|command| command.verb);
        let mut verbs: Vec<Verb> = hooked.chain(declared).collect();
        verbs.sort_unstable();
        verbs.dedup();
        let rows = verbs.into_iter().map(|verb| (verb, row(Some(verb), members))).collect();
        Self { rows, other: row(None, members) }
    }

    /// The row of a command. If no module mentions it, the row with the hooks on every command.
    pub fn row(&self, verb: Verb) -> &Row {
        match self.rows.binary_search_by(|(known, _)| known.cmp(&verb)) {
            Ok(at) => &self.rows[at].1,
            Err(_) => &self.other,
        }
    }
}

/// The row of a command. If several modules declare it, the first one counts.
fn row(verb: Option<Verb>, members: &[Member<'_>]) -> Row {
    let declared = members.iter().find_map(|member| declared(member, verb));
    let classes = declared.map_or(CommandClasses::none(), |command| command.classes);
    // Session events do not call hooks on every command.
    let is_event = verb.is_some_and(Verb::is_event);
    let concerns = |hook: &Hook| match hook.commands {
        Commands::All => !is_event,
        Commands::Classes(wanted) => wanted.intersects(classes),
        Commands::One(named) => verb == Some(named),
    };
    let hooks =
        |member: &Member<'_>, phase: Phase| member.hooks.iter().any(|hook| hook.phase == phase && concerns(hook));
    let modules = |phase: Phase| -> Box<[usize]> {
        let members = members.iter().enumerate();
        members.filter(|(_, member)| phase != Phase::Command && hooks(member, phase)).map(|(at, _)| at).collect()
    };
    let handling = |(module, member): (usize, &Member<'_>)| {
        let handler = self::declared(member, verb).map(|command| command.handler);
        (handler.is_some() || hooks(member, Phase::Command)).then_some(Handling { module, handler })
    };
    Row {
        login: declared.map_or(Login::Required, |command| command.login),
        path: declared.map_or(PathArgument::None, |command| command.path),
        classes,
        limits: declared.map(limits).unwrap_or_default(),
        handlers: members.iter().enumerate().filter_map(handling).collect(),
        phases: Phase::ALL.map(modules),
    }
}

fn declared<'a>(member: &Member<'a>, verb: Option<Verb>) -> Option<&'a CommandEntry> {
    member.commands.iter().find(|command| Some(command.verb) == verb).copied()
}

fn limits(command: &CommandEntry) -> LimitFacts {
    let free = command.classes.intersects(CommandClasses::AUTH);
    LimitFacts { groups: command.groups, does: command.does.into(), free }
}

#[cfg(test)]
mod tests {
    use gantry_api::{LimitGroups, Step};

    use super::*;

    const RETR: CommandEntry = CommandEntry {
        module: "mod_x",
        verb: Verb::RETR,
        syntax: "",
        help: "",
        classes: CommandClasses::READ,
        groups: LimitGroups::READ,
        path: PathArgument::Whole,
        login: Login::Required,
        does: &[Verb::RETR],
        feature: None,
        handler: Handler { at_once: Some(|_, _| Ok(Step::Done)), wait: None },
    };

    #[test]
    fn a_row_holds_the_hooking_modules_alone() {
        let hooks = |hooks: &[Hook]| Member { hooks: hooks.to_vec(), commands: Vec::new() };
        let table = Table::new(&[
            Member { hooks: vec![Hook::post(Verb::STOR)], commands: vec![&RETR] },
            hooks(&[Hook::every(Phase::Log), Hook::classes(CommandClasses::READ | CommandClasses::SEC, Phase::Post)]),
            hooks(&[Hook::command(Verb::RETR), Hook::connect()]),
        ]);
        let handlers = |verb| table.row(verb).handlers().iter().map(|found| (found.module, found.handler.is_some()));
        assert!(handlers(Verb::RETR).eq([(0, true), (2, false)]));
        assert!(handlers(Verb::CONNECT).eq([(2, false)]));
        assert!(!table.row(Verb::STOR).is_handled());
        assert_eq!(table.row(Verb::RETR).modules(Phase::Log), [1]);
        assert_eq!(table.row(Verb::RETR).modules(Phase::Post), [1]);
        assert_eq!(table.row(Verb::STOR).modules(Phase::Post), [0]);
        assert_eq!(table.row(Verb::NOOP).modules(Phase::Log), [1]);
        assert!(table.row(Verb::CONNECT).modules(Phase::Log).is_empty());
        assert_eq!((table.row(Verb::RETR).path, table.row(Verb::STOR).path), (PathArgument::Whole, PathArgument::None));
    }
}
