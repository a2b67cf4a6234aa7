//! mod_quotatab's directives.

use std::path::PathBuf;

use gantry_api::prelude::*;
use gantry_api::quota::{QuotaLimit, QuotaNumbers, QuotaStrictness, QuotaType};
use gantry_pattern::Pattern;
use serde::Deserialize;

use crate::units::Units;

settings! {
    /// The settings of one scope.
    #[derive(Debug)]
    pub(crate) struct Settings {
        /// Whether quotas apply.
        pub(crate) engine: bool = QuotaEngine "on|off" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "off", parse: parse::on_off;
        /// The table of limits: `file:` and an absolute path, or `sql:/` and the name of a SQLNamedQuery. The first limit counts
        /// that there is for the client's user, one of its groups, its class, or for all.
        pub(crate) limits: Option<String> = QuotaLimitTable "source-type:source-info" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: table;
        /// The table of tallies, which is written: `file:` and an absolute path, or `sql:/` and the names of the queries that
        /// select, update and insert, separated by slashes.
        pub(crate) tallies: Option<String> = QuotaTallyTable "source-type:source-info" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: table;
        /// The limit for those that have none in the table. The numbers are in bytes and files; 0 means no limit.
        pub(crate) default: Option<DefaultLimit> = QuotaDefault "quota-type per-session limit-type bytes-avail-in \
            bytes-avail-out bytes-avail-xfer files-avail-in files-avail-out files-avail-xfer" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: default_limit;
        /// Whether directories count as files, with the size that the file system says they have.
        pub(crate) directories: bool = QuotaDirectoryTally "on|off" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "off", parse: parse::on_off;
        /// The unit in which clients are shown bytes.
        pub(crate) units: Units = QuotaDisplayUnits "b|Kb|Mb|Gb" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "b", parse: units;
        /// Files that do not count: those with a path on the host that the regular expression matches; `none` for no such files.
        pub(crate) excluded: Option<Pattern> = QuotaExcludeFilter "regular-expression [NC]|none" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: excluded;
        /// A file that is locked while a tally is written, so that several servers write in turn.
        pub(crate) lock: Option<PathBuf> = QuotaLock "path" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: parse::path;
        /// A log of what quotas refuse, or `none`.
        pub(crate) log: Option<PathBuf> = QuotaLog "path|none" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: parse::path_or_none;
        /// `ScanOnLogin` counts a user's home directory at each login and sets the user's tally to what it finds.
        pub(crate) options: Vec<String> = QuotaOptions "option ..." in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: options;
        /// Whether clients may use SITE QUOTA.
        pub(crate) shows: bool = QuotaShowQuotas "on|off" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "on", parse: parse::on_off;
        /// The contact in SITE QUOTA.
        pub(crate) admin: Option<String> = ServerAdmin;
        pub(crate) follow_links: Option<bool> = AllowLogSymlinks;
    }
}

/// The options of QuotaOptions.
const OPTIONS: [&str; 1] = ["ScanOnLogin"];

impl Settings {
    /// Whether home directories are counted at logins.
    pub(crate) fn scans(&self) -> bool {
        self.options.iter().any(|option| option.eq_ignore_ascii_case("ScanOnLogin"))
    }
}

/// Whether QuotaExcludeFilter says that a file does not count.
pub(crate) fn excludes(at: &Moment<'_>, path: &VirtualPath) -> bool {
    let pattern = at.settings::<Settings>().excluded.as_ref();
    // What cannot be told counts.
    pattern.is_some_and(|pattern| pattern.matches(&at.files.shown(path)) == Some(true))
}

/// QuotaDefault.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct DefaultLimit {
    kind: String,
    per_session: bool,
    hard: bool,
    most: [i64; 6],
}

impl DefaultLimit {
    /// Whom it concerns.
    pub(crate) fn kind(&self) -> Option<QuotaType> {
        QuotaType::parse(&self.kind)
    }

    /// As if it were in a table.
    pub(crate) fn limit(&self) -> QuotaLimit {
        let [bytes_in, bytes_out, bytes_xfer, files_in, files_out, files_xfer] = self.most;
        QuotaLimit {
            per_session: self.per_session,
            strictness: if self.hard { QuotaStrictness::Hard } else { QuotaStrictness::Soft },
            most: QuotaNumbers { bytes_in, bytes_out, bytes_xfer, files_in, files_out, files_xfer },
        }
    }
}

