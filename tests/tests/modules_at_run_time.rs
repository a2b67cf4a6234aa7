//! Modules that come, go and are swapped while the daemon runs: new sessions get
//! the change, running ones go on as they were; and each refusal leaves the
//! running server untouched.

use std::fs;
use std::path::PathBuf;

use gantry_tests::fixture::{Build, build, install, rebuild};
use gantry_tests::operator::{Operator, let_operators_in};
use gantry_tests::prelude::*;
use gantry_tests::wait;
use serde_json::json;

/// A server whose module folder is its own, and that folder.
fn open(layout: Layout, change: impl FnOnce(&mut Config, &PathBuf)) -> (Server, PathBuf) {
    let mut modules = None;
    let server = Server::with(layout, |config| {
        let_operators_in(config);
        let folder = config.own_modules();
        change(config, &folder);
        modules = Some(folder);
    });
    (server, modules.expect("it was made"))
}

/// Has something refused; the words. The server is as it was.
#[track_caller]
fn refused(server: &Server, words: &str, input: &str) -> String {
    let mut operator = Operator::of(server);
    let mut old = server.login();
    let before = (operator.generation(), operator.does("lsmod")["modules"].clone());
    let refusal = match operator.ask_with(words, input) {
        Err(refusal) => refusal.error,
        Ok(done) => panic!("{words} was done: {done}"),
    };
    let names = |modules: &serde_json::Value| {
        let all = modules.as_array().cloned().unwrap_or_default();
        all.iter()
            .map(|module| (module["name"].clone(), module["sha256"].clone(), module["state"].clone()))
            .collect::<Vec<_>>()
    };
    let after = (operator.generation(), operator.does("lsmod")["modules"].clone());
    assert_eq!((before.0, names(&before.1)), (after.0, names(&after.1)), "{words} changed something: {refusal}");
    old.give("STOR untouched", b"content");
    assert_eq!(server.login().fetch("RETR untouched"), b"content");
    refusal
}

/// Whether a new session hears mod_greet's line.
fn greets(server: &Server) -> bool {
    let mut wire = server.connect();
    wire.expect(format!("USER {USER}"), 331);
    wire.expect(format!("PASS {PASSWORD}"), 230).text().contains("Ahoy")
}

const GREETING: &str = "GreetMessage \"Ahoy, %u\"\n";

fn is_mapped(server: &Server, name: &str) -> bool {
    let maps = fs::read_to_string(format!("/proc/{}/maps", server.pid())).unwrap();
    maps.lines().any(|line| line.contains(name))
}

/// How many different images of a module are mapped.
fn images_of(server: &Server, name: &str) -> usize {
    let maps = fs::read_to_string(format!("/proc/{}/maps", server.pid())).unwrap();
    let images = maps.lines().filter(|line| line.contains(name));
    let inodes = images.filter_map(|line| line.split_whitespace().nth(4));
    inodes.collect::<std::collections::BTreeSet<_>>().len()
}

#[test]
fn a_module_comes_with_its_directives_and_outlives_reloads() {
    let (mut server, _) = open(Layout::Shared, |_, _| {});
    let mut operator = Operator::of(&server);
    let mut old = server.login();
    assert!(!greets(&server));
    let done = operator.ask_with("insmod mod_greet.c", GREETING).unwrap();
    assert_eq!(done["module"], "mod_greet");
    assert!(greets(&server));
    old.expect("NOOP", 200);
    server.swap(|_| {});
    assert!(greets(&server), "it outlives a reload");
    let told = &operator.modules("mod_greet")[0];
    assert_eq!((&told["state"], &told["layout"]), (&json!("active"), &json!("loaded")));
    assert!(told["file"].as_str().unwrap().ends_with("mod_greet.so"), "{told}");
    operator.does("rmmod mod_greet");
    assert!(!greets(&server));
    server.swap(|_| {});
    assert!(!greets(&server));
    server.wait_for_log(&["serves new sessions (insmod mod_greet)"]);
}

#[test]
fn a_linked_in_module_goes_and_comes_again() {
    let (mut server, _) = open(Layout::Static, |config, _| {
        config.block(GREETING);
    });
    let mut operator = Operator::of(&server);
    assert!(greets(&server));
    operator.does("rmmod mod_greet");
    assert!(!greets(&server), "its directive stands in the file all the same");
    server.swap(|_| {});
    assert!(!greets(&server), "it stays out");
    operator.does("insmod mod_greet");
    assert!(greets(&server));
}

