//! What the client has prepared for its next transfer (PORT, PASV and the like). A passive port is
//! closed after a while if no transfer asks for it: the session's loop waits for that as for all else.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// How long a port is kept open for a transfer that no command asks for.
const LASTS: Duration = Duration::from_secs(60);

/// How the next data connection is to be opened.
#[derive(Debug, Default)]
pub enum Preparation<L> {
    /// Not at all: neither PORT nor PASV came before.
    #[default]
    Nothing,
    /// The client connects to a port, which is open until then.
    Passive(L, Instant),
    /// The server connects.
    Active(SocketAddr),
}

/// The preparation, shared by the session's loop and its data connections.
#[derive(Debug)]
pub struct NextConnection<L>(Arc<Mutex<Preparation<L>>>);

impl<L> Clone for NextConnection<L> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<L> Default for NextConnection<L> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<L> NextConnection<L> {
    /// Keeps a listener for a while.
    pub fn listen(&self, listener: L) {
        *self.locked() = Preparation::Passive(listener, Instant::now() + LASTS);
    }

    /// Keeps the client's address.
    pub fn connect(&self, address: SocketAddr) {
        *self.locked() = Preparation::Active(address);
    }

    /// What is prepared; nothing from then on.
    pub fn take(&self) -> Preparation<L> {
        match std::mem::take(&mut *self.locked()) {
            // Compare with the clock: timers may be late if clients keep the workers busy.
            Preparation::Passive(_, until) if until <= Instant::now() => Preparation::Nothing,
            prepared => prepared,
        }
    }

    /// Waits until a port has been open for too long, and closes it; for ever if there is none.
    pub async fn expire(&self) {
        let Preparation::Passive(_, until) = *self.locked() else { return std::future::pending().await };
        sleep_until(until).await;
        let mut prepared = self.locked();
        if matches!(*prepared, Preparation::Passive(_, until) if until <= Instant::now()) {
            *prepared = Preparation::Nothing;
        }
    }

    fn locked(&self) -> MutexGuard<'_, Preparation<L>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_that_no_transfer_takes_is_closed() {
        let listener = Arc::new(());
        let is_open = || Arc::strong_count(&listener) > 1;
        let prepared = NextConnection::default();
        let listen_until_now = || *prepared.locked() = Preparation::Passive(listener.clone(), Instant::now());

        let began = Instant::now();
        prepared.listen(listener.clone());
        let at_once = tokio::time::timeout(Duration::ZERO, prepared.expire()).await;
        assert!(at_once.is_err() && is_open());
        assert!(matches!(prepared.take(), Preparation::Passive(_, until) if until >= began + LASTS) && !is_open());
        assert!(matches!(prepared.take(), Preparation::Nothing));

        listen_until_now();
        prepared.expire().await;
        assert!(!is_open() && matches!(prepared.take(), Preparation::Nothing));
        listen_until_now();
        assert!(matches!(prepared.take(), Preparation::Nothing), "whether or not anybody has waited for it");
        prepared.listen(listener.clone());
        prepared.connect(([192, 0, 2, 1], 2000).into());
        assert!(!is_open() && matches!(prepared.take(), Preparation::Active(_)));
        prepared.listen(listener.clone());
        drop(prepared);
        assert!(!is_open());
    }
}
