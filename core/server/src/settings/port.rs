//! Port.

use gantry_api::ParseError;
use serde::Deserialize;

/// The port of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub enum Port {
    /// None: the server is turned off.
    Off,
    /// A port that the kernel chooses; the log names it.
    Any,
    /// This port.
    Number(u16),
}

impl TryFrom<String> for Port {
    type Error = ParseError;

    fn try_from(word: String) -> Result<Self, ParseError> {
        if word.eq_ignore_ascii_case("any") {
            return Ok(Self::Any);
        }
        match word.parse() {
            Ok(0) => Ok(Self::Off),
            Ok(number) => Ok(Self::Number(number)),
            Err(_) => Err(ParseError::of(&word, "is not a port: use 1 to 65535, 0 for none, or any")),
        }
    }
}
