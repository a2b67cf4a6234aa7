//! mod_sql with MariaDB and PostgreSQL: logins, groups and logs, and what happens while a database
//! is down, wrong or under load.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use gantry_tests::config::PASSWORD_CRYPT;
use gantry_tests::database::{Database, Kind, OWNER, OWNER_PASSWORD, name_of};
use gantry_tests::layout;
use gantry_tests::operator::{Operator, let_operators_in};
use gantry_tests::prelude::*;
use gantry_tests::server::Trial;
use gantry_tests::wait;

/// Runs a test with each kind of server that is there.
fn each(layout: Layout, test: &str, run: impl Fn(&Database, &str)) {
    for kind in Kind::ALL {
        if let Some(database) = Database::shared(kind) {
            run(&database, &name_of(layout, test));
        }
    }
}

/// The code of the reply to PASS.
fn login(server: &Server, user: &[u8], password: &str) -> u16 {
    let mut wire = server.connect();
    wire.ask([b"USER ", user].concat());
    wire.ask(format!("PASS {password}")).code
}

fn users_log_in_and_are_in_their_groups(layout: Layout) {
    each(layout, "groups", |database, name| {
        database.create(name, "/unused".as_ref());
        for info in [database.over_tcp(name, ""), database.over_socket(name, "PERSESSION")] {
            let server = Server::with(layout, |config| {
                let home = config.home();
                database.sql(name, &format!("UPDATE users SET homedir = '{}'", home.display()));
                database.connect(config, info);
                config.set("SQLAuthenticate", "users groups");
                config.block("<Limit MKD>\n  AllowGroup staff\n  DenyAll\n</Limit>");
            });
            let mut alice = server.login();
            alice.expect("MKD for-staff", 257);
            alice.expect("RMD for-staff", 250);
            let mut bob = server.connect();
            bob.login("bob", "plain as day");
            bob.expect("MKD for-staff", 550);
            assert_eq!(login(&server, USER.as_bytes(), "wrong"), 530);
            assert_eq!(login(&server, b"nobody-of-that-name", "wrong"), 530);
            // Ids may be text, too.
            assert_eq!(server.log_line(&["cannot look up"]), None);
        }
    });
}

fn values_of_any_type_are_read(layout: Layout) {
    each(layout, "types", |database, name| {
        let server = Server::with(layout, |config| {
            database.serve(config, name, "");
            let make = match database.kind() {
                Kind::MariaDb => {
                    "CREATE TABLE odd (name CHAR(40), secret BLOB, uid DECIMAL(10,0), gid BIGINT UNSIGNED, \
                     home TEXT, since DATETIME(3), kind ENUM('a','b'), bits BIT(4), day DATE, at TIME)"
                }
                Kind::Postgres => {
                    "CREATE TYPE letter AS ENUM ('a', 'b'); CREATE DOMAIN folder AS text; \
                     CREATE TABLE odd (name char(40), secret bytea, uid numeric, gid bigint, home folder, \
                     since timestamp, kind letter, bits smallint, day date, at time)"
                }
            };
            database.sql(name, make);
            let home = config.home();
            let ((uid, gid), home) = (gantry_tests::config::Account::ids(), home.display());
            database.sql(
                name,
                &format!(
                    "INSERT INTO odd VALUES ('{USER}', '{PASSWORD_CRYPT}', {uid}, {gid}, '{home}', \
                     '2026-11-28 10:20:30.5', 'b', 5, '2026-11-28', '10:20:30')"
                ),
            );
            config.add(
                "SQLNamedQuery",
                "find SELECT \"name, secret, uid, gid, home, '/bin/sh' FROM odd WHERE name = '%{0}'\"",
            );
            config.set("SQLUserInfo", "custom:/find");
            config.add("SQLNamedQuery", "odd SELECT \"since FROM odd WHERE name = '%U' AND bits = 5\"");
            config.add("SQLNamedQuery", "day SELECT \"day FROM odd WHERE kind = '%{env:GANTRY_NONE}' OR name = '%U'\"");
            config.add("SQLNamedQuery", "at SELECT \"at FROM odd WHERE uid = %{note:none} OR name = '%U'\"");
            config.add("SQLShowInfo", "PASS 230 \"since %{odd} on %{day} at %{at}\"");
        });
        let mut wire = server.connect();
        wire.ask(format!("USER {USER}"));
        let answer = wire.ask(format!("PASS {PASSWORD}"));
        assert_eq!(answer.code, 230, "{}", server.log());
        let shown = answer.text();
        assert!(shown.contains("since 2026-11-28 10:20:30.5"), "{shown}");
        assert!(shown.contains("at 10:20:30"), "{shown}");
    });
}

