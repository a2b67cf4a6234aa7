//! TLSRequired: what must use TLS, and what must not.

use gantry_api::parse as words_of;
use gantry_api::{ParseError, Value};
use serde::Deserialize;

/// What must be protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct Requirement {
    /// On the control connection.
    pub(crate) control: Control,
    /// On data connections.
    pub(crate) data: Data,
}

/// What must be protected on the control connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Control {
    /// Nothing.
    Off,
    /// User names and passwords.
    Auth,
    /// Everything.
    On,
}

/// Whether data connections must be protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Data {
    /// The client chooses.
    Off,
    /// All must be.
    On,
    /// None may be.
    Never,
}

/// Parses TLSRequired's word.
pub(crate) fn parse(words: &[&str]) -> Result<Value, ParseError> {
    let word = words_of::one(words)?;
    let (mut control, mut data) = ("off", "off");
    if let Some(all) = words_of::switch(word) {
        (control, data) = if all { ("on", "on") } else { ("off", "off") };
    } else {
        for part in word.to_ascii_lowercase().split('+') {
            match part {
                "ctrl" | "control" => control = "on",
                "auth" => control = "auth",
                "data" => data = "on",
                "!data" => data = "never",
                _ => {
                    return Err(format!(
                        "'{word}' is not one of on, off, ctrl, data, !data, auth, auth+data, auth+!data, ctrl+!data"
                    )
                    .into());
                }
            }
        }
    }
    Ok(Value::map([("control", control.into()), ("data", data.into())]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_says_something_of_both_connections() {
        let read = |word: &str| -> Requirement { parse(&[word]).unwrap().extract().unwrap() };
        let required = |control, data| Requirement { control, data };
        assert_eq!(read("on"), required(Control::On, Data::On));
        assert_eq!(read("off"), required(Control::Off, Data::Off));
        assert_eq!(read("ctrl"), required(Control::On, Data::Off));
        assert_eq!(read("data"), required(Control::Off, Data::On));
        assert_eq!(read("!data"), required(Control::Off, Data::Never));
        assert_eq!(read("auth"), required(Control::Auth, Data::Off));
        assert_eq!(read("auth+data"), required(Control::Auth, Data::On));
        assert_eq!(read("Auth+!data"), required(Control::Auth, Data::Never));
        assert_eq!(read("ctrl+!data"), required(Control::On, Data::Never));
        for bad in ["", "x", "auth+", "!ctrl"] {
            assert!(parse(&[bad]).is_err(), "{bad}");
        }
    }
}
