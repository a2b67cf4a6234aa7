//! Sets of commands: by name and outcome, as in SQLLog and SQLShowInfo, and by class, as in
//! ExtendedLog.

use std::fmt;

use gantry_api::{CommandClasses, Commands, Hook, ParseError, Phase, Verb, nearest};

/// Why a set is rejected; the configuration is at fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetError {
    /// The word.
    pub word: String,
    /// Its column: the set's first character is in column 1.
    pub column: usize,
    /// What was expected.
    pub expected: &'static str,
    /// Similar words.
    pub nearest: Vec<String>,
}

impl fmt::Display for SetError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "'{}' at column {} is not a {}", self.word, self.column, self.expected)?;
        match self.nearest.as_slice() {
            [] => Ok(()),
            names => write!(out, "; did you mean {}?", names.join(" or ")),
        }
    }
}

impl std::error::Error for SetError {}

/// The word is marked in the line.
impl From<SetError> for ParseError {
    fn from(error: SetError) -> Self {
        Self::new(error.to_string()).at(&error.word)
    }
}

/// The words of a comma-separated list, each with its column.
fn words(text: &str, first: usize) -> impl Iterator<Item = (&str, usize)> {
    text.split(',').scan(first, |column, word| {
        let at = *column;
        *column += word.chars().count() + 1;
        Some((word, at))
    })
}

/// A command set of SQLLog and SQLShowInfo: `RETR,ERR_STOR,EXIT`, `*`, `ERR_*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandSet {
    members: Vec<Member>,
    purpose: Purpose,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Member {
    /// `*`, `ERR_*`.
    Every(Outcome),
    /// `RETR`, `ERR_RETR`.
    Command(Verb, Outcome),
    /// `EXIT`.
    Exit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Success,
    Failure,
}

/// The phase in which a set applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// After the reply.
    Log,
    /// Before the reply.
    Show,
}

impl CommandSet {
    /// A set of commands to log after their reply.
    pub fn log(text: &str) -> Result<Self, SetError> {
        Self::parse(text, Purpose::Log)
    }

    /// A set of commands whose reply gets additional lines.
    pub fn show(text: &str) -> Result<Self, SetError> {
        Self::parse(text, Purpose::Show)
    }

    fn parse(text: &str, purpose: Purpose) -> Result<Self, SetError> {
        let member = |(word, column): (&str, usize)| {
            let error = || SetError { word: word.to_owned(), column, expected: "command", nearest: Vec::new() };
            Member::parse(word).ok_or_else(error)
        };
        Ok(Self { members: words(text, 1).map(member).collect::<Result<_, _>>()?, purpose })
    }

    /// Whether the set contains this command in this phase.
    pub fn matches(&self, verb: Verb, phase: Phase) -> bool {
        self.members.iter().any(|member| match member {
            Member::Every(outcome) => !verb.is_event() && self.purpose.phase(*outcome) == phase,
            Member::Command(named, outcome) => *named == verb && self.purpose.phase(*outcome) == phase,
            Member::Exit => verb == Verb::EXIT && self.purpose == Purpose::Log,
        })
    }

    /// The hooks that it needs.
    pub fn hooks(&self) -> impl Iterator<Item = Hook> {
        self.members.iter().filter_map(|member| match member {
            Member::Every(outcome) => Some(Hook::every(self.purpose.phase(*outcome))),
            Member::Command(verb, outcome) => Some(self.purpose.hook(*verb, *outcome)),
            Member::Exit => (self.purpose == Purpose::Log).then(Hook::exit),
        })
    }
}

impl Member {
    fn parse(word: &str) -> Option<Self> {
        let upper = word.to_ascii_uppercase();
        let (name, outcome) = match upper.strip_prefix("ERR_") {
            Some(name) => (name, Outcome::Failure),
            None => (upper.as_str(), Outcome::Success),
        };
        match (name, outcome) {
            ("*", outcome) => Some(Self::Every(outcome)),
            ("EXIT", Outcome::Success) => Some(Self::Exit),
            (name, outcome) => {
                Verb::parse(name.as_bytes()).filter(|verb| !verb.is_event()).map(|verb| Self::Command(verb, outcome))
            }
        }
    }
}

