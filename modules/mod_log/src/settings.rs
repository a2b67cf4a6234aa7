//! mod_log's directives.

use std::path::PathBuf;

use gantry_api::prelude::*;
use gantry_api::{LogTarget, Severity};
use gantry_format::{ClassSet, Dialect, Template};
use jiff::tz::TimeZone;
use serde::Deserialize;

settings! {
    /// The settings of one scope.
    #[derive(Debug)]
    pub(crate) struct Settings {
        /// The file for one line per transfer and deletion, in the format of xferlog(5), or `none`.
        pub(crate) transfers: Option<PathBuf> = TransferLog "path|\"none\"" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace, default: "none", parse: parse::path_or_none;
        /// A log of commands: a file, a pipe, `/dev/stdout`, or the system's log at a level (`syslog:info`). Classes of
        /// commands choose what is logged, by default all. A line with the same path in an `<Anonymous>` or another inner
        /// section replaces those around it.
        pub(crate) extended: Vec<Vec<ExtendedLine>> = ExtendedLog "path|syslog:level [cmd-classes [format-name]]"
            in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: sections, parse: extended;
        /// A format for ExtendedLog. Its variables are listed in variables.md. Of two with one name the first counts;
        /// `default` is the Common Log Format.
        pub(crate) formats: Vec<Format> = LogFormat "format-name format-string" in SERVER | GLOBAL,
            inherits: append, parse: format;
        /// Whether TransferLog, ExtendedLog and TLSLog may name symbolic links.
        pub(crate) follow_links: bool = AllowLogSymlinks "on|off" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "off", parse: parse::on_off;
    }
}

/// The name of the format that every server has.
pub(crate) const DEFAULT: &str = "default";
/// The format that every server has: the Common Log Format.
pub(crate) const COMMON: &str = r#"%h %l %u %t "%r" %s %b"#;

/// A line of ExtendedLog.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ExtendedLine {
    /// The path, or `syslog:` and a level, as written.
    pub(crate) target: String,
    pub(crate) classes: Classes,
    /// The format's name.
    pub(crate) format: String,
}

/// A line of LogFormat.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Format {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// Classes of commands.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Classes(pub(crate) ClassSet);

impl TryFrom<String> for Classes {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        ClassSet::parse(&text).map(Self).map_err(|error| error.to_string())
    }
}

impl Settings {
    /// The lines of ExtendedLog in this scope. The first `of_server` lists belong to the server,
    /// including those of `<Global>`; each of the others belongs to a section. A section's line
    /// replaces those around it that have the same target.
    pub(crate) fn logs(&self, of_server: usize) -> impl Iterator<Item = &ExtendedLine> {
        self.extended.iter().enumerate().flat_map(move |(at, lines)| {
            let inner = self.extended.get(of_server.max(at.saturating_add(1))..).unwrap_or_default();
            lines.iter().filter(|line| !inner.iter().flatten().any(|other| other.target == line.target))
        })
    }

    /// The target of TransferLog.
    pub(crate) fn transfer_target(&self) -> Option<LogTarget> {
        self.transfers.clone().map(|path| LogTarget::File { path, follow_link: self.follow_links })
    }
}

impl ExtendedLine {
    /// Whether it names any command. A line that names none only replaces another line.
    pub(crate) fn is_written(&self) -> bool {
        !self.classes.0.hooks().is_empty()
    }

    /// Its target.
    pub(crate) fn log_target(&self, follow_link: bool) -> LogTarget {
        match severity(&self.target) {
            Some(Ok(severity)) => LogTarget::Syslog(severity),
            _ => LogTarget::File { path: PathBuf::from(&self.target), follow_link },
        }
    }
}

/// The level after `syslog:`; the word if it is not a level.
fn severity(target: &str) -> Option<Result<Severity, &str>> {
    let level = target.strip_prefix("syslog:")?;
    Some(Severity::parse(level).ok_or(level))
}

fn extended(words: &[&str]) -> Result<Value, ParseError> {
    let (target, classes, format) = match words {
        [target] => (target, "ALL", DEFAULT),
        [target, classes] => (target, *classes, DEFAULT),
        [target, classes, format] => (target, *classes, *format),
        [] => return Err("missing parameters".into()),
        _ => return Err("wrong number of parameters".into()),
    };
    match severity(target) {
        Some(Err(level)) => return Err(unknown_level(level)),
        None if !target.starts_with('/') => {
            return Err(ParseError::of(target, "must be an absolute path or syslog:level"));
        }
        _ => {}
    }
    ClassSet::parse(classes)?;
    Ok(Value::map([
        ("target", Value::from(*target)),
        ("classes", Value::from(classes)),
        ("format", Value::from(format)),
    ]))
}

fn unknown_level(level: &str) -> ParseError {
    let names: Vec<&str> = Severity::ALL.into_iter().map(|(name, _)| name).collect();
    ParseError::of(level, format!("is not a level of syslog: use one of {}", names.join(", ")))
}

fn format(words: &[&str]) -> Result<Value, ParseError> {
    let [name, text] = words else {
        return Err(format!("wrong number of parameters: expected 2, found {}", words.len()).into());
    };
    Template::parse(text, &Dialect::log(TimeZone::UTC))?;
    Ok(Value::map([("name", Value::from(*name)), ("text", Value::from(*text))]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(target: &str, classes: &str) -> Value {
        extended(&[target, classes]).unwrap()
    }

    fn logged(of_server: usize, sections: Vec<Vec<Value>>) -> Vec<(String, bool)> {
        let sections = Value::List(sections.into_iter().map(Value::List).collect());
        let settings: Settings = settings::of_values([("ExtendedLog", sections)]).unwrap();
        let reads = |line: &ExtendedLine| line.classes.0.matches(Verb::RETR, CommandClasses::READ, Phase::Log);
        settings.logs(of_server).map(|line| (line.target.clone(), reads(line))).collect()
    }

    #[test]
    fn an_inner_line_takes_the_place_of_those_with_its_path() {
        let all = |path| (String::from(path), true);
        let inner = vec![line("/a", "NONE")];
        let outer = vec![line("/a", "ALL"), line("/a", "READ"), line("/b", "ALL")];
        assert_eq!(logged(1, vec![outer.clone()]), [all("/a"), all("/a"), all("/b")]);
        assert_eq!(logged(1, vec![outer.clone(), inner.clone()]), [all("/b"), ("/a".to_owned(), false)]);
        // For the server, <Global> is not an outer section.
        let both = logged(2, vec![outer, inner]);
        assert_eq!(both, [all("/a"), all("/a"), all("/b"), ("/a".to_owned(), false)]);
    }

    #[test]
    fn what_is_no_target_or_class_or_format_is_refused() {
        for (words, fault) in [
            (&["none"][..], "'none' must be an absolute path or syslog:level"),
            (&["x.log"], "'x.log' must be an absolute path or syslog:level"),
            (&["syslog:loud"], "'loud' is not a level of syslog: use one of emerg, alert"),
            (&["/x", "READ,WRIET"], "'WRIET' at column 6 is not a class of commands"),
            (&["/x", "ALL", "default", "more"], "wrong number of parameters"),
        ] {
            assert!(extended(words).unwrap_err().to_string().contains(fault), "{words:?}");
        }
        assert!(
            format(&["x", "%h %{transfer-stat}"]).unwrap_err().to_string().contains("did you mean %{transfer-status}")
        );
        assert!(format(&["x"]).is_err() && format(&["x", "%h", "%u"]).is_err());
    }

    #[test]
    fn the_default_format_parses() {
        assert!(format(&[DEFAULT, COMMON]).is_ok());
    }
}
