//! How connections are set up, and how often and how long clients may use them.

use std::io::Read;
use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

use gantry_tests::host::own_address;
use gantry_tests::prelude::*;
use gantry_tests::server::Trial;
use gantry_tests::wire::{accept, patient_from, port};

const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;
const THERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

fn addresses_other_than_the_clients_need_leave(layout: Layout) {
    let there = TcpListener::bind((THERE, 0)).unwrap();
    let port = port(there.local_addr().unwrap());
    let server = Server::with(layout, |config| {
        config.set("AllowForeignAddress", "friends").block("<Class friends>\n  From 127.0.0.2/32\n</Class>");
    });
    server.put("file", "content");
    let mut wire = server.login();
    wire.expect(&port, 200);
    wire.expect("RETR file", 150);
    let mut received = String::new();
    accept(&there).read_to_string(&mut received).unwrap();
    assert_eq!(received, "content");
    assert_eq!(wire.reply().code, 226);
    wire.expect("PORT 127,0,0,3,200,1", 500);
    wire.expect("PORT 127,0,0,2,0,25", 500);
    for (setting, code) in [("off", 500), ("on", 200), ("nobody", 500)] {
        let server = Server::with(layout, |config| {
            config.set("AllowForeignAddress", setting);
        });
        server.login().expect(&port, code);
    }
}

fn a_foreign_peer_connects_to_a_passive_port_only_with_leave(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.set("AllowForeignAddress", "on");
    });
    server.put("file", "content");
    let mut wire = server.login();
    let port = wire.expect("EPSV", 229).port();
    let mut stream = patient_from(THERE, (HERE, port).into()).unwrap();
    wire.expect("RETR file", 150);
    let mut received = String::new();
    stream.read_to_string(&mut received).unwrap();
    assert_eq!(received, "content");
}

fn a_masquerade_address_may_be_a_name_or_a_device(layout: Layout) {
    for name in ["localhost", "lo", "127.0.0.1"] {
        let server = Server::with(layout, |config| {
            config.set("MasqueradeAddress", name);
        });
        let answer = server.login().expect("PASV", 227).text();
        assert!(answer.contains("(127,0,0,1,"), "{name}: {answer}");
    }
    let wrong = Trial::run(&layout.gantryd(), &["-t"], |config| {
        config.block("MasqueradeAddress no.such.name.invalid");
    });
    assert!(wrong.done.text().contains("MasqueradeAddress: unable to resolve 'no.such.name.invalid'"));
}

fn options_of_sockets_are_taken_and_clients_served(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.block(
            "SocketOptions rcvbuf 32768 sndbuf 32768 maxseg 1200 keepalive 60:5:10\nTCPNoDelay ctrl on data off\nTCPBacklog 20\n\
             UseIPv6 off\nProtocols ftp ftps\nTimeoutLinger 5\nUseSendfile off",
        );
    });
    server.put("file", "content");
    assert_eq!(server.login().fetch("RETR file"), b"content");
}

fn too_many_commands_wait(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.add("MaxCommandRate", "5 2");
    });
    let mut wire = server.connect();
    let began = Instant::now();
    for _ in 0..11 {
        wire.expect("NOOP", 200);
    }
    assert!(began.elapsed() >= Duration::from_secs(2), "eleven commands are in three intervals");
}

fn a_session_ends_in_time(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.add("TimeoutSession", "1");
    });
    let mut wire = server.login();
    assert_eq!(wire.reply().text(), "421 Session Timeout (1 seconds): closing control connection");
}

fn without_root_no_client_names_an_address_below_port_1024(layout: Layout) {
    if !rustix::process::getuid().is_root() {
        return;
    }
    for (setting, code) in [("on", 500), ("UseNonCompliantActiveTransfers", 200), ("off", 200)] {
        let server = Server::with(layout, |config| {
            config.set("DefaultAddress", own_address().to_string()).set("Port", "921").set("RootRevoke", setting);
        });
        let mut wire = Wire::open_from(HERE, server.address()).unwrap();
        wire.login(USER, PASSWORD);
        wire.expect("PORT 127,0,0,1,200,1", code);
        wire.expect("EPSV", 229);
    }
}

fn only_protocols_that_are_named_are_served(layout: Layout) {
    let none = Server::with(layout, |config| {
        config.add("Protocols", "sftp scp");
    });
    assert_eq!(Wire::open(none.address()).unwrap().greeting().text(), "421 Protocol not allowed");
    let tls = Server::with(layout, |config| {
        config.add("Protocols", "ftps");
    });
    let mut wire = tls.connect();
    wire.expect(format!("USER {USER}"), 331);
    wire.expect(format!("PASS {PASSWORD}"), 530);
}

both_layouts!(
    addresses_other_than_the_clients_need_leave,
    a_foreign_peer_connects_to_a_passive_port_only_with_leave,
    a_masquerade_address_may_be_a_name_or_a_device,
    options_of_sockets_are_taken_and_clients_served,
    too_many_commands_wait,
    a_session_ends_in_time,
    without_root_no_client_names_an_address_below_port_1024,
    only_protocols_that_are_named_are_served,
);
