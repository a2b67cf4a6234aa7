//! Talks to operators: one task accepts connections, and one per operator answers requests until
//! the operator disconnects.

use std::collections::HashMap;
use std::io;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gantry_api::log::Level;
use gantry_api::proto::text::{Escaped, OneLine};
use jiff::ZonedDateTime;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::acl::Peer;
use super::control::Control;
use super::frame::{Answer, MOST_ASKED, Question, Reason};
use crate::caught::caught;
use crate::log::say;

/// How long an operator may be silent.
const SILENCE: Duration = Duration::from_secs(60);
/// The time limit for an operator to read an answer.
const SEND_LIMIT: Duration = Duration::from_secs(30);

/// The part of a request that is logged, in bytes.
const LOGGED: usize = 512;

/// Answers requests.
pub(crate) trait Host: Send + Sync + 'static {
    /// The control socket of the current generation; `None` while shutting down.
    fn with_control<T>(&self, work: impl FnOnce(&Control) -> T) -> Option<T>;

    /// Performs an action for somebody who may use the socket.
    fn answer(
        self: &Arc<Self>,
        question: &Question,
        peer: &Peer,
    ) -> impl Future<Output = Result<gantry_api::control::Answer, (Reason, String)>> + Send;
}

/// The task that accepts operators on one socket; dropping this ends it.
pub(crate) struct Operators {
    /// Identifies the socket.
    file: (u64, u64),
    task: JoinHandle<()>,
}

impl Operators {
    /// Accepts on the host's current control socket. If that has not changed, `before` continues.
    pub(crate) fn at<H: Host>(host: &Arc<H>, before: Option<Self>) -> Option<Self> {
        let (file, path, listener) = host.with_control(|control| {
            let socket = control.socket.as_ref()?;
            control.settle();
            Some((socket.file(), socket.path().to_owned(), socket.accepting()))
        })??;
        if let Some(before) = before.filter(|before| before.file == file) {
            return Some(before);
        }
        match listener {
            Ok(listener) => {
                say(Level::Info, format_args!("control socket: listening on {}", path.display()));
                Some(Self { file, task: tokio::spawn(accept(host.clone(), listener)) })
            }
            Err(error) => {
                say(Level::Error, format_args!("cannot accept operators: {error}"));
                None
            }
        }
    }
}

impl Drop for Operators {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept<H: Host>(host: Arc<H>, listener: UnixListener) {
    let active = Arc::new(Active::default());
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                say(Level::Error, format_args!("cannot accept an operator: {error}"));
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (active, host) = (active.clone(), host.clone());
        // It outlives this task, so that an operator who moves the socket or ends the daemon still
        // gets an answer.
        tokio::spawn(async move {
            if let Err(error) = talk(&host, stream, &active).await {
                say(Level::Debug, format_args!("an operator's connection: {error}"));
            }
        });
    }
}

/// The number of connected operators by uid, so that no user takes another's places.
type Active = Mutex<HashMap<u32, usize>>;

/// A connected operator.
struct Place<'a> {
    active: &'a Active,
    uid: u32,
    /// How many of the same user were connected before it.
    before: usize,
}

impl<'a> Place<'a> {
    fn take(active: &'a Active, uid: u32) -> Self {
        let mut counts = active.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(uid).or_default();
        *count += 1;
        Self { active, uid, before: *count - 1 }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut counts = self.active.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.uid) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.uid);
            }
        }
    }
}

async fn talk<H: Host>(host: &Arc<H>, mut stream: UnixStream, active: &Active) -> io::Result<()> {
    let credentials = stream.peer_cred()?;
    let place = Place::take(active, credentials.uid());
    // The name service may have to ask another machine.
    let peer = tokio::task::block_in_place(|| Peer::of(credentials.uid(), credentials.gid()))?;
    let most = host.with_control(|control| (control.most, control.lets_in(&peer)));
    let refusal = match most {
        Some((_, false)) => {
            Some((Reason::Denied, format!("{peer} may not use the control socket (ControlsSocketACL)")))
        }
        Some((most, _)) if place.before >= most => Some((
            Reason::Busy,
            format!("too many operators of this user (ControlsMaxClients {}): try again later", place.before),
        )),
        _ => None,
    };
    let (read, mut write) = stream.split();
    if let Some((reason, error)) = refusal {
        say(Level::Warn, format_args!("control: {peer}: {error}"));
        return send(&mut write, &Answer::refused(reason, error)).await;
    }
    let mut read = BufReader::new(read);
    loop {
        let mut line = Vec::new();
        let most = (MOST_ASKED + 1) as u64;
        let count = timeout(SILENCE, (&mut read).take(most).read_until(b'\n', &mut line)).await??;
        if count == 0 {
            return Ok(());
        }
        if line.len() > MOST_ASKED {
            let words = format!("a request may have at most {MOST_ASKED} bytes");
            return send(&mut write, &Answer::refused(Reason::Malformed, words)).await;
        }
        let answer = match serde_json::from_slice::<Question>(&line) {
            Ok(question) => answer(host, &question, &peer).await,
            Err(error) => Answer::refused(Reason::Malformed, format!("not a valid request: {error}")),
        };
        send(&mut write, &answer).await?;
    }
}

async fn answer<H: Host>(host: &Arc<H>, question: &Question, peer: &Peer) -> Answer {
    // A panic here ends this request and nothing else.
    let answered = caught(async { Ok(host.answer(question, peer).await) }).await;
    let answered = answered.unwrap_or_else(|error| Err((Reason::Refused, error.to_string())));
    record(&**host, question, peer, answered.as_ref().err());
    match answered {
        Ok(answer) => Answer::done(answer),
        Err((reason, error)) => Answer::refused(reason, error),
    }
}

/// Logs who requested what, and the result: to ControlsLog, or to the daemon's log if there is
/// none.
fn record<H: Host>(host: &H, question: &Question, peer: &Peer, refused: Option<&(Reason, String)>) {
    let words = std::iter::once(&question.action).chain(&question.arguments);
    let mut asked = words.map(|word| Escaped(word.as_bytes()).to_string()).collect::<Vec<_>>().join(" ");
    asked.truncate(asked.floor_char_boundary(LOGGED));
    let outcome = match refused {
        None => "done".to_owned(),
        Some((_, error)) => format!("refused: {}", OneLine(error)),
    };
    let log = host.with_control(|control| control.log.clone()).flatten();
    match log {
        Some(log) => {
            let time = ZonedDateTime::now().strftime("%Y-%m-%d %H:%M:%S").to_string();
            let line = format!("{time} [{}] {peer}: {asked}: {outcome}\n", std::process::id());
            if let Err(error) = (&*log).write_all(line.as_bytes()) {
                say(Level::Error, format_args!("ControlsLog: {error}"));
            }
        }
        None => say(Level::Info, format_args!("control: {peer}: {asked}: {outcome}")),
    }
}

async fn send(write: &mut (impl AsyncWriteExt + Unpin), answer: &Answer) -> io::Result<()> {
    timeout(SEND_LIMIT, write.write_all(&answer.line())).await?
}
