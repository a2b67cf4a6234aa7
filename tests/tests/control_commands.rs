//! gantry's commands on a real gantryd: each shows its table and its JSON, and
//! does what it says.

use std::fs;

use gantry_tests::layout::shared_objects;
use gantry_tests::prelude::*;
use gantry_tests::tool::{gantry, json, operated, operated_with, told};
use serde_json::Value;

fn module<'a>(modules: &'a Value, name: &str) -> &'a Value {
    let mut modules = modules["modules"].as_array().unwrap().iter();
    modules.find(|module| module["name"] == name).unwrap_or_else(|| panic!("no {name}: {modules:?}"))
}

fn lsmod_shows_layout_and_state(layout: Layout) {
    let server = operated(layout);
    let _session = server.login();
    let text = told(&server, layout, &["lsmod"]);
    let header: Vec<&str> = text.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(header, ["MODULE", "VERSION", "LAYOUT", "GEN", "SESSIONS", "CALLS", "PANICS", "FOR", "STATE"]);
    let row = text.lines().find(|line| line.starts_with("mod_sql ")).unwrap_or_else(|| panic!("{text}"));
    let shown = if layout == Layout::Static { "linked" } else { "loaded" };
    assert!(row.contains(shown) && row.ends_with("active"), "{row}");
    let modules = json(&server, layout, &["lsmod"]);
    assert_eq!(module(&modules, "mod_sql")["layout"], shown);
    assert_eq!(module(&modules, "mod_core")["sessions"], 1);
    let verbose = told(&server, layout, &["lsmod", "-v"]);
    assert!(verbose.contains("    stamp: "), "{verbose}");
    assert_eq!(verbose.contains("/mod_sql.so\n"), layout == Layout::Shared, "{verbose}");
}

fn a_module_goes_in_is_swapped_and_goes_out(layout: Layout) {
    let server = operated_with(layout, |config| {
        config.remove("LoadModule");
        config.without_sql();
        config.add("LoadModule", "mod_ctrls_admin.c");
    });
    let file = shared_objects().join("mod_greet.so");
    let mut insmod = vec!["insmod", "mod_greet"];
    let before = server.login();
    let path = file.display().to_string();
    if layout == Layout::Shared {
        insmod.push(&path);
    } else {
        // A linked-in module is there already.
        told(&server, layout, &["rmmod", "mod_greet", "--now"]);
    }
    drop(before);
    insmod.extend(["-d", "GreetMessage \"Hello, operator\""]);
    let done = told(&server, layout, &insmod);
    assert!(done.starts_with("mod_greet added: new sessions use generation "), "{done}");
    let mut wire = server.connect();
    wire.expect("USER alice", 331);
    let answer = wire.expect(format!("PASS {PASSWORD}"), 230).text();
    assert!(answer.contains("Hello, operator"), "{answer}");
    if layout == Layout::Shared {
        let done = told(&server, layout, &["swap", "mod_greet", &path]);
        assert!(done.starts_with("mod_greet swapped"), "{done}");
    }
    let done = told(&server, layout, &["rmmod", "mod_greet"]);
    assert!(done.contains("1 session still uses it"), "{done}");
    wire.expect("QUIT", 221);
    // Gone or going, it is waited for; a second rmmod has nothing to take out.
    let again = gantry(&server, layout, &["rmmod", "mod_greet"]);
    assert_eq!(again.status.code(), Some(1), "{}", again.text());
    let refused = gantry(&server, layout, &["insmod", "mod_none"]);
    assert!(refused.status.code() == Some(1) && refused.err.contains("mod_none"), "{}", refused.text());
}

fn rmmod_waits_for_the_last_session(layout: Layout) {
    let server = operated(layout);
    let mut wire = server.login();
    let done = told(&server, layout, &["rmmod", "mod_ctrls_admin", "--drain", "1s", "--wait", "--json"]);
    let value: Value = serde_json::from_str(&done).unwrap_or_else(|error| panic!("{error}: {done}"));
    assert_eq!((&value["module"], &value["sessions"]), (&Value::from("mod_ctrls_admin"), &Value::from(1)));
    assert_eq!(wire.reply().code, 421);
}

