//! Notifies the service manager, if there is one, with systemd's sd_notify(3) protocol over the
//! socket named in the environment.

use gantry_api::log::Level;
use sd_notify::NotifyState;

use crate::log::say;

/// The daemon is ready for clients; or a reload has finished, successfully or not.
pub fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The configuration is being reread.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

/// The daemon is shutting down and takes no more clients.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        say(Level::Warn, format_args!("cannot reach the service manager: {error}"));
    }
}
