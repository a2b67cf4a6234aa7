//! What the configuration reader asks the daemon: directives come and go with modules,
//! and `LoadModule` takes effect at its line.

use std::path::Path;

use gantry_api::{Directive, ParseError, Value};

use crate::error::Fault;
use crate::position::Position;
use crate::tree::Node;

/// Why a module or library could not be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadFailure {
    /// The reason, for the administrator.
    pub reason: String,
    /// Whether the name does not belong to Gantry: no file was found, or a file that is
    /// not a Gantry module.
    pub is_foreign: bool,
}

/// A failure of a module or library that belongs to Gantry.
impl From<&str> for LoadFailure {
    fn from(reason: &str) -> Self {
        Self { reason: reason.to_owned(), is_foreign: false }
    }
}

/// The directives and modules that exist at the line being read.
pub trait Catalogue {
    /// The directive of a name, ignoring case.
    fn directive(&self, name: &str) -> Option<&Directive>;

    /// Whether a module (`mod_x`, `mod_x.c`) is present, for `<IfModule>`.
    fn has_module(&self, name: &str) -> bool;

    /// Handles LoadModule. Returns a notice if the module is already linked in or loaded.
    fn load(&mut self, name: &str, at: &Position) -> Result<Option<String>, LoadFailure>;

    /// Handles ModulePath; the path is absolute. The error is the reason why it is
    /// refused.
    fn module_path(&mut self, path: &Path) -> Result<(), ParseError>;

    /// Handles a directive that takes effect at its line, such as LoadFile; its value
    /// and context are valid. May return a notice. The error is the reason why it
    /// failed.
    fn act(&mut self, _directive: &str, _words: &[&str], _at: &Position) -> Result<Option<String>, ParseError> {
        Ok(None)
    }

    /// Checks an address of `<VirtualHost>`. The error is the reason why a server cannot
    /// listen on it.
    fn address(&self, _name: &str) -> Result<(), ParseError> {
        Ok(())
    }

    /// Checks lines together that are valid one by one. Called once, at the end.
    /// `overrides` are directives that replace the main server's.
    fn check(&self, _tree: &[Node], _overrides: &[&Node]) -> Vec<Fault> {
        Vec::new()
    }

    /// The module (`mod_x`) that is installed but not loaded and provides a directive.
    fn provider(&self, _directive: &str) -> Option<String> {
        None
    }

    /// Whether Gantry has a module (`mod_x`) that this build leaves out.
    fn leaves_out(&self, _module: &str) -> bool {
        false
    }

    /// The module (`mod_x`) that an operator removed and that provided a directive;
    /// lines with the directive are skipped.
    fn taken_out(&self, _directive: &str) -> Option<String> {
        None
    }

    /// All directives known at this line, for "Did you mean".
    fn directive_names(&self) -> Vec<String>;

    /// The directives of modules that are installed but not loaded.
    fn installed_names(&self) -> Vec<String> {
        Vec::new()
    }

    /// Lets a directive parse its words; calls into a loaded image are guarded here.
    fn parse(&self, directive: &Directive, words: &[&str]) -> Result<Value, ParseError> {
        (directive.parse)(words)
    }
}
