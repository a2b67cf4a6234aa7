//! mod_sql on SQLite: the forms that panels write, keys, events, SQLKeepAlive, SQLLogFile, and what the log has of a
//! database that is down. mod_sql's own tests have its look-ups and SQLLog.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use gantry_tests::config::PASSWORD_CRYPT;
use gantry_tests::operator::{Operator, let_operators_in};
use gantry_tests::prelude::*;
use gantry_tests::server::{Trial, sqlite};
use gantry_tests::wait;

/// Puts tables into the database, and removes the lines about SQL but for those that name it.
fn with_tables(config: &mut Config, sql: &str) {
    let database = config.folder().join("var/users.db");
    let owner = sqlite(&database, &format!("SELECT uid, gid, homedir FROM users WHERE userid = '{USER}'"));
    let mut words = owner.split('|');
    let mut next = || words.next().unwrap().to_owned();
    let (uid, gid, home) = (next(), next(), next());
    let sql = sql.replace("UID", &uid).replace("GID", &gid).replace("HOME", &home).replace("HASH", PASSWORD_CRYPT);
    sqlite(&database, &sql);
    for directive in ["SQLAuthenticate", "SQLAuthTypes", "SQLUserInfo", "SQLMinID", "SQLBackend", "AuthOrder"] {
        config.remove(directive);
    }
}

/// The form of Froxlor's sql.conf, of which only the database and its functions differ.
const FROXLOR: &str = r#"
<IfModule mod_sql.c>
DefaultRoot ~
RequireValidShell off
AuthOrder mod_sql.c
SQLBackend	sqlite3
#
SQLEngine on
SQLAuthenticate on
SQLAuthTypes Crypt OpenSSL

SQLAuthenticate users* groups*
SQLUserInfo ftp_users username password uid gid homedir shell
SQLGroupInfo ftp_groups groupname gid members
SQLMinID 1
#
SQLUserWhereClause "login_enabled = 'y'"

SQLLog PASS login
SQLNamedQuery login UPDATE "last_login=datetime('now'), login_count=login_count+1 WHERE username='%u'" ftp_users

SQLLog RETR download
SQLNamedQuery download UPDATE "down_count=down_count+1, down_bytes=down_bytes+%b WHERE username='%u'" ftp_users

SQLLog STOR upload
SQLNamedQuery upload UPDATE "up_count=up_count+1, up_bytes=up_bytes+%b WHERE username='%u'" ftp_users

SQLNamedQuery get-quota-tally SELECT "name, quota_type, bytes_in_used,bytes_out_used FROM ftp_quotatallies WHERE name = '%{0}' AND quota_type = '%{1}'"
SQLNamedQuery insert-quota-tally INSERT "%{0}, %{1}, %{2}, %{3}" ftp_quotatallies
</IfModule>
"#;

fn a_configuration_as_froxlor_writes_it_serves(layout: Layout) {
    let server = Server::with(layout, |config| {
        with_tables(
            config,
            "CREATE TABLE ftp_users (username, password, uid, gid, homedir, shell, login_enabled, last_login, \
                 login_count DEFAULT 0, up_count DEFAULT 0, up_bytes DEFAULT 0, down_count DEFAULT 0, down_bytes DEFAULT 0);
             CREATE TABLE ftp_groups (groupname, gid, members);
             CREATE TABLE ftp_quotatallies (name, quota_type, bytes_in_used, bytes_out_used);
             INSERT INTO ftp_groups VALUES ('customer', GID, 'web1,web1ftp2');
             INSERT INTO ftp_users (username, password, uid, gid, homedir, shell, login_enabled)
                 VALUES ('web1', 'HASH', UID, GID, 'HOME', '/bin/false', 'y'),
                        ('web2', 'HASH', UID, GID, 'HOME', '/bin/false', 'n'),
                        -- From printf wonderland | openssl dgst -binary -sha1 | base64.
                        ('web1ftp2', '{sha1}tiY7sUhYKUwI5L3866kDY+ENcrQ=', UID, GID, 'HOME', '/bin/false', 'y')",
        );
        config.block(FROXLOR);
    });
    let mut wire = server.connect();
    wire.expect("USER web2", 331);
    wire.expect(format!("PASS {PASSWORD}"), 530);
    wire.login("web1", PASSWORD);
    wire.give("STOR file", b"12345");
    wire.fetch("RETR file");
    wire.expect("QUIT", 221);
    let counts =
        "SELECT login_count, up_count, up_bytes, down_count, down_bytes FROM ftp_users WHERE username = 'web1'";
    wait::for_condition("the counts", || server.sql(counts) == "1|1|5|1|5");
    server.connect().login("web1ftp2", PASSWORD);
}

