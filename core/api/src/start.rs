//! What a module gets at its start.

use std::any::Any;
use std::sync::Arc;

use crate::guard::Home;
use crate::runtime::{Layout, Runtime};
use crate::service::{Publisher, Services};
use crate::session::ServerId;
use crate::value::Value;

/// What a module gets at its start.
pub struct Start<'a> {
    /// Where its code is.
    pub layout: Layout,
    home: Home,
    servers: &'a [(ServerId, &'a (dyn Any + Send + Sync))],
    handed_over: &'a Value,
    services: &'a mut Services,
}

impl<'a> Start<'a> {
    /// Made by the server for each instance.
    pub fn new(
        layout: Layout,
        home: Home,
        servers: &'a [(ServerId, &'a (dyn Any + Send + Sync))],
        handed_over: &'a Value,
        services: &'a mut Services,
    ) -> Self {
        Self { layout, home, servers, handed_over, services }
    }

    /// What this module's instance of the generation before handed over
    /// ([`Module::hand_over`](crate::Module::hand_over)); nothing where there was
    /// none, or it failed. It may come from another build: take of it what fits.
    pub fn handed_over(&self) -> &'a Value {
        self.handed_over
    }

    /// The servers of the configuration, with this module's settings in each.
    ///
    /// # Panics
    /// When `S` is not the type that `module!` names: the module's fault.
    pub fn servers<S: 'static>(&self) -> impl Iterator<Item = (ServerId, &'a S)> + use<'a, S> {
        let typed = |settings: &'a (dyn Any + Send + Sync)| {
            settings.downcast_ref().expect("the settings type that module! names")
        };
        self.servers.iter().map(move |(server, settings)| (*server, typed(*settings)))
    }

    /// This instance's runtime, where `module!` names one.
    pub fn runtime(&self) -> Option<Arc<dyn Runtime>> {
        self.home.runtime.clone()
    }

    /// The services published so far: those of the modules before this one.
    pub fn services(&self) -> &Services {
        self.services
    }

    /// Publishes services: `start.publish().authenticator("mod_x", ...)`.
    pub fn publish(&mut self) -> Publisher<'_> {
        Publisher::new(&self.home, self.services)
    }
}
