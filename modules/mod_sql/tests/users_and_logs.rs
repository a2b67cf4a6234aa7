//! mod_sql on a real database, started and called as the daemon does it, with
//! its own runtime and with the test's.

mod support;

use std::net::Ipv4Addr;

use gantry_api::runtime::Layout;
use gantry_api::service::{LoginRequest, SqlValue, Verdict};
use gantry_api::session::ServerId;
use gantry_api::{Account, Notes, Phase, Result};
use support::{Daemon, Database, client};

const LAYOUTS: [Layout; 2] = [Layout::Linked, Layout::Loaded];

fn text(text: &str) -> SqlValue {
    SqlValue::Text(text.to_owned())
}

/// A daemon with further lines behind SQLConnectInfo.
async fn daemon(layout: Layout, database: &Database, lines: &[&[&str]]) -> Result<Daemon> {
    let path = database.path.to_str().unwrap();
    let connect = [["SQLConnectInfo", path]];
    let lines: Vec<&[&str]> = connect.iter().map(|line| &line[..]).chain(lines.iter().copied()).collect();
    Daemon::start(layout, &lines).await
}

fn request(user: &str) -> LoginRequest {
    let (address, host) = (Ipv4Addr::LOCALHOST.into(), "localhost".to_owned());
    LoginRequest {
        session: 1,
        server: ServerId(0),
        user: user.to_owned(),
        address,
        host,
        section: None,
        class: None,
        port: 40000,
        local: (Ipv4Addr::LOCALHOST, 21).into(),
        server_name: "test".into(),
        notes: Notes::default(),
    }
}

async fn account(daemon: &Daemon, user: &str) -> Result<Option<Account>> {
    let (name, users) = daemon.world.services.authenticators().next().unwrap();
    assert_eq!(name, "mod_sql");
    users.account(&request(user)).await
}

