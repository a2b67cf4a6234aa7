//! What a module gets at its start.

use std::any::Any;
use std::sync::Arc;

use crate::guard::Home;
use crate::ids::{SectionId, ServerId};
use crate::runtime::{Layout, Runtime};
use crate::service::{Publisher, Services};
use crate::value::Value;

/// Which scope of the configuration some settings are of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScopeKind {
    /// A server's own.
    Server,
    /// That of an `<Anonymous>` section.
    Anonymous {
        /// Which of its server's.
        section: SectionId,
        /// Its root, as written.
        path: String,
    },
    /// What a section that waits for a person (`<IfUser>` and its like) makes of its
    /// server's. Several of them may hold for a session.
    Personal {
        /// The section, as written.
        section: String,
    },
    /// That of a `<Directory>` section.
    Directory {
        /// The `<Anonymous>` that it is in; none for the server itself.
        section: Option<SectionId>,
        /// Its folder, as written.
        path: String,
    },
}

/// A scope of the configuration as a module sees it at its start.
pub struct ScopeAtStart<'a> {
    /// The server that it belongs to.
    pub server: ServerId,
    /// Which of the server's it is.
    pub kind: &'a ScopeKind,
    /// The module's settings, made by its own image.
    pub settings: &'a (dyn Any + Send + Sync),
}

/// What a module gets at its start.
pub struct Start<'a> {
    /// Where its code is.
    pub layout: Layout,
    home: Home,
    scopes: &'a [ScopeAtStart<'a>],
    handed_over: &'a Value,
    services: &'a mut Services,
}

impl<'a> Start<'a> {
    /// Made by the server for each instance.
    pub fn new(
        layout: Layout,
        home: Home,
        scopes: &'a [ScopeAtStart<'a>],
        handed_over: &'a Value,
        services: &'a mut Services,
    ) -> Self {
        Self { layout, home, scopes, handed_over, services }
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
        let servers = self.scopes::<S>().filter(|(_, kind, _)| **kind == ScopeKind::Server);
        servers.map(|(server, _, settings)| (server, settings))
    }

    /// All scopes of the configuration, with this module's settings in each: a
    /// server's, then those of its `<Directory>` and `<Anonymous>` sections, in order.
    /// What `.ftpaccess` files say is not known yet.
    ///
    /// # Panics
    /// When `S` is not the type that `module!` names: the module's fault.
    pub fn scopes<S: 'static>(&self) -> impl Iterator<Item = (ServerId, &'a ScopeKind, &'a S)> + use<'a, S> {
        self.scopes.iter().map(|scope| {
            let settings = scope.settings.downcast_ref().expect("the settings type that module! names");
            (scope.server, scope.kind, settings)
        })
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