fn each_transfer_is_logged_once_across_reloads(layout: Layout) {
    const CLIENTS: usize = 8;
    const FILES: usize = 10;
    each(layout, "logged", |database, name| {
        let mut server = Server::with(layout, |config| {
            database.serve(config, name, "pool-size:4");
            config.add("SQLNamedQuery", "stored INSERT \"'%m', '%U', '%f', %b\" log");
            config.add("SQLLog", "STOR stored");
        });
        let address = server.address();
        thread::scope(|scope| {
            for client in 0..CLIENTS {
                scope.spawn(move || {
                    let mut wire = Wire::connect(address);
                    wire.login(USER, PASSWORD);
                    for file in 0..FILES {
                        wire.give(format!("STOR {client}-{file}'\"; --"), b"12345");
                    }
                    wire.expect("QUIT", 221);
                });
            }
            server.swap(|_| {});
            server.swap(|_| {});
        });
        let wanted = format!("{}|{}", CLIENTS * FILES, CLIENTS * FILES * 5);
        let select = "SELECT count(DISTINCT path), sum(bytes) FROM log WHERE verb = 'STOR' AND name = 'alice'";
        wait::for_condition("all rows are there", || database.sql(name, select) == wanted);
        assert_eq!(database.sql(name, "SELECT count(*) FROM log"), (CLIENTS * FILES).to_string());
    });
}

/// Ends clients when a test ends, also by a panic.
struct End<'e>(&'e AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn an_outage_costs_the_logins_that_needed_the_database(layout: Layout) {
    for kind in Kind::ALL {
        let Some(database) = Database::alone(kind) else { continue };
        let name = name_of(layout, "outage");
        let server = Server::with(layout, |config| {
            database.serve(config, &name, "pool-timeout:10");
        });
        let mut old = server.login();
        let (ended, good, bad) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while !ended.load(Ordering::Relaxed) {
                        let count = if login(&server, b"bob", "plain as day") == 230 { &good } else { &bad };
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            let _end = End(&ended);
            let more = |count: &AtomicUsize, by: usize, what: &str| {
                let before = count.load(Ordering::Relaxed);
                wait::for_condition(what, || count.load(Ordering::Relaxed) >= before + by);
            };
            more(&good, 20, "users log in");
            assert_eq!(bad.load(Ordering::Relaxed), 0, "{}", server.log());
            database.kill();
            more(&bad, 20, "logins fail");
            old.expect("PWD", 257);
            let mut wire = server.connect();
            wire.ask("USER bob");
            wire.expect("PASS plain as day", 421);
            database.begin();
            more(&good, 20, "users log in again");
            let before = bad.load(Ordering::Relaxed);
            more(&good, 50, "users log in again");
            assert_eq!(bad.load(Ordering::Relaxed), before, "{}", server.log());
        });
        old.give("STOR after", b"1");
        let log = server.log();
        let said = |text: &str| log.lines().filter(|line| line.contains(text)).count();
        assert_eq!(said("requests failed"), 1, "{log}");
        assert!((1..=6).contains(&said("what needs this database fails until it answers")), "{log}");
        assert!(said("cannot look up a user") <= 2, "{log}");
        assert_eq!(said("no such user"), 0, "{log}");
    }
}