/// The form of AlternC's proftpd.conf: a clause over several lines, columns twice, and no shell.
const ALTERNC: &str = r#"
SQLBackend sqlite3
# Table :
SQLUserInfo ftpusers name encrypted_password uid uid homedir NULL
SQLAuthTypes                    Crypt
SQLAuthenticate users
AuthOrder mod_sql.c
SQLUserWhereClause " \
enabled = 'true' and \
'true' in ( \
select case when count(*)>0 then 'false' else 'true' end \
from authorised_ip_affected aia, ftpusers f \
where cast(aia.parameters as integer)=f.id and f.name='%U'\
UNION \
select \
  case when '%h' = ip then 'true' else 'false' end \
from authorised_ip ai, authorised_ip_affected aia, ftpusers f \
where f.name='%U' and cast(aia.parameters as integer)=f.id  and ai.id=aia.authorised_ip_id and aia.protocol='ftp' \
) \
"
SQLDefaultGID                   33
SQLDefaultUID                   33
SQLMinID                        1
"#;

fn a_configuration_as_alternc_writes_it_serves(layout: Layout) {
    let server = Server::with(layout, |config| {
        with_tables(
            config,
            "CREATE TABLE ftpusers (id, name, encrypted_password, uid, homedir, enabled);
             CREATE TABLE authorised_ip (id, ip);
             CREATE TABLE authorised_ip_affected (authorised_ip_id, parameters, protocol);
             INSERT INTO authorised_ip VALUES (1, '127.0.0.1'), (2, '192.0.2.1');
             INSERT INTO authorised_ip_affected VALUES (1, '2', 'ftp'), (2, '3', 'ftp');
             INSERT INTO ftpusers VALUES (1, 'free', 'HASH', UID, 'HOME', 'true'), (2, 'here', 'HASH', UID, 'HOME', 'true'),
                 (3, 'elsewhere', 'HASH', UID, 'HOME', 'true'), (4, 'off', 'HASH', UID, 'HOME', 'false')",
        );
        config.block(ALTERNC);
    });
    for user in ["free", "here"] {
        server.connect().login(user, PASSWORD);
    }
    for user in ["elsewhere", "off"] {
        let mut wire = server.connect();
        wire.expect(format!("USER {user}"), 331);
        wire.expect(format!("PASS {PASSWORD}"), 530);
    }
}

