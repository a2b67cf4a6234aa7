//! The control socket: who may speak, what is no question, and what its actions
//! on actions, sessions and servers do.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

use gantry_tests::operator::{Operator, let_operators_in};
use gantry_tests::prelude::*;
use gantry_tests::server::Trial;
use gantry_tests::wait;
use serde_json::json;

fn open(layout: Layout) -> Server {
    Server::with(layout, let_operators_in)
}

fn there_is_no_socket_unless_it_is_switched_on(layout: Layout) {
    let server = Server::with(layout, |config| {
        let socket = config.path("control.sock");
        config.add("ControlsSocket", socket).add("ControlsACLs", "all allow user *");
    });
    server.login();
    assert!(!server.var("control.sock").exists());
}

fn nobody_may_what_no_line_allows(layout: Layout) {
    let server = Server::with(layout, |config| {
        let socket = config.path("control.sock");
        config.add("ControlsEngine", "on").add("ControlsSocket", socket).add("ControlsACLs", "help allow user *");
    });
    let mode = std::fs::metadata(server.var("control.sock")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut operator = Operator::of(&server);
    operator.does("help");
    for action in ["who", "lsmod", "reload", "shutdown", "rmmod mod_sql"] {
        let refusal = operator.ask(action).unwrap_err();
        assert_eq!(refusal.reason, "denied", "{action}: {refusal:?}");
        assert!(refusal.error.contains("would allow it"), "{}", refusal.error);
    }
    server.wait_for_log(&["control:", "rmmod mod_sql", "refused: access denied"]);
    server.login().expect("NOOP", 200);
}

fn a_line_that_denies_beats_those_that_allow(layout: Layout) {
    let server = Server::with(layout, |config| {
        let_operators_in(config);
        config.add("ControlsACLs", format!("who deny user {}", rustix::process::getuid().as_raw()));
    });
    let mut operator = Operator::of(&server);
    operator.does("count");
    assert_eq!(operator.ask("who").unwrap_err().reason, "denied");
}

fn whom_the_socket_acl_leaves_out_may_not_speak(layout: Layout) {
    let server = Server::with(layout, |config| {
        let_operators_in(config);
        config.add("ControlsSocketACL", "allow user 4242");
    });
    let refusal = Operator::of(&server).ask("help").unwrap_err();
    assert!(refusal.reason == "denied" && refusal.error.contains("ControlsSocketACL"), "{refusal:?}");
}

fn what_is_no_question_is_told_so_and_hurts_nobody(layout: Layout) {
    let server = open(layout);
    for line in [&b"help\n"[..], b"{}\n", b"{\"action\":7}\n", b"\xff\xfe\n", b"[]\n", b"\n"] {
        let answer = Operator::of(&server).send(line).expect("an answer");
        assert_eq!(answer["reason"], "malformed", "{answer}");
    }
    let answer = Operator::of(&server).send(&vec![b'x'; (1 << 20) + 2]).expect("an answer");
    assert_eq!(answer["reason"], "malformed", "{answer}");
    let mut operator = Operator::of(&server);
    assert_eq!(operator.ask("fly me").unwrap_err().reason, "unknown");
    assert_eq!(operator.ask("kick").unwrap_err().reason, "usage");
    assert!(operator.refused("rmmod mod_sql perhaps").contains("usage: rmmod module"));
    operator.does("help");
    server.login().expect("NOOP", 200);
}

fn more_operators_than_may_be_are_told_to_come_again(layout: Layout) {
    let server = Server::with(layout, |config| {
        let_operators_in(config);
        config.set("ControlsMaxClients", "1");
    });
    let mut first = Operator::of(&server);
    first.does("help");
    assert_eq!(Operator::of(&server).ask("help").unwrap_err().reason, "busy");
    first.does("help");
}

fn a_second_daemon_does_not_take_the_socket(layout: Layout) {
    let server = open(layout);
    let socket = server.var("control.sock").display().to_string();
    let trial = Trial::run(&layout.gantryd(), &[], |config| {
        let_operators_in(config);
        config.set("ControlsSocket", socket);
    });
    assert!(trial.fatal().contains("another daemon listens there"), "{}", trial.fatal());
    Operator::of(&server).does("help");
}

fn a_socket_that_a_killed_daemon_left_is_taken_over(layout: Layout) {
    let server = Server::with(layout, |config| {
        let_operators_in(config);
        let path = config.path("control.sock");
        std::fs::create_dir_all(std::path::Path::new(&path).parent().unwrap()).unwrap();
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    });
    Operator::of(&server).does("help");
}

fn actions_are_switched_off_and_on(layout: Layout) {
    let server = open(layout);
    let mut operator = Operator::of(&server);
    operator.does("rmctrl who");
    assert_eq!(operator.ask("who").unwrap_err().reason, "disabled");
    assert!(operator.refused("rmctrl lsctrl").contains("cannot be removed"));
    operator.does("insctrl who");
    operator.does("who");
    operator.does("rmctrl all");
    assert_eq!(operator.ask("lsmod").unwrap_err().reason, "disabled");
    operator.does("insctrl all");
    operator.does("lsmod");
}

fn who_tells_what_each_session_does(layout: Layout) {
    let server = open(layout);
    let mut operator = Operator::of(&server);
    let mut new = server.connect();
    new.expect("NOOP", 200);
    let (mut idle, mut busy) = (server.login(), server.login());
    idle.expect("NOOP", 200);
    server.put("large", vec![7; 32 << 20]);
    let mut stream = busy.passive();
    busy.expect("RETR large", 150);
    stream.read_exact(&mut [0; 100_000]).unwrap();
    // Bytes are counted when they have been sent, and may be here by then.
    let told = wait::until(wait::PATIENCE, || {
        let told = operator.does("who");
        (told["sessions"][2]["bytes"].as_u64() >= Some(100_000)).then_some(told)
    });
    let told = told.expect("the bytes of the transfer are told");
    let sessions = told["sessions"].as_array().unwrap();
    let state = |at: usize| sessions[at]["state"].as_str().unwrap();
    assert_eq!((sessions.len(), state(0), state(1), state(2)), (3, "login", "idle", "transfer"), "{told}");
    assert_eq!((&sessions[0]["user"], &sessions[1]["user"]), (&json!(null), &json!(USER)));
    let transfer = &sessions[2];
    assert_eq!((&transfer["command"], &transfer["argument"]), (&json!("RETR"), &json!("large")));
    assert_eq!(transfer["direction"], "out", "{transfer}");
    assert_eq!(operator.does("count")["total"], 3);
    drop(stream);
}

fn a_password_is_never_told(layout: Layout) {
    let server = Server::with(layout, |config| {
        let_operators_in(config);
        config.block("<Limit WRITE>\n  DenyUser \"b o b\"\n</Limit>");
    });
    let mut wire = server.connect();
    wire.expect(format!("USER {USER}"), 331);
    wire.expect("PASS not-the-password", 530);
    let mut operator = Operator::of(&server);
    let told = operator.does("who").to_string();
    assert!(!told.contains("not-the-password"), "{told}");
    let told = operator.does("get config");
    let text = told["text"].as_str().unwrap();
    assert!(text.contains("SQLConnectInfo (hidden)\n") && !text.contains("users.db"), "{text}");
    assert!(text.contains("<Limit WRITE>\n  DenyUser \"b o b\"\n</Limit>\n"), "{text}");
}

fn kicked_sessions_are_told_421(layout: Layout) {
    let server = open(layout);
    let mut operator = Operator::of(&server);
    let (mut one, mut other) = (server.login(), server.login());
    let mut anonymous = server.connect();
    anonymous.expect("NOOP", 200);
    assert_eq!(operator.does("kick user nobody-here")["kicked"], json!([]));
    let kicked = operator.does(&format!("kick user -n 1 {USER}"));
    assert_eq!(kicked["kicked"].as_array().unwrap().len(), 1);
    assert!(one.until_closed().unwrap().starts_with("421"));
    other.expect("NOOP", 200);
    operator.does("kick host 127.0.0.1");
    assert!(other.until_closed().unwrap().starts_with("421"));
    assert!(anonymous.until_closed().unwrap().starts_with("421"));
    server.login().expect("NOOP", 200);
}

fn a_server_that_is_down_turns_new_clients_away(layout: Layout) {
    let server = open(layout);
    let mut operator = Operator::of(&server);
    let mut old = server.login();
    assert!(operator.refused("down 192.0.2.1").contains("no server matches"));
    operator.does(&format!("down 127.0.0.1#{}", server.address().port()));
    assert_eq!(operator.does("status")["servers"][0]["up"], false);
    let mut refused = String::new();
    std::net::TcpStream::connect(server.address()).unwrap().read_to_string(&mut refused).unwrap();
    assert!(refused.starts_with("421"), "{refused}");
    old.expect("NOOP", 200);
    operator.does("up all");
    server.login().expect("NOOP", 200);
}

fn servers_of_one_name_are_counted_apart(layout: Layout) {
    let mut server = Server::with(layout, |config| {
        let_operators_in(config);
        config.block("<VirtualHost 127.0.0.2>\n  ServerName \"Gantry under test\"\n  Port any\n</VirtualHost>");
    });
    let mut operator = Operator::of(&server);
    let servers = |operator: &mut Operator| -> Vec<(String, u64)> {
        let status = operator.does("status");
        let servers = status["servers"].as_array().unwrap().iter();
        servers
            .map(|one| (one["addresses"][0].as_str().unwrap().to_owned(), one["sessions"].as_u64().unwrap()))
            .collect()
    };
    let addresses: Vec<String> = servers(&mut operator).into_iter().map(|(address, _)| address).collect();
    assert!(addresses[0].starts_with("127.0.0.1:") && addresses[1].starts_with("127.0.0.2:"), "{addresses:?}");
    let sessions =
        |at: &str, many: usize| -> Vec<Wire> { (0..many).map(|_| Wire::connect(at.parse().unwrap())).collect() };
    let (_first, second) = (sessions(&addresses[0], 1), sessions(&addresses[1], 3));
    let counts = |operator: &mut Operator| servers(operator).into_iter().map(|(_, count)| count).collect::<Vec<_>>();
    assert_eq!(counts(&mut operator), [1, 3]);
    // Another one comes before it, and its name is another: it is the same server.
    server.reconfigure(|config| {
        config.without_blocks().block("<VirtualHost 127.0.0.3>\n  Port any\n</VirtualHost>");
        config.block("<VirtualHost 127.0.0.2>\n  ServerName renamed\n  Port any\n</VirtualHost>");
    });
    operator.does("reload");
    assert_eq!(counts(&mut operator), [1, 0, 3]);
    drop(second);
    wait::for_condition("they are counted out", || counts(&mut operator) == [1, 0, 0]);
}

fn how_much_is_logged_changes_at_once(layout: Layout) {
    let server = open(layout);
    let mut operator = Operator::of(&server);
    assert_eq!(operator.does("debug level")["level"], 0);
    assert_eq!(operator.does("debug level 9")["level"], 9);
    server.login();
    server.wait_for_log(&["session", "connected to"]);
    operator.does("debug level 0");
    operator.does("trace mod_sql:9");
    assert_eq!(operator.does("trace info")["channels"][0]["channel"], "mod_sql");
    assert!(operator.refused("debug level 11").contains("0 to 10"));
}

fn shutdown_waits_as_long_as_it_is_told(layout: Layout) {
    let mut server = open(layout);
    let mut wire = server.login();
    let mut operator = Operator::of(&server);
    assert_eq!(operator.does("shutdown graceful 600")["sessions"], 1);
    wire.expect("NOOP", 200);
    wait::for_condition("new clients are turned away", || {
        let mut told = String::new();
        let mut stream = std::net::TcpStream::connect(server.address()).unwrap();
        let _ = stream.set_read_timeout(Some(std::time::Duration::from_secs(1)));
        let _ = stream.read_to_string(&mut told);
        told.starts_with("421")
    });
    assert_eq!(operator.does("status")["sessions"], 1, "operators are heard");
    wire.expect("QUIT", 221);
    assert!(server.ended().success());
    assert!(!server.var("control.sock").exists());
}

fn a_reload_moves_the_socket_or_takes_it_away(layout: Layout) {
    let mut server = open(layout);
    server.swap(|config| {
        let moved = config.path("moved.sock");
        config.set("ControlsSocket", moved);
    });
    wait::for_condition("the old one is gone", || !server.var("control.sock").exists());
    Operator::at(&server.var("moved.sock")).does("help");
    server.swap(|config| {
        config.set("ControlsEngine", "off");
    });
    wait::for_condition("no socket is left", || !server.var("moved.sock").exists());
}

fn whoever_has_the_socket_moved_is_answered(layout: Layout) {
    let mut server = open(layout);
    server.reconfigure(|config| {
        let moved = config.path("moved.sock");
        config.set("ControlsSocket", moved);
    });
    Operator::of(&server).does("reload");
    Operator::at(&server.var("moved.sock")).does("help");
}

fn who_may_speak_changes_with_a_reload(layout: Layout) {
    let mut server = open(layout);
    let mut operator = Operator::of(&server);
    server.reconfigure(|config| {
        config.add("ControlsSocketACL", "allow user 4242");
    });
    operator.does("reload");
    let mode = std::fs::metadata(server.var("control.sock")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o666);
    assert_eq!(Operator::of(&server).ask("help").unwrap_err().reason, "denied");
}

fn each_of_several_operators_hears_of_all_sessions(layout: Layout) {
    let server = Server::with(layout, |config| {
        let_operators_in(config);
        config.set("ControlsMaxClients", "20");
    });
    let sessions: Vec<Wire> = (0..10).map(|_| server.login()).collect();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut operator = Operator::of(&server);
                for _ in 0..20 {
                    assert_eq!(operator.does("who")["sessions"].as_array().map(Vec::len), Some(10));
                }
            });
        }
    });
    drop(sessions);
}

