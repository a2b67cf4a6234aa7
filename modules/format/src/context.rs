//! The source of values when a template is rendered.

use std::time::SystemTime;

use gantry_api::Value;
use gantry_api::variable::{Out, Subject, Variable};

/// The values for rendering a template once.
pub trait Context {
    /// The current time.
    fn now(&self) -> SystemTime;

    /// Writes a variable's value.
    fn write(&self, variable: &Variable, out: &mut Out<'_>);

    /// A note of the session.
    fn note(&self, _name: &str) -> Option<&Value> {
        None
    }

    /// `%{0}`, `%{1}`...: values from the caller.
    fn argument(&self, _index: usize) -> Option<&str> {
        None
    }
}

/// A command of a session.
impl Context for Subject<'_> {
    fn now(&self) -> SystemTime {
        self.now
    }

    fn write(&self, variable: &Variable, out: &mut Out<'_>) {
        (variable.write)(self, out);
    }

    fn note(&self, name: &str) -> Option<&Value> {
        self.session.notes.get(name)
    }
}
