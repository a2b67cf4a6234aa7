//! What happened in a session and is neither a command nor its reply, by the names that ProFTPD has for it:
//! `core.timeout-idle`, `mod_auth.max-login-attempts`. Whoever knows announces it; a module that acts on events looks for
//! new ones after each command and at the session's end.

use std::collections::VecDeque;

/// The events of a session, oldest first. Only the last few are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Events {
    last: VecDeque<String>,
    /// How many there were.
    count: u64,
}

/// The most that a command can announce without losing one.
const KEPT: usize = 32;

impl Events {
    /// Adds an event. The name begins with that of the module, or with `core`.
    pub fn announce(&mut self, name: impl Into<String>) {
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        self.last.push_back(name.into());
        self.count = self.count.saturating_add(1);
    }

    /// How many there have been so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The events after the first `seen` ones.
    pub fn since(&self, seen: u64) -> impl Iterator<Item = &str> {
        let new = usize::try_from(self.count.saturating_sub(seen)).unwrap_or(usize::MAX);
        self.last.iter().skip(self.last.len().saturating_sub(new)).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reader_sees_what_is_new_to_it() {
        let mut events = Events::default();
        assert_eq!(events.since(0).count(), 0);
        events.announce("core.connect");
        events.announce("mod_x.y");
        assert_eq!(events.since(0).collect::<Vec<_>>(), ["core.connect", "mod_x.y"]);
        assert_eq!(events.since(1).collect::<Vec<_>>(), ["mod_x.y"]);
        assert_eq!((events.since(2).count(), events.since(9).count()), (0, 0));
        (0..100).for_each(|number| events.announce(format!("mod_x.{number}")));
        assert_eq!((events.count(), events.since(0).count()), (102, KEPT));
        assert_eq!(events.since(101).collect::<Vec<_>>(), ["mod_x.99"]);
    }
}
