//! `ftpwho -o json`: the sessions in the JSON of ProFTPD's command, which also leaves
//! out unknown fields.

use serde::Serialize;
use serde_json::Value;

use crate::control::value::{Session, Who, address, port};
use crate::show::text::escaped_json;

#[derive(Serialize)]
struct Document<'a> {
    server: Server,
    connections: Vec<Connection<'a>>,
}

#[derive(Serialize)]
struct Server {
    server_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_ms: Option<i64>,
}

#[derive(Default, Serialize)]
struct Connection<'a> {
    pid: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    connected_since_ms: Option<i64>,
    remote_name: &'a str,
    remote_address: &'a str,
    local_address: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    local_port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authenticating: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'a str>,
    protocol: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command_args: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    downloading: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uploading: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idling: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idle_since_ms: Option<i64>,
}

/// The document.
pub fn text(who: &Who, sessions: &[&Session]) -> String {
    let document = Document {
        server: Server { server_type: "standalone", pid: who.pid, started_ms: milliseconds(who.started) },
        connections: sessions.iter().map(|session| Connection::of(session)).collect(),
    };
    let text = serde_json::to_string_pretty(&document).expect("texts and numbers alone are always JSON");
    escaped_json(&text) + "\n"
}

impl<'a> Connection<'a> {
    fn of(session: &'a Session) -> Self {
        let (remote, local) =
            (session.remote.as_deref().unwrap_or_default(), session.local.as_deref().unwrap_or_default());
        let busy = !session.is_login() && !session.is_idle();
        let idle = session.is_idle().then_some(session.state_since).flatten();
        Self {
            pid: session.id.clone(),
            connected_since_ms: milliseconds(session.since),
            remote_name: session.client(),
            remote_address: address(remote),
            local_address: address(local),
            local_port: port(local),
            user: session.user.as_deref().filter(|_| !session.is_login()),
            authenticating: session.is_login().then_some(true),
            class: session.class.as_deref(),
            protocol: "ftp",
            location: session.directory.as_deref().filter(|_| !session.is_login()),
            command: session.command.as_deref().filter(|_| busy),
            command_args: session.argument.as_deref().filter(|_| busy),
            downloading: session.is_download().then_some(true),
            uploading: session.is_upload().then_some(true),
            // ProFTPD's ftpwho also writes this for sessions that are logging in.
            idling: (!busy).then_some(true),
            idle_since_ms: milliseconds(idle),
        }
    }
}

fn milliseconds(seconds: Option<i64>) -> Option<i64> {
    seconds.map(|seconds| seconds.saturating_mul(1000))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::control::value;

    // The fields are those that Debian's ftpwho wrote for such sessions.
    #[test]
    fn the_fields_are_that_commands() {
        let who = json!({"pid": 7, "started": 100, "sessions": [
            {"id": 1, "user": "u", "local": "127.0.0.1:2199", "remote": "127.0.0.1:5", "since": 200, "state": "idle",
             "state_since": 201, "directory": "/tmp"},
            {"id": 2, "local": "[::1]:21", "remote": "[::1]:6", "host": "h", "since": 200, "state": "login", "directory": "/"},
            {"id": 3, "user": "u", "local": "127.0.0.1:2199", "remote": "127.0.0.1:7", "since": 200,
             "state": "transfer", "command": "RETR", "argument": "big", "direction": "out", "class": "c"},
        ]});
        let who: Who = value::read("who", &who).unwrap();
        let sessions: Vec<&Session> = who.sessions.iter().collect();
        let text = text(&who, &sessions);
        let expected = json!({"server": {"server_type": "standalone", "pid": 7, "started_ms": 100_000}, "connections": [
            {"pid": 1, "connected_since_ms": 200_000, "remote_name": "127.0.0.1", "remote_address": "127.0.0.1",
             "local_address": "127.0.0.1", "local_port": 2199, "user": "u", "protocol": "ftp", "location": "/tmp",
             "idling": true, "idle_since_ms": 201_000},
            {"pid": 2, "connected_since_ms": 200_000, "remote_name": "h", "remote_address": "::1",
             "local_address": "::1", "local_port": 21, "authenticating": true, "protocol": "ftp", "idling": true},
            {"pid": 3, "connected_since_ms": 200_000, "remote_name": "127.0.0.1", "remote_address": "127.0.0.1",
             "local_address": "127.0.0.1", "local_port": 2199, "user": "u", "class": "c", "protocol": "ftp",
             "command": "RETR", "command_args": "big", "downloading": true},
        ]});
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
        assert!(
            text.starts_with("{\n  \"server\": {\n    \"server_type\": \"standalone\",\n    \"pid\": 7,\n"),
            "{text}"
        );
    }
}
