//! A generation: an immutable snapshot of the configuration, the modules'
//! instances and the dispatch tables made of both. A session pins one for
//! life; when nobody needs it any more its modules stop and it goes.

use std::mem;
use std::path::Path;

use gantry_api::control::Change;
use gantry_api::log::{self, Level};
use gantry_api::{Account, Error, ServerId, Value, World};
use gantry_config::{Class, DirectoryTable};
use gantry_sys::Roots;
use tokio::sync::mpsc::UnboundedSender;

use crate::generation::dispatch::Table;
use crate::generation::ftpaccess::Overrides;
use crate::generation::held::Held;
use crate::generation::read::Read;
use crate::generation::retired::{Remains, Retired};
use crate::generation::running::Running;
use crate::generation::scope::{Scope, ScopeId};
use crate::generation::server::Server;
use crate::settings::Settings;

/// One generation.
pub struct Generation {
    /// Counted from 1.
    pub number: u64,
    /// The servers, the main one first.
    pub servers: Vec<Server>,
    /// The modules in order.
    pub modules: Vec<Running>,
    /// Whom each command concerns.
    pub table: Table,
    /// What the modules offer each other.
    pub world: World,
    /// The classes of clients.
    pub classes: Vec<Class>,
    /// What later changes build on.
    pub read: Read,
    /// The roots of its sessions.
    pub roots: Roots,
    overrides: Option<Overrides>,
    scopes: Vec<Scope>,
    retire: UnboundedSender<Retired>,
}

impl Generation {
    /// Puts a generation together.
    pub fn new(
        number: u64,
        servers: Vec<Server>,
        scopes: Vec<Scope>,
        modules: Vec<Running>,
        table: Table,
        world: World,
        retire: UnboundedSender<Retired>,
    ) -> Self {
        let (classes, read, roots) = (Vec::new(), Read::default(), Roots::default());
        Self { number, servers, modules, table, world, classes, read, roots, overrides: None, scopes, retire }
    }

    /// The same with classes of clients.
    #[must_use]
    pub fn with_classes(mut self, classes: Vec<Class>) -> Self {
        self.classes = classes;
        self
    }

    /// The same with what later changes build on.
    #[must_use]
    pub fn with_read(mut self, read: Read) -> Self {
        self.read = read;
        self
    }

    /// What its instance of a module hands over to the next one; nothing where
    /// there is none, or it fails, which the log tells.
    pub fn hand_over(&self, module: &str) -> Value {
        let Some(running) = self.modules.iter().find(|running| running.name == module) else { return Value::None };
        running.instance().hand_over().unwrap_or_else(|error| {
            self.count_panic(&error);
            log::write(Level::Error, "gantry-server", format_args!("{module} hands nothing over: {error}"));
            Value::None
        })
    }

    /// The same with what reads `.ftpaccess` files, where some server wants them.
    #[must_use]
    pub fn with_overrides(mut self, overrides: Option<Overrides>) -> Self {
        self.overrides = overrides;
        self
    }

    /// A server of this generation.
    pub fn server(&self, id: ServerId) -> &Server {
        &self.servers[id.0]
    }

    /// A scope of this generation.
    pub fn scope(&self, id: ScopeId) -> &Scope {
        &self.scopes[id.0]
    }

    /// What holds somewhere.
    pub fn held<'a>(&'a self, held: &'a Held) -> &'a Scope {
        match held {
            Held::Configured(id) => self.scope(*id),
            Held::Made(made) => made.scope(),
        }
    }

    /// The settings of the main server.
    pub fn settings(&self) -> &Settings {
        &self.scopes[self.servers[0].scope.0].settings
    }

    /// Tells all modules of a change.
    pub fn tell(&self, change: &Change) {
        for running in &self.modules {
            if let Err(error) = running.instance().changed(change) {
                self.count_panic(&error);
                log::write(Level::Error, "gantry-server", format_args!("{}: {error}", running.name));
            }
        }
    }

