//! `<Limit>`: what a scope allows and refuses, and to whom. The access gate knows which
//! commands a name covers and which of several limits counts.

mod hosts;
mod names;

use std::net::IpAddr;

use gantry_api::{ParseError, Value};

pub(crate) use hosts::Host;
pub use hosts::Hosts;
use names::Mode;
pub use names::Names;
pub(crate) use names::{is_pattern, is_text_within, is_within};

use crate::position::Position;
use crate::tree::{Content, Node};

/// A `<Limit>` section, or an AllowAll or DenyAll directly in a `<Directory>` or
/// `<Anonymous>`, which applies to all commands.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// Commands (`STOR`, `SITE_CHMOD`) and groups (`READ`, `WRITE`, `DIRS`,
    /// `ALL`, `LOGIN`), in upper case.
    pub commands: Vec<String>,
    /// Whether it is outside a `<Limit>`. Its refusal then overrides what the `<Limit>`
    /// sections of the same scope and of outer ones allow.
    pub plain: bool,
    /// Which of the two lists comes first.
    pub order: Order,
    /// AllowAll, Allow, AllowUser, AllowGroup, AllowClass.
    pub allow: Vec<Rule>,
    /// DenyAll, Deny, DenyUser, DenyGroup, DenyClass.
    pub deny: Vec<Rule>,
    /// The section's other directives, with names and values, in order.
    pub settings: Value,
    /// Its place.
    pub position: Position,
    /// The rules with host names: directive and place.
    pub host_names: Vec<(String, Position)>,
}

/// Order: which rules come first, and the result if none matches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// `allow,deny`: without a match, the limit decides nothing.
    #[default]
    AllowDeny,
    /// `deny,allow`: without a match, the limit refuses.
    DenyAllow,
}

/// Whom a rule applies to.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    /// AllowAll, DenyAll.
    All,
    /// Allow, Deny.
    From(Hosts),
    /// AllowUser, DenyUser.
    User(Names),
    /// AllowGroup, DenyGroup.
    Group(Names),
    /// AllowClass, DenyClass.
    Class(Names),
}

/// The decision of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Allowed.
    Allow,
    /// Refused.
    Deny,
}

/// The client or user to judge. Before the login there is no user and no group.
#[derive(Debug, Clone, Copy)]
pub struct Who<'a> {
    /// The client's address.
    pub address: IpAddr,
    /// Its host name, or its address as text if no name was looked up.
    pub host: &'a str,
    /// The user's name; empty before the login.
    pub user: &'a str,
    /// The names of the user's groups.
    pub groups: &'a [String],
    /// The client's class.
    pub class: Option<&'a str>,
}

impl Limit {
    /// Its decision; `None` leaves the decision to the next limit. If no limit refuses,
    /// access is allowed.
    pub fn judge(&self, who: &Who<'_>) -> Option<Verdict> {
        let allows = || self.allow.iter().any(|rule| rule.matches(who)).then_some(Verdict::Allow);
        let denies = || self.deny.iter().any(|rule| rule.matches(who)).then_some(Verdict::Deny);
        match self.order {
            Order::AllowDeny => allows().or_else(denies),
            Order::DenyAllow => denies().or_else(allows).or(Some(Verdict::Deny)),
        }
    }

    /// Whether its decision depends on the client or user.
    pub fn is_personal(&self) -> bool {
        self.allow.iter().chain(&self.deny).any(|rule| *rule != Rule::All)
    }

    /// Reads a `<Limit>` section; `None` if it has no rules.
    pub(crate) fn of_section(node: &Node, children: &[Node]) -> Option<Self> {
        let names = node.arguments.iter().flat_map(|argument| argument.text.split(','));
        let commands = names.filter(|name| !name.is_empty()).map(str::to_ascii_uppercase).collect();
        let mut limit = Self::new(commands, &node.position);
        let mut said = false;
        let mut others: Vec<(String, Value)> = Vec::new();
        for child in children {
            match (limit.take(child), &child.content) {
                (true, _) => said = true,
                (false, Content::Setting { value, .. }) => others.push((child.name.clone(), value.clone())),
                (false, Content::Section { .. }) => {}
            }
        }
        said |= !others.is_empty();
        limit.settings = Value::Map(others);
        said.then_some(limit)
    }

    /// Reads AllowAll or DenyAll outside a `<Limit>`.
    pub(crate) fn plain(node: &Node) -> Option<Self> {
        let mut limit = Self { plain: true, ..Self::new(vec!["ALL".to_owned()], &node.position) };
        Self::is_plain(node).then(|| limit.take(node)).map(|_| limit)
    }

    /// Whether a node is AllowAll or DenyAll.
    pub(crate) fn is_plain(node: &Node) -> bool {
        is_rule(&node.name, "AllowAll") || is_rule(&node.name, "DenyAll")
    }

    fn new(commands: Vec<String>, position: &Position) -> Self {
        Self {
            commands,
            plain: false,
            order: Order::default(),
            allow: Vec::new(),
            deny: Vec::new(),
            settings: Value::Map(Vec::new()),
            position: position.clone(),
            host_names: Vec::new(),
        }
    }

