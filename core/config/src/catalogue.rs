//! What the configuration asks of the daemon while it reads: directives come
//! and go with modules, and `LoadModule` acts at its line.

use std::path::Path;

use gantry_api::{Directive, Value};

use crate::error::Fault;
use crate::position::Position;
use crate::tree::Node;

/// Why a module or library cannot be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadFailure {
    /// The reason, for the administrator.
    pub reason: String,
    /// Whether nothing of Gantry's was found under that name: no file, or one that
    /// is no module of Gantry's.
    pub is_foreign: bool,
}

/// For another reason than that nothing was found.
impl From<&str> for LoadFailure {
    fn from(reason: &str) -> Self {
        Self { reason: reason.to_owned(), is_foreign: false }
    }
}

/// The directives and modules that there are at the line being read.
pub trait Catalogue {
    /// The directive of a name, matched without regard to case.
    fn directive(&self, name: &str) -> Option<&Directive>;

    /// Whether a module (`mod_x`, `mod_x.c`) is there, for `<IfModule>`.
    fn has_module(&self, name: &str) -> bool;

    /// LoadModule. A notice when there is nothing to do: it is linked in, or
    /// loaded already.
    fn load(&mut self, name: &str, at: &Position) -> Result<Option<String>, LoadFailure>;

    /// ModulePath; the path is absolute. The error is the reason.
    fn module_path(&mut self, path: &Path) -> Result<(), String>;

    /// A directive whose value and context are in order, for those that act at
    /// their line, such as LoadFile. A notice when there is something to say;
    /// the error is the reason why it cannot be done.
    fn act(&mut self, _directive: &str, _words: &[&str], _at: &Position) -> Result<Option<String>, String> {
        Ok(None)
    }

    /// An address that `<VirtualHost>` names. The error is the reason why nobody
    /// can listen there.
    fn address(&self, _name: &str) -> Result<(), String> {
        Ok(())
    }

    /// What is wrong with lines that are in order each by itself: asked once, at
    /// the end. `overrides` are directives that take the place of the main
    /// server's.
    fn check(&self, _tree: &[Node], _overrides: &[&Node]) -> Vec<Fault> {
        Vec::new()
    }

    /// The module (`mod_x`) that is installed, but not loaded, and brings a
    /// directive.
    fn provider(&self, _directive: &str) -> Option<String> {
        None
    }

    /// The module that an operator took out (`mod_x`), and that brought a
    /// directive: lines with it are passed over.
    fn taken_out(&self, _directive: &str) -> Option<String> {
        None
    }

    /// All directives known at this line, for "Did you mean".
    fn directive_names(&self) -> Vec<String>;

    /// Those of modules that are installed, but not loaded.
    fn installed_names(&self) -> Vec<String> {
        Vec::new()
    }

    /// Has a directive read its words; the place to guard a call into a loaded
    /// image.
    fn parse(&self, directive: &Directive, words: &[&str]) -> Result<Value, String> {
        (directive.parse)(words)
    }
}
