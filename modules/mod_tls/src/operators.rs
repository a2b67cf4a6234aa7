//! The action `tls` of the control socket: certificates, and the cache of sessions.

use std::time::SystemTime;

use gantry_api::prelude::*;

use crate::servers::TlsModule;

directive! {
    /// Who may use mod_tls's action of the control socket: `tls`.
    TLSControlsACLs "actions|all allow|deny user|group list" in SERVER, inherits: append, parse: parse::control_acl
}

control! {
    /// Shows the servers' certificates and when they expire, or shows or clears the cache of TLS sessions.
    "tls" "[sesscache info|clear|remove]" by TLSControlsACLs;
}

/// Performs the action.
pub(crate) fn answer(module: &TlsModule, request: &ControlRequest<'_>) -> Result<Answer> {
    match request.words {
        [] => Ok(certificates(module)),
        ["sesscache", "info"] | ["sesscache", "info", "-v"] => {
            let number = module.cache.as_ref().map_or(0, |cache| cache.count());
            let line = match &module.cache {
                Some(_) => format!("tls sesscache: {number} sessions in memory"),
                None => "tls sesscache: no session cache configured".to_owned(),
            };
            Ok(Answer::new(line, Value::from(number)))
        }
        ["sesscache", "clear" | "remove"] => {
            let number = module.cache.as_ref().map_or(0, |cache| cache.clear());
            Ok(Answer::new(format!("tls sesscache: cleared {number} sessions from cache"), Value::from(number)))
        }
        _ => usage("nothing, or sesscache and what to do with it"),
    }
}

fn certificates(module: &TlsModule) -> Answer {
    let mut answer = Answer { lines: Vec::new(), value: Value::None };
    let mut all = Vec::new();
    for server in module.servers.values() {
        for facts in server.facts() {
            let days = facts.days_left(SystemTime::now());
            let left = days.map_or_else(|| "has expired".to_owned(), |days| format!("{days} days left"));
            answer.lines.push(format!("{}: {}, {left}", server.place, facts.subject));
            let days = days.map_or(Value::None, Value::from);
            all.push(Value::map([
                ("server", server.place.as_str().into()),
                ("subject", facts.subject.as_str().into()),
                ("days_left", days),
            ]));
        }
    }
    answer.lines.sort();
    if answer.lines.is_empty() {
        answer.lines.push("TLSEngine is off everywhere".to_owned());
    }
    answer.value = Value::List(all);
    answer
}
