//! Overrides for directives of the main server: environment variables
//! `GANTRY_<Directive>=words`, and `--set Directive=words`, which wins. The words have the
//! syntax of the file, including quotes; nothing in them is expanded.

use std::ffi::OsString;

use gantry_api::ParseError;

use crate::error::Notice;
use crate::position::{Origin, Position};
use crate::tree::Node;

/// The prefix of such variables.
const PREFIX: &str = "GANTRY_";

/// Names after the prefix that are not directives: paths of the daemon's own files, and
/// variables for tests.
const RESERVED: [&str; 3] = ["PREFIX", "LIBEXECDIR", "SYSCONFDIR"];
const RESERVED_BEGINNING: &str = "TEST_";

/// A directive that overrides those of the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    origin: Origin,
    pub(crate) directive: String,
    /// `None` if it is not UTF-8.
    pub(crate) value: Option<String>,
}

impl Override {
    /// Reads the value of `--set`: `Directive=words`.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn set(text: &str) -> Result<Self, ParseError> {
        let (directive, value) =
            text.split_once('=').ok_or_else(|| ParseError::of(text, "does not have the form Name=value"))?;
        if directive.is_empty() {
            return Err(ParseError::of(text, "names no directive"));
        }
        Ok(Self { origin: Origin::CommandLine, directive: directive.to_owned(), value: Some(value.to_owned()) })
    }

    /// The overrides in an environment, sorted by name. Ignores variables that do not
    /// start with `GANTRY_` and those that the daemon reserves.
    pub fn of_environment(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Vec<Self> {
        let named = variables.into_iter().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        let mut found: Vec<Self> = named.filter_map(|(name, value)| Self::of_variable(&name, value)).collect();
        found.sort_by(|one, other| one.directive.cmp(&other.directive));
        found
    }

    fn of_variable(name: &str, value: OsString) -> Option<Self> {
        let directive = name.strip_prefix(PREFIX)?;
        if RESERVED.contains(&directive) || directive.starts_with(RESERVED_BEGINNING) {
            return None;
        }
        let origin = Origin::Environment(name.into());
        Some(Self { origin, directive: directive.to_owned(), value: value.into_string().ok() })
    }

    pub(crate) fn is_environment(&self) -> bool {
        matches!(self.origin, Origin::Environment(_))
    }

    /// The text before the value, as it was written.
    pub(crate) fn written_name(&self) -> String {
        match &self.origin {
            Origin::Environment(name) => format!("{name}="),
            _ => format!("--set {}=", self.directive),
        }
    }

    /// A notice that it takes effect; `directive` is the name as its module writes it.
    pub(crate) fn notice(&self, directive: &str) -> Notice {
        let name = self.written_name();
        let text = format!("environment variable {} overrides {directive}", name.trim_end_matches('='));
        Notice { text, position: self.position() }
    }

    pub(crate) fn position(&self) -> Position {
        Position { origin: self.origin.clone(), line: 1, column: 1 }
    }
}

/// All overrides that were read; later layers win.
#[derive(Debug, Default)]
pub(crate) struct Overriding {
    pub(crate) environment: Vec<Node>,
    pub(crate) command_line: Vec<Node>,
}

#[cfg(test)]
mod tests {
    use gantry_api::Value;

    use super::*;
    use crate::configuration::Configuration;
    use crate::error::Faults;
    use crate::reader::{Options, parse_text};
    use crate::testing::Shelf;

    const FILE: &str = "Umask 1\nHideFiles a\nPort 1\n<Global>\nHideFiles b\n</Global>\n<VirtualHost h>\nUmask 2\n</VirtualHost>\n<Directory /x>\nHideFiles c\n</Directory>\n";

    fn read(environment: &[(&str, &str)], set: &[&str]) -> Result<Configuration, Faults> {
        let variables = environment.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let mut overrides = Override::of_environment(variables);
        overrides.extend(set.iter().filter_map(|text| Override::set(text).ok()));
        let options = Options { overrides, ..Options::default() };
        parse_text("/t.conf", FILE, &mut Shelf::default(), &options)
    }

    fn first(result: Result<Configuration, Faults>) -> String {
        result.err().map(|faults| faults.to_string()).unwrap_or_default()
    }

    #[test]
    fn the_command_line_beats_the_environment_which_beats_the_file() -> Result<(), Faults> {
        let read = read(
            &[("GANTRY_UMASK", "3"), ("GANTRY_Port", "2"), ("GANTRY_hidefiles", "\"d e\""), ("GANTRY_PREFIX", "/usr")],
            &["Umask=4", "HideFiles=f", "HideFiles=g"],
        )?;
        let scope = &read.servers[0].scope;
        let value = |name: &str| scope.settings.entry(name).map(|value| format!("{value:?}"));
        assert_eq!(value("Umask"), Some("Text(\"4\")".to_owned()));
        assert_eq!(scope.settings.entry("Port"), Some(&Value::Int(2)));
        let files = |scope: &crate::Scope| scope.settings.entry("HideFiles").map(Value::extract::<Vec<Vec<String>>>);
        assert_eq!(files(scope), Some(Ok(vec![vec!["f".to_owned()], vec!["g".to_owned()]])));
        let inner = &read.servers[0].directories[0].scope();
        assert_eq!(files(inner).and_then(Result::ok).map(|lines| lines.len()), Some(3));
        assert_eq!(
            scope.locate("Port").map(ToString::to_string).as_deref(),
            Some("environment variable 'GANTRY_Port'")
        );
        assert_eq!(read.servers[1].scope.settings.entry("Umask"), Some(&Value::from("2")));
        let notices: Vec<String> = read.notices.iter().map(ToString::to_string).collect();
        assert_eq!(notices, ["environment variable GANTRY_Port overrides Port"], "the others are overridden");
        Ok(())
    }

    #[test]
    fn faults_name_the_variable_or_the_option() {
        assert_eq!(
            first(read(&[("GANTRY_Prot", "secret")], &[])),
            "Fatal: unknown configuration directive 'Prot' in environment variable 'GANTRY_Prot'\n  | GANTRY_Prot=\n  | ^\n  Did you mean: Port"
        );
        assert_eq!(
            first(read(&[], &["AllowOverwrite=perhaps"])),
            "Fatal: AllowOverwrite: expected Boolean parameter, found 'perhaps' on the command line\n  | --set AllowOverwrite=perhaps\n  |                      ^\n  syntax: AllowOverwrite what"
        );
        assert!(first(read(&[], &["Include=/x"])).starts_with("Fatal: Include: takes effect as the files are read"));
        assert!(first(read(&[], &["ModuleSigners=x"])).starts_with("Fatal: ModuleSigners: takes effect as"));
        assert!(first(read(&[], &["DenyAll="])).starts_with("Fatal: DenyAll: directive not allowed in server config"));
        assert!(first(read(&[("GANTRY_TEST_FOLDER", "x"), ("OTHER", "y")], &[])).is_empty());
        assert!(Override::set("x").is_err());
    }
}