#[test]
fn a_module_without_runtime_is_unmapped_behind_its_last_session() {
    let (server, _) = open(Layout::Shared, |config, _| {
        config.add("LoadModule", "mod_greet.c").block(GREETING);
    });
    let mut operator = Operator::of(&server);
    let mut old = server.login();
    assert!(is_mapped(&server, "mod_greet"));
    let done = operator.does("rmmod mod_greet");
    assert_eq!(done["sessions"], 1);
    let told = &operator.modules("mod_greet")[0];
    assert_eq!((&told["state"], &told["sessions"]), (&json!("retiring"), &json!(1)), "{told}");
    assert!(is_mapped(&server, "mod_greet"), "the session still uses it");
    old.expect("QUIT", 221);
    wait::for_condition("its code is gone", || !is_mapped(&server, "mod_greet"));
    assert!(operator.modules("mod_greet").is_empty());
    server.login().expect("NOOP", 200);
}

#[test]
fn a_module_with_a_runtime_is_told_as_retired_and_mapped() {
    let (server, _) = open(Layout::Shared, |config, _| {
        config.without_sql().add("LoadModule", "mod_sql_sqlite.c").add("LoadModule", "mod_sql.c");
    });
    let mut operator = Operator::of(&server);
    operator.does("rmmod mod_sql");
    operator.does("rmmod mod_sql_sqlite");
    wait::for_condition("both have retired", || {
        ["mod_sql", "mod_sql_sqlite"].iter().all(|name| {
            operator.modules(name).first().is_some_and(|told| told["state"] == "retired" && told["mapped"] == true)
        })
    });
    assert!(is_mapped(&server, "mod_sql_sqlite"));
}

#[test]
fn a_module_that_leaves_thread_locals_is_mapped_once() {
    let object = build("mod_keep", Build::Foreign);
    let (server, _) = open(Layout::Shared, |_, folder| install(&object, "mod_keep", folder));
    let mut operator = Operator::of(&server);
    for round in 0..5 {
        operator.does("insmod mod_keep");
        let mut wire = server.login();
        assert!(wire.expect("NOOP", 200).text().contains("seen true"));
        wire.expect("QUIT", 221);
        operator.does("rmmod mod_keep");
        // The thread that was left such a value may have ended, too: then it is gone.
        wait::for_condition("it is told as retired and mapped, or gone", || {
            let told = operator.modules("mod_keep");
            told.iter().all(|one| one["state"] == "retired" && one["mapped"] == true)
        });
        assert!(images_of(&server, "mod_keep") <= 1, "round {round}");
    }
}

#[test]
fn sessions_that_keep_a_module_are_drained() {
    for (leave, words) in [("drain 0", "421"), ("now", "421")] {
        let (server, _) = open(Layout::Shared, |config, _| {
            config.add("LoadModule", "mod_greet.c").block(GREETING);
        });
        let mut old = server.login();
        Operator::of(&server).does(&format!("rmmod mod_greet {leave}"));
        assert!(old.until_closed().unwrap().starts_with(words));
        wait::for_condition("its code is gone", || !is_mapped(&server, "mod_greet"));
        assert!(!greets(&server));
    }
}

#[test]
fn a_swapped_module_serves_new_sessions() {
    let object = rebuild("mod_sql");
    let (server, modules) = open(Layout::Shared, |config, _| {
        config.block("SQLNamedQuery note INSERT \"'%m', '%u', '%f', %b\" log\nSQLLog STOR note");
    });
    let mut operator = Operator::of(&server);
    let first = operator.modules("mod_sql")[0]["sha256"].clone();
    let mut old = server.login();
    install(&object, "mod_sql", &modules);
    // Half an edit lies in the configuration's file: that is another matter.
    let file = server.folder().join("gantryd.conf");
    let whole = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{whole}\n<Limit WRITE")).unwrap();
    operator.does("swap mod_sql");
    let told = operator.modules("mod_sql");
    assert_eq!(told.iter().map(|one| one["state"].clone()).collect::<Vec<_>>(), [json!("active"), json!("retiring")]);
    assert_eq!((&told[1]["sha256"], told[0]["sha256"] == first), (&first, false), "{told:?}");
    let mut new = server.login();
    old.give("STOR by-the-old", b"content");
    new.give("STOR by-the-new", b"content");
    wait::for_condition("two rows", || server.sql("SELECT count(*) FROM log") == "2");
    old.expect("QUIT", 221);
    wait::for_condition("the old one has retired", || {
        operator.modules("mod_sql").iter().any(|one| one["state"] == "retired" && one["sha256"] == first)
    });
    // Back again: the bytes are mapped already.
    fs::copy(server_modules().join("mod_sql.so"), modules.join(".again")).unwrap();
    fs::rename(modules.join(".again"), modules.join("mod_sql.so")).unwrap();
    operator.does("swap mod_sql");
    assert_eq!(operator.modules("mod_sql").iter().filter(|one| one["state"] == "active").count(), 1);
    server.login().expect("NOOP", 200);
    fs::write(&file, whole).unwrap();
}

