//! Actions about the configured servers.

use gantry_api::control::Operation;
use gantry_api::prelude::*;

/// `up` and `down`.
pub async fn serve(request: &ControlRequest<'_>, up: bool) -> Result<Answer> {
    let [meant] = request.words else { return usage("missing required parameters") };
    let server = (*meant != "all").then(|| (*meant).to_owned());
    let value = request.daemon.operate(Operation::Serve { server, up }).await?;
    let whose = if *meant == "all" { "all servers" } else { *meant };
    let line = format!("{}: {whose} {}", request.action, if up { "enabled" } else { "disabled" });
    Ok(Answer::new(line, value))
}

/// `status`.
pub async fn status(request: &ControlRequest<'_>) -> Result<Answer> {
    let meant = match request.words {
        [] | ["all"] => None,
        [meant] => Some(*meant),
        _ => return usage("wrong number of parameters"),
    };
    let mut value = request.daemon.operate(Operation::Status).await?;
    if let (Some(meant), Value::Map(entries)) = (meant, &mut value) {
        for (key, servers) in entries.iter_mut() {
            if let ("servers", Value::List(servers)) = (key.as_str(), servers) {
                servers.retain(|server| is_at(server, meant));
                if servers.is_empty() {
                    return usage(format!("no server matches '{meant}'"));
                }
            }
        }
    }
    let servers = value.entry("servers").map(Value::items).unwrap_or_default();
    let lines = servers.iter().flat_map(|server| {
        let state = if server.entry("up") == Some(&Value::Bool(true)) { "UP" } else { "DOWN" };
        addresses(server).map(move |address| {
            let (host, port) = address.rsplit_once(':').unwrap_or((address, "0"));
            format!("status: {}#{port} {state}", host.trim_start_matches('[').trim_end_matches(']'))
        })
    });
    let lines = lines.collect();
    Ok(Answer { lines, value })
}

fn text<'a>(server: &'a Value, key: &str) -> &'a str {
    server.entry(key).and_then(Value::text).unwrap_or_default()
}

fn addresses(server: &Value) -> impl Iterator<Item = &str> {
    server.entry("addresses").map(Value::items).unwrap_or_default().iter().filter_map(Value::text)
}

/// Whether a word means this server: its ServerName, `address` or `address#port`.
fn is_at(server: &Value, meant: &str) -> bool {
    let (host, port) = match meant.rsplit_once('#') {
        Some((host, port)) => (host, Some(port)),
        None => (meant, None),
    };
    let fits = |address: &str| {
        let Some((there, number)) = address.rsplit_once(':') else { return false };
        let there = there.trim_start_matches('[').trim_end_matches(']');
        let everywhere = there == "::" || there == "0.0.0.0";
        (there == host || everywhere || address == meant) && port.is_none_or(|port| port == number)
    };
    text(server, "name") == meant || addresses(server).any(fits)
}
