//! The directives of this module.

use gantry_api::prelude::*;
use serde::Deserialize;

settings! {
    /// The settings of the main server.
    #[derive(Debug, Clone)]
    pub struct Settings {
        /// Which of mod_ctrls_admin's actions exist: all (`on`), none (`off`), or those listed.
        pub engine: Engine = AdminControlsEngine "on|off|actions" in SERVER, inherits: no, default: "on", parse: engine;
    }
}

/// Which actions exist.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Engine {
    /// All or none.
    All(bool),
    /// These.
    Some(Vec<String>),
}

impl Engine {
    /// Whether an action exists.
    pub fn has(&self, action: &str) -> bool {
        match self {
            Self::All(all) => *all,
            Self::Some(names) => names.iter().any(|name| name == action),
        }
    }
}

directive! {
    /// Who may use mod_ctrls_admin's actions; see `ControlsACLs`.
    AdminControlsACLs "actions|all allow|deny user|group list" in SERVER, inherits: append, parse: parse::control_acl
}

fn engine(words: &[&str]) -> Result<Value, ParseError> {
    if let [word] = words
        && let Some(on) = parse::switch(word)
    {
        return Ok(Value::Bool(on));
    }
    let names = words.iter().flat_map(|word| word.split(',')).filter(|name| !name.is_empty());
    let names: Vec<Value> = names.map(Value::from).collect();
    if names.is_empty() { Err("missing parameters".into()) } else { Ok(Value::List(names)) }
}
