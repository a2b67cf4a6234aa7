//! How the server's own directives read their words, where nobody else's parser
//! does it. What the machine has to have for a line (a user, an address, a log) is
//! asked for here, so that its absence is told with the line.

use std::net::IpAddr;
use std::path::Path;

use gantry_api::{ParseError, Value, parse};
use gantry_sys::as_daemon;

use super::port::Port;
use crate::address::resolve;
use crate::log::Logger;

/// Takes what there is: that it is none, or no key, is found where the line acts,
/// so that a faulty line lets nothing in either.
pub(super) fn signers(words: &[&str]) -> Result<Value, ParseError> {
    Ok(Value::List(words.iter().map(|word| Value::from(*word)).collect()))
}

pub(super) fn ident(words: &[&str]) -> Result<Value, ParseError> {
    match words {
        [word] if parse::switch(word) == Some(false) => Ok(Value::from("")),
        [word] if parse::switch(word) == Some(true) => Ok(Value::None),
        [word, text] if parse::switch(word) == Some(true) => Ok(Value::from(*text)),
        _ => Err("expected off, or on with an optional quoted text".into()),
    }
}

pub(super) fn server_type(words: &[&str]) -> Result<Value, ParseError> {
    match parse::one(words)?.to_ascii_lowercase().as_str() {
        "standalone" => Ok(Value::from("standalone")),
        "inetd" => Err("inetd is not supported: run it standalone".into()),
        _ => Err("type must be either 'inetd' or 'standalone'".into()),
    }
}

pub(super) fn port(words: &[&str]) -> Result<Value, ParseError> {
    let word = parse::one(words)?;
    Port::try_from(word.to_owned()).map(|_| Value::from(word))
}

pub(super) fn ports(words: &[&str]) -> Result<Value, ParseError> {
    let [first, last] = words else { return Err("two ports expected: the lowest and the highest".into()) };
    let (first, last) = (parse::whole(first)?, parse::whole(last)?);
    if !(1..=65535).contains(&first) || !(1..=65535).contains(&last) || first > last {
        return Err(format!("{first} {last} is no range of ports between 1 and 65535").into());
    }
    Ok(Value::List(vec![Value::Int(first), Value::Int(last)]))
}

pub(super) fn address(words: &[&str]) -> Result<Value, ParseError> {
    let word = parse::one(words)?;
    let address: IpAddr = word.parse().map_err(|_| ParseError::of(word, "is no IP address"))?;
    Ok(Value::Text(address.to_string()))
}

pub(super) fn umask(words: &[&str]) -> Result<Value, ParseError> {
    let (file, directory) = match words {
        [both] => (both, both),
        [file, directory] => (file, directory),
        _ => return Err("one or two octal modes expected".into()),
    };
    Ok(Value::List(vec![Value::Int(parse::octal(file)?), Value::Int(parse::octal(directory)?)]))
}

pub(super) fn line_limit(words: &[&str]) -> Result<Value, ParseError> {
    let size = parse::whole(parse::one(words)?)?;
    if (64..=65536).contains(&size) {
        Ok(Value::Int(size))
    } else {
        Err(format!("{size} is not between 64 and 65536").into())
    }
}

pub(super) fn addresses(words: &[&str]) -> Result<Value, ParseError> {
    for name in words {
        let unknown = |reason| ParseError::new(format!("unable to resolve '{name}': {reason}")).at(name);
        resolve(name, 0).map_err(unknown)?;
    }
    parse::words(words)
}

pub(super) fn instances(words: &[&str]) -> Result<Value, ParseError> {
    match parse::one(words)? {
        word if word.eq_ignore_ascii_case("none") => Ok(Value::None),
        word => match word.parse() {
            Ok(count @ 1..) => Ok(Value::Int(count)),
            _ => Err("argument must be 'none' or a number greater than 0".into()),
        },
    }
}

pub(super) fn file_store(words: &[&str]) -> Result<Value, ParseError> {
    let name = parse::one(words)?;
    Ok(if name.eq_ignore_ascii_case("host") { Value::None } else { Value::from(name) })
}

pub(super) fn connection_rate(words: &[&str]) -> Result<Value, ParseError> {
    let (count, seconds) = match words {
        [count] => (*count, "1"),
        [count, seconds] => (*count, *seconds),
        _ => return Err("wrong number of parameters".into()),
    };
    let count = parse::whole(count).map_err(|_| "invalid connection rate")?;
    match parse::whole(seconds) {
        Ok(1..) if count == 0 => Ok(Value::None),
        Ok(seconds @ 1..) => Ok(Value::List(vec![Value::Int(count), Value::Int(seconds)])),
        _ => Err("interval must be greater than zero".into()),
    }
}

pub(super) fn system_log(words: &[&str]) -> Result<Value, ParseError> {
    let value = parse::path_or_none(words)?;
    if let Value::Text(path) = &value {
        as_daemon(|| Logger::check(Path::new(path))).map_err(|error| {
            let reason = error.to_string();
            let reason = reason.split(" (os error").next().unwrap_or(&reason);
            ParseError::new(format!("unable to open '{path}': {reason}")).at(path)
        })?;
    }
    Ok(value)
}
