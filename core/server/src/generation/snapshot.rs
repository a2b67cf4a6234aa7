//! A generation: an immutable snapshot of the configuration, the module instances and the dispatch
//! tables made from both. A session pins one for life. When no session needs it any more, its
//! modules stop and it is dropped.

use std::mem;
use std::sync::Arc;

use gantry_api::control::Change;
use gantry_api::log::Level;
use gantry_api::{Error, Result, SectionId, ServerId, Value, World};
use gantry_config::{Class, Layers};
use gantry_sys::Roots;
use tokio::sync::mpsc::UnboundedSender;

use crate::gate::Person;
use crate::generation::base::{Base, Folders, Spot};
use crate::generation::bases::Bases;
use crate::generation::dispatch::Table;
use crate::generation::ftpaccess::AccessFiles;
use crate::generation::held::ScopeHandle;
use crate::generation::read::Read;
use crate::generation::retired::{Remains, RetiredGeneration};
use crate::generation::running::Running;
use crate::generation::scope::Scope;
use crate::generation::scopes::Scopes;
use crate::generation::server::Server;
use crate::generation::spelling::{Holder, spelled};
use crate::log::say;
use crate::settings::Settings;

/// One generation.
pub struct Generation {
    /// Starts at 1.
    pub number: u64,
    /// The servers, the main one first.
    pub servers: Vec<Server>,
    /// The modules in order.
    pub modules: Vec<Running>,
    /// The modules to call for each command.
    pub table: Table,
    /// The services that the modules offer each other.
    pub world: World,
    /// The classes of clients.
    pub classes: Vec<Class>,
    /// The basis for later changes.
    pub read: Read,
    /// The roots of its sessions.
    pub roots: Roots,
    /// The scopes.
    pub scopes: Scopes,
    bases: Bases,
    files: Option<AccessFiles>,
    retire: UnboundedSender<RetiredGeneration>,
}

impl Generation {
    /// Puts a generation together.
    pub fn new(
        number: u64,
        servers: Vec<Server>,
        scopes: Scopes,
        modules: Vec<Running>,
        table: Table,
        world: World,
        retire: UnboundedSender<RetiredGeneration>,
    ) -> Self {
        let (classes, read, roots) = (Vec::new(), Read::default(), Roots::default());
        let (bases, files) = (Bases::default(), None);
        Self { number, servers, modules, table, world, classes, read, roots, scopes, bases, files, retire }
    }

    /// Adds the classes of clients.
    #[must_use]
    pub fn with_classes(mut self, classes: Vec<Class>) -> Self {
        self.classes = classes;
        self
    }

    /// Adds the basis for later changes.
    #[must_use]
    pub fn with_read(mut self, read: Read) -> Self {
        self.read = read;
        self
    }

    /// The state that its instance of a module hands over to the next one; [`Value::None`] if there
    /// is no instance, or if it fails, which is logged.
    pub fn hand_over(&self, module: &str) -> Value {
        let Some(running) = self.modules.iter().find(|running| running.name == module) else { return Value::None };
        running.instance().hand_over().unwrap_or_else(|error| {
            self.count_panic(&error);
            say(Level::Error, format_args!("{module} failed to hand over its state: {error}"));
            Value::None
        })
    }

    /// Adds the reader of `.ftpaccess` files, if a server wants them.
    #[must_use]
    pub fn with_access_files(mut self, files: Option<AccessFiles>) -> Self {
        self.files = files;
        self
    }

    /// A server of this generation.
    pub fn server(&self, id: ServerId) -> &Server {
        &self.servers[id.0]
    }

    /// The scope that applies.
    pub fn held<'a>(&'a self, held: &'a ScopeHandle) -> &'a Scope {
        self.scopes.held(held)
    }

    /// The settings of the main server.
    pub fn settings(&self) -> &Settings {
        &self.held(&self.servers[0].base.own.held).settings
    }

    /// The settings of all servers.
    pub fn settings_of_servers(&self) -> impl Iterator<Item = &Settings> {
        self.servers.iter().map(|server| &self.held(&server.base.own.held).settings)
    }

