//! `ftptop`: `gantry top` with the options and headings of ProFTPD's command.

use std::process::ExitCode;

use super::console::{code, no_scoreboard};
use super::daemon;
use super::options::{Item, Options};
use crate::control::sessions::{Filter, Kind};
use crate::control::top::View;
use crate::show;
use crate::show::text::visible;
use crate::show::time::Span;

const USAGE: &str = "\
usage: ftptop [options]

\t-A      \t\tshow only authenticating sessions
\t-a      \t\tignores authenticating connections when listing
\t-b      \t\tbatch mode
\t-D      \t\tshow only downloading sessions
\t-d <num>\t\trefresh delay in seconds
\t-f      \t\tconfigures the ScoreboardFile to use
\t-h      \t\tdisplays this message
\t-I      \t\tshow only idle connections
\t-i      \t\tignores idle connections
\t-n <num>\t\tnumber of iterations
\t-S      \t\tshow only sessions for this ServerName
\t-U      \t\tshow only uploading sessions
\t-V      \t\tshows version

  Use the 't' key to toggle between \"regular\" and \"transfer speed\"
  display modes. Use the 'q' key to quit.

";

const OPTIONS: Options = Options { letters: "AabDd:f:hIin:S:UV", names: &[], stops: false };
/// Its name and version, as in ProFTPD.
const TITLE: &str = "ftptop/1.0";

/// Runs the command line.
pub fn run(words: &[String]) -> ExitCode {
    match view(&OPTIONS.items(words)) {
        Ok(view) => code("ftptop", daemon::find(None).and_then(|mut daemon| view.run(&mut daemon))),
        Err(Exit::Text(text)) => {
            let _ = show::print(&text);
            ExitCode::SUCCESS
        }
        Err(Exit::Fault(fault)) => {
            eprint!("ftptop: {}\n{USAGE}", visible(&fault));
            ExitCode::FAILURE
        }
    }
}

/// Why no sessions are shown.
#[derive(Debug, PartialEq, Eq)]
enum Exit {
    Text(String),
    Fault(String),
}

fn view(items: &[Item]) -> Result<View, Exit> {
    let mut view =
        View { filter: Filter::default(), delay: Span(2), iterations: None, title: Some(TITLE), batch: false };
    for item in items {
        match item {
            Item::Flag('A') => view.filter.only.push(Kind::Login),
            Item::Flag('a') => view.filter.without.push(Kind::Login),
            Item::Flag('D') => view.filter.only.push(Kind::Download),
            Item::Flag('U') => view.filter.only.push(Kind::Upload),
            Item::Flag('I') => view.filter.only.push(Kind::Idle),
            Item::Flag('i') => view.filter.without.push(Kind::Idle),
            Item::Flag('b') => view.batch = true,
            Item::Flag('h') => return Err(Exit::Text(USAGE.to_owned())),
            Item::Flag(_) => return Err(Exit::Text(format!("{TITLE} (Gantry {})\n", env!("CARGO_PKG_VERSION")))),
            Item::Value('d', text) => {
                let delay = text.parse().ok().filter(|delay| *delay <= 15);
                view.delay = Span(delay.ok_or_else(|| wrong("-d takes 0 to 15 seconds", text))?);
            }
            Item::Value('n', text) => {
                let count = text.parse().ok().filter(|count| *count > 0);
                view.iterations = Some(count.ok_or_else(|| wrong("-n takes a number from 1 up", text))?);
            }
            Item::Value('S', name) => view.filter.server = Some(name.clone()),
            Item::Value(..) => no_scoreboard("ftptop"),
            Item::Unknown(option) => return Err(Exit::Fault(format!("unknown option: {option}"))),
            Item::Word(_) => {}
        }
    }
    Ok(view)
}

fn wrong(rule: &str, given: &str) -> Exit {
    Exit::Fault(format!("{rule}, not '{given}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_are_the_manuals() {
        let parsed = |line: &str| {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            view(&OPTIONS.items(&words))
        };
        let all = parsed("-DU -a -d 5 -bn3 -S name").unwrap();
        let filter = Filter {
            server: Some("name".to_owned()),
            only: vec![Kind::Download, Kind::Upload],
            without: vec![Kind::Login],
        };
        assert_eq!((all.filter, all.delay, all.iterations, all.batch), (filter, Span(5), Some(3), true));
        for line in ["-d 16", "-d x", "-n 0", "-x", "-d"] {
            assert!(matches!(parsed(line), Err(Exit::Fault(_))), "{line}");
        }
        assert!(matches!(parsed("-V"), Err(Exit::Text(text)) if text.starts_with("ftptop/1.0 ")));
    }
}
