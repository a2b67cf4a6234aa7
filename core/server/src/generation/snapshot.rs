//! A generation: an immutable snapshot of the configuration, the modules'
//! instances and the dispatch tables made of both. A session pins one for
//! life; when nobody needs it any more its modules stop and it goes.

use std::mem;
use std::path::Path;
use std::sync::Arc;

use gantry_api::control::Change;
use gantry_api::log::{self, Level};
use gantry_api::{Account, Error, Result, SectionId, ServerId, Value, World};
use gantry_config::{Class, Layers};
use gantry_sys::Roots;
use gantry_sys::users::User;
use tokio::sync::mpsc::UnboundedSender;

use crate::gate::Person;
use crate::generation::base::{Base, Folders, Spot};
use crate::generation::bases::Bases;
use crate::generation::dispatch::Table;
use crate::generation::ftpaccess::AccessFiles;
use crate::generation::held::Held;
use crate::generation::read::Read;
use crate::generation::retired::{Remains, Retired};
use crate::generation::running::Running;
use crate::generation::scope::Scope;
use crate::generation::scopes::Scopes;
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
    /// What holds where.
    pub scopes: Scopes,
    bases: Bases,
    files: Option<AccessFiles>,
    retire: UnboundedSender<Retired>,
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
        retire: UnboundedSender<Retired>,
    ) -> Self {
        let (classes, read, roots) = (Vec::new(), Read::default(), Roots::default());
        let (bases, files) = (Bases::default(), None);
        Self { number, servers, modules, table, world, classes, read, roots, scopes, bases, files, retire }
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
    pub fn with_access_files(mut self, files: Option<AccessFiles>) -> Self {
        self.files = files;
        self
    }

    /// A server of this generation.
    pub fn server(&self, id: ServerId) -> &Server {
        &self.servers[id.0]
    }

    /// What holds somewhere.
    pub fn held<'a>(&'a self, held: &'a Held) -> &'a Scope {
        self.scopes.held(held)
    }

    /// The settings of the main server.
    pub fn settings(&self) -> &Settings {
        &self.held(&self.servers[0].base.own.held).settings
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

    /// What a person stands on in a server, or in a section of it.
    ///
    /// # Errors
    /// There is no such section, or what holds there does not fit together.
    pub fn base(
        &self,
        server: ServerId,
        section: Option<SectionId>,
        person: impl FnOnce() -> Person,
    ) -> Result<Arc<Base>> {
        self.bases.of(&self.scopes, self.server(server), section, person)
    }

    /// What reads `.ftpaccess` files, where a base wants them.
    pub fn access_files(&self, base: &Base) -> Option<&AccessFiles> {
        self.files.as_ref().filter(|_| base.reads_files)
    }

    /// The sections for folders of a base as they lie for one account, whose session
    /// has its root at `root`: `~` and `%u` are the account's, relative paths of an
    /// `<Anonymous>` begin at the root.
    ///
    /// # Errors
    /// A section whose folder cannot be told: nobody knows what it protects.
    pub fn folders(&self, base: &Arc<Base>, account: &Account, root: &Path) -> Result<Folders> {
        let (home, root) = (account.home.to_string_lossy(), root.to_string_lossy());
        let placed = base.directories.placed(|path| expanded(path, account, &home, &root)).map_err(|path| {
            Error::configuration(format!("<Directory {path}> names no folder for the user {}", account.name))
        })?;
        let spot = |layers: Layers| match self.scopes.of(base.server, &layers) {
            Ok(held) => Ok(Spot { held, layers }),
            Err(faults) => Err(Error::configuration(faults.to_string())),
        };
        let spots = placed.layers.map(|layers| layers.into_iter().map(spot).collect::<Result<_>>());
        Ok(Folders { base: base.clone(), table: placed.table, placed: spots.transpose()? })
    }
}

/// The folder that a `<Directory>` names for an account; none where it names none.
fn expanded(path: &str, account: &Account, home: &str, root: &str) -> Option<String> {
    let path = match path.strip_prefix('~') {
        Some("") => literal(home),
        Some(below) if below.starts_with('/') => literal(home) + below,
        Some(below) => {
            let (name, below) = below.split_once('/').unwrap_or((below, ""));
            let user = User::by_name(name).ok().flatten()?;
            format!("{}/{below}", literal(&user.home.to_string_lossy()))
        }
        None if path.starts_with('/') => path.to_owned(),
        None => format!("{}/{path}", literal(root)),
    };
    // A name with a slash is no part of a path.
    (!path.contains("%u") || !account.name.contains('/')).then(|| path.replace("%u", &literal(&account.name)))
}

/// A text as a pattern that matches itself alone.
fn literal(text: &str) -> String {
    let escaped = text
        .chars()
        .flat_map(|letter| matches!(letter, '*' | '?' | '[' | '\\').then_some('\\').into_iter().chain([letter]));
    escaped.collect()
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
    use crate::generation::images::ModuleRefs;
    use crate::generation::witness::{self, Report};

    /// A generation of two modules, whose only references to their images are in
    /// it, and how many witnesses are in it.
    fn generation(report: &Report, retire: UnboundedSender<Retired>) -> (Generation, usize) {
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