impl Purpose {
    fn phase(self, outcome: Outcome) -> Phase {
        match (self, outcome) {
            (Self::Log, Outcome::Success) => Phase::Log,
            (Self::Log, Outcome::Failure) => Phase::LogError,
            (Self::Show, Outcome::Success) => Phase::Post,
            (Self::Show, Outcome::Failure) => Phase::PostError,
        }
    }

    fn hook(self, verb: Verb, outcome: Outcome) -> Hook {
        match self.phase(outcome) {
            Phase::Log => Hook::log(verb),
            Phase::LogError => Hook::log_error(verb),
            Phase::Post => Hook::post(verb),
            _ => Hook::post_error(verb),
        }
    }
}

/// The command classes of ExtendedLog: `READ,WRITE`, `ALL,!AUTH`. After a `+` come single commands
/// to log, or not to log with `!`: `DIRS+STAT,!CDUP`. Success and failure both count.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClassSet {
    all: bool,
    exit: bool,
    wanted: CommandClasses,
    unwanted: CommandClasses,
    commands: Vec<(Verb, bool)>,
}

impl ClassSet {
    /// Every command, the default if no class is named.
    pub fn all() -> Self {
        Self { all: true, ..Self::default() }
    }

    /// Parses the classes, then the commands.
    pub fn parse(text: &str) -> Result<Self, SetError> {
        let mut set = Self::default();
        let (classes, commands) = match text.split_once('+') {
            Some((classes, commands)) => (classes, Some(commands)),
            None => (text, None),
        };
        for (word, column) in words(classes, 1) {
            let (name, yes) = negated(word);
            set.class(name, yes).ok_or_else(|| Self::no_class(word, name, column))?;
        }
        for (word, column) in commands.into_iter().flat_map(|text| words(text, classes.chars().count() + 2)) {
            let (name, yes) = negated(word);
            let verb = command(name).ok_or_else(|| SetError {
                word: word.to_owned(),
                column,
                expected: "command",
                nearest: Vec::new(),
            })?;
            set.commands.push((verb, yes));
        }
        Ok(set)
    }

    fn class(&mut self, name: &str, yes: bool) -> Option<()> {
        match (name.to_ascii_uppercase().as_str(), yes) {
            ("ALL", true) | ("NONE", false) => self.all = true,
            ("ALL", false) | ("NONE", true) => *self = Self::default(),
            ("EXIT", yes) => self.exit = yes,
            (_, true) => self.wanted = self.wanted | CommandClasses::parse(name)?,
            (_, false) => self.unwanted = self.unwanted | CommandClasses::parse(name)?,
        }
        Some(())
    }

    fn no_class(word: &str, name: &str, column: usize) -> SetError {
        const WORDS: [&str; 10] = ["ALL", "NONE", "AUTH", "INFO", "DIRS", "READ", "WRITE", "MISC", "SEC", "EXIT"];
        let names = WORDS.map(str::to_owned);
        let expected = "class of commands (ALL, NONE, AUTH, INFO, DIRS, READ, WRITE, MISC, SEC or EXIT)";
        SetError { word: word.to_owned(), column, expected, nearest: nearest(name, &names) }
    }

    /// Whether the set contains this command, with these classes ([`gantry_api::World::command`]
    /// has them), in this phase.
    pub fn matches(&self, verb: Verb, classes: CommandClasses, phase: Phase) -> bool {
        if verb.is_event() {
            return verb == Verb::EXIT && self.exit;
        }
        matches!(phase, Phase::Log | Phase::LogError) && self.contains(verb, classes)
    }

    fn contains(&self, verb: Verb, classes: CommandClasses) -> bool {
        if let Some((_, yes)) = self.commands.iter().rev().find(|(named, _)| *named == verb) {
            return *yes;
        }
        (self.all || classes.intersects(self.wanted)) && !classes.intersects(self.unwanted)
    }

