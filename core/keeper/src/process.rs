//! The keeper's process. It reads a request, forks a worker for it, passes the worker's answer on,
//! and ends workers when their time is up. It does no such work itself: a failure in a PAM module
//! or the name service only affects a worker, and costs one login.
//!
//! A worker that has opened a PAM session stays until the session is closed, because only the process that opened it can
//! close it.

mod descendants;
mod ports;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use gantry_sys::background::{close_standard_streams, exit_now, fork};
use gantry_sys::signals;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, fcntl_dupfd_cloexec};
use rustix::net::{AddressFamily, Shutdown, SocketFlags, SocketType, shutdown, socketpair};
use rustix::process::{
    DumpableBehavior, Pid, Resource, Rlimit, Signal, WaitOptions, getrlimit, kill_process, kill_process_group,
    set_dumpable_behavior, set_parent_process_death_signal, setpgid, setrlimit, waitpid,
};
use zeroize::Zeroizing;

use crate::packets::{Packet, receive, receive_all, speak};
use crate::protocol::{Answer, Outcome, Request, Task};
use crate::work;

/// The argument that makes an executable the keeper.
pub(crate) const ARGUMENT: &str = "--keeper";

/// The maximum number of workers that a caller is waiting for.
pub(crate) const WORKERS: usize = 64;
/// The maximum number of PAM sessions at once, each a worker.
const SESSIONS: usize = 4096;
/// The time limit for comparing a password.
const CHECK_LIMIT: Duration = Duration::from_secs(20);
/// How long making a home directory, or giving a file away, may take.
const FILES_LIMIT: Duration = Duration::from_secs(60);
/// The longest time limit of a PAM conversation.
const PAM_LIMIT: Duration = Duration::from_secs(600);
/// How often to look whether killed workers have gone.
const PAUSE: Duration = Duration::from_millis(50);
/// The time limit for closing a session.
const CLOSE_LIMIT: Duration = Duration::from_secs(30);

/// Does the keeper's work if this process is to be the keeper, and returns its exit code. Call this before anything else
/// in `main`.
#[must_use]
pub fn answer() -> Option<ExitCode> {
    let argument = std::env::args_os().nth(1)?;
    (argument == OsStr::new(ARGUMENT)).then(|| match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ExitCode::from(u8::try_from(error.raw_os_error().unwrap_or(1)).unwrap_or(1).max(1)),
    })
}

fn serve() -> io::Result<()> {
    // Above the standard streams, and closed in programs that PAM modules start.
    let daemon = fcntl_dupfd_cloexec(io::stdin(), 3)?;
    close_standard_streams()?;
    settle();
    let mut keeper = Keeper { daemon, workers: HashMap::new(), killed: Vec::new() };
    let done = keeper.live();
    keeper.end();
    done
}

/// Makes the settings that a process of root should have. None of them is essential.
fn settle() {
    let _ = rustix::thread::set_name(c"gantryd-keeper");
    // Signals of a terminal or a service manager are for the daemon; when it ends, the keeper ends.
    signals::ignore_endings();
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let _ = std::env::set_current_dir("/");
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
}

struct Keeper {
    daemon: OwnedFd,
    workers: HashMap<u64, Worker>,
    /// Workers that were killed and have not ended yet: one that waits for a file system may take a
    /// while.
    killed: Vec<Pid>,
}

struct Worker {
    pid: Pid,
    pipe: OwnedFd,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// A caller waits for its answer.
    Works { until: Instant },
    /// It keeps a PAM session open.
    Session,
    /// It closes the session.
    Closes { until: Instant },
}

impl Keeper {
    /// Runs until the daemon has ended.
    fn live(&mut self) -> io::Result<()> {
        loop {
            let (daemon, spoken) = self.wait()?;
            for id in spoken {
                self.hear(id)?;
            }
            self.end_late_workers()?;
            self.killed.retain(|pid| !is_reaped(*pid));
            if daemon {
                match receive_all(&self.daemon)? {
                    (Packet::End, _) => return Ok(()),
                    (Packet::Cut, _) => {}
                    (Packet::Whole(packet), descriptor) => self.take(packet, descriptor)?,
                }
            }
        }
    }