fn a_slow_database_costs_the_logins_that_wait_for_it(layout: Layout) {
    each(layout, "slow", |database, name| {
        let server = Server::with(layout, |config| {
            database.serve(config, name, "pool-timeout:1 pool-size:2");
        });
        let mut old = server.login();
        let lock = database.lock(name, "users");
        let codes = thread::scope(|scope| {
            let logins: Vec<_> = (0..4).map(|_| scope.spawn(|| login(&server, b"bob", "plain as day"))).collect();
            old.give("STOR meanwhile", b"1");
            logins.into_iter().map(|login| login.join().unwrap()).collect::<Vec<_>>()
        });
        assert_eq!(codes, [421; 4]);
        drop(lock);
        wait::for_condition("users log in", || login(&server, b"bob", "plain as day") == 230);
        let log = server.log();
        let error = format!("{} error", database.kind().module());
        let said = log.lines().filter(|line| line.contains(&error) && line.contains("no answer to a statement within"));
        assert_eq!(said.count(), 1, "{log}");
    });
}

fn a_server_starts_while_its_database_is_down(layout: Layout) {
    for kind in Kind::ALL {
        let Some(database) = Database::alone(kind) else { continue };
        let name = name_of(layout, "late");
        let server = Server::with(layout, |config| {
            database.serve(config, &name, "");
            database.kill();
        });
        server.wait_for_log(&["what needs this database fails until it answers"]);
        assert_eq!(login(&server, b"bob", "plain as day"), 421);
        database.begin();
        wait::for_condition("users log in", || login(&server, b"bob", "plain as day") == 230);
    }
}

fn what_the_database_refuses_refuses_start_and_reload(layout: Layout) {
    each(layout, "refused", |database, name| {
        let trial = Trial::run(&layout.gantryd(), &["-n"], |config| {
            database.serve(config, name, "");
            let wrong = database.over_tcp(name, "").replace(OWNER_PASSWORD, "wrong-secret");
            config.set("SQLConnectInfo", wrong);
        });
        let fatal = trial.fatal();
        assert!(fatal.contains("SQLConnectInfo") && !trial.done.text().contains("wrong-secret"), "{fatal}");
        for (directive, value, wanted) in [
            ("SQLConnectInfo", database.over_tcp("no_such_database", ""), "no_such_database"),
            ("SQLUserInfo", "no_such_table userid passwd uid gid homedir shell".to_owned(), "no_such_table"),
            ("SQLUserInfo", "users userid no_such_column uid gid homedir shell".to_owned(), "no_such_column"),
        ] {
            let trial = Trial::run(&layout.gantryd(), &["-n"], |config| {
                database.connect(config, database.over_tcp(name, ""));
                config.set(directive, value);
            });
            let fatal = trial.fatal();
            assert!(fatal.contains(directive) && fatal.contains(wanted), "{fatal}");
        }
        let mut server = Server::with(layout, |config| {
            database.connect(config, database.over_tcp(name, ""));
        });
        assert_eq!(login(&server, b"bob", "plain as day"), 230);
        server.reconfigure(|config| {
            config.set("SQLUserInfo", "no_such_table userid passwd uid gid homedir shell");
        });
        server.sighup();
        server.wait_for_log(&["no_such_table"]);
        assert_eq!(login(&server, b"bob", "plain as day"), 230);
        server.swap(|config| {
            config.set("SQLUserInfo", "users userid passwd uid gid homedir shell");
        });
        assert_eq!(login(&server, b"bob", "plain as day"), 230);
    });
}

