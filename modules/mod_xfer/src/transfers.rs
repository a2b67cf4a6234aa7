//! MaxTransfersPerHost and MaxTransfersPerUser: limits on simultaneous transfers.

use gantry_api::Limit;
use gantry_api::census::Claim;
use gantry_api::prelude::*;
use serde::Deserialize;

use crate::whom::Sections;

settings! {
    /// The settings of one scope.
    #[derive(Debug)]
    pub(crate) struct Limits {
        /// The maximum number of simultaneous transfers by each of these commands for the clients of
        /// one address. One more is refused with 451 and the message, in which `%m` is the maximum.
        /// The commands are RETR, STOR, APPE and STOU, separated by commas; each has its own count.
        /// If several lines of a section name a command, the first one applies to it.
        per_host: Sections<Line> = MaxTransfersPerHost "commands count [message]"
            in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY | FTPACCESS, inherits: sections, parse: line;
        /// Like `MaxTransfersPerHost`, for the clients of one user.
        per_user: Sections<Line> = MaxTransfersPerUser "commands count [message]"
            in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY | FTPACCESS, inherits: sections, parse: line;
    }
}

const COMMANDS: [&str; 4] = ["APPE", "RETR", "STOR", "STOU"];

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Line {
    commands: Vec<String>,
    limit: Limit,
}

impl Limits {
    /// Takes the command's places, all of them or none.
    pub(crate) fn take(&self, at: &mut Moment<'_>) -> Result<Places> {
        let host = at.session.remote.ip().to_string();
        let user = at.session.account.as_ref().map(|account| account.name.clone()).unwrap_or_default();
        let mut places = Places(Vec::new());
        for (name, lines, of, words) in [
            ("MaxTransfersPerHost", &self.per_host, host, PER_HOST),
            ("MaxTransfersPerUser", &self.per_user, user, PER_USER),
        ] {
            let verb = at.command.verb.name();
            let Some(line) = lines.innermost(|line: &Line| line.commands.contains(&verb)) else { continue };
            let key = format!("{name} {} {verb} {of}", at.session.server_key);
            if let Claim::Full(_) = at.session.census.claim(&key, None, Some(line.limit.most)) {
                places.give_back(at);
                log!(Info, "{verb} refused: {name} ({}) reached for {of}", line.limit.most);
                return refuse(451, line.limit.message(words));
            }
            places.0.push(key);
        }
        Ok(places)
    }
}

/// The places that a command holds for its transfer.
#[must_use]
pub(crate) struct Places(Vec<String>);

impl Places {
    /// Gives them back after the transfer, or without one.
    pub(crate) fn give_back(self, at: &mut Moment<'_>) {
        self.0.iter().for_each(|key| at.session.census.release(key));
    }
}

const PER_HOST: &str = "Sorry, the maximum number of data transfers (%m) from your host are currently being used.";
const PER_USER: &str = "Sorry, the maximum number of data transfers (%m) from this user are currently being used.";

fn line(words: &[&str]) -> std::result::Result<Value, ParseError> {
    let [commands, limit @ ..] = words else { return Err("wrong number of parameters".into()) };
    let commands: Vec<String> =
        commands.split([',', ' ']).filter(|name| !name.is_empty()).map(str::to_ascii_uppercase).collect();
    if let Some(wrong) = commands.iter().find(|name| !COMMANDS.contains(&name.as_str())) {
        return Err(ParseError::new(format!("invalid command '{wrong}': expected APPE, RETR, STOR or STOU")).at(wrong));
    }
    if commands.is_empty() {
        return Err("missing commands".into());
    }
    match Limit::parse(limit) {
        Ok(Value::None) => Err("count must be greater than zero: 'none'".into()),
        Ok(limit) => Ok(Value::map([("commands", Value::list(commands)), ("limit", limit)])),
        Err(_) if limit.len() == 1 || limit.len() == 2 => {
            let count = limit.first().copied().unwrap_or_default();
            Err(ParseError::new(format!("count must be greater than zero: '{count}'")).at(count))
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_commands_a_count_and_a_message() {
        let read = |words: &[&str]| line(words).unwrap().extract::<Line>().unwrap();
        let limit = read(&["stor,APPE", "2", "at most %m"]);
        assert_eq!(
            (limit.commands.join(","), limit.limit.message("")),
            ("STOR,APPE".to_owned(), "at most 2".to_owned())
        );
        for wrong in [
            &[][..],
            &["RETR"],
            &["RETR", "0"],
            &["RETR", "none"],
            &["RETR", "x"],
            &["LIST", "1"],
            &["", "1"],
            &["RETR", "1", "a", "b"],
        ] {
            assert!(line(wrong).is_err(), "{wrong:?}");
        }
    }
}
