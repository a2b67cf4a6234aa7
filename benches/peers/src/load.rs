//! N sessions at their work for a while: how much they did, how long it took, and
//! how long the server's processes ran for it.

use std::fs::File;
use std::net::SocketAddr;
use std::sync::Barrier;
use std::thread::{Builder, scope};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::case::{Case, IN_FILE, Work, Worker};
use crate::error::Result;
use crate::server::Server;
use crate::session::Session;
use crate::time_wait;

/// A thread drives one session, and needs little.
const STACK: usize = 128 << 10;
/// How many log in at a time where sessions are only opened.
const AT_ONCE: usize = 8;

/// What was measured.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How many units were done.
    pub units: f64,
    /// How long that took.
    pub seconds: f64,
    /// How long the server's processes were on a processor, in seconds.
    pub server: f64,
    /// How long the client was.
    pub client: f64,
    /// Of each turn, sorted.
    pub turns: Vec<Duration>,
    /// Of each turn that brings data, until the first of it; sorted.
    pub first: Vec<Duration>,
    /// Ports in TIME_WAIT at the beginning and at the end.
    pub time_wait: (u64, u64),
}

/// Measures a case, for about so long. The thread is in the server's network.
pub fn run(server: &Server, case: Case, time: Duration, source: &File) -> Result<Outcome> {
    let address = server.address();
    let processes = server.processes()?;
    let workers = open(case, address, source)?;
    if case.work.is_login() {
        server.settle(processes)?;
    }
    let time_wait = time_wait::count()?;
    let barrier = Barrier::new(case.sessions + 1);
    let (outcome, workers) = scope(|scope| {
        let threads: std::io::Result<Vec<_>> = workers
            .into_iter()
            .map(|worker| {
                let barrier = &barrier;
                Builder::new().stack_size(STACK).spawn_scoped(scope, move || {
                    barrier.wait();
                    turns(worker, case.work, address, time)
                })
            })
            .collect();
        // Threads that have started would wait for those that could not.
        let threads = threads.unwrap_or_else(|error| {
            eprintln!("peers: cannot start {} threads: {error}", case.sessions);
            std::process::exit(1)
        });
        let (ran, own) = (server.ran()?, own_time());
        barrier.wait();
        let began = Instant::now();
        let mut outcome = Outcome::default();
        let mut workers = Vec::new();
        for thread in threads {
            let done = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            outcome.turns.extend(done.turns);
            outcome.first.extend(done.first);
            workers.extend(done.worker);
        }
        outcome.seconds = began.elapsed().as_secs_f64();
        outcome.client = (own_time() - own).as_secs_f64();
        if case.work.is_login() {
            server.settle(processes)?;
        }
        outcome.server = (server.ran()? - ran).as_secs_f64();
        outcome.time_wait = (time_wait, time_wait::count()?);
        Ok((outcome, workers))
    })?;
    workers.into_iter().try_for_each(Worker::quit)?;
    server.settle(processes)?;
    let mut outcome: Outcome = outcome;
    outcome.units = outcome.turns.len() as f64 * case.work.units();
    outcome.turns.sort_unstable();
    outcome.first.sort_unstable();
    Ok(outcome)
}

/// The memory of each session that is logged in and idle, in bytes.
pub fn idle(server: &Server, sessions: usize) -> Result<f64> {
    let processes = server.processes()?;
    let before = server.held()?;
    let address = server.address();
    let opened: Result<Vec<Vec<Session>>> = scope(|scope| {
        let threads: Vec<_> = (0..AT_ONCE)
            .map(|number| {
                scope.spawn(move || (number..sessions).step_by(AT_ONCE).map(|_| logged_in(address)).collect())
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    let opened = opened?;
    let after = server.held()?;
    opened.into_iter().flatten().try_for_each(Session::quit)?;
    server.settle(processes)?;
    Ok(after.saturating_sub(before) as f64 / sessions as f64)
}

/// The sessions, logged in; for logins none, but one has shown that it works.
fn open(case: Case, address: SocketAddr, source: &File) -> Result<Vec<Option<Worker<'_>>>> {
    let open = |number| Worker::new(Session::connect(address)?, case.work, number, source);
    if case.work.is_login() {
        open(0)?.quit()?;
        return Ok((0..case.sessions).map(|_| None).collect());
    }
    (0..case.sessions).map(|number| open(number).map(Some)).collect()
}

/// What one thread has done.
struct Done<'a> {
    worker: Option<Worker<'a>>,
    turns: Vec<Duration>,
    first: Vec<Duration>,
}

fn turns(worker: Option<Worker<'_>>, work: Work, address: SocketAddr, time: Duration) -> Result<Done<'_>> {
    let mut done = Done { worker, turns: Vec::new(), first: Vec::new() };
    let mut began = Instant::now();
    let end = began + time;
    while began < end {
        match &mut done.worker {
            Some(worker) => done.first.extend(worker.turn()?),
            None => login(work, address)?,
        }
        let now = Instant::now();
        done.turns.push(now - began);
        began = now;
    }
    Ok(done)
}

fn login(work: Work, address: SocketAddr) -> Result<()> {
    let mut session = Session::connect(address)?;
    session.login(work.login())?;
    session.quit()
}

fn logged_in(address: SocketAddr) -> Result<Session> {
    let mut session = Session::connect(address)?;
    session.login(IN_FILE)?;
    Ok(session)
}

/// How long this process has been on a processor.
fn own_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Of sorted times, the one below which this part of them is; zero of none.
pub fn quantile(sorted: &[Duration], part: f64) -> Duration {
    let at = (sorted.len() as f64 * part) as usize;
    sorted.get(at.min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}
