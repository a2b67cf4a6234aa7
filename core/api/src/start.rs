//! What a module gets when it starts.

use std::sync::Arc;

use crate::error::Result;
use crate::guard::Home;
use crate::ids::{SectionId, ServerId};
use crate::runtime::{Layout, Runtime};
use crate::service::{Publisher, Services};
use crate::settings::{AnySettings, typed};
use crate::system::System;
use crate::value::Value;

/// The kind of scope that settings belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScopeKind {
    /// A server.
    Server,
    /// An `<Anonymous>` section.
    Anonymous {
        /// Its number in its server.
        section: SectionId,
        /// Its root, as written in the configuration.
        path: String,
    },
    /// A section for certain users (`<IfUser>` and the like), with its server's settings. Several
    /// may apply to a session.
    Personal {
        /// The section, as written in the configuration.
        section: String,
    },
    /// A `<Directory>` section.
    Directory {
        /// The `<Anonymous>` section around it; `None` for the server itself.
        section: Option<SectionId>,
        /// Its directory, as written in the configuration.
        path: String,
    },
}

/// A scope of the configuration, as a module sees it at start.
pub struct ScopeAtStart<'a> {
    /// The server that it belongs to.
    pub server: ServerId,
    /// Its kind.
    pub kind: &'a ScopeKind,
    /// The module's settings, made by its own image.
    pub settings: &'a dyn AnySettings,
}

/// What a module gets when it starts.
pub struct Start<'a> {
    /// How its code got into the process.
    pub layout: Layout,
    home: Home,
    scopes: &'a [ScopeAtStart<'a>],
    handed_over: &'a Value,
    services: &'a mut Services,
}

impl<'a> Start<'a> {
    /// The server makes one for each instance.
    pub fn new(
        layout: Layout,
        home: Home,
        scopes: &'a [ScopeAtStart<'a>],
        handed_over: &'a Value,
        services: &'a mut Services,
    ) -> Self {
        Self { layout, home, scopes, handed_over, services }
    }

    /// What this module's previous instance handed over
    /// ([`Module::hand_over`](crate::Module::hand_over)); [`Value::None`] if there was none, or it
    /// failed. It may come from another build, so use only what fits.
    pub fn handed_over(&self) -> &'a Value {
        self.handed_over
    }

    /// The servers of the configuration, with this module's settings in each.
    ///
    /// # Panics
    /// If `S` is neither the type in the module's `module!` nor a part of it, which is a bug in the module.
    pub fn servers<S: 'static>(&self) -> impl Iterator<Item = (ServerId, &'a S)> + use<'a, S> {
        let servers = self.scopes::<S>().filter(|(_, kind, _)| **kind == ScopeKind::Server);
        servers.map(|(server, _, settings)| (server, settings))
    }

    /// All scopes of the configuration, with this module's settings in each: each server, then its
    /// `<Directory>` and `<Anonymous>` sections, in order. The contents of `.ftpaccess` files are
    /// not known yet.
    ///
    /// # Panics
    /// If `S` is neither the type in the module's `module!` nor a part of it, which is a bug in the module.
    pub fn scopes<S: 'static>(&self) -> impl Iterator<Item = (ServerId, &'a ScopeKind, &'a S)> + use<'a, S> {
        self.scopes.iter().map(|scope| (scope.server, scope.kind, typed(scope.settings)))
    }

    /// This instance's runtime, if `module!` names one.
    pub fn runtime(&self) -> Option<Arc<dyn Runtime>> {
        self.home.runtime.clone()
    }

    /// The services published so far, by the modules before this one.
    pub fn services(&self) -> &Services {
        self.services
    }

    /// The host's own users.
    ///
    /// # Errors
    /// There is no server that would ask the host.
    pub fn system(&self) -> Result<Arc<dyn System>> {
        self.services.system().cloned()
    }

    /// Publishes services: `start.publish().authenticator("mod_x", ...)`.
    pub fn publish(&mut self) -> Publisher<'_> {
        Publisher::new(&self.home, self.services)
    }
}
