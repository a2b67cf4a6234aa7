//! The daemon's clients: accepted, admitted or turned away, and notified when the daemon ends.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use gantry_api::log::Level;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use super::signals::Signals;
use super::{Daemon, END_LIMIT};
use crate::daemon::capacity::Spare;
use crate::daemon::listener::accepting;
use crate::dialogue::client::{Arrival, serve};
use crate::log::say;
use crate::session::sessions::Closing;

/// How long sessions may continue after their transfers have been aborted.
const CUT_LIMIT: Duration = Duration::from_secs(10);

/// Replaces times that a clock cannot represent.
const FAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

impl Daemon {
    /// Accepts at every required address, and stops at all others.
    pub(super) fn accept_at_all(self: &Arc<Self>) {
        #[cfg(feature = "ctrls")]
        {
            let mut operators = self.operators.lock().unwrap_or_else(PoisonError::into_inner);
            *operators = crate::operators::Operators::at(self, operators.take());
        }
        let Some(current) = self.current() else { return };
        let mut acceptors = self.acceptors.lock().unwrap_or_else(PoisonError::into_inner);
        let wants = |bound: &SocketAddr| current.wanted.addresses.iter().any(|(address, _)| address == bound);
        acceptors.retain(|(bound, shown, task)| {
            let wanted = wants(bound);
            if !wanted {
                task.abort();
                say(Level::Info, format_args!("no longer listening on {shown}"));
            }
            wanted
        });
        for (bound, listener) in current.listeners.sockets() {
            if acceptors.iter().any(|(open, ..)| *open == bound) {
                continue;
            }
            match accepting(listener).and_then(|listener| Ok((listener.local_addr()?, listener))) {
                Ok((shown, listener)) => {
                    say(Level::Info, format_args!("listening on {shown}"));
                    acceptors.push((bound, shown, tokio::spawn(self.clone().accept(bound, listener))));
                }
                Err(error) => say(Level::Error, format_args!("cannot accept on {bound}: {error}")),
            }
        }
    }

