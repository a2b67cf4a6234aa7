//! The keeper's socket, by hand: what a daemon that has fallen into wrong hands could send.

use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};

use gantry_tests::host::{children, own_address};
use gantry_tests::prelude::*;
use gantry_tests::wait;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socketpair};

/// A keeper without a daemon.
struct Keeper {
    process: Child,
    socket: OwnedFd,
}

impl Keeper {
    fn start(layout: Layout) -> Self {
        let (socket, theirs) =
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
        let process = Command::new(layout.gantryd()).arg("--keeper").stdin(Stdio::from(theirs)).spawn().unwrap();
        Self { process, socket }
    }

    fn send(&self, packet: &[u8]) {
        send(&self.socket, packet, SendFlags::NOSIGNAL).expect("the keeper lives");
    }

    fn answer(&self) -> Vec<u8> {
        let mut buffer = vec![0; 65_536];
        let (length, _) = recv(&self.socket, &mut buffer[..], RecvFlags::empty()).unwrap();
        buffer.truncate(length);
        buffer
    }

    /// Closes the socket and waits for the end.
    fn end(self) {
        let Self { mut process, socket } = self;
        drop(socket);
        let ended = wait::until(wait::PATIENCE, || process.try_wait().unwrap());
        assert!(ended.expect("the keeper ends with the daemon").success());
    }
}

/// A request to compare a password: version, kind, number, user, password.
fn check(id: u64, user: &[u8], password: &[u8]) -> Vec<u8> {
    let field = |bytes: &[u8]| [&u16::try_from(bytes.len()).unwrap().to_le_bytes()[..], bytes].concat();
    [&[1, 1][..], &id.to_le_bytes(), &field(user), &field(password)].concat()
}

/// The answer that a password is wrong: version, kind, number, standing.
fn wrong(id: u64) -> Vec<u8> {
    [&[1, 1][..], &id.to_le_bytes(), &[0x52]].concat()
}

fn packets_that_mean_nothing_are_passed_over(layout: Layout) {
    let keeper = Keeper::start(layout);
    let request = check(1, b"no-such-user", b"secret");
    for length in 0..request.len() {
        // An empty packet would be the end.
        keeper.send(&request[..length.max(1)]);
    }
    for at in [0, 1, 10, 11, request.len() - 8] {
        let mut packet = request.clone();
        packet[at] = 0xee;
        keeper.send(&packet);
    }
    keeper.send(&[&request[..], b"more"].concat());
    keeper.send(&vec![b'x'; 40_000]);
    keeper.send(&check(2, &vec![b'x'; 256], b""));
    keeper.send(&check(3, b"user", &vec![b'x'; 2049]));
    keeper.send(&check(4, b"us\0er", b""));
    keeper.send(&check(5, b"no-such-user", b"secret"));
    let first = keeper.answer();
    // Who is not root may not be able to tell.
    if rustix::process::getuid().is_root() {
        assert_eq!(first, wrong(5));
    } else {
        assert_eq!(first[2], 5);
    }
    keeper.end();
}

fn one_number_is_one_work(layout: Layout) {
    if !rustix::process::getuid().is_root() {
        eprintln!("left out: only root can compare passwords");
        return;
    }
    let keeper = Keeper::start(layout);
    for id in 0..20 {
        keeper.send(&check(id, b"no-such-user", b"secret"));
        keeper.send(&check(id, b"no-such-user", b"secret"));
    }
    let mut answers = std::collections::BTreeSet::new();
    while answers.len() < 20 {
        answers.insert(keeper.answer());
    }
    assert_eq!(answers, (0..20).map(wrong).collect());
    wait::for_condition("no worker is left", || children(keeper.process.id()).is_empty());
    keeper.end();
}

fn names_that_are_paths_reach_neither_pam_nor_the_name_service(layout: Layout) {
    let keeper = Keeper::start(layout);
    let field = |text: &str| [&u16::try_from(text.len()).unwrap().to_le_bytes()[..], text.as_bytes()].concat();
    for (id, service, user) in
        [(1_u64, "../shadow", "root"), (2, "/etc/shadow", "root"), (3, "login", "../root"), (4, "login", "-root")]
    {
        let fields = [field(service), field(user), field("secret"), field("host"), field("")].concat();
        let packet = [&[1, 2][..], &id.to_le_bytes(), &fields, &[0], &10_000_u32.to_le_bytes()].concat();
        keeper.send(&packet);
        let answer = keeper.answer();
        assert_eq!(answer[..3], [1, 3, u8::try_from(id).unwrap()]);
        assert!(String::from_utf8_lossy(&answer).contains("not a valid "), "{service} {user}");
    }
    keeper.end();
}

fn a_reload_adds_a_port_that_only_root_can_have(layout: Layout) {
    if !rustix::process::getuid().is_root() {
        eprintln!("left out: only root has ports below 1024");
        return;
    }
    let mut server = Server::start(layout);
    let address = std::net::SocketAddr::from((own_address(), 721));
    server.swap(|config| {
        config.block(format!("<VirtualHost {}>\n  Port {}\n</VirtualHost>", address.ip(), address.port()));
    });
    Wire::connect(address).expect("NOOP", 200);
    // What the keeper does not do is an error as before.
    server.reconfigure(|config| {
        config.without_blocks();
        config.block("<VirtualHost 192.0.2.1>\n  Port 722\n</VirtualHost>");
    });
    server.sighup();
    server.wait_for_log(&["cannot listen on 192.0.2.1:722"]);
    Wire::connect(address).expect("NOOP", 200);
}

both_layouts!(
    a_reload_adds_a_port_that_only_root_can_have,
    packets_that_mean_nothing_are_passed_over,
    one_number_is_one_work,
    names_that_are_paths_reach_neither_pam_nor_the_name_service,
);