fn hostile_names_are_only_names(layout: Layout) {
    each(layout, "hostile", |database, name| {
        let server = Server::with(layout, |config| {
            database.serve(config, name, "");
            config.set("SQLAuthenticate", "users groups");
        });
        let long = vec![b'x'; 10_000];
        let hostile: [&[u8]; 14] = [
            b"' OR '1'='1",
            b"alice'--",
            b"alice\\'; DROP TABLE users; --",
            b"x'; DROP TABLE users; --",
            b"\\",
            b"%",
            b"_lice",
            b"a%",
            b"$1",
            b"?",
            b"alice\0",
            b"\xff\xfe\x80",
            "\u{202e}\u{fffd}\u{1f512}".as_bytes(),
            &long,
        ];
        for user in hostile {
            let mut wire = server.connect();
            wire.send_raw(&[b"USER ", user, b"\r\n"].concat()).unwrap();
            wire.reply();
            let code = wire.ask(format!("PASS {PASSWORD}")).code;
            assert!([500, 503, 530].contains(&code), "{code} {}", user.escape_ascii());
        }
        assert_eq!(database.sql(name, "SELECT count(*) FROM users"), "2");
        assert_eq!(login(&server, USER.as_bytes(), PASSWORD), 230);
        assert_eq!(server.log_line(&["cannot look up a user"]), None);
    });
}

fn five_hundred_logins_share_ten_connections(layout: Layout) {
    const LOGINS: usize = 500;
    each(layout, "crowd", |database, name| {
        let server = Server::with(layout, |config| {
            database.serve(config, name, "pool-size:10");
            config.set("SQLAuthTypes", "Plaintext").set("MaxUnauthenticatedPerHost", "none");
        });
        let connections = match database.kind() {
            Kind::MariaDb => {
                format!("SELECT count(*) FROM information_schema.processlist WHERE db = '{name}' AND user = '{OWNER}'")
            }
            Kind::Postgres => {
                format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND usename = '{OWNER}'")
            }
        };
        let mut wires: Vec<Wire> = (0..LOGINS).map(|_| server.connect()).collect();
        wires.iter_mut().for_each(|wire| assert_eq!(wire.ask("USER bob").code, 331));
        for wire in &mut wires {
            wire.stream().write_all(b"PASS plain as day\r\n").unwrap();
        }
        let codes: Vec<u16> = wires.iter_mut().map(|wire| wire.reply().code).collect();
        assert!(codes.iter().all(|code| *code == 230), "{codes:?}");
        let used: usize = database.sql(name, &connections).parse().unwrap();
        assert!((1..=10).contains(&used), "{used}");
    });
}

fn tls_to_the_database_is_checked(layout: Layout) {
    each(layout, "tls", |database, name| {
        let ca = format!("ssl-ca:{}", database.authority().display());
        let by_name = |more: &str| {
            database
                .over_tcp(name, more)
                .replace("@127.0.0.1", "@localhost")
                .replace(&format!(" {OWNER} "), &format!(" {OWNER}_tls "))
        };
        let by_address = |more: &str| by_name(more).replace("@localhost", "@127.0.0.1");
        database.create(name, "/".as_ref());
        for info in [by_name(&ca), by_address(&format!("{ca} ssl-mode:verify-ca")), by_address("")] {
            let server = Server::with(layout, |config| database.connect(config, info.clone()));
            assert_eq!(login(&server, b"bob", "plain as day"), 230, "{info}");
        }
        for (info, wanted) in [
            (by_address(&ca), "TLS"),
            (by_name("ssl-mode:disabled"), "SQLConnectInfo"),
            (by_name("ssl-mode:verify-ca"), "needs ssl-ca"),
        ] {
            let trial = Trial::run(&layout.gantryd(), &["-n"], |config| database.connect(config, info.clone()));
            assert!(trial.done.text().contains(wanted), "{info}: {}", trial.done.text());
            assert!(!trial.done.status.success());
        }
        // Another authority, of the same name.
        let folder = tempfile::tempdir().unwrap();
        let other = gantry_tests::tls::Authority::new(folder.path());
        let info = by_address(&format!("ssl-ca:{} ssl-mode:verify-ca", other.certificate().display()));
        let trial = Trial::run(&layout.gantryd(), &["-n"], |config| database.connect(config, info));
        assert!(trial.fatal().contains("TLS"), "{}", trial.fatal());
    });
}

