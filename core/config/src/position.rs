//! Places in the configuration.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// A place in a file or in an override.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Its source.
    pub origin: Origin,
    /// The line, from 1.
    pub line: u32,
    /// The character within the line, from 1.
    pub column: u32,
}

/// The source of a part of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A file, by the name that was given.
    File(Arc<Path>),
    /// An environment variable, by its full name.
    Environment(Arc<str>),
    /// `--set`.
    CommandLine,
}

impl Position {
    /// A place in a file.
    pub fn in_file(file: impl Into<Arc<Path>>, line: u32, column: u32) -> Self {
        Self { origin: Origin::File(file.into()), line, column }
    }

    /// The file, if the source is one.
    pub fn file(&self) -> Option<&Path> {
        match &self.origin {
            Origin::File(file) => Some(file),
            Origin::Environment(_) | Origin::CommandLine => None,
        }
    }

    /// The preposition before it in a sentence.
    pub(crate) fn preposition(&self) -> &'static str {
        match self.origin {
            Origin::File(_) | Origin::CommandLine => "on",
            Origin::Environment(_) => "in",
        }
    }
}

/// As in ProFTPD's messages: `line 86 of '/etc/proftpd.conf'`.
impl fmt::Display for Position {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::File(file) => write!(out, "line {} of '{}'", self.line, file.display()),
            Origin::Environment(name) => write!(out, "environment variable '{name}'"),
            Origin::CommandLine => out.write_str("the command line"),
        }
    }
}
