//! Clients at work while modules are swapped, taken in and out, and the
//! configuration is reloaded, each second: nobody notices, and nothing grows.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gantry_tests::fixture::{install, rebuild};
use gantry_tests::operator::{Operator, let_operators_in};
use gantry_tests::prelude::*;
use gantry_tests::{full, layout, wait};

/// What the process holds at one moment.
#[derive(Debug, Clone, Copy, Default)]
struct Held {
    /// KiB that are in memory.
    resident: u64,
    threads: u64,
    /// Different images of modules that are mapped.
    images: usize,
}

impl Held {
    fn by(pid: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the daemon lives");
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).expect("a number stands there")
        };
        let maps = fs::read_to_string(format!("/proc/{pid}/maps")).expect("the daemon lives");
        let inode = |line: &str| line.split_whitespace().nth(4).map(str::to_owned);
        let images: BTreeSet<_> = maps.lines().filter(|line| line.contains("memfd:")).filter_map(inode).collect();
        Self { resident: number("VmRSS:"), threads: number("Threads:"), images: images.len() }
    }

    fn most(self, other: Self) -> Self {
        Self {
            resident: self.resident.max(other.resident),
            threads: self.threads.max(other.threads),
            images: self.images.max(other.images),
        }
    }
}

/// The two builds of the modules that are swapped, and where they are put.
struct Builds {
    folder: PathBuf,
    first: [PathBuf; 2],
    second: [PathBuf; 2],
}

const SWAPPED: [&str; 2] = ["mod_sql", "mod_sql_sqlite"];

impl Builds {
    fn new(folder: PathBuf) -> Self {
        let first = SWAPPED.map(|module| layout::shared_objects().join(format!("{module}.so")));
        Self { folder, first, second: SWAPPED.map(rebuild) }
    }

    /// One round of an operator's.
    fn round(&self, server: &Server, operator: &mut Operator, round: usize) {
        let builds = if round.is_multiple_of(2) { &self.second } else { &self.first };
        for (module, object) in SWAPPED.iter().zip(builds) {
            install(object, module, &self.folder);
            operator.does(&format!("swap {module}"));
        }
        match round.is_multiple_of(2) {
            true => drop(operator.ask_with("insmod mod_greet", "GreetMessage Ahoy\n").expect("it comes")),
            false => drop(operator.does("rmmod mod_greet")),
        }
        operator.does("reload");
        assert!(server.log_line(&["warning", "marked failed"]).is_none());
    }
}

/// A client's work until it is done: each time login, list, upload, download,
/// its contents compared.
fn work(address: SocketAddr, name: usize, done: &AtomicBool, rounds: &AtomicUsize) {
    let mut round = 0_usize;
    while !done.load(Ordering::Relaxed) {
        let bytes = format!("{name} {round} ").repeat(1 + (name * 37 + round * 101) % 2000).into_bytes();
        let mut wire = Wire::connect(address);
        wire.login(USER, PASSWORD);
        wire.expect("TYPE I", 200);
        wire.give(format!("STOR {name}"), &bytes);
        assert!(wire.list("NLST").iter().any(|line| *line == name.to_string()), "the file stands in the list");
        assert!(wire.fetch(format!("RETR {name}")) == bytes, "the bytes are those that were sent");
        wire.expect("QUIT", 221);
        round += 1;
        rounds.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn clients_notice_nothing_of_what_operators_do() {
    let clients = full::or(40, 500);
    let time = full::or(Duration::from_secs(12), Duration::from_secs(120));
    let mut modules = None;
    let server = Server::with(Layout::Shared, |config| {
        let_operators_in(config);
        modules = Some(config.own_modules());
    });
    let builds = Builds::new(modules.expect("they were made"));
    let (done, rounds) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let threads: Vec<_> = (0..clients)
        .map(|name| {
            let (address, done, rounds) = (server.address(), done.clone(), rounds.clone());
            thread::spawn(move || work(address, name, &done, &rounds))
        })
        .collect();
    let (began, mut changes) = (Instant::now(), 0);
    let mut halves = [Held::default(); 2];
    let mut operator = Operator::of(&server);
    while began.elapsed() < time {
        let next = began + Duration::from_secs(1) * (changes + 1);
        builds.round(&server, &mut operator, changes as usize);
        changes += 1;
        let half = usize::from(began.elapsed() >= time / 2);
        halves[half] = halves[half].most(Held::by(server.pid()));
        // Once a second at most, and however fast the machine is.
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    done.store(true, Ordering::Relaxed);
    for thread in threads {
        thread.join().expect("no client failed");
    }
    eprintln!("{} rounds of {clients} clients, {changes} changes; {halves:?}", rounds.load(Ordering::Relaxed));
    assert!(rounds.load(Ordering::Relaxed) >= clients, "each client came through");
    assert_level(&halves);
    assert_old_generations_are_gone(&server, &mut operator);
}

/// Images are five at most: two builds of two modules, and mod_greet; one more for
/// a moment while that one goes and comes.
fn assert_level([first, second]: &[Held; 2]) {
    assert!(second.images <= 6, "images: {first:?}, {second:?}");
    assert!(second.threads <= first.threads + first.threads / 4 + 4, "threads: {first:?}, {second:?}");
    assert!(second.resident <= first.resident + first.resident / 4 + (32 << 10), "memory: {first:?}, {second:?}");
}

fn assert_old_generations_are_gone(server: &Server, operator: &mut Operator) {
    let last = operator.generation();
    let gone = || server.log_line(&[&format!("generation {} retired", last - 1)]).is_some();
    let waited = wait::until(Duration::from_secs(60), || gone().then_some(()));
    assert!(waited.is_some(), "generation {} has not retired", last - 1);
    let told = operator.does("lsmod");
    let modules = told["modules"].as_array().expect("a list");
    assert!(modules.iter().all(|module| module["state"] != "retiring"), "{told}");
    server.login().expect("NOOP", 200);
}
