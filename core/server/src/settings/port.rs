//! Port.

use gantry_api::ParseError;
use serde::Deserialize;

/// Where a server listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub enum Port {
    /// Nowhere: the server is turned off.
    Off,
    /// At a port of the kernel's choice, which the log names.
    Any,
    /// At this one.
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
