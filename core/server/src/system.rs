//! The host's own users, as modules see them: the name service on the threads for files, passwords and PAM by the keeper,
//! the one process that is root. All of it is bounded, in number and in time, and none of it runs on the caller's thread:
//! that may be a module's own.

mod keeper;
mod lookup;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use gantry_api::system::{PamLogin, PamOutcome, PamSession, Standing, System};
use gantry_api::{Account, Error, ErrorKind, Result, async_trait};
use gantry_keeper::{Check, NewHome, Outcome, PamAnswer, PamRequest, Task, is_host, is_user};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use zeroize::Zeroizing;

use crate::caught::caught;
use crate::files::blocking::Blocking;
use crate::files::privileged::{NewOwners, Privileged};

use keeper::Session;
pub use keeper::{Keeper, start as start_keeper};

/// Look-ups by the name service at once: one that hangs must not take all threads for files.
const LOOKUPS: usize = 8;
/// Conversations with PAM at once: a hash may take 16 MiB of memory. With the comparisons no more than the keeper takes.
const CONVERSATIONS: usize = 32;
/// Comparisons of passwords at once, at most; no more than there are processors.
const CHECKS: usize = 16;
/// How long a look-up may take.
const LOOKUP_LIMIT: Duration = Duration::from_secs(30);
/// How long a comparison may take, the wait for its turn included.
const CHECK_LIMIT: Duration = Duration::from_secs(30);
/// Works on files at once, at most.
const FILES: usize = 8;
/// How long one may take, the wait for its turn included.
const FILES_LIMIT: Duration = Duration::from_secs(90);
/// How much longer than the keeper this side waits.
const GRACE: Duration = Duration::from_secs(5);
/// The longest delay after a refusal.
const MOST_DELAY: Duration = Duration::from_secs(10);

/// The host, for modules.
pub struct Host {
    runtime: Handle,
    blocking: Arc<Blocking>,
    keeper: Arc<Keeper>,
    lookups: Arc<Semaphore>,
    checks: Arc<Semaphore>,
    conversations: Arc<Semaphore>,
    files: Arc<Semaphore>,
}

impl Host {
    /// Within the daemon's runtime.
    pub fn new(blocking: Arc<Blocking>, keeper: Arc<Keeper>) -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Self {
            runtime: Handle::current(),
            blocking,
            keeper,
            lookups: Arc::new(Semaphore::new(LOOKUPS)),
            checks: Arc::new(Semaphore::new(processors.min(CHECKS))),
            conversations: Arc::new(Semaphore::new(CONVERSATIONS)),
            files: Arc::new(Semaphore::new(FILES)),
        }
    }

    /// The keeper's process id and privilege, for operators.
    #[cfg(feature = "ctrls")]
    pub fn keeper(&self) -> String {
        self.keeper.shown()
    }

    /// Binds a TCP socket to an address whose port only root can have. Call this where a thread may wait.
    pub fn bind(&self, socket: BorrowedFd<'_>, address: SocketAddr) -> io::Result<()> {
        let asked = self.keeper.ask(Task::Bind(address), Some(socket));
        let done = self.runtime.block_on(async { timeout(GRACE, asked).await.unwrap_or_else(|_| Err(late())) });
        match done {
            Ok((Outcome::Done, _)) => Ok(()),
            Ok((other, _)) => Err(io::Error::other(unexpected(other).to_string())),
            Err(error) => Err(io::Error::other(error.to_string())),
        }
    }

    /// Runs work as a task of the daemon. It completes even if nobody waits for it any more.
    async fn run<T: Send + 'static>(&self, work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
        let done = self.runtime.spawn(work).await;
        done.unwrap_or_else(|error| Err(Error::panic("gantryd", &error.to_string())))
    }

    /// Lets the keeper do some work when its turn has come.
    async fn ask(&self, turns: &Arc<Semaphore>, task: Task, limit: Duration) -> Result<(Outcome, Option<Session>)> {
        self.ask_with(turns, task, None, limit).await
    }

    /// The same with a descriptor, which the work needs.
    async fn ask_with(
        &self,
        turns: &Arc<Semaphore>,
        task: Task,
        descriptor: Option<OwnedFd>,
        limit: Duration,
    ) -> Result<(Outcome, Option<Session>)> {
        let (turns, keeper) = (turns.clone(), self.keeper.clone());
        self.run(async move {
            let asked = async {
                let _turn = turns.acquire().await.map_err(|_| Error::system("the daemon ends"))?;
                keeper.ask(task, descriptor.as_ref().map(AsFd::as_fd)).await
            };
            timeout(limit, asked).await.unwrap_or_else(|_| Err(late()))
        })
        .await
    }
}

