//! The tree that every syntax becomes: directives with their values, sections
//! with their children, each with its position. Conditions and includes are
//! resolved in it.

use gantry_api::{Inherits, Value};

use crate::position::Position;
use crate::section::SectionKind;

/// One word behind a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// The word, unquoted.
    pub text: String,
    /// Its line, from 1; a continued directive has several.
    pub line: u32,
    /// Its first character, from 1.
    pub column: u32,
}

/// A directive or a section.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Its name, as its declaration writes it.
    pub name: String,
    /// The words behind the name.
    pub arguments: Vec<Argument>,
    /// Where its name stands.
    pub position: Position,
    /// What it is.
    pub content: Content,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A directive.
    Setting {
        /// What its parser made of the words.
        value: Value,
        /// How scopes merge it.
        inherits: Inherits,
    },
    /// A section.
    Section {
        /// Which one.
        kind: SectionKind,
        /// What stands in it.
        children: Vec<Node>,
    },
}

impl Node {
    /// The children, when it is a section of this kind.
    pub fn section(&self, wanted: SectionKind) -> Option<&[Node]> {
        match &self.content {
            Content::Section { kind, children } if *kind == wanted => Some(children),
            _ => None,
        }
    }

    /// The first word behind the name; empty where there is none.
    pub fn first_argument(&self) -> &str {
        self.arguments.first().map_or("", |argument| &argument.text)
    }
}
