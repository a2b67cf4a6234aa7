//! mod_auth_pam's directives.

use std::time::Duration;

use gantry_api::prelude::*;

settings! {
    /// The settings of one server.
    #[derive(Debug)]
    pub(crate) struct Settings {
        /// Whether PAM judges passwords.
        pub(crate) is_on: bool = AuthPAM "on|off" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "on", parse: parse::on_off;
        /// The PAM service by whose rules logins are judged: a file in /etc/pam.d. By default `ftp`, or `proftpd` if only
        /// that file exists.
        service: Option<String> = AuthPAMConfig "service" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: service;
        /// `NoTTY` gives PAM no PAM_TTY. `NoSession` opens no PAM session and sets no credentials, which saves a process
        /// for each client that is logged in.
        options: Vec<String> = AuthPAMOptions "option ..." in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: options;
        /// How many seconds PAM may take for a login; then the login is refused.
        limit: u64 = AuthPAMTimeout "seconds" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "60", parse: limit;
        // Directives of mod_auth.
        order: Option<Vec<String>> = AuthOrder;
    }
}

/// How a server asks PAM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) service: String,
    pub(crate) terminal: bool,
    pub(crate) session: bool,
    pub(crate) limit: Duration,
}

const NO_TTY: &str = "NoTTY";
const NO_SESSION: &str = "NoSession";

impl Settings {
    pub(crate) fn terms(&self, default: &str) -> Terms {
        let has = |option: &str| self.options.iter().any(|given| given.eq_ignore_ascii_case(option));
        Terms {
            service: self.service.as_deref().unwrap_or(default).to_owned(),
            terminal: !has(NO_TTY),
            session: !has(NO_SESSION),
            limit: Duration::from_secs(self.limit),
        }
    }

    /// Whether PAM is asked: AuthPAM is on, and AuthOrder does not leave it out.
    pub(crate) fn asks_pam(&self) -> bool {
        self.is_on && (self.order.as_ref().is_none_or(Vec::is_empty) || self.word().is_some())
    }

    /// Whether a line names PAM.
    pub(crate) fn names_pam(&self) -> bool {
        self.names_service() || self.word().is_some()
    }

    pub(crate) fn names_service(&self) -> bool {
        self.service.is_some()
    }

    /// Whether PAM's refusal is final.
    pub(crate) fn has_last_word(&self) -> bool {
        self.word().is_some_and(|word| word.ends_with('*'))
    }

    /// The word of AuthOrder for this module.
    fn word(&self) -> Option<&String> {
        let is_pam =
            |word: &&String| word.trim_end_matches('*').trim_end_matches(".c").eq_ignore_ascii_case("mod_auth_pam");
        self.order.as_ref()?.iter().find(is_pam)
    }
}

fn service(words: &[&str]) -> std::result::Result<Value, ParseError> {
    let value = parse::word(words)?;
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    match &value {
        Value::Text(name)
            if (1..=64).contains(&name.len()) && name.bytes().all(is_fit) && !name.starts_with(['.', '-']) =>
        {
            Ok(value)
        }
        _ => Err("not the name of a PAM service: a file name in /etc/pam.d is expected".into()),
    }
}

fn limit(words: &[&str]) -> std::result::Result<Value, ParseError> {
    match parse::seconds(words)? {
        Value::Int(1..=600) => parse::seconds(words),
        _ => Err("must be 1 to 600 seconds".into()),
    }
}

fn options(words: &[&str]) -> std::result::Result<Value, ParseError> {
    let is_known = |word: &&&str| [NO_TTY, NO_SESSION].iter().any(|known| known.eq_ignore_ascii_case(word));
    match words.iter().find(|word| !is_known(word)) {
        Some(other) => Err(ParseError::new(format!("unknown AuthPAMOption: '{other}'")).at(other)),
        None => parse::words(words),
    }
}

#[cfg(test)]
mod tests {
    use gantry_api::settings::of_values;

    use super::*;

    fn settings(entries: Vec<(&str, Value)>) -> Settings {
        of_values(entries).unwrap()
    }

    #[test]
    fn defaults_are_proftpds() {
        let terms = settings(Vec::new()).terms("ftp");
        assert_eq!((terms.service.as_str(), terms.terminal, terms.session), ("ftp", true, true));
        let bare = settings(vec![
            ("AuthPAMConfig", Value::from("x")),
            ("AuthPAMOptions", options(&["notty", "NoSession"]).unwrap()),
        ]);
        assert_eq!(
            (bare.terms("ftp").service.as_str(), bare.terms("ftp").terminal, bare.terms("ftp").session),
            ("x", false, false)
        );
    }

    #[test]
    fn a_service_is_no_path() {
        assert!(service(&["proftpd"]).is_ok());
        for bad in [&["../su"][..], &["/etc/passwd"], &[".x"], &[""], &["a", "b"], &["a b"], &[]] {
            assert!(service(bad).is_err(), "{bad:?}");
        }
        assert!(options(&["Other"]).is_err() && limit(&["0"]).is_err() && limit(&["601"]).is_err());
    }

    #[test]
    fn the_last_word_is_a_star() {
        let order = |words: &[&str]| settings(vec![("AuthOrder", Value::list(words.to_vec()))]);
        for words in [["mod_auth_pam.c*", "mod_auth_unix.c"], ["mod_auth_pam*", "mod_auth_unix"]] {
            assert!(order(&words).has_last_word() && order(&words).asks_pam() && order(&words).names_pam());
        }
        assert!(!order(&["mod_auth_file.c"]).asks_pam());
        let open = order(&["mod_auth_pam.c", "mod_auth_unix.c"]);
        assert!(open.asks_pam() && !open.has_last_word());
        let usual = settings(Vec::new());
        assert!(usual.asks_pam() && !usual.names_pam() && !usual.has_last_word());
    }
}
