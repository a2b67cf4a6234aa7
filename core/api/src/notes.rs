//! Notes that modules attach to a session, for each other and for log variables (`%{note:NAME}`).

use crate::value::Value;

/// The password that an anonymous client sent, by custom an e-mail address. The module that admits
/// such a client sets this note.
pub const ANONYMOUS_PASSWORD: &str = "anonymous_password";

/// The client's user as the client's host says (RFC 1413). The module that asks for it sets this note.
pub const IDENT_USER: &str = "ident_user";

/// Named values, in the order in which they were first set. A session has few, so a linear search
/// is enough.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Notes(Vec<(String, Value)>);

impl Notes {
    /// Sets a value, replacing the previous one of that name.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        let (name, value) = (name.into(), value.into());
        match self.0.iter_mut().find(|(found, _)| *found == name) {
            Some((_, place)) => *place = value,
            None => self.0.push((name, value)),
        }
    }

    /// The value with this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.iter().find(|(found, _)| *found == name).map(|(_, value)| value)
    }

    /// Removes and returns a value.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let at = self.0.iter().position(|(found, _)| found == name)?;
        Some(self.0.remove(at).1)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_value_and_keeps_its_place() {
        let mut notes = Notes::default();
        assert_eq!(notes.get("class"), None);
        notes.set("class", "lan");
        notes.set("mod_x.count", 1_u64);
        notes.set("class", "wan");
        let all: Vec<_> = notes.iter().collect();
        assert_eq!(all, [("class", &Value::from("wan")), ("mod_x.count", &Value::Int(1))]);
        assert_eq!(notes.remove("class"), Some(Value::from("wan")));
        assert_eq!(notes.remove("class"), None);
        assert_eq!(notes.iter().count(), 1);
    }
}
