//! How many may be there at once: clients, connections and transfers, of all, a host,
//! a user or a class. What clients read is what ProFTPD says with the same lines.

use std::net::{Ipv4Addr, TcpStream};

use gantry_tests::fixture::{Build, build, install};
use gantry_tests::operator::{Operator, let_operators_in};
use gantry_tests::prelude::*;
use gantry_tests::wait;
use rustix::process::{Resource, getrlimit, setrlimit};

const ALICE: (&str, &str) = (USER, PASSWORD);
const BOB: (&str, &str) = ("bob", "plain as day");

/// Addresses that a client may come from.
const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;
const THERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

fn connect(server: &Server, from: Ipv4Addr) -> Wire {
    let wire = Wire::open_from(from, server.address()).unwrap();
    assert_eq!(wire.greeting().code, 220, "{}", wire.greeting().text());
    wire
}

fn login(server: &Server, (user, password): (&str, &str), from: Ipv4Addr) -> Wire {
    let mut wire = connect(server, from);
    wire.login(user, password);
    wire
}

/// Logs in and is turned away: what the client reads then, and that the session ends.
#[track_caller]
fn refused(server: &Server, (user, password): (&str, &str), from: Ipv4Addr) -> String {
    let mut wire = connect(server, from);
    wire.expect(format!("USER {user}"), 331);
    let answer = wire.expect(format!("PASS {password}"), 530).text();
    assert_eq!(wire.until_closed().unwrap(), "");
    answer
}

/// Waits for the place of somebody who has left.
#[track_caller]
fn login_again(server: &Server, (user, password): (&str, &str), from: Ipv4Addr) -> Wire {
    let login = || {
        let mut wire = connect(server, from);
        wire.expect(format!("USER {user}"), 331);
        (wire.ask(format!("PASS {password}")).code == 230).then_some(wire)
    };
    wait::until(wait::PATIENCE, login).expect("a place is free again")
}

fn those_who_are_logged_in_count(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.set("MaxClients", "1");
    });
    let (mut waits, one) = (server.connect(), login(&server, ALICE, HERE));
    let words = "530 Sorry, the maximum number of allowed clients (1) are already connected.";
    assert_eq!(refused(&server, BOB, THERE), words);
    waits.expect("USER bob", 331);
    waits.expect("PASS wrong", 530);
    waits.expect("NOOP", 200);
    drop(one);
    let _other = login_again(&server, BOB, THERE);
    waits.expect(format!("USER {USER}"), 331);
    assert_eq!(waits.expect(format!("PASS {PASSWORD}"), 530).text(), words);
    assert_eq!(waits.until_closed().unwrap(), "");
}

fn a_host_a_user_and_the_hosts_of_a_user_have_limits(layout: Layout) {
    let mut server = Server::with(layout, |config| {
        config
            .set("MaxClientsPerHost", "2")
            .set("MaxClientsPerUser", "3 \"%m of you, %m\"")
            .set("MaxHostsPerUser", "2");
    });
    let (_one, _two) = (login(&server, ALICE, HERE), login(&server, BOB, HERE));
    assert_eq!(
        refused(&server, BOB, HERE),
        "530 Sorry, the maximum number of clients (2) from your host are already connected."
    );
    let _three = login(&server, BOB, THERE);
    assert_eq!(
        refused(&server, BOB, ELSEWHERE),
        "530 Sorry, the maximum number of hosts (2) for this user are already connected."
    );
    let _four = login(&server, BOB, THERE);
    assert_eq!(refused(&server, BOB, ELSEWHERE), "530 3 of you, 3");
    // Those who came before a reload still count.
    server.swap(|config| {
        config.remove("MaxClientsPerHost").remove("MaxClientsPerUser").set("MaxHostsPerUser", "1");
    });
    let _five = login(&server, ALICE, HERE);
    assert_eq!(
        refused(&server, ALICE, ELSEWHERE),
        "530 Sorry, the maximum number of hosts (1) for this user are already connected."
    );
}

fn a_class_has_a_limit(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.add("MaxClientsPerClass", "near 1").add("MaxClientsPerClass", "far none");
        config.block("<Class near>\nFrom 127.0.0.1 127.0.0.2\n</Class>\n<Class far>\nFrom 127.0.0.3\n</Class>");
    });
    let _one = login(&server, ALICE, HERE);
    assert_eq!(
        refused(&server, BOB, THERE),
        "530 Sorry, the maximum number of clients (1) from your class are already connected."
    );
    let _two = login(&server, ALICE, ELSEWHERE);
    let _three = login(&server, BOB, ELSEWHERE);
}