    /// The hooks that it needs.
    pub fn hooks(&self) -> Vec<Hook> {
        let mut hooks: Vec<Hook> = self.exit.then(Hook::exit).into_iter().collect();
        if self.all {
            hooks.extend([Hook::every(Phase::Log), Hook::every(Phase::LogError)]);
            return hooks;
        }
        if self.wanted != CommandClasses::none() {
            hooks.extend([Phase::Log, Phase::LogError].map(|phase| Hook::classes(self.wanted, phase)));
        }
        let named = self.commands.iter().filter(|(_, yes)| *yes);
        hooks.extend(named.flat_map(|(verb, _)| [Hook::log(*verb), Hook::log_error(*verb)]));
        distinct(hooks)
    }
}

/// The word without its `!`, and whether it had none.
fn negated(word: &str) -> (&str, bool) {
    word.strip_prefix('!').map_or((word, true), |name| (name, false))
}

/// A client command, not a session event.
fn command(name: &str) -> Option<Verb> {
    Verb::parse(name.as_bytes()).filter(|verb| !verb.is_event())
}

/// Removes hooks that others include, so that no call happens twice.
pub fn distinct(hooks: impl IntoIterator<Item = Hook>) -> Vec<Hook> {
    let mut found: Vec<Hook> = Vec::new();
    for hook in hooks {
        if !found.contains(&hook) {
            found.push(hook);
        }
    }
    let every: Vec<Phase> = found.iter().filter(|hook| is_of_all(hook)).map(|hook| hook.phase).collect();
    found.retain(|hook| is_of_all(hook) || !every.contains(&hook.phase));
    found
}

