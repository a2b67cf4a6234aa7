//! The parsers of the module's directives.

use gantry_api::{ParseError, Value, parse};
use gantry_secrets::Digest;

/// More rounds than a login may cost.
const MOST_ROUNDS: i64 = 100_000_000;
/// More iterations of PBKDF2 than a login may cost.
pub const MOST_ITERATIONS: u32 = 100_000_000;
/// The longest hash.
const MOST_BYTES: i64 = 1024;

pub fn encoding(words: &[&str]) -> Result<Value, ParseError> {
    let word = parse::one(words)?;
    match word {
        "HEX" => Ok(Value::from("upperhex")),
        word if word.eq_ignore_ascii_case("base64") => Ok(Value::from("base64")),
        word if word.eq_ignore_ascii_case("hex") => Ok(Value::from("hex")),
        word => Err(ParseError::of(word, "is not an encoding: expected base64, hex or HEX")),
    }
}

pub fn salt_encoding(words: &[&str]) -> Result<Value, ParseError> {
    const KNOWN: [&str; 3] = ["base64", "hex", "none"];
    one_of(parse::one(words)?, &KNOWN, "is not an encoding: expected base64, hex, HEX or none")
}

pub fn cost(words: &[&str]) -> Result<Value, ParseError> {
    const KNOWN: [&str; 2] = ["interactive", "sensitive"];
    one_of(parse::one(words)?, &KNOWN, "is not a cost: expected interactive or sensitive")
}

pub fn options(words: &[&str]) -> Result<Value, ParseError> {
    const KNOWN: [&str; 4] = ["HashPassword", "HashEncodePassword", "HashSalt", "HashEncodeSalt"];
    let known = words.iter().map(|word| one_of(word, &KNOWN, "is not a known option"));
    match words {
        [] => Err("missing arguments".into()),
        _ => Ok(Value::List(known.collect::<Result<_, _>>()?)),
    }
}

pub fn rounds(words: &[&str]) -> Result<Value, ParseError> {
    number(parse::one(words)?, 1, MOST_ROUNDS).map(Value::Int)
}

pub fn scrypt(words: &[&str]) -> Result<Value, ParseError> {
    number(parse::one(words)?, 16, MOST_BYTES).map(Value::Int)
}

pub fn argon2(words: &[&str]) -> Result<Value, ParseError> {
    number(parse::one(words)?, 16, MOST_BYTES).map(Value::Int)
}

pub fn salt_file(words: &[&str]) -> Result<Value, ParseError> {
    let (path, side) = with_side(words)?;
    if path.eq_ignore_ascii_case("none") {
        return Ok(Value::None);
    }
    match path.starts_with('/') {
        true => Ok(Value::map([("path", Value::from(path)), ("side", side)])),
        false => Err(ParseError::of(path, "must be an absolute path")),
    }
}

pub fn user_salt(words: &[&str]) -> Result<Value, ParseError> {
    let (source, side) = with_side(words)?;
    if source.eq_ignore_ascii_case("name") {
        return Ok(Value::map([("side", side)]));
    }
    match query(source) {
        Some(query) => Ok(Value::map([("query", Value::from(query)), ("side", side)])),
        None => Err(ParseError::of(source, "is no source of salts: expected name or sql:/query")),
    }
}

pub fn pbkdf2(words: &[&str]) -> Result<Value, ParseError> {
    match words {
        [word] => match query(word) {
            Some(query) => Ok(Value::map([("query", Value::from(query))])),
            None => Err("expected digest, iterations and length, or sql:/query".into()),
        },
        [digest, iterations, length] => {
            if Digest::named(digest).is_none() {
                return Err(ParseError::of(digest, "is not a known digest"));
            }
            let iterations = number(iterations, 1, MOST_ITERATIONS.into())?;
            let length = number(length, 1, MOST_BYTES)?;
            let fixed = vec![Value::from(*digest), Value::Int(iterations), Value::Int(length)];
            Ok(Value::map([("fixed", Value::List(fixed))]))
        }
        _ => Err("expected digest, iterations and length, or sql:/query".into()),
    }
}

fn query(word: &str) -> Option<&str> {
    let (scheme, query) = word.split_once(":/")?;
    (scheme.eq_ignore_ascii_case("sql") && !query.is_empty()).then_some(query)
}