fn reload_tells_how_it_went(layout: Layout) {
    let mut server = operated(layout);
    let done = told(&server, layout, &["reload"]);
    assert!(done.starts_with("configuration reloaded: new sessions use generation "), "{done}");
    let before = json(&server, layout, &["status"]);
    server.reconfigure(|config| {
        config.add("NoSuchDirective", "on");
    });
    let refused = gantry(&server, layout, &["reload"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.err.contains("NoSuchDirective") && refused.err.contains("gantryd.conf"), "{}", refused.err);
    assert_eq!(json(&server, layout, &["status"])["generation"], before["generation"]);
}

fn who_shows_the_sessions_and_nothing_that_moves_the_terminal(layout: Layout) {
    let server = operated(layout);
    let name = "a\u{1b}[2J\u{9b}31mb";
    fs::create_dir(server.home().join(name)).unwrap();
    let mut wire = server.login();
    wire.expect(format!("CWD {name}"), 250);
    let _login = server.connect();
    let text = told(&server, layout, &["who"]);
    assert!(text.starts_with("ID  USER "), "{text}");
    let row = text.lines().find(|line| line.contains(USER)).unwrap_or_else(|| panic!("{text}"));
    assert!(row.contains("127.0.0.1") && row.ends_with("idle"), "{row}");
    assert!(text.contains("(logging in)") && text.ends_with("2 sessions\n"), "{text}");
    let verbose = told(&server, layout, &["who", "-v"]);
    assert!(verbose.contains("    folder: /a\\x1b[2J\\"), "{verbose}");
    assert!(verbose.contains(&format!("    server: {} (Gantry under test)\n", server.address())), "{verbose}");
    let text = told(&server, layout, &["who", "--json"]);
    assert!(!text.contains('\u{1b}') && !text.contains('\u{9b}'), "{text:?}");
    serde_json::from_str::<Value>(&text).unwrap();
    let top = told(&server, layout, &["top"]);
    assert!(top.starts_with("gantryd ") && top.contains("2 sessions: 1 idle, 1 logging in\n"), "{top}");
}

fn count_and_status_tell_of_the_servers(layout: Layout) {
    let server = operated(layout);
    let _session = server.login();
    let text = told(&server, layout, &["count"]);
    assert!(text.starts_with("SESSIONS  SERVER\n       1  Gantry under test\n       1  all"), "{text}");
    assert_eq!(json(&server, layout, &["count"])["total"], 1);
    let text = told(&server, layout, &["status"]);
    for part in
        ["process     ", "stamp       ", "started     ", "STATE  SESSIONS  ADDRESSES", "up            1  127.0.0.1:"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let status = json(&server, layout, &["status"]);
    assert_eq!((&status["pid"], &status["sessions"]), (&Value::from(server.pid()), &Value::from(1)));
    let unknown = gantry(&server, layout, &["status", "192.0.2.1"]);
    assert_eq!(unknown.status.code(), Some(2), "{}", unknown.text());
}

fn kick_ends_sessions(layout: Layout) {
    let server = operated(layout);
    let mut wire = server.login();
    let done = told(&server, layout, &["kick", "user", "nobody-at-all"]);
    assert_eq!(done, "0 sessions ended\n");
    let done = told(&server, layout, &["kick", "user", USER]);
    assert!(done.starts_with("1 session ended: "), "{done}");
    assert_eq!(wire.reply().code, 421);
    let _other = server.login();
    let id = json(&server, layout, &["who"])["sessions"][0]["id"].to_string();
    let kicked = json(&server, layout, &["kick", "session", &id]);
    assert_eq!(kicked["kicked"][0].to_string(), id);
}

fn a_server_goes_down_and_up(layout: Layout) {
    let server = operated(layout);
    let mut session = server.login();
    let address = server.address().to_string();
    told(&server, layout, &["down", &address]);
    assert!(told(&server, layout, &["status"]).contains("\ndown "));
    assert!(Wire::open(server.address()).unwrap().greeting().text().starts_with("421"));
    session.expect("NOOP", 200);
    told(&server, layout, &["up", "all"]);
    server.login();
}

fn settings_are_told_and_set(layout: Layout) {
    let server = operated(layout);
    assert_eq!(told(&server, layout, &["debug", "3"]), "debug level 3\n");
    assert_eq!(json(&server, layout, &["debug"])["level"], 3);
    assert!(told(&server, layout, &["trace", "mod_sql:7"]).contains("mod_sql"));
    let channels = json(&server, layout, &["trace"]);
    let sql = channels["channels"].as_array().unwrap().iter().find(|channel| channel["channel"] == "mod_sql");
    assert_eq!(sql.unwrap()["level"], 7);
    assert!(told(&server, layout, &["dns", "on"]).contains("on"));
    assert_eq!(json(&server, layout, &["dns", "off"])["dns"], false);
    assert!(told(&server, layout, &["get", "config"]).contains("Gantry under test"));
    assert!(told(&server, layout, &["get", "directives"]).contains("SQLConnectInfo"));
    assert!(json(&server, layout, &["get", "directives"]).as_array().unwrap().len() > 100);
}

fn any_action_is_listed_and_asked_for(layout: Layout) {
    let server = operated(layout);
    let text = told(&server, layout, &["actions"]);
    assert!(text.contains("kick user|host|class|session [-n count] name ...  mod_ctrls_admin  on "), "{text}");
    let done = told(&server, layout, &["control", "rmctrl", "dns"]);
    assert_eq!(done, "'dns' control disabled\n");
    let disabled = gantry(&server, layout, &["dns", "on"]);
    assert_eq!(disabled.status.code(), Some(3), "{}", disabled.text());
    let unknown = gantry(&server, layout, &["control", "frob"]);
    assert!(unknown.status.code() == Some(1) && unknown.err.contains("frob"), "{}", unknown.text());
    let wrong = gantry(&server, layout, &["control", "kick"]);
    assert_eq!(wrong.status.code(), Some(2), "{}", wrong.text());
    let count = told(&server, layout, &["control", "--json", "restart", "count"]);
    assert_eq!(serde_json::from_str::<Value>(&count).unwrap()["restarts"], 0, "{count}");
}

fn nobody_may_what_no_line_allows(layout: Layout) {
    let server = operated_with(layout, |config| {
        config.remove("AdminControlsACLs");
    });
    let denied = gantry(&server, layout, &["kick", "user", USER]);
    assert_eq!(denied.status.code(), Some(3));
    assert!(denied.err.contains("AdminControlsACLs kick allow user "), "{}", denied.err);
    told(&server, layout, &["who"]);
}

fn shutdown_ends_the_daemon(layout: Layout) {
    let mut server = operated(layout);
    let mut wire = server.login();
    let done = told(&server, layout, &["shutdown", "--graceful", "1m"]);
    assert_eq!(done, "gantryd will end within 1m00s (1 session)\n");
    wire.expect("QUIT", 221);
    assert!(server.ended().success());
    let gone = gantry(&server, layout, &["who"]);
    assert_eq!(gone.status.code(), Some(4), "{}", gone.text());
}

fn a_reload_may_end_the_sessions_of_former_generations(layout: Layout) {
    let server = operated(layout);
    let (mut old, mut busy) = (server.login(), server.login());
    told(&server, layout, &["reload"]);
    old.expect("NOOP", 200);
    server.put("large", vec![7; 64 << 20]);
    let _stream = busy.passive();
    busy.expect("RETR large", 150);
    told(&server, layout, &["reload", "--end-old"]);
    let said = old.until_closed().unwrap();
    assert!(said.starts_with("421"), "{said}");
    let mut new = server.login();
    // What runs is broken off at once only if that is asked for.
    let answer = json(&server, layout, &["reload", "--end-old", "--now"]);
    // The first may linger until its client has closed as well.
    assert!(answer["ended"].as_u64() >= Some(2), "{answer:?}");
    let said = busy.until_closed().unwrap();
    assert!(said.contains("426") || said.contains("421"), "{said}");
    assert!(new.until_closed().unwrap().starts_with("421"));
    server.login().expect("NOOP", 200);
}

both_layouts!(
    lsmod_shows_layout_and_state,
    a_module_goes_in_is_swapped_and_goes_out,
    rmmod_waits_for_the_last_session,
    reload_tells_how_it_went,
    who_shows_the_sessions_and_nothing_that_moves_the_terminal,
    count_and_status_tell_of_the_servers,
    kick_ends_sessions,
    a_server_goes_down_and_up,
    settings_are_told_and_set,
    any_action_is_listed_and_asked_for,
    nobody_may_what_no_line_allows,
    shutdown_ends_the_daemon,
    a_reload_may_end_the_sessions_of_former_generations,
);
