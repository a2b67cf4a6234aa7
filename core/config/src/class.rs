//! `<Class>`: a name for clients, by where they come from.

use std::net::IpAddr;

use gantry_api::{ParseError, Value};

use crate::limit::Host;
use crate::position::Position;
use crate::section::SectionKind;
use crate::tree::Node;

/// One `<Class>` section.
#[derive(Debug, Clone, PartialEq)]
pub struct Class {
    /// Its name, case-sensitive.
    pub name: String,
    /// Its place.
    pub position: Position,
    satisfy: Satisfy,
    /// The rules; each says whether it is negated.
    from: Vec<(Host, bool)>,
    /// The From lines with host names.
    pub host_names: Vec<Position>,
}

/// How many of a class's From rules must match.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Satisfy {
    #[default]
    Any,
    All,
}

impl Class {
    /// Whether a client is in the class.
    pub fn contains(&self, address: IpAddr, host: &str) -> bool {
        let holds = |(rule, not): &(Host, bool)| rule.is(address, host) != *not;
        match self.satisfy {
            Satisfy::Any => self.from.iter().any(holds),
            Satisfy::All => !self.from.is_empty() && self.from.iter().all(holds),
        }
    }
}

/// The class of a client: the first that contains it.
pub fn class_of<'c>(classes: &'c [Class], address: IpAddr, host: &str) -> Option<&'c str> {
    classes.iter().find(|class| class.contains(address, host)).map(|class| class.name.as_str())
}

/// Checks the words of From or Satisfy, for their declarations.
///
/// # Errors
/// What is wrong with the words.
pub fn check_class_rule(directive: &str, words: &[&str]) -> Result<Value, ParseError> {
    match directive.eq_ignore_ascii_case("Satisfy") {
        true => drop(satisfy(words)?),
        false => drop(from(words)?),
    }
    Ok(Value::List(words.iter().map(|word| Value::from(*word)).collect()))
}

/// The classes of a tree, in order; those in `<Global>` come last.
pub(crate) fn classes(tree: &[Node]) -> Vec<Class> {
    let globals = tree.iter().filter_map(|node| node.section(SectionKind::Global)).flatten();
    tree.iter().chain(globals).filter_map(|node| Some(class(node, node.section(SectionKind::Class)?))).collect()
}

fn class(node: &Node, children: &[Node]) -> Class {
    let (name, position) = (node.first_argument().to_owned(), node.position.clone());
    let mut class = Class { name, position, satisfy: Satisfy::Any, from: Vec::new(), host_names: Vec::new() };
    for child in children {
        let words: Vec<&str> = child.arguments.iter().map(|argument| argument.text.as_str()).collect();
        // Errors in the words were reported when the line was read.
        if child.name.eq_ignore_ascii_case("From") {
            let rules = from(&words).unwrap_or_default();
            if rules.iter().any(|(host, _)| host.is_name()) {
                class.host_names.push(child.position.clone());
            }
            class.from.extend(rules);
        } else if child.name.eq_ignore_ascii_case("Satisfy") {
            class.satisfy = satisfy(&words).unwrap_or(Satisfy::All);
        }
    }
    class
}

fn from(words: &[&str]) -> Result<Vec<(Host, bool)>, ParseError> {
    let entries = words.iter().flat_map(|word| word.split(',')).filter(|entry| !entry.is_empty());
    let rules = entries.map(|entry| match entry.strip_prefix('!') {
        Some(entry) => Ok((Host::read(entry)?, true)),
        None => Ok((Host::read(entry)?, false)),
    });
    rules.collect()
}

fn satisfy(words: &[&str]) -> Result<Satisfy, ParseError> {
    match words {
        [word] if word.eq_ignore_ascii_case("any") => Ok(Satisfy::Any),
        [word] if word.eq_ignore_ascii_case("all") => Ok(Satisfy::All),
        [word] => Err(ParseError::new(format!("invalid parameter: '{word}'")).at(word)),
        _ => Err("wrong number of parameters".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{configure, faults};

    fn class(text: &str, address: &str, host: &str) -> Option<String> {
        let read = configure(text).unwrap_or_else(|faults| panic!("{faults}"));
        let address = address.parse().unwrap_or_else(|error| panic!("{error}"));
        class_of(&read.classes, address, host).map(str::to_owned)
    }

    #[test]
    fn the_first_class_that_contains_a_client_is_its_class() {
        let text = "<Class a>\nFrom 10.0.0.0/8\n</Class>\n<Class b>\nFrom 10.1.0.0/16 *.example.com\n</Class>\n";
        assert_eq!(class(text, "10.1.0.1", "x").as_deref(), Some("a"));
        assert_eq!(class(text, "1.2.3.4", "h.example.com").as_deref(), Some("b"));
        assert_eq!(class(text, "1.2.3.4", "x"), None);
    }

    #[test]
    fn satisfy_all_takes_exceptions() {
        let text = "<Class c>\nFrom .domain.com\nFrom !host1.domain.com !host2.domain.com\nSatisfy all\n</Class>\n";
        assert_eq!(class(text, "1.2.3.4", "host3.domain.com").as_deref(), Some("c"));
        assert_eq!(class(text, "1.2.3.4", "host2.domain.com"), None);
        assert_eq!(class("<Class n>\nFrom !10.0.0.1\n</Class>\n", "10.0.0.2", "").as_deref(), Some("n"));
        assert_eq!(class("<Class n>\nSatisfy all\n</Class>\n", "10.0.0.2", ""), None);
    }

    #[test]
    fn wrong_rules_are_refused() {
        assert_eq!(
            faults("<Class c>\nSatisfy x\nFrom 1.2.3.4/40\n</Class>\n"),
            [
                "Fatal: Satisfy: invalid parameter: 'x' on line 2 of '/t.conf'",
                "Fatal: From: bad ACL definition '1.2.3.4/40': Invalid argument on line 3 of '/t.conf'",
            ]
        );
    }
}
