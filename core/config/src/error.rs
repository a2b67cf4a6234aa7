//! Faults in the configuration, in ProFTPD's words and with their place, and notices,
//! which are not errors.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;

use crate::file;
use crate::position::Position;

/// What is wrong: the part of a message between `Fatal: ` and ` on line`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// No module at this line provides the directive or section.
    #[error("unknown configuration directive '{0}'")]
    Unknown(String),
    /// It is not allowed here.
    #[error("{name}: directive not allowed in {context} context")]
    Context {
        /// The directive, or the section with its brackets.
        name: String,
        /// Its context: `<Limit>`, `server config`.
        context: String,
    },
    /// The words of a directive, or its value, are not valid.
    #[error("{name}: {reason}")]
    Value {
        /// The directive, or the section with its brackets.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// LoadModule failed.
    #[error("LoadModule: error loading module '{module}': {reason}")]
    Load {
        /// The module, as written.
        module: String,
        /// The reason.
        reason: String,
    },
    /// A module refused its settings, without naming a directive.
    #[error("{0}")]
    Settings(String),
    /// The file is not valid TOML.
    #[error("TOML: {0}")]
    Toml(String),
    /// Bytes that a configuration must not contain.
    #[error("{0}")]
    Text(&'static str),
    /// `<IfModule>` or `<IfDefine>` is not closed in its file.
    #[error("<{0}>: unclosed <{0}> context")]
    UnclosedCondition(&'static str),
    /// A section is not closed at the end of the configuration; has no line.
    #[error("error processing configuration file '{}': unclosed configuration section", .0.display())]
    Unclosed(PathBuf),
    /// A file cannot be read; has a line only if it is included.
    #[error("unable to read configuration file '{}': {reason}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// Too many faults to report.
    #[error("too many errors; the rest of the configuration was not read")]
    TooMany,
}

/// One fault in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Fault {
    /// What is wrong.
    pub problem: Problem,
    /// Its place, if it has one.
    pub position: Option<Position>,
    /// The source line at the position.
    pub source_line: Option<String>,
    /// Hints, one per line.
    pub help: Vec<String>,
    /// The modules that it is about. If one of them could not be loaded, that is the fault
    /// to report.
    pub modules: Vec<String>,
}

impl Fault {
    /// A fault at a place.
    pub fn at(problem: Problem, position: &Position) -> Self {
        Self { problem, position: Some(position.clone()), source_line: None, help: Vec::new(), modules: Vec::new() }
    }

    /// A fault without a place.
    pub fn general(problem: Problem) -> Self {
        Self { problem, position: None, source_line: None, help: Vec::new(), modules: Vec::new() }
    }

    /// Adds a hint.
    #[must_use]
    pub fn help(mut self, line: impl Into<String>) -> Self {
        self.help.push(line.into());
        self
    }

    /// Moves the mark to a text in the source line, if it is there.
    pub fn mark(&mut self, text: &str) {
        if let (Some(position), Some(line)) = (&mut self.position, &self.source_line)
            && let Some(column) = column_of(text, line, position.column)
        {
            position.column = column;
        }
    }

    /// The directive whose line was refused.
    pub fn directive(&self) -> Option<&str> {
        match &self.problem {
            Problem::Unknown(name) | Problem::Context { name, .. } | Problem::Value { name, .. } => Some(name),
            Problem::Load { .. } => Some("LoadModule"),
            _ => None,
        }
    }

    /// Whether it makes unclear which lines belong to which section, or whether they were read at
    /// all.
    pub fn is_of_structure(&self) -> bool {
        match self.problem {
            Problem::Toml(_)
            | Problem::UnclosedCondition(_)
            | Problem::Unclosed(_)
            | Problem::Unreadable { .. }
            | Problem::TooMany => true,
            Problem::Unknown(_)
            | Problem::Context { .. }
            | Problem::Value { .. }
            | Problem::Load { .. }
            | Problem::Settings(_)
            | Problem::Text(_) => false,
        }
    }

    /// The first line, word for word like ProFTPD's.
    pub fn first_line(&self) -> String {
        match (&self.problem, &self.position) {
            (Problem::Unclosed(_), _) | (_, None) => format!("Fatal: {}", self.problem),
            (_, Some(position)) => format!("Fatal: {} {} {position}", self.problem, position.preposition()),
        }
    }

    /// Writes the source line and a mark below the column.
    fn write_source(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(position), Some(line)) = (&self.position, &self.source_line) else { return Ok(()) };
        let (number, width) = match position.file() {
            Some(_) => (format!("{} ", position.line), position.line.to_string().len() + 1),
            None => (String::new(), 0),
        };
        // Keep tabs, so that the mark is below the text in the terminal.
        let before = line.chars().take(position.column.saturating_sub(1) as usize);
        let indent: String = before.map(|character| if character == '\t' { '\t' } else { ' ' }).collect();
        write!(out, "\n  {number}| {line}\n  {:width$}| {indent}^", "")
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.first_line())?;
        self.write_source(out)?;
        self.help.iter().try_for_each(|line| write!(out, "\n  {line}"))
    }
}

