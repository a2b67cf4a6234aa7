//! Many logged-in sessions at once, and clients that come and go next to them: none is refused that should be served, counts
//! are exact, and memory is given back. `tests/run --full` has ten thousand sessions and a hundred and twenty thousand clients.

use std::fs;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use gantry_tests::operator::{Operator, let_operators_in};
use gantry_tests::prelude::*;
use gantry_tests::{full, wait};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// How many threads bring clients that come and go.
const BRINGERS: usize = 8;

/// KiB of the daemon that are in memory.
fn resident(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).expect("the daemon lives");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).expect("Linux tells the memory")
}

/// A client's address: the ports of a single one would not do.
fn address(number: usize) -> Ipv4Addr {
    Ipv4Addr::new(127, 77, 0, u8::try_from(1 + number % 64).expect("it is small"))
}

fn logged_in(server: &Server, number: usize) -> Wire {
    let mut wire = Wire::open_from(address(number), server.address()).expect("a client is served");
    assert!(wire.greeting().text().starts_with("220 "), "{}", wire.greeting().text());
    wire.login("bob", "plain as day");
    wire
}

/// How many sessions the daemon counts.
fn counted(operator: &mut Operator) -> usize {
    let who = operator.ask("who").expect("it comes");
    who["sessions"].as_array().map_or(0, Vec::len)
}

fn many_sessions_and_more_that_come_and_go(layout: Layout) {
    let (wanted, visitors) = (full::or(300, 10_000), full::or(600, 120_000));
    let limit = getrlimit(Resource::Nofile);
    // The daemon lets in no more than it has files for: fourteen for each session.
    let room = limit.maximum.map_or(usize::MAX, |files| usize::try_from(files / 14).unwrap_or(usize::MAX));
    let sessions = wanted.min(room.saturating_sub(100));
    if sessions < wanted {
        eprintln!("left out: more than {sessions} sessions: the limit on open files is {:?}", limit.maximum);
    }
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let server = Server::with(layout, |config| {
        let_operators_in(config);
        config.add("MaxUnauthenticatedPerHost", "none").add("TimeoutNoTransfer", "0").add("TimeoutIdle", "0");
    });
    let mut operator = Operator::of(&server);
    // What the first sessions leave is there to be used again.
    let crowd = |many: usize| (0..many).map(|number| logged_in(&server, number)).collect::<Vec<_>>();
    drop(crowd(sessions));
    wait::for_condition("the first sessions have ended", || counted(&mut operator) == 0);
    let before = resident(&server);

    let mut held = crowd(sessions);
    assert_eq!(counted(&mut operator), sessions);
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..BRINGERS {
            scope.spawn(|| {
                while next.fetch_add(1, Ordering::Relaxed) < visitors {
                    let mut wire = Wire::open_from(address(next.load(Ordering::Relaxed)), server.address())
                        .expect("a client is served");
                    wire.expect("NOOP", 200);
                    wire.expect("QUIT", 221);
                }
            });
        }
    });
    wait::for_condition("the visitors have gone", || counted(&mut operator) == sessions);
    for wire in &mut held {
        wire.expect("PWD", 257);
    }
    drop(held);
    wait::for_condition("all have gone", || counted(&mut operator) == 0);
    let after = resident(&server);
    assert!(after < before + before / 4 + 4096, "{before} KiB before, {after} KiB after");
}

both_layouts!(many_sessions_and_more_that_come_and_go);