fn what_was_asked_is_written_to_controls_log(layout: Layout) {
    let server = Server::with(layout, |config| {
        let_operators_in(config);
        let log = config.path("controls.log");
        config.set("ControlsLog", log);
    });
    let mut operator = Operator::of(&server);
    operator.does("count");
    operator.refused("rmmod mod_nothing");
    let log = std::fs::read_to_string(server.var("controls.log")).unwrap();
    assert!(log.contains(": count: done") && log.contains(": rmmod mod_nothing: refused: "), "{log}");
}

fn silent_operators_hold_nobody_up(layout: Layout) {
    let server = open(layout);
    let silent: Vec<UnixStream> = (0..3).map(|_| UnixStream::connect(server.var("control.sock")).unwrap()).collect();
    Operator::of(&server).does("who");
    server.login().expect("NOOP", 200);
    drop(silent);
}

both_layouts!(
    there_is_no_socket_unless_it_is_switched_on,
    nobody_may_what_no_line_allows,
    a_line_that_denies_beats_those_that_allow,
    whom_the_socket_acl_leaves_out_may_not_speak,
    what_is_no_question_is_told_so_and_hurts_nobody,
    more_operators_than_may_be_are_told_to_come_again,
    a_second_daemon_does_not_take_the_socket,
    a_socket_that_a_killed_daemon_left_is_taken_over,
    actions_are_switched_off_and_on,
    who_tells_what_each_session_does,
    a_password_is_never_told,
    kicked_sessions_are_told_421,
    a_server_that_is_down_turns_new_clients_away,
    servers_of_one_name_are_counted_apart,
    how_much_is_logged_changes_at_once,
    shutdown_waits_as_long_as_it_is_told,
    a_reload_moves_the_socket_or_takes_it_away,
    whoever_has_the_socket_moved_is_answered,
    who_may_speak_changes_with_a_reload,
    each_of_several_operators_hears_of_all_sessions,
    what_was_asked_is_written_to_controls_log,
    silent_operators_hold_nobody_up,
);
