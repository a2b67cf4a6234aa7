//! Clients at work while modules are swapped, taken in and out, and the
//! configuration is reloaded, again and again: nobody notices, and nothing grows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use gantry_tests::fixture::{install, rebuild};
use gantry_tests::operator::{Operator, let_operators_in};
use gantry_tests::prelude::*;
use gantry_tests::{full, layout, wait};

/// What the process holds at one moment.
#[derive(Debug, Clone, Copy, Default)]
struct Resources {
    /// KiB that are in memory.
    resident: u64,
    /// Different images of modules that are mapped.
    images: usize,
}

impl Resources {
    fn by(pid: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the daemon lives");
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let resident = resident.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        let maps = fs::read_to_string(format!("/proc/{pid}/maps")).expect("the daemon lives");
        let inode = |line: &str| line.split_whitespace().nth(4).map(str::to_owned);
        let images: BTreeSet<_> = maps.lines().filter(|line| line.contains("memfd:")).filter_map(inode).collect();
        Self { resident: resident.expect("Linux tells the memory"), images: images.len() }
    }

    fn most(self, other: Self) -> Self {
        Self { resident: self.resident.max(other.resident), images: self.images.max(other.images) }
    }
}

/// How many threads of each name a process has. The threads of SQLite's
/// connections, which have numbers, count as `sqlite`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Threads(BTreeMap<String, usize>);

impl Threads {
    fn of(pid: u32) -> Self {
        let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("the daemon lives");
        // A thread may end meanwhile.
        let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
        let mut threads = BTreeMap::new();
        for name in names {
            let name = name.trim_end();
            let name = if name.starts_with("sqlite-") { "sqlite" } else { name };
            *threads.entry(name.to_owned()).or_default() += 1;
        }
        Self(threads)
    }

    fn have(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.0.contains_key(*name))
    }

    /// Whether there are no more of any name than in `most`.
    fn are_within(&self, most: &Self) -> bool {
        self.0.iter().all(|(name, count)| count <= most.0.get(name).unwrap_or(&0))
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
    let changes = full::or(20, 120);
    let mut modules = None;
    let server = Server::with(Layout::Shared, |config| {
        let_operators_in(config);
        modules = Some(config.own_modules());
    });
    let builds = Builds::new(modules.expect("they were made"));
    // A thread has its name once it runs.
    let named = || Some(Threads::of(server.pid())).filter(|threads| threads.have(&SWAPPED));
    let at_rest = wait::until(wait::PATIENCE, named).expect("each loaded runtime has a thread of its module's name");
    let (done, rounds) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let threads: Vec<_> = (0..clients)
        .map(|name| {
            let (address, done, rounds) = (server.address(), done.clone(), rounds.clone());
            thread::spawn(move || work(address, name, &done, &rounds))
        })
        .collect();
    let mut halves = [Resources::default(); 2];
    let mut operator = Operator::of(&server);
    for change in 0..changes {
        let before = rounds.load(Ordering::Relaxed);
        builds.round(&server, &mut operator, change);
        let half = usize::from(change >= changes / 2);
        halves[half] = halves[half].most(Resources::by(server.pid()));
        // As many rounds as there are clients: they work in each generation.
        let came_through = || (rounds.load(Ordering::Relaxed) >= before + clients).then_some(());
        assert!(wait::until(ROUNDS_LIMIT, came_through).is_some(), "clients come through after change {change}");
    }
    done.store(true, Ordering::Relaxed);
    for thread in threads {
        thread.join().expect("no client failed");
    }
    eprintln!("{} rounds of {clients} clients, {changes} changes; {halves:?}", rounds.load(Ordering::Relaxed));
    assert_level(&halves);
    assert_old_generations_are_gone(&server, &mut operator);
    assert_threads_are_gone(&server, at_rest);
}

/// The longest that all clients' work may take once.
const ROUNDS_LIMIT: Duration = Duration::from_secs(120);
/// The most connections that mod_sql_sqlite makes to a database.
const CONNECTIONS: usize = 4;

/// Images are five at most: two builds of two modules, and mod_greet; one more for
/// a moment while that one goes and comes.
fn assert_level([first, second]: &[Resources; 2]) {
    assert!(second.images <= 6, "images: {first:?}, {second:?}");
    assert!(second.resident <= first.resident + first.resident / 4 + (32 << 10), "memory: {first:?}, {second:?}");
}

/// How many threads there are under load is up to the load: those for files and
/// for what may wait start on demand, hundreds of them. They end when they have
/// had no work for ten seconds. So what former generations left behind is seen
/// once nobody works: there are no more threads than at first.
fn assert_threads_are_gone(server: &Server, mut at_rest: Threads) {
    // These outlive work for longer.
    at_rest.0.insert("sqlite".to_owned(), CONNECTIONS);
    let threads = || Threads::of(server.pid());
    let ended = wait::until(Duration::from_secs(60), || threads().are_within(&at_rest).then_some(()));
    assert!(ended.is_some(), "threads: at most {at_rest:?} at rest, {:?} now", threads());
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