/// A word, and `Prepend` or `Append` after it.
fn with_side<'w>(words: &[&'w str]) -> Result<(&'w str, Value), ParseError> {
    match words {
        [word] => Ok((word, Value::from("append"))),
        [word, side] if side.eq_ignore_ascii_case("append") => Ok((word, Value::from("append"))),
        [word, side] if side.eq_ignore_ascii_case("prepend") => Ok((word, Value::from("prepend"))),
        [_, side] => Err(ParseError::of(side, "must be Prepend or Append")),
        _ => Err(format!("wrong number of parameters: expected 1 or 2, found {}", words.len()).into()),
    }
}

fn one_of(word: &str, known: &[&str], otherwise: &str) -> Result<Value, ParseError> {
    let found = known.iter().find(|known| known.eq_ignore_ascii_case(word));
    found.map(|found| Value::from(*found)).ok_or_else(|| ParseError::of(word, otherwise))
}

fn number(word: &str, least: i64, most: i64) -> Result<i64, ParseError> {
    let number = word.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| ParseError::of(word, format!("is not a number from {least} to {most}")))
}

#[cfg(test)]
mod tests {
    use gantry_api::settings::of_values;

    use super::*;
    use crate::settings::{Cost, Encoding, Pbkdf2, SaltEncoding, Settings, Side};

    #[test]
    fn lines_become_settings() {
        let found: Settings = of_values([
            ("SQLPasswordEngine", Value::Bool(true)),
            ("SQLPasswordEncoding", encoding(&["HEX"]).unwrap()),
            ("SQLPasswordOptions", options(&["hashsalt", "HashEncodePassword"]).unwrap()),
            ("SQLPasswordRounds", rounds(&["3"]).unwrap()),
            ("SQLPasswordSaltFile", salt_file(&["/salt", "prepend"]).unwrap()),
            ("SQLPasswordUserSalt", user_salt(&["sql:/get-user-salt"]).unwrap()),
            ("SQLPasswordSaltEncoding", salt_encoding(&["HEX"]).unwrap()),
            ("SQLPasswordPBKDF2", pbkdf2(&["SHA512", "200000", "20"]).unwrap()),
            ("SQLPasswordScrypt", scrypt(&["64"]).unwrap()),
            ("SQLPasswordCost", cost(&["Sensitive"]).unwrap()),
        ])
        .unwrap();
        assert_eq!((found.encoding, found.salt_encoding), (Encoding::UpperHex, SaltEncoding::Hex));
        assert_eq!((found.rounds, found.scrypt, found.argon2, found.cost), (3, 64, 32, Cost::Sensitive));
        assert_eq!(found.salt_file.unwrap().side, Side::Prepend);
        let salt = found.user_salt.unwrap();
        assert_eq!((salt.query.as_deref(), salt.side), (Some("get-user-salt"), Side::Append));
        assert_eq!(found.pbkdf2, Some(Pbkdf2::Fixed("SHA512".to_owned(), 200_000, 20)));
        assert_eq!(salt_file(&["none"]).unwrap(), Value::None);
        let asked = of_values::<Settings>([("SQLPasswordPBKDF2", pbkdf2(&["sql:/x"]).unwrap())]).unwrap();
        assert_eq!(asked.pbkdf2.as_ref().and_then(Pbkdf2::query), Some("x"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (found, wanted) in [
            (encoding(&["utf8"]), "'utf8' is not an encoding: expected base64, hex or HEX"),
            (options(&["Hash"]), "'Hash' is not a known option"),
            (rounds(&["0"]), "'0' is not a number from 1 to 100000000"),
            (salt_file(&["salt"]), "'salt' must be an absolute path"),
            (salt_file(&["/salt", "after"]), "'after' must be Prepend or Append"),
            (user_salt(&["sql:/"]), "'sql:/' is no source of salts: expected name or sql:/query"),
            (pbkdf2(&["crc", "1000", "20"]), "'crc' is not a known digest"),
            (pbkdf2(&["sha1", "1000"]), "expected digest, iterations and length, or sql:/query"),
        ] {
            assert_eq!(found.unwrap_err().text(), wanted);
        }
        assert!(options(&[]).is_err());
    }
}
