//! SQLLogOnEvent: what is logged when something happens that is no command.

use gantry_api::{Hook, Moment, Phase, Verb};

use crate::record::Record;

/// The events that there are. Others can be configured, but nothing announces them.
pub const KNOWN: [&str; 15] = [
    CONNECT,
    EXIT,
    "core.timeout-handshake",
    "core.timeout-idle",
    "core.timeout-login",
    "core.timeout-no-transfer",
    "core.timeout-session",
    "mod_auth.authentication-code",
    "mod_auth.max-clients",
    "mod_auth.max-clients-per-class",
    "mod_auth.max-clients-per-host",
    "mod_auth.max-clients-per-user",
    "mod_auth.max-connections-per-host",
    "mod_auth.max-hosts-per-user",
    "mod_auth.max-login-attempts",
];

const CONNECT: &str = "core.connect";
const EXIT: &str = "core.exit";

/// A SQLLogOnEvent line.
pub struct EventRecord {
    /// The event's name.
    pub event: String,
    /// What is run.
    pub record: Record,
}

/// How many of the session's events have been logged.
#[derive(Default)]
pub struct Seen(u64);

/// The hooks that events need: they are looked for after each command.
pub fn hooks() -> [Hook; 4] {
    [Hook::every(Phase::Log), Hook::every(Phase::LogError), Hook::connect(), Hook::exit()]
}

/// Whether there are events that have not been logged.
pub fn are_new(at: &mut Moment<'_>) -> bool {
    at.command.verb.is_event() || at.session.events.count() > at.state.of::<Seen>().0
}

/// The events that have not been logged, which they are from now on.
pub fn take(at: &mut Moment<'_>) -> Vec<String> {
    let seen = std::mem::replace(&mut at.state.of::<Seen>().0, at.session.events.count());
    let mut events: Vec<String> = at.session.events.since(seen).map(str::to_owned).collect();
    match at.command.verb {
        Verb::CONNECT => events.push(CONNECT.to_owned()),
        Verb::EXIT => events.push(EXIT.to_owned()),
        _ => {}
    }
    events
}
