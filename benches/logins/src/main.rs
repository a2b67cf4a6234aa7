//! How long does a login take, by the place where users are kept, and does it matter how many there
//! are? One client logs in again and again, each time as another user: connect, USER, PASS, QUIT. All
//! users have the same hash (SHA-512 with 1,000 rounds). benches/README.md says how to run it.

use std::path::Path;
use std::time::{Duration, Instant};

use gantry_tests::config::Account;
use gantry_tests::database::{Database, Kind};
use gantry_tests::prelude::*;
use gantry_tests::server::{own, sqlite};

/// "secret", from `openssl passwd` with `rounds=1000`.
const HASH: &str =
    "$6$rounds=1000$gantrybench$zUenq769Ky2q8D.T0bA0LWZcJXR52.Q/6N/kjBJVG4Ab5XoGVuLBXCnxTGLq3fIlSF5yz8TcQ5Iv/ElNIHRAj1";
const PASSWORD_OF_ALL: &str = "secret";

/// Where users are kept.
#[derive(Clone, Copy)]
enum Source {
    File,
    Sqlite,
    Server(Kind),
}

impl Source {
    const ALL: [Self; 4] = [Self::File, Self::Sqlite, Self::Server(Kind::MariaDb), Self::Server(Kind::Postgres)];

    fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Sqlite => "SQLite",
            Self::Server(Kind::MariaDb) => "MariaDB",
            Self::Server(Kind::Postgres) => "PostgreSQL",
        }
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let number = |argument: Option<String>, otherwise: usize| {
        argument.map_or(otherwise, |text| text.parse().expect("a number of logins, then a number of users"))
    };
    let logins = number(arguments.next(), 1000);
    let most = number(arguments.next(), 1_000_000);
    println!("source\tlayout\tusers\tlogins\tmedian ms\t95th percentile ms");
    for source in Source::ALL {
        for users in [100, most] {
            // Nobody keeps a million users in a file.
            if matches!(source, Source::File) && users > 100 {
                continue;
            }
            for layout in [Layout::Static, Layout::Shared] {
                measure(source, layout, users, logins);
            }
        }
    }
}

fn measure(source: Source, layout: Layout, users: usize, logins: usize) {
    let mut database = None;
    let server = Server::with(layout, |config| {
        config.set("SQLAuthTypes", "Crypt");
        match source {
            Source::File => {
                config.without_sql();
                let file = config.folder().join("var/passwd");
                let ((uid, gid), home) = (Account::ids(), config.home());
                let line = |user| format!("user{user}:{HASH}:{uid}:{gid}::{}:/bin/sh\n", home.display());
                std::fs::write(&file, (1..=users).map(line).collect::<String>()).expect("a file can be written");
                own(&file);
            }
            Source::Sqlite => {
                let numbers =
                    format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {users})");
                let file = config.folder().join("var/users.db");
                sqlite(&file, &format!("INSERT INTO users {numbers} {}", rows(&config.home(), "'user' || i", "n")));
            }
            Source::Server(kind) => {
                let Some(used) = Database::shared(kind) else { return };
                let name = format!("bench_{layout:?}_{users}").to_lowercase();
                used.serve(config, &name, "");
                let numbers = match kind {
                    Kind::MariaDb => format!("(SELECT seq AS i FROM seq_1_to_{users}) AS n"),
                    Kind::Postgres => format!("generate_series(1, {users}) AS n(i)"),
                };
                let insert = format!("INSERT INTO users {}", rows(&config.home(), "CONCAT('user', i)", &numbers));
                used.sql(&name, &insert);
                used.sql(&name, if kind == Kind::MariaDb { "ANALYZE TABLE users" } else { "ANALYZE users" });
                database = Some(used);
            }
        }
    });
    if matches!(source, Source::Server(_)) && database.is_none() {
        return;
    }
    let mut times: Vec<Duration> = (0..logins).map(|login| time(&server, 1 + login * 7919 % users)).collect();
    times.sort();
    let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default().as_secs_f64() * 1000.0;
    println!("{}\t{layout:?}\t{users}\t{logins}\t{:.3}\t{:.3}", source.name(), at(50), at(95));
}

/// A SELECT that makes users of numbers.
fn rows(home: &Path, name: &str, numbers: &str) -> String {
    let (uid, gid) = Account::ids();
    format!("SELECT {name}, '{HASH}', {uid}, {gid}, '{}', '/bin/sh' FROM {numbers}", home.display())
}

fn time(server: &Server, user: usize) -> Duration {
    let began = Instant::now();
    let mut wire = server.connect();
    wire.expect(format!("USER user{user}"), 331);
    wire.expect(format!("PASS {PASSWORD_OF_ALL}"), 230);
    wire.expect("QUIT", 221);
    began.elapsed()
}
