//! mod_delay's directives.

use gantry_api::prelude::*;
use gantry_api::{directive, parse};

use crate::events::{self, Event, Line, Range};

settings! {
    /// The settings of one scope.
    #[derive(Debug)]
    pub(crate) struct Settings {
        /// Whether replies to USER and PASS that come sooner than usual are delayed until the usual time (the median of the
        /// last 256), by 5 seconds at most. So the time tells less about which users exist.
        pub(crate) engine: bool = DelayEngine "on|off" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "off", parse: parse::on_off;
        /// A fixed delay: before the greeting (`Connect`, which also takes a range such as `100-3000ms`), before each reply
        /// to `USER` or `PASS`, or before the reply to a `PASS` that failed (`FailedLogin`).
        events: Vec<Line> = DelayOnEvent "event delay" in SERVER | VHOST | GLOBAL,
            inherits: append, parse: events::line;
    }
}

impl Settings {
    /// The delay of an event: the first line of it counts, the innermost scope's first.
    pub(crate) fn delay(&self, event: Event) -> Option<Range> {
        self.events.iter().find(|line| line.event == event).map(|line| line.range)
    }
}

directive! {
    /// Who may use the action `delay` of the control socket.
    DelayControlsACLs "actions|all allow|deny user|group list" in SERVER, inherits: append, parse: parse::control_acl
}
directive! {
    /// Accepted without effect: the times of logins are kept in memory, as long as the configuration serves.
    DelayTable "path|none" in SERVER, inherits: no, idle: "the times of logins are kept in memory"
}
