//! Protocols: which protocols clients may use.

use gantry_api::Value;
use gantry_api::prelude::*;

use crate::settings::Settings;

/// The hooks for the check, if any scope has the directive.
pub(crate) fn hooks(start: &Start<'_>) -> Vec<Hook> {
    let given = start.scopes::<Settings>().any(|(_, _, settings)| !settings.protocols.is_empty());
    if given { vec![Hook::connect(), Hook::pre(Verb::PASS)] } else { Vec::new() }
}

/// Refuses a client that uses another protocol. Whether it uses TLS is known only at its login.
pub(crate) fn check(at: &Moment<'_>) -> Result<()> {
    let allowed = &at.settings::<Settings>().protocols;
    let has = |name: &str| allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(name));
    match at.command.verb {
        _ if allowed.is_empty() => Ok(()),
        Verb::CONNECT if has("ftp") || has("ftps") => Ok(()),
        Verb::CONNECT => refuse(421, "Protocol not allowed"),
        _ => match has(if at.dialogue.control.facts() == Value::None { "ftp" } else { "ftps" }) {
            true => Ok(()),
            false => refuse(530, "Login incorrect."),
        },
    }
}