    /// Records a rule with host names.
    fn note_names(&mut self, rule: &Rule, node: &Node) {
        if matches!(rule, Rule::From(hosts) if hosts.have_names()) {
            self.host_names.push((node.name.clone(), node.position.clone()));
        }
    }

    /// Adds a rule or an Order; returns whether the directive was one.
    fn take(&mut self, node: &Node) -> bool {
        let words: Vec<&str> = node.arguments.iter().map(|argument| argument.text.as_str()).collect();
        match read(&node.name, &words) {
            Some(Ok(LimitLine::Allow(rule))) => {
                self.note_names(&rule, node);
                self.allow.push(rule);
            }
            Some(Ok(LimitLine::Deny(rule))) => {
                self.note_names(&rule, node);
                self.deny.push(rule);
            }
            Some(Ok(LimitLine::Order(order))) => self.order = order,
            // The directive's parser should have refused it. If the directive was
            // declared with another parser, the limit lets nobody through.
            Some(Err(_)) => self.deny.push(Rule::All),
            None => return false,
        }
        true
    }
}

impl Rule {
    /// About users by their names: any of those named.
    pub(crate) fn of_users(words: &[&str]) -> Result<Self, ParseError> {
        Names::read(words, Mode::Or).map(Self::User)
    }

    /// About users by their groups: all of those named.
    pub(crate) fn of_groups(words: &[&str]) -> Result<Self, ParseError> {
        Names::read(words, Mode::And).map(Self::Group)
    }

    /// About clients by their classes: any of those named.
    pub(crate) fn of_classes(words: &[&str]) -> Result<Self, ParseError> {
        Names::read(words, Mode::Or).map(Self::Class)
    }

    /// Whether it is about somebody.
    pub(crate) fn matches(&self, who: &Who<'_>) -> bool {
        match self {
            Self::All => true,
            Self::From(hosts) => hosts.contain(who.address, who.host),
            Self::User(names) => !who.user.is_empty() && names.match_one(who.user),
            Self::Group(names) => !who.user.is_empty() && names.match_any(who.groups),
            Self::Class(names) => names.match_one(who.class.unwrap_or_default()),
        }
    }
}

/// Whether a directive is a rule of a `<Limit>`.
pub(crate) fn is_rule_of_limit(directive: &str) -> bool {
    RULES.iter().any(|name| is_rule(directive, name))
}

/// Checks the words of a directive of `<Limit>` (AllowAll, Allow, AllowUser,
/// AllowGroup, AllowClass, their Deny forms, Order), for its declaration.
///
/// # Errors
/// What is wrong with the words, in ProFTPD's words if it has any.
pub fn check_rule(directive: &str, words: &[&str]) -> Result<Value, ParseError> {
    match read(directive, words) {
        Some(Ok(_)) => Ok(Value::List(words.iter().map(|word| Value::from(*word)).collect())),
        Some(Err(reason)) => Err(reason),
        None => Err("not a directive of <Limit>".into()),
    }
}

const RULES: [&str; 11] = [
    "AllowAll",
    "DenyAll",
    "Allow",
    "Deny",
    "AllowUser",
    "DenyUser",
    "AllowGroup",
    "DenyGroup",
    "AllowClass",
    "DenyClass",
    "Order",
];

enum LimitLine {
    Allow(Rule),
    Deny(Rule),
    Order(Order),
}

fn is_rule(directive: &str, name: &str) -> bool {
    directive.eq_ignore_ascii_case(name)
}

/// Parses a rule; `None` if the directive is not one.
fn read(directive: &str, words: &[&str]) -> Option<Result<LimitLine, ParseError>> {
    let name = RULES.into_iter().find(|name| is_rule(directive, name))?;
    if name == "Order" {
        return Some(order(words).map(LimitLine::Order));
    }
    let (side, about): (fn(Rule) -> LimitLine, _) = match name.strip_prefix("Allow") {
        Some(about) => (LimitLine::Allow, about),
        None => (LimitLine::Deny, name.strip_prefix("Deny").unwrap_or(name)),
    };
    let rule = match about {
        "All" if words.is_empty() => Ok(Rule::All),
        "All" => Err("wrong number of parameters".into()),
        "User" => Rule::of_users(words),
        "Group" => Rule::of_groups(words),
        "Class" => Rule::of_classes(words),
        _ => Hosts::read(words).map(Rule::From),
    };
    Some(rule.map(side))
}

fn order(words: &[&str]) -> Result<Order, ParseError> {
    if words.is_empty() {
        return Err("wrong number of parameters".into());
    }
    match words.concat().to_ascii_lowercase().as_str() {
        "allow,deny" => Ok(Order::AllowDeny),
        "deny,allow" => Ok(Order::DenyAllow),
        _ => {
            let words = words.join(" ");
            Err(ParseError::new(format!("'{words}': invalid argument")).at(&words))
        }
    }
}

#[cfg(test)]
mod tests;
