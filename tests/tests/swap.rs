//! A module that is rebuilt while a session uses it: the session keeps the old
//! one, new sessions get the new one, and the old one retires behind the last
//! session that needs it.

use gantry_tests::fixture::{install, rebuild};
use gantry_tests::prelude::*;

#[test]
fn a_rebuilt_mod_sql_serves_new_sessions_and_the_old_one_retires() {
    let object = rebuild("mod_sql");
    let mut modules = None;
    let mut server = Server::with(Layout::Shared, |config| {
        modules = Some(config.own_modules());
        config.block("SQLNamedQuery note INSERT \"'%m', '%u', '%f', %b\" log\nSQLLog STOR note");
    });
    let modules = modules.unwrap();
    assert!(
        std::fs::read(&object).unwrap() != std::fs::read(modules.join("mod_sql.so")).unwrap(),
        "the rebuilt module has other bytes"
    );

    let mut old = server.login();
    install(&object, "mod_sql", &modules);
    server.swap(|_| {});
    let mut new = server.login();
    old.give("STOR by-the-old", b"content");
    new.give("STOR by-the-new", b"content");
    assert_eq!(images_of_mod_sql(&server), 2, "both are mapped");
    assert!(server.log_line(&["mod_sql ", "retired"]).is_none());

    old.expect("QUIT", 221);
    let line = server.wait_for_log(&["mod_sql ", "generation 1", "retired"]);
    assert!(line.contains("mod_sql.so"), "{line}");
    new.give("STOR by-the-new-again", b"content");
    gantry_tests::wait::for_condition("three rows", || server.sql("SELECT count(*) FROM log") == "3");
    server.login().expect("NOOP", 200);
}

/// How many different images of mod_sql the process has mapped. Each is a
/// private copy, named after its module.
fn images_of_mod_sql(server: &Server) -> usize {
    let maps = std::fs::read_to_string(format!("/proc/{}/maps", server.pid())).unwrap();
    let images: std::collections::BTreeSet<(&str, &str)> = maps
        .lines()
        .filter(|line| line.contains("mod_sql") && !line.contains("mod_sql_sqlite"))
        .filter_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            Some((*words.get(3)?, *words.get(4)?))
        })
        .collect();
    images.len()
}