/// The forms of EngineGP's sql.conf, and of i-MSCP's proftpd.conf, with what each needs to be tried.
const SMALL: [(&str, &str); 2] = [
    (
        r#"
<IfModule mod_sql.c>
  SQLBackend sqlite3
  SQLEngine on
  SQLAuthTypes Plaintext
  SQLUserInfo accounts username password uid gid homedir shell
  SQLAuthenticate users*
  SQLMinUserUID 1
  SQLMinUserGID 1
  AuthOrder mod_sql.c
</IfModule>
SQLNamedQuery get-quota-limit SELECT "name, quota_type FROM quotalimits WHERE name = '%{0}' AND quota_type = '%{1}'"
SQLNamedQuery update-quota-tally UPDATE "bytes_in_used = bytes_in_used + %{0}, files_xfer_used = files_xfer_used + %{5} WHERE name = '%{6}' AND quota_type = '%{7}'" quotatallies
SQLNamedQuery insert-quota-tally INSERT "%{0}, %{1}, %{2}, %{3}, %{4}, %{5}, %{6}, %{7}" quotatallies
"#,
        "CREATE TABLE accounts (username, password, uid, gid, homedir, shell);
         INSERT INTO accounts VALUES ('server_1', 'wonderland', UID, GID, 'HOME', '/bin/false')",
    ),
    (
        r#"
<IfModule !mod_sql.c>
  LoadModule               mod_sql.c
  AuthOrder                mod_sql.c
</IfModule>
SQLBackend                 sqlite3
SQLAuthTypes               Crypt
SQLAuthenticate            on
SQLUserInfo                ftp_users userid passwd uid gid homedir shell
SQLGroupInfo               ftp_group groupname gid members
SQLMinUserUID              1
SQLMinUserGID              1
"#,
        "CREATE TABLE ftp_users (userid, passwd, uid, gid, homedir, shell);
         CREATE TABLE ftp_group (groupname, gid, members);
         INSERT INTO ftp_group VALUES ('vu2001', GID, 'admin@example.org,server_1');
         INSERT INTO ftp_users VALUES ('server_1', 'HASH', UID, GID, 'HOME', '/bin/sh')",
    ),
];

fn configurations_as_enginegp_and_imscp_write_them_serve(layout: Layout) {
    for (text, tables) in SMALL {
        let server = Server::with(layout, |config| {
            with_tables(config, tables);
            config.block(text);
        });
        server.connect().login("server_1", PASSWORD);
    }
}

/// The examples of ProFTPD's manual on mod_sql and of its howto, of which only names, paths and the database's functions
/// differ.
const MANUAL: &str = r#"
<IfModule mod_sql.c>
  AuthOrder mod_sql.c
  SQLBackend sqlite3
  SQLAuthTypes Crypt Empty
  SQLMinID 1

  SQLAuthenticate users groups usersetfast groupsetfast
  SQLUserInfo custom:/get-user-by-name/get-user-by-id/get-user-names/get-all-users
  SQLNamedQuery get-user-by-name SELECT "userid, passwd, uid, gid, homedir, shell FROM ftpusers WHERE userid = '%U'"
  SQLNamedQuery get-user-by-id SELECT "userid, passwd, uid, gid, homedir, shell FROM ftpusers WHERE uid = %{0}"
  SQLNamedQuery get-user-names SELECT "userid FROM ftpusers"
  SQLNamedQuery get-all-users SELECT "userid, passwd, uid, gid, homedir, shell FROM ftpusers"

  SQLGroupInfo custom:/get-group-by-name/get-group-by-id/get-group-by-member/get-all-groupnames/get-all-groups
  SQLNamedQuery get-group-by-name SELECT "groupname, gid, members FROM ftpgroups WHERE groupname = '%{0}'"
  SQLNamedQuery get-group-by-id SELECT "groupname, gid, members FROM ftpgroups WHERE gid = %{0}"
  SQLNamedQuery get-group-by-member SELECT "groupname, gid, members FROM ftpgroups WHERE (members LIKE '%%,%{0},%%' OR members LIKE '%{0},%%' OR members LIKE '%%,%{0}')"
  SQLNamedQuery get-all-groupnames SELECT "groupname FROM ftpgroups"
  SQLNamedQuery get-all-groups SELECT "groupname, gid, members FROM ftpgroups"

  SQLNamedConnectInfo logdb sqlite3 LOGDB user pass

  SQLNamedQuery last_accessed UPDATE "last_accessed = datetime('now') WHERE userid='%u'" ftpusers
  SQLLog PASS last_accessed

  SQLNamedQuery log_sess FREEFORM "INSERT INTO login_history (user, client_ip, server_ip, protocol, at) VALUES ('%u', '%a', '%V', '%{protocol}', datetime('now'))" logdb
  SQLLog PASS log_sess IGNORE_ERRORS

  SQLNamedQuery updatecount UPDATE "count=count+1 WHERE userid='%u'" ftpusers
  SQLLog PASS updatecount
  SQLNamedQuery count SELECT "count from ftpusers where userid='%u'"
  SQLShowInfo PASS 230 "You've logged on %{count} times, %u"

  SQLLog CWD updatedir
  SQLNamedQuery updatedir UPDATE "cwd='%d' where userid='%u'" ftpusers

  SQLLog RETR,STOR insertfileinfo
  SQLNamedQuery insertfileinfo INSERT "'%f', %b, '%u@%v', datetime('now')" filehistory

  SQLUserPrimaryKey custom:/get-user-key
  SQLNamedQuery get-user-key SELECT "id FROM ftpusers WHERE userid = '%U'"
  SQLGroupPrimaryKey custom:/get-group-key
  SQLNamedQuery get-group-key SELECT "id FROM ftpgroups WHERE groupname = '%g'"
  SQLNamedQuery start-session FREEFORM "INSERT INTO ftp_sessions (userid, groupid) VALUES (%{note:sql.user-primary-key}, %{note:sql.group-primary-key})"
  SQLLog PASS start-session IGNORE_ERRORS

  SQLNamedQuery update_max_logins UPDATE "max_login_attempts=max_login_attempts+1 WHERE userid='%U'" ftpusers
  SQLLogOnEvent mod_auth.max-login-attempts update_max_logins
  SQLKeepAlive 30 "SELECT count(*) FROM ftpusers"
  SQLOptions NoDisconnectOnError
