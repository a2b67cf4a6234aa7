//! The tree that both syntaxes become: directives with their values and sections with
//! their children, each with its position. Conditions and includes are already resolved.

use gantry_api::{Inherits, Value};

use crate::position::Position;
use crate::section::SectionKind;

/// One word after a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// The word, unquoted.
    pub text: String,
    /// Its line, from 1; a continued directive spans several.
    pub line: u32,
    /// The column of its first character, from 1.
    pub column: u32,
}

/// A directive or a section.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Its name, as declared.
    pub name: String,
    /// The words after the name.
    pub arguments: Vec<Argument>,
    /// The place of its name.
    pub position: Position,
    /// Its content.
    pub content: Content,
}

/// The content of a node.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A directive.
    Setting {
        /// The value that its parser made from the words.
        value: Value,
        /// How scopes merge it.
        inherits: Inherits,
    },
    /// A section.
    Section {
        /// Its kind.
        kind: SectionKind,
        /// The nodes in it.
        children: Vec<Node>,
    },
}

impl Node {
    /// The children, if it is a section of this kind.
    pub fn section(&self, wanted: SectionKind) -> Option<&[Node]> {
        match &self.content {
            Content::Section { kind, children } if *kind == wanted => Some(children),
            _ => None,
        }
    }

    /// The first word after the name; empty if there is none.
    pub fn first_argument(&self) -> &str {
        self.arguments.first().map_or("", |argument| &argument.text)
    }
}
