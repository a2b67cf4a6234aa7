//! What the service manager is told, where one waits: systemd's sd_notify(3)
//! protocol, over the socket that the environment names. Without one, nothing is.

use gantry_api::log::{self, Level};
use sd_notify::NotifyState;

/// Clients can come; or a reload has come to its end, whatever became of it.
pub fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The configuration is read anew.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

/// No more clients: the daemon ends.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        log::write(Level::Warn, "gantry-server", format_args!("cannot reach the service manager: {error}"));
    }
}