</IfModule>
"#;

fn the_examples_of_the_manual_serve(layout: Layout) {
    let server = Server::with(layout, |config| {
        with_tables(
            config,
            "CREATE TABLE ftpusers (id INTEGER PRIMARY KEY, userid VARCHAR(30) NOT NULL UNIQUE, passwd VARCHAR(80) NOT NULL,
                 uid INTEGER UNIQUE, gid INTEGER, homedir VARCHAR(255), shell VARCHAR(255), last_accessed DATETIME,
                 count INTEGER DEFAULT 0, cwd, max_login_attempts INTEGER DEFAULT 0);
             CREATE TABLE ftpgroups (id INTEGER PRIMARY KEY, groupname VARCHAR(30) NOT NULL, gid INTEGER NOT NULL, members VARCHAR(255));
             CREATE TABLE filehistory (file, bytes, who, at);
             CREATE TABLE ftp_sessions (userid, groupid);
             INSERT INTO ftpusers (id, userid, passwd, uid, gid, homedir, shell) VALUES (7, 'matilda', 'HASH', UID, GID, 'HOME', '/bin/sh');
             INSERT INTO ftpgroups VALUES (9, 'first', GID, 'x,matilda'), (10, 'second', 54324, 'matilda,y')",
        );
        let logs = config.folder().join("var/logs.db");
        sqlite(&logs, "CREATE TABLE login_history (user, client_ip, server_ip, protocol, at)");
        gantry_tests::server::own(&logs);
        let manual = MANUAL.replace("LOGDB", &config.path("logs.db"));
        config.set("MaxLoginAttempts", "1").block(manual);
    });
    let mut wire = server.connect();
    wire.expect("USER matilda", 331);
    let greeting = wire.expect(format!("PASS {PASSWORD}"), 230).text();
    assert!(greeting.contains("You've logged on 0 times, matilda"), "{greeting}");
    server.make_folder("folder");
    wire.expect("CWD folder", 250);
    wire.give("STOR file", b"12345");
    wire.expect("QUIT", 221);
    let mut wire = server.connect();
    wire.expect("USER matilda", 331);
    wire.expect("PASS wrong", 530);
    let row = "SELECT count, cwd, max_login_attempts, last_accessed IS NULL FROM ftpusers";
    wait::for_condition("the user's row", || server.sql(row) == "1|/folder|1|0");
    assert_eq!(server.sql("SELECT bytes, who FROM filehistory"), "5|matilda@Gantry under test");
    assert_eq!(server.sql("SELECT userid, groupid FROM ftp_sessions"), "7|9");
    let history = "SELECT user, client_ip, server_ip, protocol FROM login_history";
    assert_eq!(sqlite(&server.var("logs.db"), history), "matilda|127.0.0.1|127.0.0.1|ftp");
}