/// The column at which a text begins in a line, at or after another column.
fn column_of(text: &str, line: &str, from: u32) -> Option<u32> {
    let skipped = usize::try_from(from.saturating_sub(1)).ok()?;
    let (start, _) = line.char_indices().nth(skipped)?;
    let found = line.get(start..)?.find(text).filter(|_| !text.is_empty())?;
    let before = line.get(..start.checked_add(found)?)?.chars().count();
    u32::try_from(before).ok()?.checked_add(1)
}

/// All faults in a configuration, in order; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    /// Adds the source lines to faults that were found after their files had been read;
    /// reads the files again as they are now.
    #[must_use]
    pub fn with_sources(mut self) -> Self {
        let mut files: HashMap<PathBuf, String> = HashMap::new();
        for fault in self.0.iter_mut().filter(|fault| fault.source_line.is_none()) {
            let Some((position, file)) =
                fault.position.as_ref().and_then(|position| Some((position, position.file()?)))
            else {
                continue;
            };
            let text = files.entry(file.to_owned()).or_insert_with(|| {
                // If the file is gone, no line is shown.
                file::load(file, file::MOST_BYTES).map(|bytes| file::decode(bytes).text).unwrap_or_default()
            });
            fault.source_line = text.lines().nth(position.line.saturating_sub(1) as usize).map(str::to_owned);
        }
        self
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, fault) in self.0.iter().enumerate() {
            write!(out, "{}{fault}", if at == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self(vec![fault])
    }
}

/// A message for the log that is not an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The message.
    pub text: String,
    /// Its place.
    pub position: Position,
}

impl fmt::Display for Notice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // For overrides the text already names the source.
        if self.position.file().is_none() {
            return out.write_str(&self.text);
        }
        write!(out, "{} {} {}", self.text, self.position.preposition(), self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_at_a_text_after_the_directive() {
        let position = Position::in_file(std::path::Path::new("/t.conf"), 1, 3);
        let fault = Fault::at(Problem::Settings(String::new()), &position);
        let column = |source: &str, text: &str| {
            let mut fault = Fault { source_line: Some(source.to_owned()), ..fault.clone() };
            fault.mark(text);
            fault.position.map(|position| position.column)
        };
        assert_eq!(column("  SQLLog STOR log", "log"), Some(15));
        assert_eq!(column("öö SQLLog ü log", "log"), Some(13));
        assert_eq!(column("log SQLLog", "log"), Some(3), "not in front of the directive");
        for (source, text) in [("  SQLLog", "x"), ("  SQLLog", ""), ("", "x")] {
            assert_eq!(column(source, text), Some(3), "{source:?} {text:?}");
        }
    }
}
