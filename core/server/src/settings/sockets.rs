//! How connections are set up: SocketOptions, TCPNoDelay, AllowForeignAddress.

use gantry_api::{ParseError, Value, parse, settings};
use serde::Deserialize;

settings! {
    /// The settings for the sockets of one server.
    #[derive(Debug, Clone)]
    pub struct Sockets {
        /// Whether small pieces are sent at once (TCP_NODELAY), on control connections and on data connections.
        // For control connections, and for data connections.
        pub no_delay: (bool, bool) = TCPNoDelay "on|off|[ctrl on|off] [data on|off]" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "on", parse: no_delay;
        /// Options of the sockets: the sizes of their buffers and of segments in bytes, and keepalive probes (by default after
        /// two minutes): `idle:probes:interval` in seconds.
        pub options: SocketOptions = SocketOptions
            "[maxseg bytes] [rcvbuf bytes] [sndbuf bytes] [keepalive on|off|idle:probes:interval] [reuseport on|off]"
            in SERVER | VHOST | GLOBAL, inherits: replace, default: "keepalive on", parse: options;
        /// Whether data connections may go to, and come from, other addresses than the client's: all others, or those in a
        /// `<Class>`. Ports below 1024 are never connected to.
        pub foreign: Foreign = AllowForeignAddress "on|off|class-name" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace, default: "off", parse: foreign;
        /// Has no effect on files: the daemon is no longer root after its start if User is set. If it is `on` and the server's
        /// port is below 1024, PORT and EPRT are refused.
        pub root_revoke: RootRevoke = RootRevoke "on|off|UseNonCompliantActiveTransfers"
            in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace, default: "UseNonCompliantActiveTransfers", parse: root_revoke;
    }
}

/// SocketOptions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct SocketOptions {
    /// The maximum size of a segment, in bytes.
    pub maxseg: Option<u32>,
    /// The size of the receive buffer, in bytes.
    pub rcvbuf: Option<usize>,
    /// The size of the send buffer, in bytes.
    pub sndbuf: Option<usize>,
    /// No probes.
    pub silent: bool,
    /// Seconds before the first probe, how many there are, and the seconds between them.
    pub probes: Option<(u64, u32, u64)>,
    /// Whether others may listen on the port as well.
    pub reuseport: bool,
}

/// AllowForeignAddress.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub enum Foreign {
    /// `off`
    Never,
    /// `on`
    Always,
    /// Addresses in this class.
    Class(String),
}

/// RootRevoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum RootRevoke {
    /// `on`
    On,
    /// `off`
    Off,
    /// `UseNonCompliantActiveTransfers`
    UseNonCompliantActiveTransfers,
}

fn switch(word: &str) -> Result<bool, ParseError> {
    parse::switch(word).ok_or_else(|| ParseError::new(format!("expected Boolean parameter, found '{word}'")).at(word))
}

fn no_delay(words: &[&str]) -> Result<Value, ParseError> {
    let (mut control, mut data) = (true, true);
    match words {
        [word] => (control, data) = (switch(word)?, switch(word)?),
        [] => return Err("missing parameters".into()),
        pairs => {
            for pair in pairs.chunks(2) {
                match pair {
                    [name, word] if name.eq_ignore_ascii_case("ctrl") => control = switch(word)?,
                    [name, word] if name.eq_ignore_ascii_case("data") => data = switch(word)?,
                    _ => return Err("expected ctrl or data, each followed by on or off".into()),
                }
            }
        }
    }
    Ok(Value::List(vec![Value::Bool(control), Value::Bool(data)]))
}

fn options(words: &[&str]) -> Result<Value, ParseError> {
    if words.is_empty() || !words.len().is_multiple_of(2) {
        return Err("wrong number of parameters".into());
    }
    let mut found = Vec::new();
    for pair in words.chunks(2) {
        let [name, word] = pair else { continue };
        let name = name.to_ascii_lowercase();
        let entry = match name.as_str() {
            "maxseg" | "rcvbuf" | "sndbuf" => match parse::whole(word) {
                Ok(bytes @ 1..=1_073_741_824) => (name, Value::Int(bytes)),
                _ => return Err(format!("'{word}' is not a number of bytes").into()),
            },
            "keepalive" if word.contains(':') => ("probes".to_owned(), probes(word)?),
            "keepalive" => ("silent".to_owned(), Value::Bool(!switch(word)?)),
            "reuseport" => (name, Value::Bool(switch(word)?)),
            _ => return Err(format!("unknown option '{name}'").into()),
        };
        found.push(entry);
    }
    Ok(Value::Map(found))
}

fn probes(word: &str) -> Result<Value, ParseError> {
    let numbers = word.split(':').map(parse::whole).collect::<Result<Vec<_>, _>>();
    match numbers.as_deref() {
        Ok([idle @ 1..=32767, count @ 1..=127, interval @ 1..=32767]) => {
            Ok(Value::List(vec![Value::Int(*idle), Value::Int(*count), Value::Int(*interval)]))
        }
        _ => Err(format!("'{word}': expected idle:probes:interval, as in 7200:9:75").into()),
    }
}

fn foreign(words: &[&str]) -> Result<Value, ParseError> {
    let word = parse::one(words)?;
    Ok(match parse::switch(word) {
        Some(true) => Value::from("Always"),
        Some(false) => Value::from("Never"),
        None => Value::map([("Class", Value::from(word))]),
    })
}

fn root_revoke(words: &[&str]) -> Result<Value, ParseError> {
    let word = parse::one(words)?;
    let free = "UseNonCompliantActiveTransfers";
    match parse::switch(word) {
        Some(true) => Ok(Value::from("On")),
        Some(false) => Ok(Value::from("Off")),
        // The manual contains both forms.
        None if word.eq_ignore_ascii_case(free) || word.eq_ignore_ascii_case("UseNonCompliantActiveTranfers") => {
            Ok(Value::from(free))
        }
        None => Err(format!("expected on, off or {free}, found '{word}'").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_come_in_pairs() {
        let read = |words: &[&str]| -> Result<SocketOptions, ParseError> { Ok(options(words)?.extract().unwrap()) };
        let found = read(&["rcvbuf", "32768", "keepalive", "7200:9:75"]).unwrap();
        assert_eq!((found.rcvbuf, found.probes, found.silent), (Some(32768), Some((7200, 9, 75)), false));
        assert!(read(&["keepalive", "off"]).unwrap().silent);
        for wrong in [&["rcvbuf"][..], &["rcvbuf", "x"], &["keepalive", "1:2"], &["x", "y"], &[]] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn delays_are_of_control_and_data() {
        let read = |words: &[&str]| -> (bool, bool) { no_delay(words).unwrap().extract().unwrap() };
        assert_eq!((read(&["off"]), read(&["data", "off"])), ((false, false), (true, false)));
        assert!(no_delay(&["ctrl", "perhaps"]).is_err() && no_delay(&["a", "on"]).is_err());
    }
}
