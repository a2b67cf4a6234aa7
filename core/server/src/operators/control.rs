//! The control socket: a Unix socket where operators request actions, as lines of JSON. It exists
//! if ControlsEngine is on. The ACL directives and the kernel's information about the peer decide
//! who may do what; without such a line nobody may. The actions themselves belong to modules.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use gantry_api::log::Level;
use gantry_api::{FromScope, ScopeValues, settings};
use gantry_sys::as_daemon_in_folder;

use super::acl::{Acl, Peer, judge};
use super::socket::{Place, Socket};
use crate::log::Logger;
use crate::log::say;

settings! {
    /// The configuration of the control socket (mod_ctrls's directives).
    #[derive(Debug, Clone)]
    struct Settings {
        engine: Option<bool> = ControlsEngine;
        socket: Option<String> = ControlsSocket;
        owner: Option<(String, String)> = ControlsSocketOwner;
        acl: Vec<Acl> = ControlsSocketACL;
        most: Option<usize> = ControlsMaxClients;
        log: Option<String> = ControlsLog;
    }
}

/// The control socket of a generation.
#[derive(Default)]
pub(crate) struct Control {
    pub(super) socket: Option<Arc<Socket>>,
    /// Its path, owner and mode.
    place: Option<Place>,
    acl: Vec<Acl>,
    pub(super) most: usize,
    pub(super) log: Option<Arc<File>>,
}

impl Control {
    /// Opens the socket for the main server's settings, or takes over the one of `before` if it is
    /// the same. `usual` is the path if the settings do not name one.
    ///
    /// # Errors
    /// Names the directive, and says why it cannot be applied.
    pub(crate) fn opened(main: &ScopeValues<'_>, before: Option<&Self>, usual: &Path) -> Result<Self, String> {
        let settings = Settings::from_scope(main).map_err(|error| error.to_string())?;
        if settings.engine != Some(true) {
            return Ok(Self::default());
        }
        let place =
            Place::new(settings.socket.as_deref().map(Path::new), usual, settings.owner, !settings.acl.is_empty())?;
        let open = before.and_then(|before| before.socket.clone()).filter(|socket| socket.is_at(&place));
        let socket = open.map_or_else(|| Socket::bind(place.clone()).map(Arc::new), Ok)?;
        let log = settings.log.as_deref().map(|path| {
            let opened = as_daemon_in_folder(Path::new(path), || Logger::open(Path::new(path)));
            opened.map(Arc::new).map_err(|error| format!("ControlsLog: cannot open {path}: {error}"))
        });
        Ok(Self {
            socket: Some(socket),
            place: Some(place),
            acl: settings.acl,
            most: settings.most.unwrap_or_default(),
            log: log.transpose()?,
        })
    }

    /// Sets the socket's owner and mode once this generation serves.
    pub(super) fn settle(&self) {
        let (Some(socket), Some(place)) = (&self.socket, &self.place) else { return };
        if let Err(error) = socket.settle(place) {
            say(Level::Error, format_args!("{}: {error}", socket.path().display()));
        }
    }

    /// Whether a peer may use the socket at all. Without ControlsSocketACL, that is everybody whom
    /// the file's mode admits.
    pub(super) fn lets_in(&self, peer: &Peer) -> bool {
        self.acl.is_empty() || judge(&self.acl, None, peer)
    }
}
