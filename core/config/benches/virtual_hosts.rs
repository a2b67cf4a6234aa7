//! Is the time to read a configuration linear in its size? Reads 1,000 to 10,000 virtual
//! hosts in both syntaxes, each with a `<Directory>`, a `<Limit>` and settings inherited
//! from `<Global>`, and prints the time per host: it is equal in all rows if the time is
//! linear. There is no comparison with other servers.
//!
//! `cargo bench -p gantry-config`; with `--check` it fails if the largest size takes more
//! than three times as long per host as the smallest.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use gantry_api::{Contexts, Directive, Inherits, ParseError, Value, parse};
use gantry_config::{Catalogue, LoadFailure, Options, Position, check_rule, parse_text};

const SIZES: [usize; 4] = [1_000, 2_000, 5_000, 10_000];
const ROUNDS: usize = 3;

/// The highest allowed ratio of the times per host.
const TOLERANCE: f64 = 3.0;

fn main() -> ExitCode {
    let mut linear = true;
    println!("{:>8} {:>6} {:>12} {:>12}", "hosts", "syntax", "total ms", "us/host");
    for (syntax, write) in [("conf", conf as fn(usize) -> String), ("toml", toml)] {
        let costs: Vec<f64> = SIZES.iter().map(|hosts| measured(syntax, *hosts, &write(*hosts))).collect();
        linear &= costs.last() < costs.first().map(|first| first * TOLERANCE).as_ref();
    }
    let check = std::env::args().any(|argument| argument == "--check");
    if check && !linear { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Prints and returns the best of some rounds, in microseconds per host.
fn measured(syntax: &str, hosts: usize, text: &str) -> f64 {
    let name = format!("/bench.{syntax}");
    let rounds = (0..ROUNDS).map(|_| {
        let began = Instant::now();
        let read = parse_text(&name, text, &mut Shelf, &Options::default());
        let took = began.elapsed();
        assert!(read.is_ok_and(|read| read.servers.len() == hosts + 1));
        took
    });
    let best = rounds.min().unwrap_or(Duration::ZERO);
    let each = best.as_secs_f64() * 1e6 / hosts as f64;
    println!("{hosts:>8} {syntax:>6} {:>12.1} {each:>12.2}", best.as_secs_f64() * 1e3);
    each
}

fn conf(hosts: usize) -> String {
    let mut text = "ServerName main\n<Global>\nUmask 022\nHideFiles a\n</Global>\n".to_owned();
    for host in 0..hosts {
        let _ = write!(
            text,
            "<VirtualHost h{host}.example.com>\n  ServerName \"host {host}\"\n  Port 21\n  HideFiles b{host}\n  \
             <Directory /srv/{host}>\n    Umask 002\n    <Limit WRITE>\n      DenyAll\n    </Limit>\n  </Directory>\n</VirtualHost>\n"
        );
    }
    text
}

fn toml(hosts: usize) -> String {
    let mut text = "ServerName = \"main\"\n[Global]\nUmask = \"022\"\nHideFiles = \"a\"\n".to_owned();
    for host in 0..hosts {
        let _ = write!(
            text,
            "[[VirtualHost]]\naddresses = \"h{host}.example.com\"\nServerName = \"host {host}\"\nPort = 21\n\
             HideFiles = \"b{host}\"\n[VirtualHost.Directory.\"/srv/{host}\"]\nUmask = \"002\"\n\
             [VirtualHost.Directory.\"/srv/{host}\".Limit.WRITE]\nDenyAll = true\n"
        );
    }
    text
}

const SERVERS: Contexts = Contexts::SERVER.union(Contexts::VHOST).union(Contexts::GLOBAL);
const FOLDERS: Contexts = SERVERS.union(Contexts::DIRECTORY);

static DIRECTIVES: [Directive; 5] = [
    directive("ServerName", SERVERS, Inherits::Replace, parse::text),
    directive("Port", SERVERS, Inherits::No, parse::number),
    directive("Umask", FOLDERS, Inherits::Replace, parse::word),
    directive("HideFiles", FOLDERS, Inherits::Append, parse::words),
    directive("DenyAll", Contexts::LIMIT, Inherits::No, deny_all),
];

const fn directive(name: &'static str, contexts: Contexts, inherits: Inherits, parse: gantry_api::Parse) -> Directive {
    Directive {
        name,
        module: "mod_core",
        syntax: "",
        contexts,
        inherits,
        default: None,
        otherwise: None,
        help: "",
        parse,
        secret: false,
        idle: None,
    }
}

fn deny_all(words: &[&str]) -> Result<Value, ParseError> {
    check_rule("DenyAll", words)
}

struct Shelf;

impl Catalogue for Shelf {
    fn directive(&self, name: &str) -> Option<&Directive> {
        DIRECTIVES.iter().find(|directive| directive.name.eq_ignore_ascii_case(name))
    }

    fn has_module(&self, _: &str) -> bool {
        false
    }

    fn load(&mut self, _: &str, _: &Position) -> Result<Option<String>, LoadFailure> {
        Err("not here".into())
    }

    fn module_path(&mut self, _: &Path) -> Result<(), ParseError> {
        Err("not here".into())
    }

    fn directive_names(&self) -> Vec<String> {
        DIRECTIVES.iter().map(|directive| directive.name.to_owned()).collect()
    }
}