    /// Counts an error that is a module's panic: with too many it has failed. Not
    /// the module that was called counts, but the one that panicked: a layer, a meter
    /// or a service may be another one's.
    #[cold]
    pub fn count_panic(&self, error: &Error) {
        let Some(name) = error.panicked() else { return };
        let Some(running) = self.modules.iter().find(|running| running.name == name) else { return };
        if !running.panicked(self.settings().most_panics) {
            return;
        }
        log::write(
            Level::Error,
            "gantry-server",
            format_args!(
                "{} is marked failed: it panicked {} times (ModulePanicLimit); what needs it is refused until it is \
                 swapped, or the configuration reloaded",
                running.name,
                running.panics()
            ),
        );
    }

    /// Whether in the server of a scope it depends on the path what holds: it has
    /// `<Directory>` sections or reads `.ftpaccess` files.
    pub fn depends_on_path(&self, scope: ScopeId) -> bool {
        let server = self.server(self.scope(scope).server);
        server.reads_files || !server.directory_scopes.is_empty()
    }

    /// What reads `.ftpaccess` files, where the server of a scope wants them.
    pub fn overrides(&self, scope: ScopeId) -> Option<&Overrides> {
        self.overrides.as_ref().filter(|_| self.server(self.scope(scope).server).reads_files)
    }

    /// The `<Directory>` sections of a scope's server for one account: `~` and
    /// `%u` are the account's.
    pub fn directories(&self, scope: ScopeId, account: &Account) -> DirectoryTable {
        let home = account.home.to_string_lossy();
        let expand = |path: &str| {
            let path = match path.strip_prefix('~') {
                Some("") => home.clone().into_owned(),
                Some(below) if below.starts_with('/') => format!("{home}{below}"),
                Some(_) => return None,
                None => path.to_owned(),
            };
            // A name with a slash is no part of a path.
            (!path.contains("%u") || !account.name.contains('/')).then(|| path.replace("%u", &account.name))
        };
        self.server(self.scope(scope).server).directories.table(expand)
    }

    /// The scope of a path of the host, for a session in `scope`.
    pub fn directory_scope(&self, scope: ScopeId, directories: &DirectoryTable, path: &Path) -> ScopeId {
        let server = self.server(self.scope(scope).server);
        let found = directories.find(path).and_then(|at| server.directory_scopes.get(at));
        found.copied().unwrap_or(scope)
    }
}

impl Drop for Generation {
    fn drop(&mut self) {
        let images = self.modules.iter().map(|running| running.image().clone()).collect();
        let remains = Remains {
            modules: mem::take(&mut self.modules),
            scopes: mem::take(&mut self.scopes),
            overrides: self.overrides.take(),
            world: mem::take(&mut self.world),
        };
        let retired = Retired::new(self.number, remains, images);
        // When the daemon ends nobody may be there any more to stop them:
        // then they are simply dropped.
        let _ = self.retire.send(retired);
    }
}

#[cfg(test)]
mod tests {
    use gantry_api::Lent;
    use tokio::sync::mpsc;

    use super::*;
    use crate::generation::witness::{self, Report};

    /// A generation of two modules, whose only references to their images are in
    /// it, and how many witnesses are in it.
    fn generation(report: &Report, retire: UnboundedSender<Retired>) -> (Generation, usize) {
        let images = [witness::image(), witness::image()];
        let scopes = vec![report.scope(&images), report.scope(&images)];
        let world = World { services: report.services(&images), ..World::default() };
        let running = |image: &_| {
            let instance = Lent::new(report.instance(image), Clone::clone(image));
            Running::new("mod_witness".to_owned(), String::new(), instance)
        };
        let modules = images.iter().map(running).collect();
        (Generation::new(1, Vec::new(), scopes, modules, Table::new(&[]), world, retire), 10)
    }

    #[test]
    fn all_that_a_generation_holds_goes_before_its_images() {
        let report = Report::default();
        let (retire, _) = mpsc::unbounded_channel();
        let (generation, count) = generation(&report, retire);
        drop(generation);
        report.assert_sound(count);
    }

    #[test]
    fn a_retired_one_goes_the_same_way() {
        let report = Report::default();
        let (retire, mut retired) = mpsc::unbounded_channel();
        let (generation, count) = generation(&report, retire);
        drop(generation);
        drop(retired.try_recv().unwrap());
        report.assert_sound(count);
    }
}
