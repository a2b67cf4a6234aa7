//! Lists and counts the sessions, for ftpwho and ftpcount.

use gantry_api::control::Operation;
use gantry_api::prelude::*;

/// The sessions.
pub async fn who(request: &ControlRequest<'_>) -> Result<Answer> {
    let value = request.daemon.operate(Operation::Sessions).await?;
    let sessions = value.entry("sessions").map(Value::items).unwrap_or_default();
    let lines = sessions.iter().map(|session| {
        let text = |key: &str| session.entry(key).and_then(Value::text).unwrap_or_default();
        let id = session.entry("id").and_then(Value::int).unwrap_or_default();
        let user = session.entry("user").and_then(Value::text).unwrap_or("(none)");
        let doing = match text("state") {
            "login" => "(authenticating)".to_owned(),
            "idle" => "(idle)".to_owned(),
            _ => format!("{} {}", text("command"), text("argument")).trim_end().to_owned(),
        };
        format!("{id} {user} {} [{}] {doing}", text("host"), text("remote"))
    });
    Ok(Answer { lines: lines.collect(), value })
}

/// Counts the sessions.
pub async fn count(request: &ControlRequest<'_>) -> Result<Answer> {
    let status = request.daemon.operate(Operation::Status).await?;
    let servers = status.entry("servers").map(Value::items).unwrap_or_default();
    let each = servers.iter().map(|server| {
        let name = server.entry("name").cloned().unwrap_or_default();
        let sessions = server.entry("sessions").cloned().unwrap_or_default();
        (name, sessions)
    });
    let each: Vec<(Value, Value)> = each.collect();
    let line = |(name, sessions): &(Value, Value)| {
        let count = sessions.int().unwrap_or_default();
        format!("{}: {count} {}", name.text().unwrap_or_default(), if count == 1 { "user" } else { "users" })
    };
    let lines = each.iter().map(line).collect();
    let told = each.into_iter().map(|(name, sessions)| Value::map([("name", name), ("sessions", sessions)]));
    let value = Value::map([
        ("total", status.entry("sessions").cloned().unwrap_or_default()),
        ("most", status.entry("most").cloned().unwrap_or_default()),
        ("servers", Value::List(told.collect())),
    ]);
    Ok(Answer { lines, value })
}