fn table(words: &[&str]) -> Result<Value, ParseError> {
    let word = parse::one(words)?;
    match word.split_once(':') {
        Some((kind, _)) if !kind.is_empty() => Ok(Value::from(word)),
        _ => Err(ParseError::of(word, "is not a table: source-type:source-info is expected")),
    }
}

fn default_limit(words: &[&str]) -> Result<Value, ParseError> {
    let [kind, per_session, strictness, numbers @ ..] = words else {
        return Err("wrong number of parameters: 9 are expected".into());
    };
    if QuotaType::parse(kind).is_none() {
        return Err(ParseError::of(kind, "is not a type of quota: use user, group, class or all"));
    }
    let per_session = match per_session.to_ascii_lowercase().as_str() {
        "true" => true,
        "false" => false,
        _ => return Err(ParseError::of(per_session, "is not true or false")),
    };
    let hard = match strictness.to_ascii_lowercase().as_str() {
        "hard" => true,
        "soft" => false,
        _ => return Err(ParseError::of(strictness, "is not hard or soft")),
    };
    if numbers.len() != 6 {
        return Err("wrong number of parameters: 9 are expected".into());
    }
    let number = |word: &&str| word.parse::<i64>().map_err(|_| ParseError::of(word, "is not a whole number"));
    let most = numbers.iter().map(number).collect::<Result<Vec<_>, _>>()?;
    Ok(Value::map([
        ("kind", Value::from(*kind)),
        ("per_session", Value::Bool(per_session)),
        ("hard", Value::Bool(hard)),
        ("most", Value::List(most.into_iter().map(Value::Int).collect())),
    ]))
}

fn units(words: &[&str]) -> Result<Value, ParseError> {
    let word = parse::one(words)?;
    match Units::parse(word) {
        Some(units) => Ok(Value::from(units.word())),
        None => Err(ParseError::of(word, "is not a unit: use b, Kb, Mb or Gb")),
    }
}

fn excluded(words: &[&str]) -> Result<Value, ParseError> {
    match words {
        [word] if word.eq_ignore_ascii_case("none") => Ok(Value::None),
        _ => Pattern::parse(words),
    }
}

fn options(words: &[&str]) -> Result<Value, ParseError> {
    let is_known = |word: &&&str| OPTIONS.iter().any(|known| known.eq_ignore_ascii_case(word));
    match words.iter().find(|word| !is_known(word)) {
        Some(word) => Err(ParseError::of(word, "is not an option: ScanOnLogin is the only one")),
        None => parse::words(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_has_nine_parts() {
        let words = ["Group", "FALSE", "soft", "10485760", "0", "-1", "5", "0", "0"];
        let read: DefaultLimit = default_limit(&words).unwrap().extract().unwrap();
        let limit = read.limit();
        assert_eq!((read.kind(), limit.strictness), (Some(QuotaType::Group), QuotaStrictness::Soft));
        assert_eq!((limit.most.bytes_in, limit.most.bytes_xfer, limit.most.files_in), (10_485_760, -1, 5));
        for (at, wrong) in [(0, "host"), (1, "on"), (2, "firm"), (3, "1.5"), (8, "x")] {
            let mut words = words;
            words[at] = wrong;
            assert!(default_limit(&words).is_err(), "{wrong}");
        }
        assert!(default_limit(&words[..8]).is_err() && default_limit(&[]).is_err());
    }

    #[test]
    fn tables_units_and_options_have_their_forms() {
        assert!(table(&["file:/x"]).is_ok() && table(&["/x"]).is_err() && table(&[":x"]).is_err());
        assert!(units(&["mb"]).is_ok() && units(&["Tb"]).is_err());
        assert!(options(&["scanonlogin"]).is_ok() && options(&["Scan"]).is_err() && options(&[]).is_err());
        assert_eq!(excluded(&["none"]), Ok(Value::None));
        assert!(excluded(&["("]).is_err());
    }
}
