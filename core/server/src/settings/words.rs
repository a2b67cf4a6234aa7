//! Parsers of the server's own directives that need their own. They also check what a line needs of
//! the machine (a user, an address, a log), so that errors are reported with the line.

use std::net::IpAddr;
use std::path::Path;

use gantry_api::log::Host;
use gantry_api::{LogTarget, ParseError, Value, parse};
use gantry_sys::as_daemon;
use gantry_sys::interfaces::addresses as addresses_of;

use super::port::Port;
use crate::address::resolve;
use crate::log::{LOGGER, Logger};

/// Accepts any words. Errors in them are reported when the line takes effect, and a faulty line
/// still refuses all modules.
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
        return Err(format!("{first} {last} is not a range of ports between 1 and 65535").into());
    }
    Ok(Value::List(vec![Value::Int(first), Value::Int(last)]))
}

/// An address, a name, or a device. If there are several addresses, one of IPv4 is used: PASV has
/// no other.
pub(super) fn masquerade(words: &[&str]) -> Result<Value, ParseError> {
    let word = parse::one(words)?;
    if let Ok(address) = word.parse::<IpAddr>() {
        return Ok(Value::Text(address.to_string()));
    }
    let mut found = addresses_of(word).unwrap_or_default();
    if found.is_empty() {
        let named = resolve(word, 0).map_err(|reason| format!("unable to resolve '{word}': {reason}"))?;
        found = named.into_iter().map(|address| address.ip()).collect();
    }
    found.sort_by_key(IpAddr::is_ipv6);
    let first = found.first().ok_or_else(|| format!("'{word}' has no address"))?;
    Ok(Value::Text(first.to_string()))
}

pub(super) fn backlog(words: &[&str]) -> Result<Value, ParseError> {
    match parse::whole(parse::one(words)?) {
        Ok(count @ 1..=65535) => Ok(Value::Int(count)),
        _ => Err("parameter must be a number between 1 and 65535".into()),
    }
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

/// The same form as MaxConnectionRate.
pub(super) fn command_rate(words: &[&str]) -> Result<Value, ParseError> {
    connection_rate(words).map_err(|error| error.text().replace("connection", "command").into())
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

pub(super) fn debug_level(words: &[&str]) -> Result<Value, ParseError> {
    match parse::whole(parse::one(words)?) {
        Ok(level @ 0..=10) => Ok(Value::Int(level)),
        _ => Err("parameter must be a number between 0 and 10".into()),
    }
}

pub(super) fn facility(words: &[&str]) -> Result<Value, ParseError> {
    const NAMES: [(&str, i64); 20] = [
        ("KERN", 0),
        ("USER", 1),
        ("MAIL", 2),
        ("DAEMON", 3),
        ("AUTH", 4),
        ("LPR", 6),
        ("NEWS", 7),
        ("UUCP", 8),
        ("CRON", 9),
        ("AUTHPRIV", 10),
        ("FTP", 11),
        ("LOCAL0", 16),
        ("LOCAL1", 17),
        ("LOCAL2", 18),
        ("LOCAL3", 19),
        ("LOCAL4", 20),
        ("LOCAL5", 21),
        ("LOCAL6", 22),
        ("LOCAL7", 23),
        ("SYSLOG", 5),
    ];
    let word = parse::one(words)?;
    let found = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
    found.map(|(_, number)| Value::Int(*number)).ok_or_else(|| "argument must be a valid syslog facility".into())
}

pub(super) fn syslog_level(words: &[&str]) -> Result<Value, ParseError> {
    let level = match parse::one(words)?.to_ascii_lowercase().as_str() {
        "emerg" | "alert" | "crit" | "error" => "error",
        "warn" => "warn",
        "notice" | "info" => "info",
        "debug" => "debug",
        _ => {
            return Err(
                "SyslogLevel requires level keyword: one of emerg/alert/crit/error/warn/notice/info/debug".into()
            );
        }
    };
    Ok(Value::from(level))
}

/// An absolute path; the empty text for `none`, which also overrides an outer line.
pub(super) fn server_log(words: &[&str]) -> Result<Value, ParseError> {
    match parse::one(words)? {
        none if none.eq_ignore_ascii_case("none") => Ok(Value::from("")),
        path if path.starts_with('/') => {
            let target = LogTarget::File { path: path.into(), follow_link: false };
            LOGGER.check_log(&target).map_err(|error| ParseError::new(error.message()).at(path))?;
            Ok(Value::from(path))
        }
        path => Err(ParseError::of(path, "must be an absolute path")),
    }
}

pub(super) fn log_options(words: &[&str]) -> Result<Value, ParseError> {
    const OPTIONS: [(&str, &str); 4] = [
        ("Hostname", "hostname"),
        ("RoleBasedProcessLabels", "labels"),
        ("Timestamp", "timestamp"),
        ("VirtualHost", "server"),
    ];
    if words.is_empty() {
        return Err("missing parameters".into());
    }
    let option = |word: &&str| {
        let name = word.strip_prefix(['+', '-']).unwrap_or(word);
        let known = OPTIONS.into_iter().find(|(option, _)| option.eq_ignore_ascii_case(name));
        let (_, field) = known.ok_or_else(|| {
            let names = OPTIONS.map(|(option, _)| option).join(", ");
            ParseError::of(word, format!("is not an option of the log: use {names}, each after + or -"))
        })?;
        Ok((field.to_owned(), Value::Bool(!word.starts_with('-'))))
    };
    words.iter().map(option).collect::<Result<_, ParseError>>().map(Value::Map)
}
