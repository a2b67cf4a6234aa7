//! A limit on a count ([`crate::census`]), as the `Max...` directives write it.

use serde::{Deserialize, Deserializer};

use crate::parse;
use crate::parse_error::ParseError;
use crate::value::Value;

/// A limit, and the message for clients beyond it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// The maximum; never 0.
    pub most: u64,
    /// Replaces the directive's own message; `%m` is the maximum.
    pub message: Option<String>,
}

impl Limit {
    /// Reads `count|"none" [message]`. [`Value::None`] means no limit.
    ///
    /// # Errors
    /// What is wrong with the words.
    pub fn parse(words: &[&str]) -> Result<Value, ParseError> {
        let (count, message) = match words {
            [count] => (*count, None),
            [count, message] => (*count, Some(*message)),
            _ => return Err("wrong number of parameters".into()),
        };
        if count.eq_ignore_ascii_case("none") {
            return Ok(Value::None);
        }
        match parse::whole(count) {
            Ok(most @ 1..) => Ok(Value::List(vec![Value::Int(most), message.map_or(Value::None, Value::from)])),
            _ => Err("parameter must be 'none' or a number greater than 0".into()),
        }
    }

    /// The message for the client: the limit's own, or `otherwise`. `%m` is the maximum in both.
    pub fn message(&self, otherwise: &str) -> String {
        self.message.as_deref().unwrap_or(otherwise).replace("%m", &self.most.to_string())
    }
}

/// From what [`Limit::parse`] makes.
impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (most, message) = Deserialize::deserialize(deserializer)?;
        Ok(Self { most, message })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Option<Limit>, ParseError> {
        Limit::parse(words).map(|value| value.extract().unwrap())
    }

    #[test]
    fn a_limit_is_a_count_and_a_message() {
        let limit = read(&["5"]).unwrap().unwrap();
        assert_eq!((limit.most, limit.message("no more than %m (%m)")), (5, "no more than 5 (5)".to_owned()));
        let limit = read(&["5", "%m are here"]).unwrap().unwrap();
        assert_eq!(limit.message("no more"), "5 are here");
    }

    #[test]
    fn none_is_no_limit_and_all_else_is_refused() {
        assert_eq!(read(&["None"]), Ok(None));
        for bad in [&[][..], &["0"], &["-1"], &["x"], &["3x"], &["99999999999999999999"], &["1", "a", "b"]] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }
}