/// The form of sites that keep no uid and no home: constants, expressions, and a column without quotes.
const CONSTANTS: &str = r#"
<Global>
  SQLBackend sqlite
  AuthOrder mod_sql.c
  SQLAuthTypes Crypt
  SQLMinID 1
  SQLAuthenticate users userset
  SQLUserInfo "accounts NATURAL JOIN domains" "login || '@' || domain" secret UID "GID" "'HOME'" "'/bin/sh'"
</Global>
"#;

fn columns_may_be_constants_and_expressions(layout: Layout) {
    let server = Server::with(layout, |config| {
        let owner = "SELECT uid, gid, homedir FROM users";
        let owner = sqlite(&config.folder().join("var/users.db"), &format!("{owner} LIMIT 1"));
        let words: Vec<&str> = owner.split('|').collect();
        with_tables(
            config,
            "CREATE TABLE domains (domain_id, domain);
             CREATE TABLE accounts (login, domain_id, secret);
             INSERT INTO domains VALUES (1, 'a.example'), (2, 'b.example');
             INSERT INTO accounts VALUES ('ann', 1, 'HASH'), ('ann', 2, '*')",
        );
        config.block(CONSTANTS.replace("UID", words[0]).replace("GID", words[1]).replace("HOME", words[2]));
    });
    server.connect().login("ann@a.example", PASSWORD);
    for user in ["ann@b.example", "ann"] {
        let mut wire = server.connect();
        wire.expect(format!("USER {user}"), 331);
        wire.expect(format!("PASS {PASSWORD}"), 530);
    }
}

fn keys_and_events_are_logged(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.set("MaxLoginAttempts", "1");
        config.block(
            r#"
            SQLUserPrimaryKey rowid
            SQLLog STOR,EXIT add
            SQLNamedQuery add INSERT "'%m', '%u', '', %{note:sql.user-primary-key}" log
            SQLNamedQuery event FREEFORM "INSERT INTO log VALUES ('event %m', '%U', '%a', 0)"
            SQLLogOnEvent core.connect event
            SQLLogOnEvent mod_auth.max-login-attempts event
            SQLLogOnEvent mod_auth.authentication-code event
            SQLLogOnEvent core.exit event IGNORE_ERRORS
            "#,
        );
    });
    let rows = |count: usize| {
        wait::for_condition("the rows", || server.sql("SELECT count(*) FROM log") == count.to_string());
        let rows = server.sql("SELECT verb, user, path, bytes FROM log ORDER BY rowid");
        server.sql("DELETE FROM log");
        rows
    };
    let mut wire = server.login();
    wire.give("STOR file", b"x");
    wire.expect("QUIT", 221);
    assert_eq!(
        rows(5),
        "event CONNECT|-|127.0.0.1|0\nevent PASS|alice|127.0.0.1|0\nSTOR|alice||1\nevent EXIT|alice|127.0.0.1|0\nEXIT|alice||1"
    );
    let mut wire = server.connect();
    wire.expect("USER bob", 331);
    wire.expect("PASS wrong", 530);
    wire.until_closed().unwrap();
    assert_eq!(
        rows(5),
        "event CONNECT|-|127.0.0.1|0\nevent PASS|bob|127.0.0.1|0\nevent PASS|bob|127.0.0.1|0\nevent EXIT|bob|127.0.0.1|0\nEXIT|-||"
    );
}

