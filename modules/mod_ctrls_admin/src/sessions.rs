//! Ending sessions.

use gantry_api::control::{Kick, Operation};
use gantry_api::prelude::*;

/// `kick user|host|class|session [-n count] name ...`.
pub async fn kick(request: &ControlRequest<'_>) -> Result<Answer> {
    let [kind, rest @ ..] = request.words else { return usage("missing required parameters") };
    let by = match *kind {
        "user" => Kick::User,
        "host" => Kick::Host,
        "class" => Kick::Class,
        "session" => Kick::Session,
        other => return usage(format!("'{other}' is not one of user, host, class, session")),
    };
    let (most, names) = match rest {
        ["-n", count, names @ ..] => match count.parse() {
            Ok(count) => (Some(count), names),
            Err(_) => return usage(format!("'{count}' is not a number")),
        },
        names => (None, names),
    };
    if names.is_empty() {
        return usage("missing required parameters");
    }
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let value = request.daemon.operate(Operation::Kick { by, names: names.clone(), most }).await?;
    let kicked = value.entry("kicked").map(Value::items).unwrap_or_default().len();
    let line = match kicked {
        0 => format!("{kind} '{}' not connected", names.join(" ")),
        1 => "kicked 1 client".to_owned(),
        count => format!("kicked {count} clients"),
    };
    Ok(Answer::new(line, value))
}
