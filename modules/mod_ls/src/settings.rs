//! mod_ls's directives.

use gantry_api::Value;
use gantry_api::prelude::*;
use gantry_api::proto::listing::ListOptions;
use gantry_listing::Fakes;
use serde::Deserialize;

use crate::zone::Zone;

settings! {
    /// The settings of one scope.
    #[derive(Debug)]
    pub(crate) struct Settings {
        /// ls(1) options for every listing. They come before the client's options, or with `strict` replace them.
        /// `maxdepth`, `maxfiles` and `maxdirs` limit a recursive listing; the rest is left out. `LISTOnly` and
        /// `NLSTOnly` limit the line to that command; with `NoErrorIfAbsent` the listing of a path that does not exist
        /// is empty. Names are always sorted, so `SortedNLST` changes nothing.
        pub(crate) options: Options = ListOptions "\"options\" [strict] [maxdepth n] [maxfiles n] [maxdirs n] [LISTOnly] [NLSTOnly] [NoErrorIfAbsent] [SortedNLST]"
            in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY | FTPACCESS,
            inherits: replace, default: "\"\"", parse: options;
        /// Whether symbolic links are listed as links; otherwise their targets are listed.
        pub(crate) links: bool = ShowSymlinks "on|off" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace, default: "on", parse: parse::on_off;
        /// Whether listings show times in GMT; otherwise in the host's time zone.
        gmt: bool = TimesGMT "on|off" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace, default: "on", parse: parse::on_off;
        /// Whether LIST looks as on Unix or as on Windows.
        pub(crate) style: Style = ListStyle "Unix|Windows" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace, default: "Unix", parse: style;
        /// Whether LIST, NLST and STAT take patterns (`*.txt`).
        pub(crate) patterns: bool = UseGlobbing "on|off" in SERVER | VHOST | GLOBAL | ANONYMOUS,
            inherits: replace, default: "on", parse: parse::on_off;
        pub(crate) fakes: Fakes;
    }
}

/// The values of ListStyle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum Style {
    /// Like ls(1).
    Unix,
    /// Like DIR.
    Windows,
}

fn style(words: &[&str]) -> std::result::Result<Value, ParseError> {
    let word = parse::one(words)?;
    let known = ["Unix", "Windows"].into_iter().find(|known| known.eq_ignore_ascii_case(word));
    known.map(Value::from).ok_or_else(|| ParseError::of(word, "is not a style: expected Unix or Windows"))
}

impl Settings {
    /// The zone in which times are shown.
    pub(crate) fn zone(&self) -> Zone {
        if self.gmt { Zone::Gmt } else { Zone::local() }
    }
}

/// The value of ListOptions.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub(crate) struct Options {
    /// Options for every listing.
    options: String,
    /// Whether the client's own options are ignored.
    strict: bool,
    /// The command it applies to.
    only: Option<String>,
    /// The most levels of folders below the listed one.
    pub(crate) depth: usize,
    /// The most names in one listing.
    pub(crate) files: u64,
    /// The most folders in one listing.
    pub(crate) folders: u64,
    /// Whether a path that does not exist gives an empty listing.
    pub(crate) silent: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            options: String::new(),
            strict: false,
            only: None,
            depth: 64,
            files: 10_000_000,
            folders: 100_000,
            silent: false,
        }
    }
}

impl Options {
    /// The options of a command, and its path.
    pub(crate) fn of<'a>(&self, command: &'a Command) -> (ListOptions, &'a [u8]) {
        let (asked, path) = ListOptions::parse(&command.argument);
        let holds = self.only.as_ref().is_none_or(|only| *only == command.verb.name());
        if !holds || self.options.is_empty() && !self.strict {
            return (asked, path);
        }
        if self.strict {
            return (ListOptions::parse(self.options.as_bytes()).0, path);
        }
        // The client's options come last, so that they win.
        let options = command.argument.strip_suffix(path).unwrap_or_default();
        let both = [self.options.as_bytes(), b" ", options].concat();
        (ListOptions::parse(&both).0, path)
    }
}

fn options(words: &[&str]) -> std::result::Result<Value, ParseError> {
    let Some((options, flags)) = words.split_first() else { return Err("missing argument".into()) };
    if !options.is_empty() && !options.starts_with('-') {
        return Err(ParseError::of(options, "are not options: they must start with '-'"));
    }
    let mut entries = vec![("options".to_owned(), Value::from(*options))];
    let mut flags = flags.iter();
    while let Some(flag) = flags.next() {
        let mut number = || {
            let number = flags.next().ok_or_else(|| ParseError::of(flag, "needs a number"))?;
            parse::whole(number).map(Value::Int)
        };
        let (key, value) = match flag.to_ascii_lowercase().as_str() {
            "strict" => ("strict", Value::Bool(true)),
            "maxdepth" => ("depth", number()?),
            "maxfiles" => ("files", number()?),
            "maxdirs" => ("folders", number()?),
            "listonly" => ("only", Value::from("LIST")),
            "nlstonly" => ("only", Value::from("NLST")),
            "noerrorifabsent" => ("silent", Value::Bool(true)),
            "sortednlst" => continue,
            _ => return Err(ParseError::new(format!("unknown ListOptions flag '{flag}'")).at(flag)),
        };
        entries.push((key.to_owned(), value));
    }
    Ok(Value::Map(entries))
}

#[cfg(test)]
mod tests {
    use gantry_api::proto::listing::options::HiddenNames;

    use super::*;

    #[test]
    fn the_configurations_options_come_first() {
        let made = |words: &[&str]| options(words).unwrap().extract::<Options>().unwrap();
        let command = |line: &[u8]| Command::parse(line).unwrap();
        let (all, line) = (made(&["-a"]), command(b"LIST -R x y"));
        let (both, path) = all.of(&line);
        assert_eq!((both.hidden, both.recursive, path), (HiddenNames::All, true, &b"x y"[..]));
        let strict = made(&["-a", "strict", "maxdepth", "3", "maxfiles", "10"]);
        assert!(!strict.of(&line).0.recursive && strict.of(&line).0.hidden == HiddenNames::All);
        assert_eq!((strict.depth, strict.files, strict.folders), (3, 10, 100_000));
        let only = made(&["-a", "NLSTOnly"]);
        assert_eq!(only.of(&line).0.hidden, HiddenNames::No);
        assert_eq!(only.of(&command(b"NLST")).0.hidden, HiddenNames::All);
    }

    #[test]
    fn wrong_flags_are_named() {
        for bad in [&[][..], &["a"], &["-a", "maxdepth"], &["-a", "maxdepth", "x"], &["-a", "sometimes"]] {
            assert!(options(bad).is_err(), "{bad:?}");
        }
    }
}