fn listings_show_the_names_of_users_and_groups_in_the_database(layout: Layout) {
    if !rustix::process::getuid().is_root() {
        return eprintln!("left out: only root can give files away");
    }
    let server = Server::with(layout, |config| {
        config.set("SQLAuthenticate", "on");
        config.block("SQLNegativeCache on");
        let database = config.folder().join("var/users.db");
        sqlite(
            &database,
            "CREATE TABLE groups (groupname, gid, members);
             INSERT INTO groups VALUES ('authors', 54324, 'carol');
             INSERT INTO users VALUES ('carol', '*', 54323, 54324, '/', '/bin/sh')",
        );
    });
    server.put("hers", "");
    server.put("nobodys", "");
    std::os::unix::fs::chown(server.home().join("hers"), Some(54_323), Some(54_324)).unwrap();
    std::os::unix::fs::chown(server.home().join("nobodys"), Some(54_325), Some(54_325)).unwrap();
    let mut wire = server.login();
    let list = String::from_utf8(wire.fetch("LIST")).unwrap();
    let owners = |name: &str| {
        let line = list.lines().find(|line| line.ends_with(name)).unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        (words[2].to_owned(), words[3].to_owned())
    };
    assert_eq!(owners("hers"), ("carol".to_owned(), "authors".to_owned()), "{list}");
    assert_eq!(owners("nobodys"), ("54325".to_owned(), "54325".to_owned()), "{list}");
    let facts = String::from_utf8(wire.fetch("MLSD")).unwrap();
    assert!(facts.contains("UNIX.groupname=authors;") && facts.contains("UNIX.ownername=carol;"), "{facts}");
}

fn an_anonymous_section_may_do_without_the_database(layout: Layout) {
    let with_section = |engine: &'static str| {
        Server::with(layout, |config| {
            let home = config.home().display().to_string();
            let lines = "SQLNamedQuery add INSERT \"'%m', '%u', '', 0\" log\nSQLLog NOOP add";
            config.block(format!(
                "{lines}\n<Anonymous {home}>\n  User bob\n  AnonRequirePassword on\n  SQLEngine {engine}\n</Anonymous>"
            ));
        })
    };
    for (engine, code, rows) in [("on", 230, "1"), ("auth", 230, "0"), ("log", 530, "0"), ("off", 530, "0")] {
        let server = with_section(engine);
        let mut wire = server.connect();
        wire.expect("USER bob", 331);
        wire.expect("PASS plain as day", code);
        if code == 230 {
            wire.expect("NOOP", 200);
            wire.expect("QUIT", 221);
        }
        // The server's own users have it.
        let mut wire = server.login();
        wire.expect("NOOP", 200);
        wire.expect("QUIT", 221);
        wait::for_condition("a row", || server.sql("SELECT count(*) FROM log WHERE user = 'alice'") == "1");
        assert_eq!(server.sql("SELECT count(*) FROM log WHERE user = 'bob'"), rows, "{engine}");
    }
}

#[test]
fn no_row_is_lost_or_doubled_while_mod_sql_is_swapped_under_writes() {
    const WRITERS: usize = 4;
    const SWAPS: usize = 6;
    let server = Server::with(Layout::Shared, |config| {
        let_operators_in(config);
        config.block("SQLNamedQuery add INSERT \"'%m', '%u', '%F', %b\" log\nSQLLog STOR add");
    });
    let (done, uploads) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (server, done, uploads) = (&server, &done, &uploads);
            scope.spawn(move || {
                let mut number = 0;
                while !done.load(Ordering::Relaxed) {
                    let mut wire = server.login();
                    for _ in 0..3 {
                        wire.give(format!("STOR {writer}-{number}"), b"content");
                        number += 1;
                        uploads.fetch_add(1, Ordering::Relaxed);
                    }
                    wire.expect("QUIT", 221);
                }
            });
        }
        let mut operator = Operator::of(&server);
        for _ in 0..SWAPS {
            let target = uploads.load(Ordering::Relaxed) + WRITERS;
            wait::for_condition("uploads go on", || uploads.load(Ordering::Relaxed) >= target);
            operator.does("swap mod_sql");
        }
        done.store(true, Ordering::Relaxed);
    });
    let uploads = uploads.load(Ordering::Relaxed).to_string();
    wait::for_condition("as many rows as uploads", || server.sql("SELECT count(*) FROM log") == uploads);
    assert_eq!(server.sql("SELECT count(DISTINCT path) FROM log"), uploads);
}

