//! mod_ratio's directives.

use std::path::PathBuf;

use gantry_api::prelude::*;
use gantry_api::proto::glob::{Budget, matches};
use gantry_api::{ANONYMOUS_PASSWORD, Value};
use serde::Deserialize;

settings! {
    /// The settings of one scope.
    #[derive(Debug)]
    pub(crate) struct Settings {
        /// Whether ratios apply. Of several lines that fit a client, the kinds count in the order HostRatio, AnonRatio,
        /// UserRatio, GroupRatio; of one kind the first line of the innermost section. Whom no line fits, none limits.
        pub(crate) engine: bool = Ratios "on|off" in SERVER | VHOST | GLOBAL | DIRECTORY | ANONYMOUS,
            inherits: replace, default: "off", parse: parse::on_off;
        /// The ratio of a client's address or host name, which may be a pattern: how many files, and how many bytes, may be
        /// downloaded for each one uploaded, and the credit in files, and in Kb, to begin with. A ratio of 0 is none.
        pub(crate) hosts: Vec<Vec<Line>> = HostRatio "name file-ratio file-credit byte-ratio byte-credit"
            in SERVER | VHOST | GLOBAL | DIRECTORY | ANONYMOUS, inherits: sections, parse: line;
        /// The ratio of anonymous clients, by the password that they gave, or `*`.
        pub(crate) anonymous: Vec<Vec<Line>> = AnonRatio "name file-ratio file-credit byte-ratio byte-credit"
            in SERVER | VHOST | GLOBAL | DIRECTORY | ANONYMOUS, inherits: sections, parse: line;
        /// The ratio of a user, or `*`.
        pub(crate) users: Vec<Vec<Line>> = UserRatio "name file-ratio file-credit byte-ratio byte-credit"
            in SERVER | VHOST | GLOBAL | DIRECTORY | ANONYMOUS, inherits: sections, parse: line;
        /// The ratio of users with this primary group, or `*`.
        pub(crate) groups: Vec<Vec<Line>> = GroupRatio "name file-ratio file-credit byte-ratio byte-credit"
            in SERVER | VHOST | GLOBAL | DIRECTORY | ANONYMOUS, inherits: sections, parse: line;
        /// Whether the counts of a user outlive the session, in RatioFile.
        pub(crate) saves: bool = SaveRatios "on|off" in SERVER | VHOST | GLOBAL | DIRECTORY | ANONYMOUS,
            inherits: replace, default: "off", parse: parse::on_off;
        /// The file of counts: a user's name, files and Kb uploaded, files and Kb downloaded on each line, separated by `|`.
        pub(crate) file: Option<PathBuf> = RatioFile "path" in SERVER | VHOST | GLOBAL | DIRECTORY | ANONYMOUS,
            inherits: replace, parse: parse::path;
        /// The file that a new RatioFile is written to before it takes the name; by default the same name with `.tmp`.
        pub(crate) temporary: Option<PathBuf> = RatioTempFile "path" in SERVER | VHOST | GLOBAL | DIRECTORY | ANONYMOUS,
            inherits: replace, parse: parse::path;
        /// A line that clients are sent when they change the directory.
        pub(crate) entering: Option<String> = CwdRatioMsg "message" in SERVER | VHOST | GLOBAL | DIRECTORY | ANONYMOUS,
            inherits: replace, parse: parse::text;
        /// The first line of the refusal where too few files have been uploaded.
        pub(crate) few_files: String = FileRatioErrMsg "message" in SERVER | VHOST | GLOBAL | DIRECTORY | ANONYMOUS,
            inherits: replace, default: "Too few files uploaded to earn file -- please upload more.", parse: parse::text;
        /// The first line of the refusal where too few bytes have been uploaded.
        pub(crate) few_bytes: String = ByteRatioErrMsg "message" in SERVER | VHOST | GLOBAL | DIRECTORY | ANONYMOUS,
            inherits: replace, default: "Too few bytes uploaded to earn more data -- please upload.", parse: parse::text;
        /// What clients without a ratio are shown in place of one.
        pub(crate) leech: String = LeechRatioMsg "message" in SERVER | VHOST | GLOBAL | DIRECTORY | ANONYMOUS,
            inherits: replace, default: "\"10,000,000:1  CR: LEECH\"", parse: parse::text;
    }
}

/// A line of a ratio.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Line {
    name: String,
    #[serde(flatten)]
    pub(crate) rate: Rate,
}

/// A ratio. Files, bytes, and credit in files and Kb.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub(crate) struct Rate {
    pub(crate) files: i64,
    pub(crate) file_credit: i64,
    pub(crate) bytes: i64,
    pub(crate) byte_credit: i64,
}

impl Settings {
    /// The ratio of a session's client; none limits whom no line fits.
    pub(crate) fn rate(&self, session: &Session) -> Rate {
        let account = session.account.as_deref();
        let address = session.remote.ip().to_canonical().to_string();
        let password = session.notes.get(ANONYMOUS_PASSWORD).and_then(Value::text);
        let group = account.and_then(|account| account.groups.iter().find(|group| group.gid == account.gid));
        let host = find(&self.hosts, |name| is_like(name, &address) || is_like(name, &session.remote_host));
        let anonymous = || password.and_then(|password| find(&self.anonymous, |name| is_named(name, password)));
        let user = || account.and_then(|account| find(&self.users, |name| is_named(name, &account.name)));
        let group = || match group {
            Some(group) => find(&self.groups, |name| is_named(name, &group.name)),
            None => find(&self.groups, |name| name == "*"),
        };
        host.or_else(anonymous).or_else(user).or_else(group).unwrap_or_default()
    }
}

fn find(sections: &[Vec<Line>], fits: impl Fn(&str) -> bool) -> Option<Rate> {
    sections.iter().rev().flatten().find(|line| fits(&line.name)).map(|line| line.rate)
}

fn is_named(pattern: &str, name: &str) -> bool {
    pattern == "*" || pattern == name
}

/// What cannot be told fits: a line that cannot be applied must not leave a client without a ratio.
fn is_like(pattern: &str, name: &str) -> bool {
    matches(pattern.as_bytes(), name.as_bytes(), &mut Budget::new(1 << 16)).unwrap_or(true)
}

fn line(words: &[&str]) -> Result<Value, ParseError> {
    let [name, numbers @ ..] = words else { return Err("missing parameters".into()) };
    let numbers = numbers.iter().map(|word| parse::whole(word)).collect::<Result<Vec<i64>, _>>()?;
    let [files, file_credit, bytes, byte_credit] = numbers[..] else { return Err("missing parameters".into()) };
    Ok(Value::map([
        ("name", Value::from(*name)),
        ("files", Value::Int(files)),
        ("file_credit", Value::Int(file_credit)),
        ("bytes", Value::Int(bytes)),
        ("byte_credit", Value::Int(byte_credit)),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_has_a_name_and_four_numbers() {
        let read: Line = line(&["joe", "5", "1", "2", "1500"]).unwrap().extract().unwrap();
        assert_eq!(read.rate, Rate { files: 5, file_credit: 1, bytes: 2, byte_credit: 1500 });
        for wrong in
            [&[][..], &["joe"], &["joe", "1", "1", "1"], &["joe", "1", "1", "1", "x"], &["joe", "-1", "1", "1", "1"]]
        {
            assert!(line(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn hosts_may_be_patterns() {
        assert!(is_like("127.0.0.*", "127.0.0.1") && is_like("*", "x") && !is_like("127.0.0.1", "127.0.0.11"));
    }
}