#[async_trait]
impl System for Host {
    async fn user(&self, name: &str) -> Result<Option<Account>> {
        if !is_user(name.as_bytes()) {
            return Ok(None);
        }
        let (name, blocking, turns) = (name.to_owned(), self.blocking.clone(), self.lookups.clone());
        caught(self.run(async move {
            let found = async {
                let turn = turns.acquire_owned().await.map_err(|_| Error::system("the daemon ends"))?;
                // The turn is over when the thread is free, not when nobody waits any more.
                let look_up = move || {
                    let found = lookup::account(&name);
                    drop(turn);
                    found
                };
                blocking.run(look_up).await
            };
            timeout(LOOKUP_LIMIT, found).await.unwrap_or_else(|_| Err(late()))
        }))
        .await
    }

    async fn check(&self, user: &str, password: &[u8]) -> Result<Standing> {
        let task = Task::Check(Check { user: user.to_owned(), password: Zeroizing::new(password.to_vec()) });
        let (outcome, _) = caught(self.ask(&self.checks, task, CHECK_LIMIT)).await?;
        match outcome {
            Outcome::Checked(standing) => Ok(match standing {
                gantry_keeper::Standing::Good => Standing::Good,
                gantry_keeper::Standing::Wrong => Standing::Wrong,
                gantry_keeper::Standing::Locked => Standing::Locked,
                gantry_keeper::Standing::Expired => Standing::Expired,
                gantry_keeper::Standing::Aged => Standing::Aged,
            }),
            other => Err(unexpected(other)),
        }
    }

    async fn pam(&self, login: &PamLogin<'_>) -> Result<PamOutcome> {
        if !is_host(login.host.as_bytes()) {
            return Err(Error::system("the client's host name cannot be passed to PAM"));
        }
        let task = Task::Pam(PamRequest {
            service: login.service.to_owned(),
            user: login.user.to_owned(),
            password: Zeroizing::new(login.password.to_vec()),
            host: login.host.to_owned(),
            terminal: login.terminal.map(str::to_owned),
            session: login.session,
            limit: login.limit,
        });
        // As long for its turn as for the conversation itself.
        let limit = login.limit.saturating_mul(2).saturating_add(GRACE);
        let (outcome, session) = caught(self.ask(&self.conversations, task, limit)).await?;
        let Outcome::Pam(PamAnswer { refusal, messages, delay, .. }) = outcome else { return Err(unexpected(outcome)) };
        if refusal.is_some() && !delay.is_zero() {
            let delay = delay.min(MOST_DELAY);
            caught(self.run(async move {
                sleep(delay).await;
                Ok(())
            }))
            .await?;
        }
        let session = session.filter(|_| refusal.is_none()).map(|session| Box::new(session) as Box<dyn PamSession>);
        Ok(PamOutcome { refusal, messages, session })
    }

    fn is_root(&self) -> bool {
        self.keeper.is_root()
    }
}

#[async_trait]
impl Privileged for Host {
    fn is_root(&self) -> bool {
        self.keeper.is_root()
    }

    async fn give(&self, thing: OwnedFd, owners: NewOwners) -> Result<()> {
        let task = Task::Give { user: owners.user, group: owners.group };
        done(self.ask_with(&self.files, task, Some(thing), FILES_LIMIT).await?)
    }

    async fn create_home(&self, home: NewHome) -> Result<()> {
        done(self.ask(&self.files, Task::Home(home), FILES_LIMIT).await?)
    }
}

/// The result of work that has none but that it is done.
fn done((outcome, _): (Outcome, Option<Session>)) -> Result<()> {
    match outcome {
        Outcome::Done => Ok(()),
        other => Err(unexpected(other)),
    }
}

fn late() -> Error {
    Error::system("it took too long").with_kind(ErrorKind::TimedOut)
}

fn unexpected(outcome: Outcome) -> Error {
    match outcome {
        Outcome::Failed(why) => Error::system(why),
        Outcome::Late => late(),
        Outcome::Checked(_) | Outcome::Pam(_) | Outcome::Done => Error::system("the keeper sent an unexpected answer"),
    }
}