    /// Whether the daemon has sent something, and which workers have.
    fn wait(&self) -> io::Result<(bool, Vec<u64>)> {
        let next = self.workers.values().filter_map(|worker| worker.until()).min();
        let time = next.map(|until| until.saturating_duration_since(Instant::now()));
        // Nothing reports the end of these.
        let time = if self.killed.is_empty() { time } else { Some(time.map_or(PAUSE, |time| time.min(PAUSE))) };
        let time = time.map(Timespec::try_from).transpose().map_err(io::Error::other)?;
        let ids: Vec<u64> = self.workers.keys().copied().collect();
        let pipes = ids.iter().filter_map(|id| Some(PollFd::new(&self.workers.get(id)?.pipe, PollFlags::IN)));
        let mut waiting: Vec<_> = [PollFd::new(&self.daemon, PollFlags::IN)].into_iter().chain(pipes).collect();
        match poll(&mut waiting, time.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut spoken = waiting.iter().map(|one| !one.revents().is_empty());
        let daemon = spoken.next().unwrap_or(false);
        Ok((daemon, ids.into_iter().zip(spoken).filter_map(|(id, spoken)| spoken.then_some(id)).collect()))
    }

    /// Handles a request of the daemon. A malformed one is dropped: the daemon only sends valid ones.
    fn take(&mut self, packet: Zeroizing<Vec<u8>>, descriptor: Option<OwnedFd>) -> io::Result<()> {
        let Ok(Request { id, task }) = Request::decode(&packet) else { return Ok(()) };
        drop(packet);
        let until = match &task {
            Task::Close => {
                self.close(id);
                return Ok(());
            }
            Task::Bind(address) => {
                return match ports::bind(descriptor, *address) {
                    Ok(()) => self.say(&Answer { id, outcome: Outcome::Done }),
                    Err(error) => self.fail(id, &error.to_string()),
                };
            }
            Task::Check(_) => CHECK_LIMIT,
            Task::Home(_) | Task::Give { .. } => FILES_LIMIT,
            Task::Pam(request) => request.limit.min(PAM_LIMIT),
        };
        if self.workers.contains_key(&id) {
            return Ok(());
        }
        let sessions = self.workers.values().filter(|worker| worker.state == State::Session).count();
        let opens = matches!(&task, Task::Pam(request) if request.session);
        if self.workers.len() - sessions + self.killed.len() >= WORKERS || opens && sessions >= SESSIONS {
            return self.fail(id, "too many logins or PAM sessions at once");
        }
        match self.split(id, task, descriptor) {
            Ok((pid, pipe)) => {
                let state = State::Works { until: Instant::now() + until };
                self.workers.insert(id, Worker { pid, pipe, state });
                Ok(())
            }
            Err(error) => self.fail(id, &format!("cannot start a process for the request: {error}")),
        }
    }

    /// Starts a worker, which inherits nothing from the keeper but its end of a pair of sockets, and what came with the request.
    fn split(&mut self, id: u64, task: Task, descriptor: Option<OwnedFd>) -> io::Result<(Pid, OwnedFd)> {
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        if let Some(pid) = fork()? {
            // In both processes, so that it is done whichever runs first.
            let _ = setpgid(Some(pid), Some(pid));
            return Ok((pid, ours));
        }
        // The worker's own copies, so that nothing it runs can send as the keeper.
        drop(ours);
        self.workers.clear();
        let nothing = rustix::fs::open("/dev/null", rustix::fs::OFlags::CLOEXEC, rustix::fs::Mode::empty());
        match nothing {
            Ok(nothing) => self.daemon = nothing,
            Err(_) => exit_now(1),
        }
        let _ = setpgid(None, None);
        let _ = set_parent_process_death_signal(Some(Signal::KILL));
        signals::restore();
        work::run(&theirs, id, task, descriptor);
        exit_now(0)
    }

    /// Handles a worker's message, or its end.
    fn hear(&mut self, id: u64) -> io::Result<()> {
        let Some(worker) = self.workers.get_mut(&id) else { return Ok(()) };
        let answer = match receive(&worker.pipe) {
            Ok(Packet::Whole(packet)) => Answer::decode(&packet).ok().filter(|answer| answer.id == id),
            _ => None,
        };
        let awaited = matches!(worker.state, State::Works { .. });
        match &answer {
            Some(Answer { outcome: Outcome::Pam(said), .. }) if awaited && said.session => {
                worker.state = State::Session
            }
            _ => self.end_worker(id),
        }
        match answer {
            Some(answer) if awaited => self.say(&answer),
            None if awaited => self.fail(id, "the process for the request ended without an answer"),
            _ => Ok(()),
        }
    }

    fn close(&mut self, id: u64) {
        if let Some(worker) = self.workers.get_mut(&id).filter(|worker| worker.state == State::Session) {
            let _ = shutdown(&worker.pipe, Shutdown::Write);
            worker.state = State::Closes { until: Instant::now() + CLOSE_LIMIT };
        }
    }

    fn end_late_workers(&mut self) -> io::Result<()> {
        let now = Instant::now();
        let late = self.workers.iter().filter(|(_, worker)| worker.until().is_some_and(|until| until <= now));
        let late: Vec<_> = late.map(|(id, worker)| (*id, matches!(worker.state, State::Works { .. }))).collect();
        for (id, awaited) in late {
            if let Some(worker) = self.workers.get(&id) {
                descendants::end(worker.pid);
            }
            self.end_worker(id);
            if awaited {
                self.say(&Answer { id, outcome: Outcome::Late })?;
            }
        }
        Ok(())
    }

    /// Ends a worker with all that it started, as far as that is in its process group.
    fn end_worker(&mut self, id: u64) {
        if let Some(worker) = self.workers.remove(&id) {
            let _ = kill_process_group(worker.pid, Signal::KILL);
            let _ = kill_process(worker.pid, Signal::KILL);
            self.killed.push(worker.pid);
        }
    }

    fn fail(&self, id: u64, why: &str) -> io::Result<()> {
        self.say(&Answer { id, outcome: Outcome::Failed(why.to_owned()) })
    }

    fn say(&self, answer: &Answer) -> io::Result<()> {
        speak(&self.daemon, answer)
    }

    /// The daemon has ended: closes the sessions, lets those that are closing finish, and ends
    /// everything else.
    fn end(&mut self) {
        let states: Vec<_> = self.workers.iter().map(|(id, worker)| (*id, worker.state)).collect();
        for (id, state) in states {
            match state {
                State::Works { .. } => self.end_worker(id),
                State::Session => self.close(id),
                State::Closes { .. } => {}
            }
        }
        let until = Instant::now() + CLOSE_LIMIT;
        while !self.workers.is_empty() && Instant::now() < until {
            // The daemon's socket is closed and would end every poll at once.
            let ids: Vec<u64> = self.workers.keys().copied().collect();
            let mut pipes: Vec<_> =
                self.workers.values().map(|worker| PollFd::new(&worker.pipe, PollFlags::IN)).collect();
            let second = Timespec { tv_sec: 1, tv_nsec: 0 };
            let _ = poll(&mut pipes, Some(&second));
            let ended: Vec<bool> = pipes.iter().map(|pipe| !pipe.revents().is_empty()).collect();
            for (id, _) in ids.into_iter().zip(ended).filter(|(_, ended)| *ended) {
                self.end_worker(id);
            }
        }
        let left: Vec<u64> = self.workers.keys().copied().collect();
        left.into_iter().for_each(|id| self.end_worker(id));
    }
}

/// Whether a process has gone, without waiting for it.
fn is_reaped(pid: Pid) -> bool {
    !matches!(waitpid(Some(pid), WaitOptions::NOHANG), Ok(None) | Err(Errno::INTR))
}

impl Worker {
    fn until(&self) -> Option<Instant> {
        match self.state {
            State::Works { until } | State::Closes { until } => Some(until),
            State::Session => None,
        }
    }
}
