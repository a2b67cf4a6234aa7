//! Who may log in, how often one may try, and for how long.

use std::time::{Duration, Instant};

use gantry_tests::prelude::*;

fn crypt_and_plain_passwords_are_taken(layout: Layout) {
    let server = Server::start(layout);
    server.connect().login(USER, PASSWORD);
    server.connect().login("bob", "plain as day");
}

fn a_wrong_password_and_an_unknown_user_look_the_same(layout: Layout) {
    let server = Server::start(layout);
    let refusal = |user: &str| {
        let mut wire = server.connect();
        let asked = wire.expect(format!("USER {user}"), 331).text().replace(user, "X");
        (asked, wire.expect("PASS wrong", 530).text())
    };
    assert_eq!(refusal(USER), refusal("nobody-of-that-name"));
}

fn a_failed_login_can_be_tried_again(layout: Layout) {
    let server = Server::start(layout);
    let mut wire = server.connect();
    wire.expect(format!("USER {USER}"), 331);
    wire.expect("PASS wrong", 530);
    wire.expect("PWD", 530);
    wire.login(USER, PASSWORD);
    wire.expect("PWD", 257);
}

fn pass_without_user_is_out_of_order(layout: Layout) {
    let server = Server::start(layout);
    server.connect().expect(format!("PASS {PASSWORD}"), 503);
}

fn max_login_attempts_ends_the_session(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.set("MaxLoginAttempts", "2");
    });
    let mut wire = server.connect();
    wire.expect(format!("USER {USER}"), 331);
    wire.expect("PASS wrong", 530);
    wire.expect(format!("USER {USER}"), 331);
    let last = wire.ask("PASS wrong");
    assert!([421, 530].contains(&last.code), "{}", last.text());
    wire.until_closed().unwrap();
}

fn a_login_that_takes_too_long_is_ended(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.set("TimeoutLogin", "1");
    });
    let (mut wire, mut logged_in) = (server.connect(), server.login());
    let began = Instant::now();
    let rest = wire.until_closed().unwrap();
    assert!(rest.is_empty() || rest.starts_with("421"), "{rest}");
    assert!(began.elapsed() < Duration::from_secs(10));
    logged_in.expect("NOOP", 200);
}

fn an_idle_session_is_ended(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.set("TimeoutIdle", "1");
    });
    let rest = server.login().until_closed().unwrap();
    assert!(rest.starts_with("421"), "{rest}");
}

fn sql_in_a_name_is_only_a_name(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.set("MaxLoginAttempts", "100");
    });
    let mut wire = server.connect();
    for user in [
        "' OR '1'='1",
        "alice'--",
        "x'; DROP TABLE users; --",
        "alice' /*",
        "\" OR 1=1 --",
        "%U",
        "${USER}",
        "a\\' OR 1=1--",
        "alice'||'",
    ] {
        for password in [PASSWORD, "' OR '1'='1"] {
            wire.send(format!("USER {user}"));
            let code = wire.reply().code;
            assert!([331, 530, 501].contains(&code), "{user}: {code}");
            let code = wire.ask(format!("PASS {password}")).code;
            assert!([530, 503].contains(&code), "{user}: {code}");
        }
    }
    assert_eq!(server.sql("SELECT count(*) FROM users"), "2");
    server.connect().login(USER, PASSWORD);
}

fn a_user_added_to_the_database_can_log_in_at_once(layout: Layout) {
    let server = Server::start(layout);
    let mut wire = server.connect();
    wire.expect("USER carol", 331);
    wire.expect("PASS new one", 530);
    server.sql("INSERT INTO users SELECT 'carol', 'new one', uid, gid, homedir, shell FROM users WHERE userid = 'bob'");
    wire.login("carol", "new one");
    server.sql("DELETE FROM users WHERE userid = 'carol'");
    let mut other = server.connect();
    other.expect("USER carol", 331);
    other.expect("PASS new one", 530);
}

fn an_invalid_shell_keeps_one_out_where_it_matters(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.set("RequireValidShell", "on");
    });
    server.sql("UPDATE users SET shell = '/not/a/shell' WHERE userid = 'bob'");
    let mut wire = server.connect();
    wire.expect("USER bob", 331);
    wire.expect("PASS plain as day", 530);
    server.connect().login(USER, PASSWORD);
}

