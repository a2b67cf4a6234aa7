//! A cmd-set of SQLLog and SQLShowInfo: which commands, and whether their
//! success or their failure counts.

use gantry_api::{Commands, Hook, Phase, Verb};

/// A cmd-set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Triggers(Vec<Trigger>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trigger {
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

/// At which moments of a command the sets count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Behind the reply.
    Log,
    /// Before the reply.
    Show,
}

impl Triggers {
    /// Reads a list with commas.
    pub fn read(set: &str) -> Result<Self, String> {
        set.split(',')
            .map(|word| Trigger::read(word).ok_or_else(|| format!("'{word}' is no command")))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether they name this moment.
    pub fn match_moment(&self, purpose: Purpose, verb: Verb, phase: Phase) -> bool {
        self.0.iter().any(|trigger| match trigger {
            Trigger::Every(outcome) => !verb.is_event() && purpose.phase(*outcome) == phase,
            Trigger::Command(named, outcome) => *named == verb && purpose.phase(*outcome) == phase,
            Trigger::Exit => verb == Verb::EXIT && purpose == Purpose::Log,
        })
    }

    /// The moments at which they have to be asked.
    pub fn hooks(&self, purpose: Purpose) -> impl Iterator<Item = Hook> {
        self.0.iter().filter_map(move |trigger| match trigger {
            Trigger::Every(outcome) => Some(Hook::every(purpose.phase(*outcome))),
            Trigger::Command(verb, outcome) => Some(purpose.hook(*verb, *outcome)),
            Trigger::Exit => (purpose == Purpose::Log).then(Hook::exit),
        })
    }
}

impl Trigger {
    fn read(word: &str) -> Option<Self> {
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

fn is_of_all(hook: &Hook) -> bool {
    hook.commands == Commands::All
}

/// The hooks without those that others contain: a moment comes once.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_match_what_they_name() {
        let set = Triggers::read("RETR,err_stor,EXIT,ERR_*").unwrap();
        for (verb, phase, wanted) in [
            (Verb::RETR, Phase::Log, true),
            (Verb::RETR, Phase::LogError, true),
            (Verb::STOR, Phase::Log, false),
            (Verb::EXIT, Phase::Command, true),
            (Verb::RETR, Phase::Post, false),
        ] {
            assert_eq!(set.match_moment(Purpose::Log, verb, phase), wanted, "{verb} {phase:?}");
        }
        assert!(Triggers::read("RETR, STOR").is_err());
        assert!(Triggers::read("").is_err());
        assert!(!Triggers::read("*").unwrap().match_moment(Purpose::Log, Verb::EXIT, Phase::Log));
    }

    #[test]
    fn hooks_are_those_of_the_verbs_named_and_each_once() {
        let sets = ["PASS,RETR,RETR", "RETR,ERR_RETR,EXIT", "*"].map(|set| Triggers::read(set).unwrap());
        let two = distinct(sets.iter().take(2).flat_map(|set| set.hooks(Purpose::Log)));
        assert_eq!(two, [Hook::log(Verb::PASS), Hook::log(Verb::RETR), Hook::log_error(Verb::RETR), Hook::exit()]);
        let all = distinct(sets.iter().flat_map(|set| set.hooks(Purpose::Log)));
        assert_eq!(all, [Hook::log_error(Verb::RETR), Hook::exit(), Hook::every(Phase::Log)]);
    }
}
