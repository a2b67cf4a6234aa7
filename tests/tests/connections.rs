//! Data connections of each kind (RFC 959, RFC 2428), who may have them, and
//! how many sessions there may be.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use gantry_tests::prelude::*;
use gantry_tests::wire::{accept, patient_from, read_all};

fn each_kind_of_data_connection_carries_a_file(layout: Layout) {
    let server = Server::start(layout);
    server.put("file", "content");
    let mut wire = server.login();
    for open in [Wire::passive, Wire::old_passive] {
        let mut stream = open(&mut wire);
        wire.expect("RETR file", 150);
        assert_eq!(read_all(&mut stream), b"content");
        assert_eq!(wire.reply().code, 226);
    }
    for listen in [Wire::active, Wire::old_active] {
        let listener = listen(&mut wire);
        wire.send("RETR file");
        let mut stream = accept(&listener);
        assert_eq!(wire.reply().code, 150);
        assert_eq!(read_all(&mut stream), b"content");
        assert_eq!(wire.reply().code, 226);
    }
}

fn ipv6_clients_are_served(layout: Layout) {
    if TcpListener::bind("[::1]:0").is_err() {
        eprintln!("left out: this machine has no IPv6 loopback");
        return;
    }
    let server = Server::with(layout, |config| {
        config.set("DefaultAddress", "::1");
    });
    server.put("file", "content");
    let mut wire = server.login();
    assert_eq!(wire.fetch("RETR file"), b"content");
    let listener = wire.active();
    wire.send("STOR up");
    accept(&listener).write_all(b"other").unwrap();
    assert_eq!(wire.reply().code, 150);
    assert_eq!(wire.reply().code, 226);
    assert_eq!(server.read("up"), b"other");
}

fn an_address_of_somebody_else_is_refused(layout: Layout) {
    let server = Server::start(layout);
    let mut wire = server.login();
    for line in [
        "PORT 192,0,2,1,200,10",
        "EPRT |1|192.0.2.1|51210|",
        "PORT 127,0,0,1,0,22",
        "PORT 1,2,3",
        "PORT 127,0,0,1,256,1",
        "EPRT |9|127.0.0.1|51210|",
        "EPRT nonsense",
    ] {
        let answer = wire.ask(line);
        assert!((500..=529).contains(&answer.code), "{line}: {}", answer.text());
    }
}

fn after_epsv_all_only_epsv_is_taken(layout: Layout) {
    let server = Server::start(layout);
    server.put("file", "content");
    let mut wire = server.login();
    wire.expect("EPSV ALL", 200);
    for line in ["PASV", "PORT 127,0,0,1,200,10", "EPRT |1|127.0.0.1|51210|"] {
        assert!(wire.ask(line).code >= 500, "{line}");
    }
    assert_eq!(wire.fetch("RETR file"), b"content");
}

fn a_transfer_without_a_data_connection_is_refused(layout: Layout) {
    let server = Server::start(layout);
    server.put("file", "content");
    let mut wire = server.login();
    // Where nothing was announced, RFC 959's default data port is the client's
    // own control port, where nobody listens.
    let answer = wire.ask("RETR file");
    let answer = if answer.code == 150 { wire.reply() } else { answer };
    assert!([425, 503].contains(&answer.code), "{}", answer.text());
    wire.expect("NOOP", 200);
}

fn a_stranger_gets_nothing_from_a_passive_port(layout: Layout) {
    let server = Server::start(layout);
    server.put("secret", "content");
    let mut wire = server.login();
    let port = wire.expect("EPSV", 229).port();
    let mut stranger = patient_from(Ipv4Addr::new(127, 0, 0, 2), (Ipv4Addr::LOCALHOST, port).into()).unwrap();
    wire.send("RETR secret");
    let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, port));
    let first = wire.reply();
    let served = first.code == 150 && client.as_mut().is_ok_and(|client| read_all(client) == b"content");
    assert!(served || first.code == 425, "{}", first.text());
    let mut taken = Vec::new();
    let ended = stranger.read_to_end(&mut taken).map_err(|error| error.kind());
    assert!(taken.is_empty(), "a stranger read {taken:?}");
    assert!(matches!(ended, Ok(0) | Err(ErrorKind::ConnectionReset)), "the stranger is kept waiting: {ended:?}");
}

fn passive_ports_come_from_the_range(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.set("PassivePorts", "49200 49260");
    });
    let mut wire = server.login();
    for _ in 0..5 {
        let port = wire.passive().peer_addr().unwrap().port();
        assert!((49200..=49260).contains(&port), "{port}");
    }
}

fn many_sessions_are_served_at_once(layout: Layout) {
    let server = Server::start(layout);
    server.put("file", "content");
    let mut wires: Vec<Wire> = (0..200).map(|_| server.login()).collect();
    wires.iter_mut().for_each(|wire| wire.send("PWD"));
    wires.iter_mut().for_each(|wire| assert_eq!(wire.reply().code, 257));
    assert_eq!(wires[199].fetch("RETR file"), b"content");
    assert_eq!(wires[0].fetch("RETR file"), b"content");
}

fn no_more_sessions_than_max_instances(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.set("MaxInstances", "3");
    });
    let mut wires: Vec<Wire> = (0..3).map(|_| server.login()).collect();
    let fourth = Wire::open(server.address());
    assert!(fourth.is_err() || fourth.is_ok_and(|wire| wire.greeting().code >= 400));
    wires.pop().unwrap().expect("QUIT", 221);
    gantry_tests::wait::for_condition("a place is free again", || {
        Wire::open(server.address()).is_ok_and(|wire| wire.greeting().code == 220)
    });
    wires[0].expect("NOOP", 200);
}

both_layouts!(
    each_kind_of_data_connection_carries_a_file,
    ipv6_clients_are_served,
    an_address_of_somebody_else_is_refused,
    after_epsv_all_only_epsv_is_taken,
    a_transfer_without_a_data_connection_is_refused,
    a_stranger_gets_nothing_from_a_passive_port,
    passive_ports_come_from_the_range,
    many_sessions_are_served_at_once,
    no_more_sessions_than_max_instances,
);
