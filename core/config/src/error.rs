//! Faults of the configuration, in ProFTPD's words, each with its place; and
//! notices, which stop nothing.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;

use crate::file;
use crate::position::Position;

/// What is wrong: the part of a message between `Fatal: ` and ` on line`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// No module at this line brings the directive or section.
    #[error("unknown configuration directive '{0}'")]
    Unknown(String),
    /// It may not stand here.
    #[error("{name}: directive not allowed in {context} context")]
    Context {
        /// The directive, or the section with its brackets.
        name: String,
        /// Where it stands: `<Limit>`, `server config`.
        context: String,
    },
    /// The words behind a directive, or its value, do not fit.
    #[error("{name}: {reason}")]
    Value {
        /// The directive, or the section with its brackets.
        name: String,
        /// What is wrong with them.
        reason: String,
    },
    /// LoadModule failed.
    #[error("LoadModule: error loading module '{module}': {reason}")]
    Load {
        /// The module, as written.
        module: String,
        /// Why.
        reason: String,
    },
    /// Settings that concern no single directive do not fit their module.
    #[error("{0}")]
    Settings(String),
    /// A file of the other syntax is none.
    #[error("TOML: {0}")]
    Toml(String),
    /// Bytes that no configuration has.
    #[error("{0}")]
    Text(&'static str),
    /// `<IfModule>` or `<IfDefine>` goes on beyond the end of its file.
    #[error("<{0}>: unclosed <{0}> context")]
    UnclosedCondition(&'static str),
    /// A section goes on beyond the end of the configuration; has no line.
    #[error("error processing configuration file '{}': unclosed configuration section", .0.display())]
    Unclosed(PathBuf),
    /// A file that cannot be read; has a line only when it is included.
    #[error("unable to read configuration file '{}': {reason}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// More faults than anybody reads.
    #[error("too many errors; the rest of the configuration was not read")]
    TooMany,
}

/// One fault of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Fault {
    /// What is wrong.
    pub problem: Problem,
    /// Where, if it is somewhere.
    pub position: Option<Position>,
    /// The source line at which the position points.
    pub source_line: Option<String>,
    /// What may help, a line each.
    pub help: Vec<String>,
}

impl Fault {
    /// A fault at a place.
    pub fn at(problem: Problem, position: &Position) -> Self {
        Self { problem, position: Some(position.clone()), source_line: None, help: Vec::new() }
    }

    /// A fault of the whole.
    pub fn general(problem: Problem) -> Self {
        Self { problem, position: None, source_line: None, help: Vec::new() }
    }

    /// Adds a line of help.
    #[must_use]
    pub fn help(mut self, line: impl Into<String>) -> Self {
        self.help.push(line.into());
        self
    }

    /// Word for word as ProFTPD begins.
    pub fn first_line(&self) -> String {
        match (&self.problem, &self.position) {
            (Problem::Unclosed(_), _) | (_, None) => format!("Fatal: {}", self.problem),
            (_, Some(position)) => format!("Fatal: {} {} {position}", self.problem, position.preposition()),
        }
    }

    /// The source line and a mark beneath the place.
    fn write_source(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(position), Some(line)) = (&self.position, &self.source_line) else { return Ok(()) };
        let (number, width) = match position.file() {
            Some(_) => (format!("{} ", position.line), position.line.to_string().len() + 1),
            None => (String::new(), 0),
        };
        // Tabs stay tabs, so that the mark stands where the terminal puts the text.
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

/// All faults of a configuration, in order; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    /// With the source lines of those that came up when their files had been read:
    /// as the files are now.
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
                // One that is gone shows no line.
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

/// Something worth a line in the log that is no fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What.
    pub text: String,
    /// Where.
    pub position: Position,
}

impl fmt::Display for Notice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What overrides the files is named by the text.
        if self.position.file().is_none() {
            return out.write_str(&self.text);
        }
        write!(out, "{} {} {}", self.text, self.position.preposition(), self.position)
    }
}