async fn verdict(daemon: &Daemon, account: &Account, password: &str) -> Verdict {
    let (_, users) = daemon.world.services.authenticators().next().unwrap();
    users.verify(&request(&account.name), account, password.as_bytes()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_come_with_their_groups_and_the_bounds_hold() {
    for layout in LAYOUTS {
        let database = Database::new().await;
        let daemon = daemon(layout, &database, &[&["SQLAuthTypes", "Crypt", "Plaintext"]]).await.unwrap();
        let joe = account(&daemon, "joe").await.unwrap().unwrap();
        assert_eq!(
            (joe.uid, joe.gid, joe.home.to_str(), joe.shell.as_str()),
            (2000, 2100, Some("/home/joe"), "/bin/sh")
        );
        let groups: Vec<_> = joe.groups.iter().map(|group| (group.name.as_str(), group.gid)).collect();
        assert_eq!(groups, [("staff", 2100), ("ftp", 2200)]);
        assert_eq!(verdict(&daemon, &joe, "secret").await, Verdict::Accepted);
        assert_eq!(verdict(&daemon, &joe, "Secret").await, Verdict::Rejected);

        let low = account(&daemon, "low").await.unwrap().unwrap();
        assert_eq!((low.uid, low.gid, low.groups.len()), (65533, 65533, 0));
        let error = account(&daemon, "odd").await.unwrap_err();
        assert_eq!(error.message(), "SQLUserInfo: user 'odd' has a uid that is not a number");
        let error = account(&daemon, "homeless").await.unwrap_err();
        assert_eq!(error.message(), "SQLUserInfo: user 'homeless' has no home folder");

        let wildcard = account(&daemon, "j_e").await.unwrap().unwrap();
        assert_eq!(wildcard.groups.iter().map(|group| group.gid).collect::<Vec<_>>(), [2400]);
        assert_eq!(verdict(&daemon, &wildcard, "").await, Verdict::Rejected);
        let long = "x".repeat(10_000);
        for nobody in ["nobody", "", "' OR '1'='1", "joe'--", "j%", "joe\0", "\u{fffd}", "\\' OR 1 --", long.as_str()] {
            assert_eq!(account(&daemon, nobody).await.unwrap(), None, "{nobody}");
        }
        daemon.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn custom_queries_and_clauses_are_used() {
    let database = Database::new().await;
    let lines: &[&[&str]] = &[
        &["SQLUserInfo", "custom:/user"],
        &["SQLNamedQuery", "user", "SELECT", "userid, passwd, uid, gid, NULL, 'x' FROM users WHERE userid = '%U'"],
        &["SQLDefaultHomedir", "/srv/ftp"],
        &["SQLGroupInfo", "custom:/name/id/member"],
        &["SQLNamedQuery", "name", "SELECT", "groupname, gid, members FROM groups WHERE groupname = '%{0}'"],
        &["SQLNamedQuery", "id", "SELECT", "groupname, gid, members FROM groups WHERE gid = %{0}"],
        &["SQLNamedQuery", "member", "SELECT", "groupname, gid, members FROM groups WHERE members LIKE '%%,%{0}'"],
        &["SQLAuthTypes", "Plaintext"],
    ];
    let custom = daemon(Layout::Linked, &database, lines).await.unwrap();
    let joe = account(&custom, "joe").await.unwrap().unwrap();
    assert_eq!((joe.home.to_str(), joe.groups.len()), (Some("/srv/ftp"), 2));
    custom.stop().await;

    let lines: &[&[&str]] = &[
        &["SQLUserWhereClause", "uid > 1000 AND '%u' <> 'joe'"],
        &["SQLMinID", "0"],
        &["SQLAuthenticate", "users"],
        &["SQLUserInfo", "users", "userid", "passwd", "NULL", "gid", "NULL", "shell"],
        &["SQLDefaultHomedir", "/srv"],
        &["SQLAuthTypes", "Empty"],
    ];
    let clause = daemon(Layout::Linked, &database, lines).await.unwrap();
    assert_eq!(account(&clause, "joe").await.unwrap(), None);
    let homeless = account(&clause, "homeless").await.unwrap().unwrap();
    assert_eq!((homeless.uid, homeless.home.to_str(), homeless.groups.len()), (65533, Some("/srv"), 0));
    assert_eq!(verdict(&clause, &homeless, "secret").await, Verdict::Rejected);
    clause.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn columns_may_be_constants_and_clauses_know_what_is_known_before_the_login() {
    let database = Database::new().await;
    let lines: &[&[&str]] = &[
        &["SQLAuthenticate", "users*"],
        &["SQLUserInfo", "users", "userid", "passwd", "uid", "33", "'/srv/' || userid", "NULL"],
        &["SQLUserWhereClause", "'%a %h' = '127.0.0.1 localhost' AND '%v' = 'test' AND %p = 21 AND %{note:x} IS NULL"],
        &["SQLMinID", "33"],
        &["SQLAuthTypes", "Plaintext"],
    ];
    let daemon = daemon(Layout::Linked, &database, lines).await.unwrap();
    let joe = account(&daemon, "joe").await.unwrap().unwrap();
    assert_eq!((joe.uid, joe.gid, joe.home.to_str(), joe.shell.as_str()), (2000, 33, Some("/srv/joe"), ""));
    let (_, users) = daemon.world.services.authenticators().next().unwrap();
    let elsewhere = LoginRequest { address: Ipv4Addr::new(192, 0, 2, 1).into(), ..request("joe") };
    assert_eq!(users.account(&elsewhere).await.unwrap(), None);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_have_the_names_of_users_and_groups() {
    for custom in [false, true] {
        let database = Database::new().await;
        let lines: &[&[&str]] = match custom {
            false => &[&["SQLNegativeCache", "on"]],
            true => &[
                &["SQLUserInfo", "custom:/user/uid"],
                &["SQLGroupInfo", "custom:/name/id/member"],
                &[
                    "SQLNamedQuery",
                    "user",
                    "SELECT",
                    "userid, passwd, uid, gid, homedir, shell FROM users WHERE userid = '%U'",
                ],
                &[
                    "SQLNamedQuery",
                    "uid",
                    "SELECT",
                    "userid, passwd, uid, gid, homedir, shell FROM users WHERE uid = %{0}",
                ],
                &["SQLNamedQuery", "name", "SELECT", "groupname, gid, members FROM groups WHERE groupname = '%{0}'"],
                &["SQLNamedQuery", "id", "SELECT", "groupname, gid, members FROM groups WHERE gid = %{0}"],
                &["SQLNamedQuery", "member", "SELECT", "groupname, gid, members FROM groups WHERE members = '%{0}'"],
            ],
        };
        let daemon = daemon(Layout::Linked, &database, lines).await.unwrap();
        let (_, users) = daemon.world.services.authenticators().next().unwrap();
        let request = request("joe");
        let user = async |uid| users.user_name(&request, uid).await.unwrap();
        let group = async |gid| users.group_name(&request, gid).await.unwrap();
        assert_eq!((user(2000).await.as_deref(), group(2200).await.as_deref()), (Some("joe"), Some("ftp")));
        // Below SQLMinID they are the system's.
        assert_eq!((user(0).await, group(0).await), (None, None));
        assert_eq!((user(5000).await, group(5000).await), (None, None));
        database.run("INSERT INTO users VALUES ('late', '', 5000, 5000, '/', '')").await;
        assert_eq!(user(5000).await.is_some(), custom);
        daemon.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_the_user_and_its_group_are_notes_of_the_session() {
    for (user_key, group_key) in [("rowid", "rowid"), ("custom:/user-key", "custom:/group-key")] {
        let database = Database::new().await;
        let lines: &[&[&str]] = &[
            &["SQLUserPrimaryKey", user_key],
            &["SQLGroupPrimaryKey", group_key],
            &["SQLNamedQuery", "user-key", "SELECT", "rowid FROM users WHERE userid IN ('%U', '%{0}')"],
            &["SQLNamedQuery", "group-key", "FREEFORM", "SELECT rowid FROM groups WHERE groupname = '%g'"],
            &[
                "SQLNamedQuery",
                "add",
                "INSERT",
                "'', '', %{note:sql.user-primary-key}, %{note:sql.group-primary-key}",
                "log",
            ],
            &["SQLLog", "PASS", "add"],
        ];
        let daemon = daemon(Layout::Linked, &database, lines).await.unwrap();
        let mut client = client("joe");
        let success = [Phase::Post, Phase::Log];
        daemon.command(&mut client, "PASS secret", &success).await;
        client.session.account = account(&daemon, "joe").await.unwrap().map(Into::into);
        daemon.command(&mut client, "PASS secret", &success).await;
        let rows = database.run("SELECT bytes, more FROM log ORDER BY rowid").await.rows;
        assert_eq!(rows, [[SqlValue::Null, SqlValue::Null], [SqlValue::Int(1), text("1")]]);
        assert_eq!(client.session.ending, None);
        daemon.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_are_logged_and_what_clients_say_stays_a_value() {
    for layout in LAYOUTS {
        let database = Database::new().await;
        let lines: &[&[&str]] = &[
            &["SQLLog", "PASS,ERR_PASS,EXIT", "add", "IGNORE_ERRORS"],
            &["SQLLog", "CWD", "broken"],
            &["SQLLog", "DELE", "change"],
            &["SQLNamedQuery", "add", "INSERT", "'%U', '%m', %s, 'from %h'", "log"],
            &["SQLNamedQuery", "broken", "FREEFORM", "INSERT INTO nowhere VALUES ('%u')"],
            &["SQLNamedQuery", "change", "UPDATE", "bytes = 7 WHERE name = '%U'", "log"],
            &["SQLNamedQuery", "count", "SELECT", "count(*) FROM log WHERE name = '%U'"],
            &["SQLShowInfo", "PASS", "230", "%{count} times, %U, %{nothing}"],
        ];
        let daemon = daemon(layout, &database, lines).await.unwrap();
        let evil = "x'), ('y";
        let mut client = client(evil);
        let success = [Phase::Pre, Phase::Post, Phase::Log];
        daemon.command(&mut client, "PASS secret", &success).await;
        assert_eq!(client.dialogue.reply.as_ref().unwrap().last_line(), b"0 times, x'), ('y, {null}");
        daemon.command(&mut client, "PASS wrong", &[Phase::PostError, Phase::LogError]).await;
        daemon.command(&mut client, "RETR x", &success).await;
        daemon.exit(&mut client).await;
        let rows = database.run("SELECT name, verb, bytes, more FROM log ORDER BY rowid").await.rows;
        let row = |verb: &str, code| vec![text(evil), text(verb), code, text("from host'; DROP TABLE log; --")];
        let replied = || SqlValue::Int(230);
        assert_eq!(rows, [row("PASS", replied()), row("PASS", replied()), row("EXIT", SqlValue::Null)]);

        daemon.command(&mut client, "DELE x", &success).await;
        let rows = database.run("SELECT DISTINCT bytes FROM log").await.rows;
        assert_eq!(rows, [[SqlValue::Int(7)]]);
        assert_eq!(client.session.ending, None);
        daemon.command(&mut client, "CWD x", &success).await;
        assert!(client.session.ending.is_some(), "a failed SQLLog ends the session");
        daemon.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_row_is_lost_when_sessions_break_off_and_the_module_stops() {
    for layout in LAYOUTS {
        let database = Database::new().await;
        let lines: &[&[&str]] = &[&["SQLNamedQuery", "add", "INSERT", "'%{0}', '', 0, ''", "log"]];
        let daemon = daemon(layout, &database, lines).await.unwrap();
        let queries = daemon.world.services.sql_queries().unwrap().clone();
        let mut begun = 0;
        for number in 0..300 {
            let arguments = [number.to_string()];
            let call = queries.run(ServerId(0), "add", &arguments);
            // Each call is dropped at once after its first poll, as that of a
            // session that ends.
            begun += i64::from(tokio::time::timeout(std::time::Duration::ZERO, call).await.is_err());
        }
        assert!(begun > 0);
        daemon.stop().await;
        let rows = database.run("SELECT count(DISTINCT name) FROM log").await.rows;
        assert_eq!(rows, [[SqlValue::Int(300)]]);
        assert!(queries.run(ServerId(0), "add", &["late".to_owned()]).await.is_err());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_faulty_configuration_keeps_the_module_from_starting() {
    let database = Database::new().await;
    for (line, wanted) in [
        (&["SQLBackend", "mysql"][..], "SQLBackend mysql: no such back end; available: sqlite3"),
        (
            &["SQLConnectInfo", "/nonexistent/ftp.db", "joe", "hidden"],
            "SQLConnectInfo /nonexistent/ftp.db: database file '/nonexistent/ftp.db': No such file or directory (os error 2)",
        ),
        (&["SQLLog", "RETR", "missing"], "SQLLog RETR missing: no SQLNamedQuery has this name"),
        (&["SQLUserInfo", "custom:/missing"], "SQLUserInfo custom:/missing: no SQLNamedQuery has this name"),
        (&["SQLNamedQuery", "q", "SELECT", "1", "elsewhere"], "SQLNamedQuery q: no SQLNamedConnectInfo 'elsewhere'"),
    ] {
        let path = database.path.to_str().unwrap();
        let connect = ["SQLConnectInfo", path];
        let lines: &[&[&str]] = if line[0] == "SQLConnectInfo" { &[line] } else { &[&connect, line] };
        let error = Daemon::start(Layout::Linked, lines).await.err().unwrap();
        assert!(error.message().starts_with(wanted), "{error}");
    }
    let idle = Daemon::start(Layout::Linked, &[&["SQLLog", "RETR", "missing"]]).await.unwrap();
    assert_eq!(account(&idle, "joe").await.unwrap(), None);
    idle.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_with_the_same_database_share_one_pool_and_it_is_closed() {
    let database = Database::new().await;
    assert_eq!(database.opened(), 0);
    let daemon = daemon(Layout::Loaded, &database, &[]).await.unwrap();
    assert_eq!(database.opened(), 1);
    daemon.stop().await;
    assert_eq!(database.opened(), 0);
}
