//! The parts of answers that the tables show. All fields are optional, because an
//! older or newer daemon may have fewer or more of them.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::ControlError;

/// Reads an answer's value.
///
/// # Errors
/// It has another type.
pub fn read<T: DeserializeOwned>(action: &str, value: &Value) -> Result<T, ControlError> {
    T::deserialize(value)
        .map_err(|error| ControlError::Malformed { action: action.to_owned(), fault: error.to_string() })
}

/// The value of lsmod.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Modules {
    pub generation: Option<u64>,
    pub modules: Vec<Module>,
}

/// A module in the value of lsmod.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Module {
    pub name: Option<String>,
    pub version: Option<String>,
    pub layout: Option<String>,
    pub order: Option<u64>,
    pub state: Option<String>,
    pub sessions: Option<u64>,
    pub mapped: Option<bool>,
    pub reason: Option<String>,
    pub stamp: Option<String>,
    pub file: Option<String>,
    pub sha256: Option<String>,
    pub signer: Option<String>,
    pub generation: Option<u64>,
    pub since: Option<i64>,
    pub panics: Option<u64>,
    pub calls: Option<u64>,
}

/// The value of insmod, rmmod, swap and reload.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ChangeReply {
    pub module: Option<String>,
    pub generation: Option<u64>,
    pub sessions: Option<u64>,
    pub notices: Option<Vec<String>>,
}

/// The value of who.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Who {
    pub pid: Option<u64>,
    pub version: Option<String>,
    pub started: Option<i64>,
    pub generation: Option<u64>,
    pub sessions: Vec<Session>,
}

/// A session in the value of who.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Session {
    pub id: Value,
    pub user: Option<String>,
    pub server: Option<String>,
    pub local: Option<String>,
    pub remote: Option<String>,
    pub host: Option<String>,
    pub class: Option<String>,
    pub since: Option<i64>,
    pub state: Option<String>,
    pub command: Option<String>,
    pub argument: Option<String>,
    pub state_since: Option<i64>,
    pub directory: Option<String>,
    pub direction: Option<String>,
    pub bytes: Option<u64>,
    pub received: Option<u64>,
    pub sent: Option<u64>,
    pub generation: Option<u64>,
}

/// The value of count.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Count {
    pub total: Option<u64>,
    pub most: Option<u64>,
    pub servers: Vec<Server>,
}

/// A server in the values of count and status.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Server {
    pub name: Option<String>,
    pub addresses: Option<Vec<String>>,
    pub up: Option<bool>,
    pub sessions: Option<u64>,
}

/// The value of status.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Status {
    pub pid: Option<u64>,
    pub keeper: Option<String>,
    pub version: Option<String>,
    pub stamp: Option<String>,
    pub started: Option<i64>,
    pub generation: Option<u64>,
    pub restarts: Option<u64>,
    pub sessions: Option<u64>,
    pub servers: Vec<Server>,
}

/// The value of kick.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct KickReply {
    pub kicked: Vec<Value>,
}

/// The value of shutdown, up and down.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Shutdown {
    pub sessions: Option<u64>,
}

/// The value of trace.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Channels {
    pub channels: Vec<Channel>,
}

/// A channel of the log and its level.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Channel {
    pub channel: Option<String>,
    pub level: Value,
}

/// An action in the value of help.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Action {
    pub action: Option<String>,
    pub module: Option<String>,
    pub syntax: Option<String>,
    pub help: Option<String>,
    pub enabled: Option<bool>,
}

impl Session {
    /// Its number, as kick takes it.
    pub fn id(&self) -> String {
        self.id.as_str().map_or_else(|| self.id.to_string(), str::to_owned)
    }

    /// Whether its user has not logged in yet.
    pub fn is_login(&self) -> bool {
        self.state.as_deref() == Some("login")
    }

    /// Whether it waits for its client.
    pub fn is_idle(&self) -> bool {
        self.state.as_deref() == Some("idle")
    }

    /// Whether it sends a file or listing.
    pub fn is_download(&self) -> bool {
        self.direction.as_deref() == Some("out")
    }

    /// Whether it receives a file.
    pub fn is_upload(&self) -> bool {
        self.direction.as_deref() == Some("in")
    }

    /// The client's name, or its address without the port.
    pub fn client(&self) -> &str {
        self.host.as_deref().unwrap_or_else(|| address(self.remote.as_deref().unwrap_or("-")))
    }

    /// Its command or state, for people.
    pub fn doing(&self) -> String {
        let command = self.command.as_deref().unwrap_or_default();
        match (self.state.as_deref(), self.argument.as_deref()) {
            (Some("login"), _) => "(logging in)".to_owned(),
            (Some("idle"), _) => "idle".to_owned(),
            (_, Some(argument)) if !argument.is_empty() => format!("{command} {argument}"),
            (Some(state), _) if command.is_empty() => state.to_owned(),
            _ => command.to_owned(),
        }
    }

    /// The average speed of its transfer in bytes per second; `None` in its first second.
    pub fn rate(&self, now: i64) -> Option<u64> {
        let seconds = u64::try_from(now.saturating_sub(self.state_since?)).ok()?;
        self.direction.as_ref()?;
        self.bytes?.checked_div(seconds)
    }
}

/// An address without its port.
pub fn address(text: &str) -> &str {
    let bare = text.rsplit_once(':').map_or(text, |(address, _)| address);
    bare.strip_prefix('[').and_then(|bare| bare.strip_suffix(']')).unwrap_or(bare)
}

/// The port of an address.
pub fn port(text: &str) -> Option<u16> {
    text.rsplit_once(':').and_then(|(_, port)| port.parse().ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_missing_is_not_known() {
        let who: Who = read("who", &json!({"sessions": [{"id": 7, "user": null}], "new": 1})).unwrap();
        assert_eq!((who.sessions[0].id(), who.sessions[0].client(), who.pid), ("7".to_owned(), "-", None));
        assert!(read::<Who>("who", &json!({"sessions": 3})).is_err());
        assert!(read::<Who>("who", &Value::Null).is_err());
    }

    #[test]
    fn an_address_goes_without_its_port() {
        assert_eq!((address("[::1]:21"), address("127.0.0.1:21")), ("::1", "127.0.0.1"));
        assert_eq!((port("[::1]:2121"), port("x")), (Some(2121), None));
    }

    #[test]
    fn a_transfer_has_a_rate_from_its_second_second_on() {
        let mut session = Session { bytes: Some(1000), state_since: Some(100), ..Session::default() };
        assert_eq!(session.rate(110), None);
        session.direction = Some("out".to_owned());
        assert_eq!([100, 90, 110].map(|now| session.rate(now)), [None, None, Some(100)]);
    }
}
