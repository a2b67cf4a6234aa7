//! Output: tables for people, JSON for programs. Text that a client of the server
//! chose (a name, a path) is escaped before it reaches the terminal.

pub mod screen;
pub mod table;
pub mod text;
pub mod time;

use std::env;
use std::io::{self, IsTerminal, Write};

use rustix::termios::tcgetwinsize;
use serde_json::Value;

/// The page that text is laid out for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// The terminal's width in columns; `None` if lines may have any length.
    pub width: Option<usize>,
    /// Whether to use colours.
    pub colour: bool,
}

impl Page {
    /// Lines of any length, no colours.
    pub const PLAIN: Self = Self { width: None, colour: false };

    /// The page of the standard output.
    pub fn of_output() -> Self {
        if !io::stdout().is_terminal() {
            return Self::PLAIN;
        }
        let given = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = env::var_os("TERM").is_none_or(|name| name.is_empty() || name == "dumb");
        let width = tcgetwinsize(io::stdout()).ok().map(|size| usize::from(size.ws_col)).filter(|width| *width > 0);
        Self { width, colour: !given("NO_COLOR") && !dumb }
    }
}

/// Writes to the standard output, all at once.
///
/// # Errors
/// The reader is gone, or the disk is full.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// One JSON document and a newline; for a terminal it is spread over lines.
pub fn document(value: &Value) -> String {
    let text = if io::stdout().is_terminal() { format!("{value:#}") } else { value.to_string() };
    text::escaped_json(&text) + "\n"
}