fn users_may_stand_in_a_file_instead(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.without_sql();
    });
    let mut wire = server.connect();
    wire.expect(format!("USER {USER}"), 331);
    wire.expect("PASS wrong", 530);
    wire.login(USER, PASSWORD);
    wire.expect("TYPE I", 200);
    wire.give("STOR file", b"content");
    assert_eq!(server.read("file"), b"content");
}

fn users_may_stand_in_both_places(layout: Layout) {
    let server = Server::with(layout, |config| {
        let file = config.path("passwd");
        config.set("AuthOrder", "mod_sql.c mod_auth_file.c").set("AuthUserFile", file);
    });
    server.sql(&format!("DELETE FROM users WHERE userid = '{USER}'"));
    server.connect().login(USER, PASSWORD);
    server.connect().login("bob", "plain as day");
}

fn users_may_come_from_a_query_of_ones_own(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.set("SQLUserInfo", "custom:/find-user");
        config.add(
            "SQLNamedQuery",
            "find-user SELECT \"userid, passwd, uid, gid, homedir, shell FROM users WHERE userid = '%U'\"",
        );
    });
    server.connect().login(USER, PASSWORD);
    let mut wire = server.connect();
    wire.expect("USER x' OR userid = 'bob", 331);
    wire.expect("PASS plain as day", 530);
}

fn no_password_stands_in_a_log(layout: Layout) {
    let server = Server::start(layout);
    let mut wire = server.connect();
    wire.expect(format!("USER {USER}"), 331);
    wire.expect("PASS almost-right", 530);
    wire.login(USER, PASSWORD);
    wire.expect("QUIT", 221);
    wire.until_closed().unwrap();
    let log = server.log();
    assert!(!log.contains("almost-right") && !log.contains(PASSWORD), "{log}");
}

fn a_refused_password_is_answered_at_a_fixed_moment(layout: Layout) {
    let server = Server::start(layout);
    // bob's is not hashed, alice's is, and there is no carol.
    for user in ["bob", USER, "carol"] {
        let mut wire = server.connect();
        wire.expect(format!("USER {user}"), 331);
        let began = Instant::now();
        wire.expect("PASS wrong", 530);
        assert!(began.elapsed() >= Duration::from_millis(499), "{user}: {:?}", began.elapsed());
    }
}

fn who_cannot_be_checked_is_not_called_wrong(layout: Layout) {
    let server = Server::start(layout);
    let (database, aside) = (server.var("users.db"), server.var("aside.db"));
    std::fs::rename(&database, &aside).unwrap();
    for password in [PASSWORD, "wrong"] {
        let mut wire = server.connect();
        wire.expect(format!("USER {USER}"), 331);
        let answer = wire.expect(format!("PASS {password}"), 421).text();
        assert!(answer.contains("try again later") && !answer.contains("users.db"), "{answer}");
        wire.until_closed().unwrap();
    }
    server.wait_for_log(&["Login not possible", "mod_sql cannot look up a user", "users.db"]);
    std::fs::rename(&aside, &database).unwrap();
    server.login();
}

fn a_database_that_replaces_another_is_used(layout: Layout) {
    let server = Server::start(layout);
    server.login();
    let (database, next) = (server.var("users.db"), server.var("next.db"));
    std::fs::copy(&database, &next).unwrap();
    gantry_tests::server::own(&next);
    gantry_tests::server::sqlite(&next, "UPDATE users SET passwd = 'changed' WHERE userid = 'bob'");
    std::fs::rename(&next, &database).unwrap();
    let mut wire = server.connect();
    wire.expect("USER bob", 331);
    wire.expect("PASS plain as day", 530);
    wire.login("bob", "changed");
}

both_layouts!(
    a_refused_password_is_answered_at_a_fixed_moment,
    who_cannot_be_checked_is_not_called_wrong,
    a_database_that_replaces_another_is_used,
    crypt_and_plain_passwords_are_taken,
    a_wrong_password_and_an_unknown_user_look_the_same,
    a_failed_login_can_be_tried_again,
    pass_without_user_is_out_of_order,
    max_login_attempts_ends_the_session,
    a_login_that_takes_too_long_is_ended,
    an_idle_session_is_ended,
    sql_in_a_name_is_only_a_name,
    a_user_added_to_the_database_can_log_in_at_once,
    an_invalid_shell_keeps_one_out_where_it_matters,
    users_may_stand_in_a_file_instead,
    users_may_stand_in_both_places,
    users_may_come_from_a_query_of_ones_own,
    no_password_stands_in_a_log,
);
