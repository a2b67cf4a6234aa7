//! SetEnv and UnsetEnv. They change `%{env:NAME}` in the configuration and in Display files. They
//! do not change the process's environment, because its threads serve all sessions.

use gantry_api::{ParseError, Value, directive, parse};

directive! {
    /// Sets an environment variable, for `%{env:NAME}` in the lines below and in Display files.
    SetEnv "name value" in SERVER | VHOST | GLOBAL, inherits: append, parse: variable
}
directive! {
    /// Removes an environment variable, for `%{env:NAME}` in the lines below and in Display files.
    UnsetEnv "name" in SERVER | VHOST | GLOBAL, inherits: append, parse: name
}

fn variable(words: &[&str]) -> Result<Value, ParseError> {
    let [variable, value] = words else { return Err("wrong number of parameters".into()) };
    name(&[variable])?;
    Ok(Value::List(vec![Value::from(*variable), Value::from(*value)]))
}

fn name(words: &[&str]) -> Result<Value, ParseError> {
    match parse::one(words)? {
        name if name.is_empty() || name.contains('=') => Err(ParseError::of(name, "is not a valid variable name")),
        name => Ok(Value::from(name)),
    }
}