    /// Reports a change to all modules.
    pub fn tell(&self, change: &Change) {
        for running in &self.modules {
            if let Err(error) = running.instance().changed(change) {
                self.count_panic(&error);
                say(Level::Error, format_args!("{}: {error}", running.name));
            }
        }
    }

    /// Counts an error that is a module's panic; after too many the module has failed. The module
    /// that panicked counts, not the one that was called: a layer, meter or service may belong to
    /// another module.
    #[cold]
    pub fn count_panic(&self, error: &Error) {
        let Some(name) = error.panicked() else { return };
        let Some(running) = self.modules.iter().find(|running| running.name == name) else { return };
        if !running.panicked(self.settings().most_panics) {
            return;
        }
        say(
            Level::Error,
            format_args!(
                "{} is marked failed: it panicked {} times (ModulePanicLimit); requests that need it are refused until you \
                 swap the module or reload the configuration",
                running.name,
                running.panics()
            ),
        );
    }

    /// The base of a user in a server, or in one of its sections.
    ///
    /// # Errors
    /// There is no such section, or its settings contradict each other.
    pub fn base(
        &self,
        server: ServerId,
        section: Option<SectionId>,
        person: impl FnOnce() -> Person,
    ) -> Result<Arc<Base>> {
        self.bases.of(&self.scopes, self.server(server), section, person)
    }

    /// The reader of `.ftpaccess` files, if the base wants them.
    pub fn access_files(&self, base: &Base) -> Option<&AccessFiles> {
        self.files.as_ref().filter(|_| base.reads_files)
    }

    /// Whether any server reads `.ftpaccess` files.
    pub fn has_access_files(&self) -> bool {
        self.files.is_some()
    }

    /// The sections for folders of a base, with their paths resolved for one account: `~` and `%u`
    /// are the account's, and relative paths of an `<Anonymous>` begin at its root. Links are
    /// followed with the thread's credentials.
    ///
    /// # Errors
    /// A section whose folder cannot be told: nobody knows what it protects.
    pub fn folders(&self, base: &Arc<Base>, holder: Holder<'_>) -> Result<Folders> {
        let placed = base.directories.placed(|path| spelled(path, holder)).map_err(|path| {
            Error::configuration(format!("<Directory {path}> names no folder for the user {}", holder.account.name))
        })?;
        let spot = |layers: Layers| match self.scopes.of(base.server, &layers) {
            Ok(held) => Ok(Spot { held, layers }),
            Err(faults) => Err(Error::configuration(faults.to_string())),
        };
        let spots = placed.layers.map(|layers| layers.into_iter().map(spot).collect::<Result<_>>());
        Ok(Folders { base: base.clone(), table: placed.table, placed: spots.transpose()? })
    }
}

impl Drop for Generation {
    fn drop(&mut self) {
        let images = self.modules.iter().map(|running| running.image().clone()).collect();
        let remains = Remains {
            modules: mem::take(&mut self.modules),
            scopes: mem::take(&mut self.scopes),
            files: self.files.take(),
            world: mem::take(&mut self.world),
        };
        let retired = RetiredGeneration::new(self.number, remains, images);
        // When the daemon ends, there may be no task left to stop them; then they are simply
        // dropped.
        let _ = self.retire.send(retired);
    }
}

#[cfg(test)]
mod tests {
    use gantry_api::Lent;
    use tokio::sync::mpsc;

    use super::*;
    use crate::generation::images::ModuleRefs;
    use crate::generation::witness::{self, Report};

    /// A generation of two modules that holds the only references to their images, and the number
    /// of witnesses in it.
    fn generation(report: &Report, retire: UnboundedSender<RetiredGeneration>) -> (Generation, usize) {
        let images = [witness::image(), witness::image()];
        let scopes = vec![report.scope(&images), report.scope(&images)];
        let modules: ModuleRefs = images.iter().map(|image| (image.clone(), 0)).collect();
        let scopes = Scopes::new(Lent::new(scopes, modules), &[], Arc::default());
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
