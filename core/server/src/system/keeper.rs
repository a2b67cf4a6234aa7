//! Who waits for which answer of the keeper, and what happens when it ends.
//!
//! The keeper is not started again: that takes root, which the daemon has given up for good, and a process that could
//! give it back would be worth as much to an attacker as root itself. Logins that need the keeper are refused from then
//! on, and the log says so; all else goes on.

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

/// How long to wait when the keeper takes nothing just now.
const PAUSE: Duration = Duration::from_millis(10);

/// The daemon's side of the keeper.
pub struct Keeper {
    link: Option<Link>,
    is_root: bool,
    waiting: Mutex<Waiting>,
    next: AtomicU64,
    /// Sessions that are to be closed.
    closing: mpsc::UnboundedSender<u64>,
}

/// A PAM session that is open. Its drop closes it.
pub struct Session {
    id: u64,
    closing: mpsc::UnboundedSender<u64>,
}

enum Waiting {
    /// By the numbers of their requests.
    For(HashMap<u64, oneshot::Sender<(Outcome, Option<Session>)>>),
    /// The keeper has gone; how.
    Ended(String),
}

/// A keeper that has started, and how its answers come in.
pub type Started = io::Result<(Link, Receiver)>;

/// Starts the keeper. Call this before the process becomes User, and before any thread is started.
pub fn start() -> Started {
    Link::start()
}

impl Keeper {
    /// A keeper that has started, or did not. Within the daemon's runtime; `is_root` is what the process was when it
    /// started the keeper.
    pub fn new(started: Started, is_root: bool) -> io::Result<Arc<Self>> {
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
                // Only a keeper that has gone closes it by itself.
                let _ = keeper.send(&Request { id, task: Task::Close }, None).await;
            }
        });
        Ok(keeper)
    }

    /// Whether it is root.
    pub fn is_root(&self) -> bool {
        self.is_root
    }

    /// Its process and whose it is, or how it ended.
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

    /// Has it do some work, with a descriptor if the work needs one; the session is one that the work has opened.
    pub async fn ask(&self, task: Task, descriptor: Option<BorrowedFd<'_>>) -> Result<(Outcome, Option<Session>)> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (send, answer) = oneshot::channel();
        match &mut *self.waiting() {
            Waiting::For(waiting) => drop(waiting.insert(id, send)),
            Waiting::Ended(how) => return Err(gone(how)),
        }
        // Whatever ends this future, an answer that comes later finds nobody.
        let _place = Place { keeper: self, id };
        self.send(&Request { id, task }, descriptor).await?;
        answer.await.map_err(|_| match &*self.waiting() {
            Waiting::Ended(how) => gone(how),
            Waiting::For(_) => Error::system("the keeper does not answer"),
        })
    }

    /// Sends a request; waits while the keeper takes none.
    async fn send(&self, request: &Request, descriptor: Option<BorrowedFd<'_>>) -> Result<()> {
        let link = self.link.as_ref().ok_or_else(|| Error::system("the keeper is not running"))?;
        loop {
            match link.send(request, descriptor) {
                Ok(()) => return Ok(()),
                Err(SendError::System(error)) if error.kind() == io::ErrorKind::WouldBlock => sleep(PAUSE).await,
                // The name of a user, or a password, is longer than any that could be right.
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
        // Where nobody waits, its drop closes the session again.
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

/// The thread that hears the keeper's answers, until either side ends.
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

/// The place of one who waits.
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
