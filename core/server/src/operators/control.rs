//! The control socket: a Unix socket at which operators ask for actions, in
//! lines of JSON. It is there when ControlsEngine says so; who may ask for what,
//! the kernel's word on the peer and the ACL directives decide, and without such
//! a line nobody may. What is done, the modules' actions say.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use gantry_api::log::{self, Level};
use gantry_api::{FromScope, ScopeValues, settings};
use gantry_sys::as_daemon;

use super::acl::{Acl, Peer, judge};
use super::socket::{Place, Socket};
use crate::log::Logger;

settings! {
    /// What the configuration says of the control socket (mod_ctrls's directives).
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
    /// Where it is, and whose it shall be.
    place: Option<Place>,
    acl: Vec<Acl>,
    pub(super) most: usize,
    pub(super) log: Option<Arc<File>>,
}

impl Control {
    /// What the main server's settings want; the socket of the generation
    /// `before` where it is the same one. `usual` is where it is when they name
    /// no place.
    ///
    /// # Errors
    /// Names the directive, and why it cannot be had.
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
            let opened = as_daemon(|| Logger::open(Path::new(path)));
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

    /// Makes the socket whose it shall be, now that this is what serves.
    pub(super) fn settle(&self) {
        let (Some(socket), Some(place)) = (&self.socket, &self.place) else { return };
        if let Err(error) = socket.settle(place) {
            log::write(Level::Error, "gantry-server", format_args!("{}: {error}", socket.path().display()));
        }
    }

    /// Whether a peer may speak at all: anybody whom the file's mode lets in,
    /// where ControlsSocketACL says nothing.
    pub(super) fn lets_in(&self, peer: &Peer) -> bool {
        self.acl.is_empty() || judge(&self.acl, None, peer)
    }
}