    async fn accept(self: Arc<Self>, bound: SocketAddr, listener: TcpListener) {
        let mut spare = Spare::new();
        loop {
            match listener.accept().await {
                Ok((stream, remote)) => self.admit(bound, stream, remote),
                Err(error) => {
                    let seldom = &self.seldom.not_accepted;
                    seldom.say(Level::Error, format_args!("cannot accept connections: {error}"));
                    // Usually there are no free descriptors: clients are turned away by one that is kept back.
                    spare.lend(turn_one_away(&listener)).await;
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn admit(self: &Arc<Self>, bound: SocketAddr, stream: TcpStream, remote: SocketAddr) {
        let Some(current) = self.current() else { return };
        // Check this first: excess connections must not cost anything more.
        if let Some((most, seconds)) = current.connection_rate {
            let mut rate = self.rate.lock().unwrap_or_else(PoisonError::into_inner);
            if !rate.takes(std::time::Instant::now(), most, seconds) {
                return;
            }
        }
        let remote = SocketAddr::new(remote.ip().to_canonical(), remote.port());
        let Ok(local) = stream.local_addr() else { return };
        let local = SocketAddr::new(local.ip().to_canonical(), local.port());
        prepare(&stream);
        let server = current.wanted.server(bound, local);
        let active = self.sessions.count();
        if current.max_instances.is_some_and(|most| active >= most) {
            let seldom = &self.seldom.too_many;
            seldom.say(Level::Warn, format_args!("MaxInstances ({active}) reached: {remote} is turned away"));
            return turn_away(&stream, TOO_MANY);
        }
        if active >= current.room {
            let line = format_args!(
                "{active} sessions are the most that the limit on open files allows: {remote} is turned away"
            );
            self.seldom.no_room.say(Level::Warn, line);
            return turn_away(&stream, TOO_MANY);
        }
        if self.closing.load(Ordering::Relaxed) {
            return turn_away(&stream, "Service shutting down: closing control connection");
        }
        if current.is_down(server) {
            return turn_away(&stream, "Service not available: closed by the administrator");
        }
        let Some(stranger) = self.strangers.enter(remote.ip(), current.max_strangers) else {
            let ip = remote.ip();
            let line = format_args!("MaxUnauthenticatedPerHost reached: {ip} is turned away until some have logged in");
            self.seldom.strangers.say(Level::Warn, line);
            return turn_away(&stream, "Too many connections from your address that have not logged in");
        };
        let id = self.newest.fetch_add(1, Ordering::Relaxed) + 1;
        let generation = current.generation.clone();
        let key = generation.server(server).key.clone();
        let (wishes, counted_at) = self.sessions.enter(id, generation.number, key);
        let leave = Leave { daemon: self.clone(), id };
        let arrival = Arrival {
            id,
            stream,
            local,
            remote,
            server,
            generation,
            reverse_dns: *self.reverse_dns.lock().unwrap_or_else(PoisonError::into_inner),
            census: self.census.clone(),
            names: self.names.clone(),
            stranger: Some(stranger),
            blocking: self.blocking.clone(),
            identity: self.identity.clone(),
            privileged: self.system.clone(),
            wishes,
            counted_at,
        };
        self.spawn(async move {
            let _leave = leave;
            serve(arrival).await;
        });
    }

    /// Starts a session's task; drops the tasks that have ended.
    fn spawn(&self, session: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(session);
    }

    /// Waits for sessions to end by themselves; new clients are turned away. A signal ends the
    /// wait; an operator may shorten or extend it.
    pub(super) async fn wait(&self, grace: Duration, signals: &mut Signals) {
        self.closing.store(true, Ordering::Relaxed);
        let after = |grace| Instant::now().checked_add(grace).unwrap_or_else(|| Instant::now() + FAR);
        let (mut end, mut shutdown) = (after(grace), self.shutdown.subscribe());
        while self.sessions.count() > 0 {
            tokio::select! {
                () = self.left.notified() => {}
                () = tokio::time::sleep_until(end) => return,
                () = signals.end() => return,
                Ok(()) = shutdown.changed() => end = after(shutdown.borrow_and_update().unwrap_or_default()),
            }
        }
    }

    /// Accepts no more clients; notifies the sessions, waits for a while, and then cuts them off.
    pub(super) async fn end(&self) {
        #[cfg(feature = "ctrls")]
        self.works.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
        #[cfg(feature = "ctrls")]
        drop(self.operators.lock().unwrap_or_else(PoisonError::into_inner).take());
        for (.., task) in self.acceptors.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            task.abort();
        }
        // The listening sockets close too: no client must wait at one that nobody answers.
        drop(self.current.write().unwrap_or_else(PoisonError::into_inner).take());
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for (near, wait) in [(Closing::Soon, END_LIMIT), (Closing::Now, CUT_LIMIT)] {
            self.sessions.end_all(near, "Service shutting down");
            let all_gone = async { while tasks.join_next().await.is_some() {} };
            if tokio::time::timeout(wait, all_gone).await.is_ok() {
                break;
            }
            say(Level::Warn, format_args!("cutting off {}", session_count(tasks.len())));
        }
        tasks.shutdown().await;
        // Nobody holds a generation any more; once nobody could send one, the task that retires them ends.
        let retire = self.retire.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((retire, retiring)) = retire {
            drop(retire);
            // Each module gets time to stop, so that data it has yet to write is not lost. An
            // impatient administrator sends a second signal.
            let _ = retiring.await;
        }
        say(Level::Info, format_args!("ended"));
    }
}

const TOO_MANY: &str = "Too many connections: try again later";

/// Tells a client why it is not served, if its socket takes that at once.
fn turn_away(stream: &TcpStream, why: &str) {
    let _ = stream.try_write(format!("421 {why}\r\n").as_bytes());
}

/// Turns away a client that waits, if there is one.
async fn turn_one_away(listener: &TcpListener) {
    let waited = tokio::time::timeout(Duration::from_millis(100), listener.accept()).await;
    if let Ok(Ok((stream, _))) = waited {
        turn_away(&stream, "Too many open files: try again later");
    }
}

/// A number of sessions, for logs.
pub(super) fn session_count(sessions: usize) -> String {
    match sessions {
        1 => "1 session".to_owned(),
        many => format!("{many} sessions"),
    }
}

/// Counts a session out, however it ends.
struct Leave {
    daemon: Arc<Daemon>,
    id: u64,
}

impl Drop for Leave {
    fn drop(&mut self) {
        self.daemon.sessions.leave(self.id);
        self.daemon.left.notify_one();
    }
}

/// Sets options on a control connection. None is essential: a client is served without them, too.
fn prepare(stream: &TcpStream) {
    let socket = SockRef::from(stream);
    // A Telnet Synch (RFC 854) marks ABOR's place with an urgent byte, which stays in the stream
    // only with this option.
    let _ = socket.set_out_of_band_inline(true);
}