fn a_time_out_is_an_event(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.set("TimeoutIdle", "1");
        config.block(
            "SQLNamedQuery event INSERT \"'%m', '%E', '', 0\" log\nSQLLogOnEvent core.timeout-idle event\nSQLLogOnEvent core.timeout-login event",
        );
    });
    server.login().until_closed().unwrap();
    wait::for_condition("the row", || server.sql("SELECT verb FROM log") == "EXIT");
}

fn a_connection_is_kept_alive(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.add("SQLKeepAlive", "1 \"INSERT INTO log (verb) VALUES ('alive')\"");
    });
    wait::for_condition("two rows", || server.sql("SELECT count(*) >= 2 FROM log WHERE verb = 'alive'") == "1");
}

fn sql_log_file_has_each_statement_and_what_clients_send_is_escaped(layout: Layout) {
    let server = Server::with(layout, |config| {
        let file = config.path("sql.log");
        config.add("SQLLogFile", file);
        config.block("SQLNamedQuery bad INSERT \"'%J'\" no_such_table\nSQLLog MKD bad IGNORE_ERRORS");
    });
    let file = server.var("sql.log");
    let mut wire = server.login();
    server.wait_for_line(&file, &[" mod_sql/", "SQLUserInfo: SELECT userid, ", "= ?) LIMIT 1 <- 'alice': 1 rows, "]);
    wire.expect("MKD \x1b[31mred", 257);
    server.wait_for_line(
        &file,
        &["SQLNamedQuery bad: INSERT INTO no_such_table", ": error: no such table: no_such_table"],
    );
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("<- '\\x1b[31mred'") && !text.contains('\x1b'), "{text}");
    assert!(!text.contains(PASSWORD), "{text}");
    server.wait_for_log(&["SQLNamedQuery bad: no such table"]);
}

fn the_log_has_one_line_of_a_database_that_is_down(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.set("MaxLoginAttempts", "none");
        config.block("SQLNamedQuery add INSERT \"'%m', '', '', 0\" log\nSQLLog NOOP add IGNORE_ERRORS");
    });
    let mut logged_in = server.login();
    let (database, aside) = (server.var("users.db"), server.var("aside.db"));
    fs::rename(&database, &aside).unwrap();
    for _ in 0..4 {
        let mut wire = server.connect();
        wire.expect(format!("USER {USER}"), 331);
        wire.expect(format!("PASS {PASSWORD}"), 421);
        logged_in.expect("NOOP", 200);
    }
    fs::rename(&aside, &database).unwrap();
    server.login();
    logged_in.expect("NOOP", 200);
    server.wait_for_log(&["mod_sql answers again after 4 failures"]);
    server.wait_for_log(&["SQLNamedQuery add: works again after "]);
    let log = server.log();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("No such file")).collect();
    let [first, second] = lines.as_slice() else { panic!("{lines:#?}") };
    assert!(first.contains("Login not possible: mod_sql cannot look up a user: SQLUserInfo: "), "{first}");
    assert!(second.contains("SQLNamedQuery add: "), "{second}");
    wait::for_condition("a row", || server.sql("SELECT count(*) > 0 FROM log") == "1");
}

fn what_the_database_refuses_for_logins_refuses_the_start_and_a_reload(layout: Layout) {
    for line in ["SQLUserInfo users userid no_column uid gid homedir shell", "SQLUserPrimaryKey no_column"] {
        let trial = Trial::run(&layout.gantryd(), &[], |config| {
            let (directive, value) = line.split_once(' ').unwrap();
            config.set(directive, value);
        });
        assert!(trial.fatal().contains("no such column: no_column"), "{}", trial.fatal());
    }
    let mut server = Server::start(layout);
    server.reconfigure(|config| {
        config.set("SQLUserInfo", "no_table userid passwd uid gid homedir shell");
    });
    server.sighup();
    server.wait_for_log(&["SQLUserInfo", "no such table: no_table"]);
    server.login();
}