fn passwords_are_judged_in_the_databases_scheme_and_by_mod_sql_passwd(layout: Layout) {
    each(layout, "schemes", |database, name| {
        let server = Server::with(layout, |config| {
            database.serve(config, name, "");
            config.exchange("LoadModule", "mod_sql.c", "mod_sql_passwd.c\nLoadModule mod_sql.c");
            config.add("SQLPasswordEngine", "on");
            config.add("SQLNamedQuery", "salt SELECT \"salt FROM salts WHERE name = '%{0}'\"");
            config.add("SQLPasswordUserSalt", "sql:/salt Prepend");
            config.add("SQLPasswordPBKDF2", "sha1 1000 20");
            config.set("SQLAuthTypes", "Backend SHA256 PBKDF2 Bcrypt OpenSSL");
            database.sql(name, "CREATE TABLE salts (name VARCHAR(40), salt VARCHAR(40))");
            database.sql(name, "INSERT INTO salts VALUES ('sha', 'saltsalt'), ('pbkdf', 'saltsalt')");
            let own = match database.kind() {
                Kind::MariaDb => "PASSWORD('secret')".to_owned(),
                Kind::Postgres => {
                    let make = format!("CREATE ROLE {name}_own PASSWORD 'secret'");
                    database.sql(name, &make);
                    format!("(SELECT rolpassword FROM pg_authid WHERE rolname = '{name}_own')")
                }
            };
            for (user, secret) in [
                ("own", own.as_str()),
                // From sha256sum, python's hashlib, htpasswd and openssl.
                ("sha", "'27b0d9f5088892201b4d5341d34eeca7dfd3b19a6a4f35c536dda0cbed45e701'"),
                ("pbkdf", "'8b09c61e3ddee1285f60003548fcfb0963b1e8e2'"),
                ("bcrypt", "'$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a'"),
                ("openssl", "'{sha1}5en6G6MezRroT3XKqkdPOmY/BfQ='"),
            ] {
                database.sql(
                    name,
                    &format!(
                        "INSERT INTO users SELECT '{user}', {secret}, uid, gid, homedir, shell FROM users \
                         WHERE userid = 'bob'"
                    ),
                );
            }
        });
        for user in ["own", "sha", "pbkdf", "bcrypt", "openssl"] {
            assert_eq!(login(&server, user.as_bytes(), "secret"), 230, "{user}");
            assert_eq!(login(&server, user.as_bytes(), "Secret"), 530, "{user}");
        }
        assert_eq!(login(&server, b"bob", "plain as day"), 530, "Plaintext is not configured");
        server.wait_for_log(&["users log in with passwords that are stored as SHA-2 digests"]);
    });
}

both_layouts!(
    users_log_in_and_are_in_their_groups,
    values_of_any_type_are_read,
    each_transfer_is_logged_once_across_reloads,
    an_outage_costs_the_logins_that_needed_the_database,
    a_slow_database_costs_the_logins_that_wait_for_it,
    a_server_starts_while_its_database_is_down,
    what_the_database_refuses_refuses_start_and_reload,
    hostile_names_are_only_names,
    five_hundred_logins_share_ten_connections,
    tls_to_the_database_is_checked,
    passwords_are_judged_in_the_databases_scheme_and_by_mod_sql_passwd,
);

/// The fenced blocks of a section of docs/users.md: the schema, then the configuration.
fn of_page(heading: &str) -> (String, String) {
    let page = std::fs::read_to_string(layout::workspace().join("docs/users.md")).unwrap();
    let (_, section) = page.split_once(&format!("\n### {heading}\n")).expect("the section is there");
    let mut blocks = section.split("\n```");
    // What is between blocks comes in between.
    let mut block = |start: &str| blocks.nth(1).and_then(|block| block.strip_prefix(start)).unwrap().to_owned();
    (block("sql"), block(""))
}

