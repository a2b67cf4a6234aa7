//! What a session reports about itself (who). While a command runs, this is the state before the
//! command, and the command.

use std::sync::Arc;
use std::time::SystemTime;

use gantry_api::proto::text::Escaped;
use gantry_api::{Account, Command, Session, VirtualPath};

use crate::files::shared::SessionParts;
use crate::session::sessions::{About, Doing};
use crate::transfer::progress::Progress;

/// A copy next to the session.
pub struct Known {
    /// The values that never change, and former values of the others.
    about: About,
    account: Option<Arc<Account>>,
    directory: VirtualPath,
}

impl Known {
    /// For a session that begins.
    pub fn of(session: &Session, shared: &SessionParts) -> Self {
        let about = About {
            id: session.id,
            generation: shared.generation.number,
            server: session.server_name.clone(),
            local: session.local,
            remote: session.remote,
            host: session.remote_host.clone(),
            class: None,
            since: session.began,
            user: None,
            directory: String::new(),
            doing: Doing::Nothing,
            doing_since: session.began,
            bytes: (0, 0),
        };
        Self { about, account: None, directory: session.cwd.clone() }
    }

    /// Sets the client's name and class.
    pub fn client(&mut self, host: &str, class: Option<&str>) {
        self.about.host = host.to_owned();
        self.about.class = class.map(str::to_owned);
    }

    /// Sets the server, after HOST.
    pub fn server(&mut self, name: &Arc<str>) {
        self.about.server = name.clone();
    }

    /// Updates the values after a command.
    pub fn renew(&mut self, session: &Session) {
        self.about.bytes = session.bytes;
        if self.directory != session.cwd {
            self.directory = session.cwd.clone();
        }
        if self.account.as_ref().map(Arc::as_ptr) != session.account.as_ref().map(Arc::as_ptr) {
            self.account = session.account.clone();
        }
    }

    /// The complete report.
    pub fn about(&self, doing: Doing, since: SystemTime) -> About {
        let user = self.account.as_ref().map(|account| account.name.clone());
        let directory = Escaped(self.directory.as_bytes()).to_string();
        About { user, directory, doing, doing_since: since, ..self.about.clone() }
    }
}

/// What a command of these classes does, for the report.
pub fn doing(command: &Command, progress: &Progress) -> Doing {
    let shown = command.to_string();
    let (name, argument) = shown.split_once(' ').unwrap_or((&shown, ""));
    let (name, argument) = (name.to_owned(), argument.to_owned());
    match progress.direction() {
        None => Doing::Command { name, argument },
        Some(direction) => Doing::Transfer { name, argument, direction, bytes: progress.moved() },
    }
}