/// Lines that are no fault, and what a check says of them.
const NOTICES: [(&str, &str); 8] = [
    ("SQLNamedQuery two SELECT \"SELECT 1\"", "SQLNamedQuery: 'two': the word SELECT is added before the query"),
    ("SQLLogOnEvent core.exitt log", "SQLLogOnEvent: nothing announces the event 'core.exitt'"),
    (
        "SQLNamedConnectInfo logs sqlite3 DATABASE joe secret 30s",
        "unknown connection policy '30s'; it is read as PERSESSION",
    ),
    ("SQLUserInfo custom:/one/one/sett", "SQLUserInfo: no SQLNamedQuery has the name 'sett'"),
    ("SQLUserWhereClause \"uid > 0\"", "SQLUserWhereClause: it has no effect on custom queries"),
    ("SQLRatios on", "SQLRatios"),
    ("SQLRatioStats on", "SQLRatioStats"),
    ("SQLNamedQuery log FREEFORM \"DELETE FROM log\"", ""),
];

fn what_has_no_effect_is_told_by_a_check(layout: Layout) {
    let trial = Trial::run(&layout.gantryd(), &["-t"], |config| {
        let database = config.path("users.db");
        config.remove("SQLUserInfo");
        config.add("SQLNamedQuery", "one SELECT \"userid, passwd, uid, gid, homedir, shell FROM users\"");
        config.block(NOTICES.map(|(line, _)| line.replace("DATABASE", &database)).join("\n"));
    });
    let said = trial.done.ok().text();
    for (line, text) in NOTICES {
        assert!(said.contains(text), "{line}: {said}");
    }
    assert!(!said.contains("secret"), "{said}");
    let trial = Trial::run(&layout.gantryd(), &["-t"], |config| {
        config.without_sql().add("LoadModule", "mod_sql.c");
        config.block("SQLAuthTypes Crypt\nSQLNamedQuery log FREEFORM \"DELETE FROM log\"\nSQLLog EXIT log");
    });
    let said = trial.done.ok().text();
    assert!(!said.contains("SQLBackend is not set"), "{said}");
    assert_eq!(said.matches("it has no effect, because there is no SQLConnectInfo").count(), 2, "{said}");
}

#[test]
fn a_check_says_which_of_several_back_ends_is_used() {
    let trial = Trial::run(&Layout::Shared.gantryd(), &["-t"], |config| {
        let database = config.path("users.db");
        config.remove("SQLBackend");
        config
            .set("LoadModule", "mod_sql.c")
            .add("LoadModule", "mod_sql_mysql.c")
            .add("LoadModule", "mod_sql_sqlite.c");
        config.set("SQLConnectInfo", database);
    });
    let said = trial.done.text();
    assert!(
        said.contains("SQLConnectInfo: SQLBackend is not set: the first of several back ends is used, 'mysql'"),
        "{said}"
    );
}

both_layouts!(
    what_has_no_effect_is_told_by_a_check,
    a_configuration_as_froxlor_writes_it_serves,
    a_configuration_as_alternc_writes_it_serves,
    the_examples_of_the_manual_serve,
    configurations_as_enginegp_and_imscp_write_them_serve,
    listings_show_the_names_of_users_and_groups_in_the_database,
    columns_may_be_constants_and_expressions,
    keys_and_events_are_logged,
    an_anonymous_section_may_do_without_the_database,
    a_time_out_is_an_event,
    a_connection_is_kept_alive,
    sql_log_file_has_each_statement_and_what_clients_send_is_escaped,
    the_log_has_one_line_of_a_database_that_is_down,
    what_the_database_refuses_for_logins_refuses_the_start_and_a_reload,
);