/// Each schema and configuration of the page for administrators serves as it is, but for paths,
/// ids and the password.
#[test]
fn the_schemas_of_the_page_serve() {
    let (uid, _) = gantry_tests::config::Account::ids();
    let serve = |layout: Layout, lines: &str| {
        let server = Server::with(layout, |config| {
            config.without_sql().remove("AuthOrder").remove("AuthUserFile").remove("RequireValidShell").block(lines);
            config.block("<Limit MKD>\n  AllowGroup staff\n  DenyAll\n</Limit>");
        });
        let mut wire = server.login();
        wire.give("STOR file", b"12345");
        wire.expect("MKD folder", 257);
        server
    };
    let filled = |text: &str, home: &Path| {
        text.replace("HASH", PASSWORD_CRYPT)
            .replace("2001", &uid.to_string())
            .replace("/srv/ftp/alice", &home.display().to_string())
    };
    let home = tempfile::tempdir().unwrap();
    std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    gantry_tests::server::own(home.path());
    for (kind, heading) in [(Kind::MariaDb, "MariaDB and MySQL"), (Kind::Postgres, "PostgreSQL")] {
        let Some(database) = Database::shared(kind) else { continue };
        let (schema, lines) = of_page(heading);
        database.sql("", filled(&schema, home.path()).trim_end().trim_end_matches(';'));
        let info = database.over_socket("ftp", "");
        let place = info.split(' ').next().unwrap();
        for layout in [Layout::Static, Layout::Shared] {
            serve(layout, &lines.replace("ftp@localhost", place)).login().expect("RMD folder", 250);
        }
        let rows = database.sql("ftp", "SELECT userid, client, bytes FROM transfers");
        assert_eq!(rows, "alice|127.0.0.1|5\nalice|127.0.0.1|5");
    }
    let (schema, lines) = of_page("SQLite");
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    gantry_tests::server::own(folder.path());
    let file = folder.path().join("users.db");
    gantry_tests::server::sqlite(&file, filled(&schema, home.path()).trim_end().trim_end_matches(';'));
    std::fs::read_dir(folder.path()).unwrap().for_each(|entry| gantry_tests::server::own(&entry.unwrap().path()));
    for layout in [Layout::Static, Layout::Shared] {
        let lines = lines.replace("/var/lib/gantry/users.db", &file.display().to_string());
        serve(layout, &lines).login().expect("RMD folder", 250);
    }
    assert_eq!(gantry_tests::server::sqlite(&file, "SELECT count(*), sum(bytes) FROM transfers"), "2|10");
}

/// mod_sql linked in and its back end loaded, and the other way.
#[test]
fn layouts_may_be_mixed() {
    for set in ["mixed", "mixed-backends"] {
        for kind in Kind::ALL {
            let Some(database) = Database::shared(kind) else { continue };
            let name = format!("mixed_{}", set.replace('-', "_"));
            let server = Server::of(&layout::feature_set(set).join("sbin/gantryd"), |config| {
                let_operators_in(config);
                database.serve(config, &name, "");
            });
            assert_eq!(login(&server, b"bob", "plain as day"), 230);
            let mut operator = Operator::of(&server);
            let layouts: Vec<_> = ["mod_sql".to_owned(), kind.module()]
                .iter()
                .map(|module| operator.modules(module)[0]["layout"].clone())
                .collect();
            assert_ne!(layouts[0], layouts[1], "{layouts:?}");
        }
    }
}

#[test]
fn modules_come_into_a_running_server() {
    for kind in Kind::ALL {
        let Some(database) = Database::shared(kind) else { continue };
        let server = Server::with(Layout::Shared, |config| {
            let_operators_in(config);
            database.create("inserted", &config.home());
            config.without_sql().set("AuthOrder", "mod_auth_file.c mod_sql.c");
        });
        let mut operator = Operator::of(&server);
        server.login();
        assert_eq!(login(&server, b"bob", "plain as day"), 530);
        operator.does(&format!("insmod {}.c", kind.module()));
        let lines = format!(
            "SQLBackend {}\nSQLConnectInfo {}\nSQLAuthTypes Plaintext\nSQLAuthenticate users\nSQLMinID 1\n",
            kind.backend(),
            database.over_tcp("inserted", "")
        );
        operator.ask_with("insmod mod_sql.c", &lines).unwrap();
        assert_eq!(login(&server, b"bob", "plain as day"), 230);
        operator.does("rmmod mod_sql");
        assert_eq!(login(&server, b"bob", "plain as day"), 530);
    }
}
