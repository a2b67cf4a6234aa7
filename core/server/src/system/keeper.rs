//! Which tasks wait for which answers of the keeper, and what happens when it ends.
//!
//! The keeper is not started again: that needs root, which the daemon has given up for good. A
//! process that could give it back would be as valuable to an attacker as root itself. From then on
//! logins that need the keeper are refused, and the log says so; everything else continues.

use std::collections::HashMap;
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use gantry_api::log::Level;
use gantry_api::system::PamSession;
use gantry_api::{Error, Result};
use gantry_keeper::{Answer, KeeperExit, Link, Outcome, Receiver, Request, SendError, Task};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

use crate::log::say;

/// How long to wait if the keeper accepts nothing just now.
const PAUSE: Duration = Duration::from_millis(10);

/// The daemon's side of the keeper.
pub struct Keeper {
    link: Option<Link>,
    is_root: bool,
    waiting: Mutex<Waiting>,
    next: AtomicU64,
    /// The sessions to close.
    closing: mpsc::UnboundedSender<u64>,
}

/// An open PAM session. Dropping it closes the session.
pub struct Session {
    id: u64,
    closing: mpsc::UnboundedSender<u64>,
}

enum Waiting {
    /// By the number of the request.
    For(HashMap<u64, oneshot::Sender<(Outcome, Option<Session>)>>),
    /// The keeper has ended, and how.
    Ended(String),
}

/// A started keeper, and the receiver of its answers.
pub type KeeperStart = io::Result<(Link, Receiver)>;

/// Starts the keeper. Call this before the process becomes User, and before any thread is started.
pub fn start() -> KeeperStart {
    Link::start()
}

impl Keeper {
    /// For a keeper that has started, or failed to. Call it in the daemon's runtime; `is_root`
    /// tells whether the process that started the keeper was root.
    pub fn new(started: KeeperStart, is_root: bool) -> io::Result<Arc<Self>> {
        let (closing, mut to_close) = mpsc::unbounded_channel();
        let (link, receiver, waiting) = match started {
            Ok((link, receiver)) => (Some(link), Some(receiver), Waiting::For(HashMap::new())),
            Err(error) => {
                say(Level::Error, format_args!("cannot start the keeper; system users cannot log in: {error}"));
                (None, None, Waiting::Ended(error.to_string()))
            }
        };
        let keeper = Arc::new(Self { link, is_root, waiting: Mutex::new(waiting), next: AtomicU64::new(1), closing });
        if let Some(receiver) = receiver {
            let of_thread = Arc::downgrade(&keeper);
            let hear = move || hear(receiver, &of_thread);
            thread::Builder::new().name("gantryd-keeper".to_owned()).spawn(hear)?;
        }
        let of_task = Arc::downgrade(&keeper);
        Handle::current().spawn(async move {
            while let Some(id) = to_close.recv().await {
                let Some(keeper) = of_task.upgrade() else { return };
                // A keeper that has ended closes its sessions itself.
                let _ = keeper.send(&Request { id, task: Task::Close }, None).await;
            }
        });
        Ok(keeper)
    }

    /// Whether it is root.
    pub fn is_root(&self) -> bool {
        self.is_root
    }

    /// Its process id and whether it is root, or how it ended.
    #[cfg(feature = "ctrls")]
    pub fn shown(&self) -> String {
        match (&*self.waiting(), &self.link) {
            (Waiting::Ended(how), _) => format!("ended ({how})"),
            (Waiting::For(_), Some(link)) => {
                format!("process {}, {}", link.pid(), if self.is_root { "root" } else { "not root" })
            }
            (Waiting::For(_), None) => "none".to_owned(),
        }
    }

    /// Asks it for some work, with a descriptor if the work needs one. Returns the PAM session if
    /// the work opened one.
    pub async fn ask(&self, task: Task, descriptor: Option<BorrowedFd<'_>>) -> Result<(Outcome, Option<Session>)> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (send, answer) = oneshot::channel();
        match &mut *self.waiting() {
            Waiting::For(waiting) => drop(waiting.insert(id, send)),
            Waiting::Ended(how) => return Err(gone(how)),
        }
        // If this future is dropped, a later answer is ignored.
        let _place = Place { keeper: self, id };
        self.send(&Request { id, task }, descriptor).await?;
        answer.await.map_err(|_| match &*self.waiting() {
            Waiting::Ended(how) => gone(how),
            Waiting::For(_) => Error::system("the keeper does not answer"),
        })
    }

    /// Sends a request; waits while the keeper accepts none.
    async fn send(&self, request: &Request, descriptor: Option<BorrowedFd<'_>>) -> Result<()> {
        let link = self.link.as_ref().ok_or_else(|| Error::system("the keeper is not running"))?;
        loop {
            match link.send(request, descriptor) {
                Ok(()) => return Ok(()),
                Err(SendError::System(error)) if error.kind() == io::ErrorKind::WouldBlock => sleep(PAUSE).await,
                // The user name or the password is longer than any valid one.
                Err(SendError::Fault(fault)) => return Err(Error::system(fault.to_string())),
                Err(SendError::System(error)) => return Err(gone(&error.to_string())),
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, Answer { id, outcome }: Answer) {
        let waits = match &mut *self.waiting() {
            Waiting::For(waiting) => waiting.remove(&id),
            Waiting::Ended(_) => None,
        };
        let opened = matches!(&outcome, Outcome::Pam(said) if said.session);
        // If nobody waits, dropping it closes the session.
        let session = opened.then(|| Session { id, closing: self.closing.clone() });
        if let Some(waits) = waits {
            let _ = waits.send((outcome, session));
        }
    }

    fn end(&self, ended: &KeeperExit) {
        let how = ended.to_string();
        let before = std::mem::replace(&mut *self.waiting(), Waiting::Ended(how.clone()));
        drop(before);
        let pid = self.link.as_ref().map_or(0, Link::pid);
        say(
            Level::Error,
            format_args!(
                "the keeper (process {pid}) has ended: {how}: system users cannot log in until gantryd is restarted"
            ),
        );
    }
}

/// The thread that receives the keeper's answers, until either side ends.
fn hear(mut receiver: Receiver, keeper: &std::sync::Weak<Keeper>) {
    loop {
        let heard = receiver.receive();
        // The daemon has ended it.
        let Some(keeper) = keeper.upgrade() else { return };
        match heard {
            Ok(answer) => keeper.take(answer),
            Err(ended) => return keeper.end(&ended),
        }
    }
}

fn gone(how: &str) -> Error {
    Error::system(format!("the keeper has ended ({how}): restart gantryd"))
}

/// The entry of a waiting task.
struct Place<'a> {
    keeper: &'a Keeper,
    id: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Waiting::For(waiting) = &mut *self.keeper.waiting() {
            waiting.remove(&self.id);
        }
    }
}

impl PamSession for Session {}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.closing.send(self.id);
    }
}