fn of_several_limits_the_first_is_told_and_nothing_is_taken(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.set("MaxClients", "1 all").set("MaxClientsPerUser", "1 user").set("MaxClientsPerHost", "1 host");
    });
    let one = login(&server, ALICE, HERE);
    assert_eq!(refused(&server, ALICE, HERE), "530 host");
    assert_eq!(refused(&server, ALICE, THERE), "530 user");
    assert_eq!(refused(&server, BOB, THERE), "530 all");
    drop(one);
    let _two = login_again(&server, BOB, THERE);
}

fn each_server_counts_its_own(layout: Layout) {
    let server = Server::with(layout, |config| {
        let users = config.without_sql().path("passwd");
        config.set("MaxClients", "1 main");
        config.block(format!(
            "<VirtualHost 127.0.0.4>\nPort any\nDefaultRoot ~\nRequireValidShell off\nAuthOrder mod_auth_file.c\n\
             AuthUserFile {users}\nMaxClients 1 other\n</VirtualHost>"
        ));
    });
    let at = |host: &str| {
        let line = server.wait_for_log(&[&format!("listening on {host}:")]);
        line.rsplit(' ').next().and_then(|address| address.parse().ok()).expect("the line ends with the address")
    };
    let (mut main, mut other) = (Wire::connect(at("127.0.0.1")), Wire::connect(at("127.0.0.4")));
    main.login(USER, PASSWORD);
    other.login(USER, PASSWORD);
    for (host, words) in [("127.0.0.1", "530 main"), ("127.0.0.4", "530 other")] {
        let mut wire = Wire::connect(at(host));
        wire.expect(format!("USER {USER}"), 331);
        assert_eq!(wire.expect(format!("PASS {PASSWORD}"), 530).text(), words);
    }
}

fn a_host_has_so_many_connections(layout: Layout) {
    let mut server = Server::with(layout, |config| {
        config.set("MaxConnectionsPerHost", "2");
    });
    let (one, _two) = (login(&server, ALICE, HERE), connect(&server, HERE));
    let mut third = Wire::open_from(HERE, server.address()).unwrap();
    let words = "530 Sorry, the maximum number of connections (2) for your host are already connected.";
    assert_eq!(third.greeting().text(), words);
    assert_eq!(third.until_closed().unwrap(), "");
    let _other = connect(&server, THERE);
    drop(one);
    wait::for_condition("a place is free again", || {
        Wire::open_from(HERE, server.address()).is_ok_and(|wire| wire.greeting().code == 220)
    });
    server.swap(|config| {
        config.set("MaxConnectionsPerHost", "none");
    });
    let _all = [connect(&server, HERE), connect(&server, HERE), connect(&server, HERE)];
}

fn so_many_connections_are_taken_in_an_interval(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.set("MaxConnectionRate", "3 3600");
    });
    let _taken = [server.connect(), server.connect(), server.connect()];
    for _ in 0..3 {
        let closed = Wire::open(server.address());
        assert!(closed.is_err(), "{:?}", closed.map(|wire| wire.greeting().text()));
    }
    server.wait_for_log(&["MaxConnectionRate (3 in 3600 s) reached"]);
}

fn so_many_files_move_at_once(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.add("MaxTransfersPerUser", "RETR 1").add("MaxTransfersPerHost", "STOR,APPE 1 \"host %m\"");
    });
    server.put("file", vec![b'x'; 20 << 20]);
    server.put("small", "content");
    let (mut one, mut two) = (server.login(), server.login());
    let data = begin(&mut one, "RETR file");
    let _idle = two.passive();
    let words = "451 Sorry, the maximum number of data transfers (1) from this user are currently being used.";
    assert_eq!(two.expect("RETR file", 451).text(), words);
    assert_eq!(two.expect("RETR missing", 451).text(), words);
    assert_eq!(login(&server, BOB, HERE).fetch("RETR small"), b"content");
    let upload = begin(&mut two, "STOR new");
    let mut bob = login(&server, BOB, HERE);
    let _idle = bob.passive();
    assert_eq!(bob.expect("STOR other", 451).text(), "451 host 1");
    let append = begin(&mut bob, "APPE third");
    drop(append);
    assert_eq!(bob.reply().code, 226);
    drop(data);
    one.reply();
    assert_eq!(one.fetch("RETR small"), b"content");
    drop(upload);
    assert_eq!(two.reply().code, 226);
    assert_eq!(bob.store("other"), 150);
}

/// Asks for a transfer, which waits for what this returns.
fn begin(wire: &mut Wire, command: &str) -> TcpStream {
    let stream = wire.passive();
    wire.expect(command, 150);
    stream
}

