//! The state that serves new sessions, and the system resources that a plan needs for it:
//! addresses, control socket, log.

use std::collections::BTreeSet;
use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use gantry_api::ServerId;
use gantry_sys::as_daemon_in_folder;

use super::error::StartError;
use super::manner::Manner;
use crate::daemon::capacity;
use crate::daemon::identity;
use crate::daemon::listener::{Endpoints, Listeners};
use crate::generation::snapshot::Generation;
use crate::log::{LogOptions, Logger};
#[cfg(feature = "ctrls")]
use crate::operators::Control;
use crate::plan::build::Plan;
use crate::system::Host;

/// The state for new sessions; always replaced as a whole.
pub(super) struct Current {
    pub generation: Arc<Generation>,
    pub wanted: Endpoints,
    pub listeners: Listeners,
    #[cfg(feature = "ctrls")]
    pub control: Control,
    pub max_instances: Option<usize>,
    /// How many sessions there are descriptors for.
    pub room: usize,
    pub max_strangers: Option<usize>,
    pub connection_rate: Option<(u64, u64)>,
    /// Servers whose new clients are turned away (down). A reload clears this.
    pub down: Mutex<BTreeSet<ServerId>>,
}

impl Current {
    /// For a plan whose generation has started.
    pub fn new(generation: Arc<Generation>, open: OpenResources) -> Self {
        let OpenResources { wanted, listeners, .. } = open;
        let (max_instances, max_strangers, connection_rate) = {
            let settings = generation.settings();
            (settings.max_instances, settings.max_strangers, settings.connection_rate)
        };
        Self {
            generation,
            wanted,
            listeners,
            #[cfg(feature = "ctrls")]
            control: open.control,
            max_instances,
            room: capacity::sessions(identity::file_limit()),
            max_strangers,
            connection_rate,
            down: Mutex::default(),
        }
    }

    /// Keeps what a change of one module does not affect: which servers are down, and which other
    /// modules have failed.
    pub fn goes_on(&self, before: &Self, changed: Option<&str>) {
        let addresses = |current: &Self, id: ServerId| -> Vec<SocketAddr> {
            let own = current.wanted.addresses.iter().filter(|(_, server)| *server == id);
            own.map(|(address, _)| *address).collect()
        };
        let down = before.down.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let were: Vec<_> = down.into_iter().map(|id| addresses(before, id)).collect();
        let ids = (0..self.generation.servers.len()).map(ServerId);
        let down = ids.filter(|id| were.contains(&addresses(self, *id)));
        self.down.lock().unwrap_or_else(PoisonError::into_inner).extend(down);
        for running in self.generation.modules.iter().filter(|running| changed != Some(running.name.as_str())) {
            if let Some(old) = before.generation.modules.iter().find(|old| old.name == running.name) {
                running.goes_on(old);
            }
        }
    }

    pub fn is_down(&self, server: ServerId) -> bool {
        self.down.lock().unwrap_or_else(PoisonError::into_inner).contains(&server)
    }
}

/// The system resources that a plan needs before any of it runs.
pub(super) struct OpenResources {
    pub wanted: Endpoints,
    pub listeners: Listeners,
    #[cfg(feature = "ctrls")]
    pub control: Control,
    pub log: Option<File>,
    pub log_options: LogOptions,
}

impl OpenResources {
    /// Opens what is not open yet; the resources of `before` stay unchanged. `before` comes with the
    /// host, which binds ports that the daemon itself no longer can.
    pub fn of(plan: &Plan, before: Option<(&Current, &Host)>, manner: &Manner) -> Result<Self, StartError> {
        let (before, system) = before.unzip();
        let wanted = Endpoints::of(plan).map_err(StartError::Wanted)?;
        let nothing = Listeners::default();
        let open = before.map_or(&nothing, |before| &before.listeners);
        let listeners = open.opened(&wanted, system).map_err(StartError::Wanted)?;
        #[cfg(feature = "ctrls")]
        let control = Control::opened(&plan.read.main(), before.map(|before| &before.control), &manner.control_socket)
            .map_err(StartError::Wanted)?;
        #[cfg(not(feature = "ctrls"))]
        let _ = manner;
        let log = open_log(plan)?;
        Ok(Self {
            wanted,
            listeners,
            #[cfg(feature = "ctrls")]
            control,
            log,
            log_options: plan.settings().log_options(),
        })
    }
}

fn open_log(plan: &Plan) -> Result<Option<File>, StartError> {
    let Some(path) = plan.settings().system_log.as_deref() else { return Ok(None) };
    let opened = as_daemon_in_folder(Path::new(path), || Logger::open(Path::new(path)));
    opened.map(Some).map_err(|error| StartError::System(format!("SystemLog: cannot open {path}"), error))
}
