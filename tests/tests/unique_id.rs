//! mod_unique_id: an id for each session, for logs.

use std::collections::HashSet;
use std::fs;

use gantry_tests::prelude::*;
use gantry_tests::wait;

/// The lines of two sessions' logins and ends.
fn lines(layout: Layout, engine: &str) -> Vec<String> {
    let server = Server::with(layout, |config| {
        let log = config.path("ids.log");
        config.add("LoadModule", "mod_unique_id.c").block(format!(
            "{engine}\nLogFormat ids \"%m %{{note:UNIQUE_ID}} %{{UNIQUE_ID}}e\"\nExtendedLog {log} AUTH,EXIT ids"
        ));
    });
    for _ in 0..2 {
        server.login().expect("QUIT", 221);
    }
    let read = || fs::read_to_string(server.var("ids.log")).unwrap_or_default();
    wait::for_condition("the lines of both sessions", || read().lines().count() == 6);
    read().lines().map(str::to_owned).collect()
}

fn each_session_has_an_id(layout: Layout) {
    let lines = lines(layout, "");
    let ids: Vec<&str> = lines.iter().map(|line| line.split(' ').nth(1).unwrap()).collect();
    let distinct: HashSet<&str> = ids.iter().copied().collect();
    assert_eq!(distinct.len(), 2, "{lines:#?}");
    for (line, id) in lines.iter().zip(&ids) {
        assert!(id.len() == 40 && line.ends_with(&format!(" {id} {id}")), "{line}");
    }
}

fn no_session_has_one_where_that_is_off(layout: Layout) {
    let lines = lines(layout, "UniqueIDEngine off");
    assert!(lines.iter().all(|line| line.ends_with(" - -")), "{lines:#?}");
}

both_layouts!(each_session_has_an_id, no_session_has_one_where_that_is_off);