fn is_of_all(hook: &Hook) -> bool {
    hook.commands == Commands::All
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_match_what_they_name() {
        let set = CommandSet::log("RETR,err_stor,EXIT,ERR_*").unwrap();
        for (verb, phase, wanted) in [
            (Verb::RETR, Phase::Log, true),
            (Verb::RETR, Phase::LogError, true),
            (Verb::STOR, Phase::Log, false),
            (Verb::EXIT, Phase::Command, true),
            (Verb::RETR, Phase::Post, false),
        ] {
            assert_eq!(set.matches(verb, phase), wanted, "{verb} {phase:?}");
        }
        assert!(!CommandSet::log("*").unwrap().matches(Verb::EXIT, Phase::Log));
        let show = CommandSet::show("PASS,EXIT").unwrap();
        assert!(show.matches(Verb::PASS, Phase::Post) && !show.matches(Verb::EXIT, Phase::Command));
    }

    #[test]
    fn a_word_that_is_no_command_is_named_with_its_column() {
        let error = |text: &str| CommandSet::log(text).unwrap_err().to_string();
        assert_eq!(error("RETR, STOR"), "' STOR' at column 6 is not a command");
        assert_eq!(error(""), "'' at column 1 is not a command");
        assert_eq!(error("ä,RETR"), "'ä' at column 1 is not a command");
        assert_eq!(error("*,CONNECT"), "'CONNECT' at column 3 is not a command");
    }

    #[test]
    fn hooks_are_those_of_the_verbs_named_and_each_once() {
        let sets = ["PASS,RETR,RETR", "RETR,ERR_RETR,EXIT", "*"].map(|set| CommandSet::log(set).unwrap());
        let two = distinct(sets.iter().take(2).flat_map(CommandSet::hooks));
        assert_eq!(two, [Hook::log(Verb::PASS), Hook::log(Verb::RETR), Hook::log_error(Verb::RETR), Hook::exit()]);
        let all = distinct(sets.iter().flat_map(CommandSet::hooks));
        assert_eq!(all, [Hook::log_error(Verb::RETR), Hook::exit(), Hook::every(Phase::Log)]);
    }

    /// Which commands of a list a class set logs.
    fn logged(text: &str) -> String {
        let set = ClassSet::parse(text).unwrap();
        let commands = [
            ("USER", CommandClasses::AUTH),
            ("PWD", CommandClasses::INFO),
            ("CWD", CommandClasses::DIRS),
            ("MKD", CommandClasses::DIRS | CommandClasses::WRITE),
            ("RETR", CommandClasses::READ),
            ("DELE", CommandClasses::WRITE),
            ("RNFR", CommandClasses::WRITE | CommandClasses::MISC),
            ("NOOP", CommandClasses::MISC),
            ("SITE_X", CommandClasses::MISC),
            ("PROT", CommandClasses::SEC),
            ("HASH", CommandClasses::none()),
            ("EXIT", CommandClasses::none()),
        ];
        let logged = commands.into_iter().filter(|(name, classes)| {
            let verb = Verb::parse(name.as_bytes()).unwrap();
            let logged = set.matches(verb, *classes, if verb.is_event() { Phase::Command } else { Phase::LogError });
            let hooked = set.hooks().iter().any(|hook| match hook.commands {
                Commands::All => true,
                Commands::Classes(hooked) => hooked.intersects(*classes),
                Commands::One(hooked) => hooked == verb,
            });
            assert!(hooked || !logged, "{text}: {name} is logged and has no hook");
            logged
        });
        logged.map(|(name, _)| name).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn classes_are_put_together_and_taken_away() {
        for (text, wanted) in [
            ("ALL", "USER PWD CWD MKD RETR DELE RNFR NOOP SITE_X PROT HASH"),
            ("NONE", ""),
            ("auth", "USER"),
            ("INFO", "PWD"),
            ("DIRS", "CWD MKD"),
            ("READ,WRITE", "MKD RETR DELE RNFR"),
            ("MISC", "RNFR NOOP SITE_X"),
            ("SEC,EXIT", "PROT EXIT"),
            ("ALL,!AUTH,!MISC", "PWD CWD MKD RETR DELE PROT HASH"),
            ("READ,!READ", ""),
            ("!READ", ""),
            ("!NONE,EXIT,!EXIT", "USER PWD CWD MKD RETR DELE RNFR NOOP SITE_X PROT HASH"),
            ("READ,NONE", ""),
            ("NONE,READ", "RETR"),
            ("!ALL", ""),
            ("READ+DELE,!RETR", "DELE"),
            ("WRITE+!MKD,SITE_X", "DELE RNFR SITE_X"),
            ("ALL+!NOOP,!HASH", "USER PWD CWD MKD RETR DELE RNFR SITE_X PROT"),
        ] {
            assert_eq!(logged(text), wanted, "{text}");
        }
    }

    #[test]
    fn only_what_is_logged_has_hooks() {
        let of_class = |class| [Hook::classes(class, Phase::Log), Hook::classes(class, Phase::LogError)];
        let mut wanted = vec![Hook::exit()];
        wanted.extend(of_class(CommandClasses::READ | CommandClasses::SEC));
        wanted.extend([Hook::log(Verb::DELE), Hook::log_error(Verb::DELE)]);
        assert_eq!(ClassSet::parse("READ,SEC,EXIT+DELE,!RETR").unwrap().hooks(), wanted);
        assert_eq!(ClassSet::parse("NONE").unwrap().hooks(), []);
        assert_eq!(ClassSet::all().hooks(), [Hook::every(Phase::Log), Hook::every(Phase::LogError)]);
        assert!(!ClassSet::all().matches(Verb::RETR, CommandClasses::READ, Phase::Post));
        assert!(!ClassSet::all().matches(Verb::EXIT, CommandClasses::none(), Phase::Command));
    }

    #[test]
    fn a_word_that_is_no_class_is_named() {
        let error = |text: &str| ClassSet::parse(text).unwrap_err();
        let wrong = error("READ,!WRIET");
        assert_eq!((wrong.word.as_str(), wrong.column, wrong.nearest), ("!WRIET", 6, vec!["WRITE".to_owned()]));
        assert_eq!(error("READ,").column, 6);
        assert_eq!(error("DIRS+x-y").to_string(), "'x-y' at column 6 is not a command");
        assert_eq!(error("DIRS+EXIT").to_string(), "'EXIT' at column 6 is not a command");
    }
}
