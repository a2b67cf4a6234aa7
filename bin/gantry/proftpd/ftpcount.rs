//! `ftpcount`: counts the sessions of each class.

use std::path::PathBuf;
use std::process::ExitCode;

use super::console::{code, no_scoreboard};
use super::daemon;
use super::ftpwho::classes;
use super::options::{Item, Options};
use crate::control::value::{Session, Who};
use crate::show;
use crate::show::text::visible;

const USAGE: &str = "\
usage: ftpcount [options]
  -c, --config
    specify full path to proftpd configuration file
  -f, --file
    specify full path to scoreboard file
  -h, --help
    display ftpcount usage
  -S, --server
    show count only for specified ServerName
";

const OPTIONS: Options = Options {
    letters: "c:f:p:hS:",
    names: &[("config", 'c'), ("file", 'f'), ("path", 'p'), ("help", 'h'), ("server", 'S')],
    stops: false,
};

/// Runs the command line.
pub fn run(words: &[String]) -> ExitCode {
    let (mut configuration, mut server) = (None::<PathBuf>, None);
    for item in OPTIONS.items(words) {
        match item {
            Item::Flag(_) => {
                let _ = show::print(USAGE);
                return ExitCode::SUCCESS;
            }
            Item::Value('c', file) => configuration = Some(file.into()),
            Item::Value('S', name) => server = Some(name),
            Item::Value(..) => no_scoreboard("ftpcount"),
            Item::Unknown(option) => {
                eprint!("unknown option: {}\n{USAGE}", visible(&option));
                return ExitCode::FAILURE;
            }
            Item::Word(_) => {}
        }
    }
    let counted = daemon::who(configuration.as_deref());
    code("ftpcount", counted.and_then(|who| Ok(show::print(&text(&who, server.as_deref()))?)))
}

fn text(who: &Who, server: Option<&str>) -> String {
    let shown = |session: &&Session| server.is_none() || session.server.as_deref() == server;
    let sessions: Vec<&Session> = who.sessions.iter().filter(shown).collect();
    let pid = who.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string());
    let master = format!("Master proftpd process {pid}:\n");
    let name = server.map(|server| format!("ProFTPD Server '{}'\n", visible(server))).unwrap_or_default();
    match (sessions.is_empty(), server) {
        (false, _) => format!("{master}{name}{}", classes(&sessions)),
        // ProFTPD's ftpcount repeats the process line here.
        (true, Some(_)) => format!("{master}{name}{master}0 users\n"),
        (true, None) => format!("{master}0 users\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The output of Debian's ftpcount.
    #[test]
    fn the_forms_are_that_commands() {
        let session = || Session { server: Some("A".to_owned()), ..Session::default() };
        let who = Who { pid: Some(7), sessions: vec![session(), session()], ..Who::default() };
        let two = "Master proftpd process 7:\nService class                      -   2 users\n";
        assert_eq!(text(&who, None), two);
        let named = "Master proftpd process 7:\nProFTPD Server 'A'\nService class                      -   2 users\n";
        assert_eq!(text(&who, Some("A")), named);
        let none = "Master proftpd process 7:\nProFTPD Server 'B'\nMaster proftpd process 7:\n0 users\n";
        assert_eq!(text(&who, Some("B")), none);
        assert_eq!(text(&Who { pid: Some(7), ..Who::default() }, None), "Master proftpd process 7:\n0 users\n");
    }
}