fn server_modules() -> PathBuf {
    gantry_tests::layout::shared_objects()
}

#[test]
fn a_swap_to_a_named_file_outlives_a_reload() {
    let object = rebuild("mod_sql");
    let (mut server, modules) = open(Layout::Shared, |_, _| {});
    let named = modules.join("mod_sql-next.so");
    fs::copy(&object, &named).unwrap();
    let mut operator = Operator::of(&server);
    operator.does(&format!("swap mod_sql {}", named.display()));
    server.swap(|_| {});
    let active = operator.modules("mod_sql").into_iter().find(|one| one["state"] == "active").unwrap();
    assert_eq!(active["file"], named.display().to_string());
}

fn state_is_handed_to_the_next_instance(layout: Layout) {
    let object = build("mod_hand", Build::Foreign);
    let (mut server, _) = open(layout, |config, folder| {
        install(&object, "mod_hand", folder);
        config.add("LoadModule", "mod_hand.c");
    });
    let mut operator = Operator::of(&server);
    server.login();
    server.login();
    assert_eq!(operator.does("logins"), 2);
    operator.does("swap mod_hand");
    server.login();
    assert_eq!(operator.does("logins"), 3, "over a swap");
    server.swap(|_| {});
    assert_eq!(operator.does("logins"), 3, "over a reload");
    server.wait_for_log(&["mod_hand", "heard of start of none: generation 1"]);
    server.wait_for_log(&["mod_hand", "heard of swap of mod_hand: generation 2"]);
    server.wait_for_log(&["mod_hand", "heard of reload of none: generation 3"]);
    server.expect_panics();
    server.swap(|config| {
        config.add("HandFails", "on");
    });
    operator.does("swap mod_hand");
    server.wait_for_log(&["mod_hand failed to hand over its state", "the hand is empty"]);
    assert_eq!(operator.does("logins"), 0);
}

fn an_action_of_a_module_panics_and_refuses_like_any_call(layout: Layout) {
    let object = build("mod_hand", Build::Foreign);
    let (mut server, _) = open(layout, |config, folder| {
        install(&object, "mod_hand", folder);
        config.add("LoadModule", "mod_hand.c");
    });
    server.expect_panics();
    let mut operator = Operator::of(&server);
    assert_eq!(operator.ask("logins now then").unwrap_err().reason, "usage");
    assert!(operator.refused("logins panic").contains("mod_hand panicked: asked to"));
    assert_eq!(operator.does("logins"), 0);
    server.login().expect("NOOP", 200);
}

fn a_module_that_panics_again_and_again_has_failed(layout: Layout) {
    let object = build("mod_trouble", Build::Foreign);
    let (mut server, _) = open(layout, |config, folder| {
        install(&object, "mod_trouble", folder);
        config.add("LoadModule", "mod_trouble.c").add("ModulePanicLimit", "3");
    });
    server.expect_panics();
    let mut operator = Operator::of(&server);
    let mut wire = server.login();
    for _ in 0..3 {
        wire.expect("SITE PANIC", 451);
    }
    server.wait_for_log(&["mod_trouble is marked failed", "3 times"]);
    wire.expect("SITE SLEEP", 451);
    wire.give("STOR file", b"content");
    let told = &operator.modules("mod_trouble")[0];
    assert_eq!((&told["state"], &told["panics"]), (&json!("failed"), &json!(3)), "{told}");
    assert!(told["reason"].as_str().unwrap().contains("ModulePanicLimit"));
    operator.does("swap mod_trouble");
    server.login().expect("SITE SLEEP", 200);
}

fn calls_are_summed_when_a_session_ends(layout: Layout) {
    let (server, _) = open(layout, |config, _| {
        config.add("LoadModule", "mod_greet.c").block(GREETING);
    });
    let mut operator = Operator::of(&server);
    let mut wire = server.login();
    assert_eq!(operator.modules("mod_greet")[0]["calls"], 0);
    wire.expect("QUIT", 221);
    wait::for_condition("one call", || operator.modules("mod_greet")[0]["calls"] == 1);
}

