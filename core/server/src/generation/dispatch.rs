//! Dispatch tables: the modules to call for each command and phase. Built once per generation; a
//! module without a hook on a verb is in none of its rows.

use gantry_api::command::Handler;
use gantry_api::{CommandClasses, CommandEntry, Commands, Hook, HookEntry, Login, PathArgument, Phase, Verb};

use crate::gate::LimitFacts;

/// The commands and hooks of a module.
#[derive(Debug, Default)]
pub struct Member<'a> {
    /// Its hooks that depend on the configuration.
    pub hooks: Vec<Hook>,
    /// The hooks that it declares.
    pub declared: Vec<&'a HookEntry>,
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
    phases: [Box<[Handling]>; 6],
}

/// How to call a module.
#[derive(Debug, Clone, Copy)]
pub struct Handling {
    /// Its position.
    pub module: usize,
    /// What it declares for this phase; `None` for a hook that depends on the configuration.
    pub handler: Option<Handler>,
}

impl Row {
    /// The modules to call in a phase, in order.
    pub fn modules(&self, phase: Phase) -> &[Handling] {
        &self.phases[phase as usize]
    }

    /// Whether a module handles the command.
    pub fn is_handled(&self) -> bool {
        !self.modules(Phase::Command).is_empty()
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
        let hooked = members.iter().flat_map(Member::hooks).filter_map(|hook| match hook.commands {
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
    let phase = |phase: Phase| -> Box<[Handling]> {
        let members = members.iter().enumerate();
        members.flat_map(|(module, member)| member.handlings(module, verb, phase, &concerns)).collect()
    };
    Row {
        login: declared.map_or(Login::Required, |command| command.login),
        path: declared.map_or(PathArgument::None, |command| command.path),
        classes,
        limits: declared.map(limits).unwrap_or_default(),
        phases: Phase::ALL.map(phase),
    }
}

impl Member<'_> {
    /// All its hooks.
    fn hooks(&self) -> impl Iterator<Item = Hook> {
        self.hooks.iter().copied().chain(self.declared.iter().map(|entry| entry.hook))
    }

    /// How it is called in a phase of a command: for each declaration, then once for all hooks
    /// that depend on the configuration. It does not handle a command twice.
    fn handlings(
        &self,
        module: usize,
        verb: Option<Verb>,
        phase: Phase,
        concerns: &dyn Fn(&Hook) -> bool,
    ) -> Vec<Handling> {
        let is_at = |hook: &Hook| hook.phase == phase && concerns(hook);
        let command = declared(self, verb).filter(|_| phase == Phase::Command).map(|command| command.handler);
        let declared = self.declared.iter().filter(|entry| is_at(&entry.hook)).map(|entry| entry.handler);
        let handlers = command.into_iter().chain(declared).map(Some);
        let mut handlings: Vec<Handling> = handlers.map(|handler| Handling { module, handler }).collect();
        let is_handled = phase == Phase::Command && !handlings.is_empty() && !verb.is_some_and(Verb::is_event);
        if !is_handled && self.hooks.iter().any(is_at) {
            handlings.push(Handling { module, handler: None });
        }
        handlings
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

    const LOG: HookEntry = HookEntry {
        module: "mod_x",
        hook: Hook::every(Phase::Log),
        handler: Handler { at_once: Some(|_, _| Ok(Step::Next)), wait: None },
    };

    #[test]
    fn a_row_holds_the_hooking_modules_alone() {
        let hooks = |hooks: &[Hook]| Member { hooks: hooks.to_vec(), ..Member::default() };
        let table = Table::new(&[
            Member { hooks: vec![Hook::post(Verb::STOR)], commands: vec![&RETR], declared: vec![&LOG] },
            hooks(&[Hook::every(Phase::Log), Hook::classes(CommandClasses::READ | CommandClasses::SEC, Phase::Post)]),
            hooks(&[Hook::command(Verb::RETR), Hook::connect()]),
        ]);
        let called = |verb, phase| {
            let modules = table.row(verb).modules(phase).iter();
            modules.map(|found| (found.module, found.handler.is_some())).collect::<Vec<_>>()
        };
        assert_eq!(called(Verb::RETR, Phase::Command), [(0, true), (2, false)]);
        assert_eq!(called(Verb::CONNECT, Phase::Command), [(2, false)]);
        assert!(!table.row(Verb::STOR).is_handled());
        assert_eq!(called(Verb::RETR, Phase::Log), [(0, true), (1, false)]);
        assert_eq!(called(Verb::RETR, Phase::Post), [(1, false)]);
        assert_eq!(called(Verb::STOR, Phase::Post), [(0, false)]);
        assert_eq!(called(Verb::NOOP, Phase::Log), [(0, true), (1, false)]);
        assert!(called(Verb::CONNECT, Phase::Log).is_empty());
        assert_eq!((table.row(Verb::RETR).path, table.row(Verb::STOR).path), (PathArgument::Whole, PathArgument::None));
    }
}