fn a_thousand_clients_at_once_get_five_hundred_places(layout: Layout) {
    const ALL: usize = 1000;
    const MOST: usize = ALL / 2;
    if !raise_file_limit(2 * ALL as u64) {
        return eprintln!("skipped: the limit on open files is too low for {ALL} clients");
    }
    let mut server = Server::with(layout, |config| {
        config.set("MaxClients", MOST.to_string()).set("SQLAuthTypes", "Plaintext");
        config.set("MaxUnauthenticatedPerHost", "none");
        let_operators_in(config);
    });
    let admitted = crowd(&server, ALL);
    assert_eq!(admitted.len(), MOST);
    // Those who came before a reload count as well.
    server.swap(|config| {
        config.set("MaxClients", (MOST + 1).to_string());
    });
    let one = crowd(&server, 10);
    assert_eq!(one.len(), 1);
    drop((admitted, one));
    let mut operator = Operator::of(&server);
    let mut all_gone = || operator.does("status")["sessions"] == 0;
    wait::for_condition("all have left", &mut all_gone);
    let admitted = crowd(&server, ALL);
    assert_eq!(admitted.len(), MOST + 1);
    drop(admitted);
    wait::for_condition("all have left", &mut all_gone);
    server.swap(|config| {
        config.set("MaxClients", "1");
    });
    let _last = login(&server, BOB, HERE);
    refused(&server, BOB, HERE);
}

/// So many clients that send their passwords at once; those that are let in.
fn crowd(server: &Server, count: usize) -> Vec<Wire> {
    let (user, password) = BOB;
    let mut wires: Vec<Wire> = (0..count).map(|_| server.connect()).collect();
    wires.iter_mut().for_each(|wire| wire.send(format!("USER {user}")));
    wires.iter_mut().for_each(|wire| assert_eq!(wire.reply().code, 331));
    wires.iter_mut().for_each(|wire| wire.send(format!("PASS {password}")));
    let admitted = |mut wire: Wire| match wire.reply().code {
        230 => Some(wire),
        530 => None,
        code => panic!("a login was answered by {code}"),
    };
    wires.into_iter().filter_map(admitted).collect()
}

fn raise_file_limit(wanted: u64) -> bool {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= wanted) {
        return true;
    }
    limit.current = limit.maximum.map_or(Some(wanted), |most| Some(most.min(wanted)));
    setrlimit(Resource::Nofile, limit).is_ok() && limit.current.is_none_or(|current| current >= wanted)
}

fn a_loaded_module_counts_as_well(layout: Layout) {
    let object = build("mod_count", Build::Foreign);
    let server = Server::with(layout, |config| {
        let folder = config.own_modules();
        install(&object, "mod_count", &folder);
        config.add("LoadModule", "mod_count.c");
    });
    let mut wires = [server.connect(), server.connect(), server.connect()];
    let mut ask = |at: usize, line: &str| wires[at].ask(format!("SITE {line}")).text();
    assert_eq!(ask(0, "CLAIM k"), "200 granted 1");
    assert_eq!(ask(1, "CLAIM k"), "200 granted 2");
    assert_eq!(ask(2, "CLAIM k"), "450 full 2");
    assert_eq!(ask(1, "RELEASE k"), "200 left 1");
    assert_eq!(ask(2, "RELEASE k"), "200 left 1");
    assert_eq!(ask(2, "CLAIM k"), "200 granted 2");
    assert_eq!((ask(0, "CLAIM m here"), ask(1, "CLAIM m here")), ("200 granted 1".into(), "200 granted 1".into()));
    assert_eq!((ask(0, "TALLY t"), ask(1, "TALLY t")), ("200 times 1".to_owned(), "200 times 2".to_owned()));
    assert_eq!(ask(0, "MARK x"), "200 before false, now true");
    assert_eq!(ask(1, "MARK x"), "200 before true, now true");
    // A session's places end with it.
    drop(wires);
    let mut late = server.connect();
    wait::for_condition("the places are free", || late.ask("SITE RELEASE k").text() == "200 left 0");
    assert_eq!(late.ask("SITE TALLY t").text(), "200 times 3");
}

both_layouts!(
    those_who_are_logged_in_count,
    a_host_a_user_and_the_hosts_of_a_user_have_limits,
    a_class_has_a_limit,
    of_several_limits_the_first_is_told_and_nothing_is_taken,
    each_server_counts_its_own,
    a_host_has_so_many_connections,
    so_many_connections_are_taken_in_an_interval,
    so_many_files_move_at_once,
    a_thousand_clients_at_once_get_five_hundred_places,
    a_loaded_module_counts_as_well,
);