#[test]
fn what_cannot_come_is_refused() {
    let start = build("mod_start", Build::Foreign);
    let other = build("mod_mark", Build::OtherCfg);
    let (server, modules) = open(Layout::Shared, |_, folder| {
        install(&start, "mod_start", folder);
        install(&other, "mod_mark", folder);
        let bytes = fs::read(folder.join("mod_greet.so")).unwrap();
        fs::write(folder.join("mod_half.so"), &bytes[..bytes.len() / 2]).unwrap();
    });
    let refused = |words: &str, input: &str| refused(&server, words, input);
    assert!(refused("insmod", "").contains("usage: insmod module"));
    assert!(refused("insmod mod_nothing", "").contains("mod_nothing"));
    assert!(refused("insmod mod_greet greet.so", "").contains("absolute path"));
    assert!(refused("insmod mod_greet /nonexistent/mod_greet.so", "").contains("/nonexistent/mod_greet.so"));
    assert!(refused("insmod mod_sql", "").contains("is already active"));
    assert!(refused("insmod mod_mark", "").contains("differs in: flags"));
    assert!(refused("insmod mod_half", "").contains("mod_half.so"));
    assert!(refused(&format!("insmod mod_other {}/mod_greet.so", modules.display()), "").contains("mod_greet"));
    assert!(refused("insmod mod_start", "StartWay error\n").contains("the place is taken"));
    let fault = refused("insmod mod_greet", "GreetMessage \"a\"\nGreetMesage b\n<Limit>\n");
    assert!(fault.contains("unknown configuration directive 'GreetMesage' on line 2 of 'insmod mod_greet'"), "{fault}");
    assert!(fault.contains("Did you mean: GreetMessage"), "{fault}");
    assert!(!is_mapped(&server, "mod_greet"), "nothing of it is left");
}

#[test]
fn a_module_that_panics_or_hangs_as_it_comes_is_refused() {
    let object = build("mod_start", Build::Foreign);
    let (mut server, _) = open(Layout::Shared, |config, folder| {
        install(&object, "mod_start", folder);
        config.add("TimeoutModuleStart", "1");
    });
    server.expect_panics();
    assert!(refused(&server, "insmod mod_start", "StartWay panic\n").contains("the place is on fire"));
    assert!(refused(&server, "insmod mod_start", "StartWay wait\n").contains("did not start within 1 seconds"));
    assert!(refused(&server, "insmod mod_start", "StartWay block\n").contains("did not start within 1 seconds"));
    Operator::of(&server).ask_with("insmod mod_start", "StartWay well\n").unwrap();
}

fn what_cannot_go_is_refused(layout: Layout) {
    let (server, _) = open(layout, |_, _| {});
    let refused = |words: &str| refused(&server, words, "");
    assert!(refused("rmmod").contains("usage: rmmod module"));
    assert!(refused("rmmod mod_nothing").contains("the module mod_nothing is not active; active modules: "));
    assert!(refused("rmmod mod_sql_sqlite").contains("SQLBackend sqlite3"), "who needs it is told");
    assert!(refused("rmmod mod_ctrls").contains("the control socket"));
    assert!(refused("rmmod mod_dso").contains("could not be added again"));
    assert!(refused("rmmod mod_sql drain soon").contains("'soon' is not a number of seconds"));
}

#[test]
fn a_module_that_others_require_stays() {
    let object = build("mod_needy", Build::Foreign);
    let (server, _) = open(Layout::Shared, |_, folder| install(&object, "mod_needy", folder));
    assert!(refused(&server, "insmod mod_needy", "").contains("mod_needy requires mod_greet, which is not loaded"));
    let mut operator = Operator::of(&server);
    operator.does("insmod mod_greet");
    operator.does("insmod mod_needy");
    assert!(refused(&server, "rmmod mod_greet", "").contains("mod_greet is needed by mod_needy: remove those first"));
    operator.does("rmmod mod_needy");
    operator.does("rmmod mod_greet");
}

#[test]
fn what_cannot_be_swapped_is_refused() {
    let (server, modules) = open(Layout::Shared, |config, folder| {
        config.add("LoadModule", "mod_greet.c");
        fs::write(folder.join("junk.so"), b"no module").unwrap();
    });
    let refused = |words: &str| refused(&server, words, "");
    let folder = modules.display();
    assert!(refused("swap mod_nothing").contains("the module mod_nothing is not active"));
    assert!(refused("swap mod_core").contains("linked into gantryd"));
    assert!(refused(&format!("swap mod_sql {folder}/junk.so")).contains("junk.so"));
    assert!(refused(&format!("swap mod_sql {folder}/mod_greet.so")).contains("mod_greet"));
    assert!(refused("swap mod_sql relative.so").contains("absolute path"));
    fs::copy(modules.join("junk.so"), modules.join("other.so")).unwrap();
    fs::rename(modules.join("other.so"), modules.join("mod_greet.so")).unwrap();
    assert!(refused("swap mod_greet").contains("mod_greet"));
}

fn what_cannot_be_reloaded_is_refused(layout: Layout) {
    let (mut server, modules) = open(layout, |_, _| {});
    for (block, words) in [
        ("NoSuchDirective on", "unknown configuration directive 'NoSuchDirective'"),
        ("LoadModule mod_nothing.c", "mod_nothing"),
        (
            "<VirtualHost 127.0.0.3>\n  SQLBackend sqlite3\n  SQLConnectInfo /nonexistent/folder/users.db\n</VirtualHost>",
            "users.db",
        ),
        ("SystemLog /nonexistent/folder/log", "SystemLog"),
    ] {
        server.reconfigure(|config| {
            config.without_blocks().block(block);
        });
        let refusal = refused(&server, "reload", "");
        assert!(refusal.contains(words), "{block}: {refusal}");
    }
    server.reconfigure(|config| {
        config.without_blocks();
    });
    Operator::of(&server).does("reload");
    if layout == Layout::Shared {
        fs::write(modules.join(".half"), b"\x7fELF").unwrap();
        fs::rename(modules.join(".half"), modules.join("mod_sql.so")).unwrap();
        assert!(refused(&server, "reload", "").contains("mod_sql.so"));
    }
}

#[test]
fn no_directive_but_its_own_goes_with_a_module() {
    let (server, _) = open(Layout::Shared, |_, _| {});
    for line in [
        "ControlsEngine off",
        "ModuleSigners MCowBQYDK2VwAyEA",
        "ModuleControlsACLs all allow user nobody",
        "LoadModule mod_nothing.c",
        "LoadFile /lib/libc.so",
        "Include /etc/passwd",
        "AuthUserFile /tmp/users",
        "<VirtualHost 127.0.0.1>",
        "<Limit ALL>",
    ] {
        let refusal = refused(&server, "insmod mod_greet", &format!("GreetMessage a\n{line}\n"));
        assert!(refusal.contains("not a directive of mod_greet"), "{line}: {refusal}");
        assert!(refusal.contains("on line 2 of 'insmod mod_greet'"), "{line}: {refusal}");
    }
}

#[test]
fn only_who_has_a_module_is_ended_with_it() {
    let (server, _) = open(Layout::Shared, |_, _| {});
    let mut operator = Operator::of(&server);
    let mut before = server.login();
    operator.does("insmod mod_greet");
    let mut with = server.login();
    assert_eq!(operator.does("rmmod mod_greet now")["sessions"], 1);
    assert!(with.until_closed().unwrap().starts_with("421"));
    before.expect("NOOP", 200);
}

#[test]
fn operators_are_answered_while_a_module_takes_its_time() {
    let object = build("mod_start", Build::Foreign);
    let (mut server, _) = open(Layout::Shared, |config, folder| {
        install(&object, "mod_start", folder);
        config.add("LoadModule", "mod_greet.c").add("TimeoutModuleStart", "600");
    });
    let socket = server.var("control.sock");
    let slow = std::thread::spawn(move || {
        let _ = Operator::at(&socket)
            .send(b"{\"action\":\"insmod\",\"arguments\":[\"mod_start\"],\"input\":\"StartWay block\\n\"}\n");
    });
    let mut operator = Operator::of(&server);
    wait::for_condition("it is mapped", || is_mapped(&server, "mod_start"));
    operator.does("lsmod");
    operator.does("who");
    server.login().expect("NOOP", 200);
    assert!(server.terminate().success(), "a start that hangs does not hold up the end");
    slow.join().unwrap();
}

both_layouts!(
    state_is_handed_to_the_next_instance,
    an_action_of_a_module_panics_and_refuses_like_any_call,
    a_module_that_panics_again_and_again_has_failed,
    calls_are_summed_when_a_session_ends,
    what_cannot_go_is_refused,
    what_cannot_be_reloaded_is_refused,
);
