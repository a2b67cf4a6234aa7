//! A generation: an immutable snapshot of the configuration, the modules'
//! instances and the dispatch tables made of both. A session pins one for
//! life; when nobody needs it any more its modules stop and it goes.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use gantry_api::control::Change;
use gantry_api::log::{self, Level};
use gantry_api::module::SettingsBox;
use gantry_api::{Account, Descriptor, Error, Fault, Instance, ServerId, Value, World};
use gantry_config::{Class, Directories, DirectoryTable, Faults, settings_error};
use tokio::sync::mpsc::UnboundedSender;

use crate::build::Read;
use crate::dispatch::Table;
use crate::gate::Rules;
use crate::images::ImageRef;
use crate::overrides::{Made, Overrides};
use crate::settings::Settings;

/// A scope of the configuration: a server's, or that of a `<Directory>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ScopeId(pub usize);

/// What holds somewhere: a scope of the configuration, or what `.ftpaccess`
/// files made of one.
#[derive(Clone)]
pub enum Held {
    /// As configured.
    Configured(ScopeId),
    /// With files.
    Made(Arc<Made>),
}

impl From<ScopeId> for Held {
    fn from(scope: ScopeId) -> Self {
        Self::Configured(scope)
    }
}

/// What holds in one scope.
pub struct Scope {
    /// The server that it belongs to.
    pub server: ServerId,
    /// The server's own settings.
    pub settings: Settings,
    /// What the gate goes by.
    pub rules: Rules,
    /// Each module's settings, by the module's position.
    pub modules: Vec<SettingsBox>,
}

impl Scope {
    /// What a scope of the configuration means to the server and to each of
    /// the modules.
    ///
    /// # Errors
    /// The first setting that does not fit.
    pub fn new<'m>(
        server: ServerId,
        scope: &gantry_config::Scope,
        modules: impl Iterator<Item = &'m Descriptor>,
    ) -> Result<Self, Faults> {
        let settings = scope.settings.extract().map_err(|error| settings_error(scope, &error))?;
        let modules = modules.map(|module| (module.settings)(&scope.settings));
        let modules = modules.collect::<Result<_, _>>().map_err(|error| settings_error(scope, &error))?;
        Ok(Self { server, settings, rules: Rules::new(&scope.limits), modules })
    }
}

/// One server of the configuration.
pub struct Server {
    /// Its scope.
    pub scope: ScopeId,
    /// Its name, for greeting and logs.
    pub name: Arc<str>,
    /// What `<VirtualHost>` names; empty for the main server.
    pub addresses: Vec<String>,
    /// Its `<Directory>` sections.
    pub directories: Directories,
    /// The scope of each.
    pub directory_scopes: Vec<ScopeId>,
    /// Whether AllowOverride is on in any of its scopes.
    pub reads_files: bool,
}

/// An instance of a module with what it stands on, which goes after it.
pub struct Running {
    /// The module's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The instance.
    pub instance: Box<dyn Instance>,
    /// The image that its code is in.
    pub image: ImageRef,
    calls: AtomicU64,
    panics: AtomicU64,
    failed: AtomicBool,
}

impl Running {
    /// An instance that nothing is known of yet.
    pub fn new(name: String, version: String, instance: Box<dyn Instance>, image: ImageRef) -> Self {
        let (calls, panics, failed) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
        Self { name, version, instance, image, calls, panics, failed }
    }

    /// How often it was called in sessions that have ended.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Adds the calls of a session that ends.
    pub fn called(&self, calls: u64) {
        self.calls.fetch_add(calls, Ordering::Relaxed);
    }

    /// How often it panicked.
    pub fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    /// Whether it panicked so often that it is called no more.
    #[inline]
    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// Goes on as the same build did in the generation before: a change of another
    /// module's begins nothing anew.
    pub fn goes_on(&self, before: &Self) {
        self.failed.store(before.has_failed(), Ordering::Relaxed);
    }

    /// Counts a panic; with the one that reaches `most` it has failed. Whether
    /// that was this one.
    pub fn panicked(&self, most: Option<usize>) -> bool {
        let panics = self.panics.fetch_add(1, Ordering::Relaxed) + 1;
        most.is_some_and(|most| panics >= most as u64) && !self.failed.swap(true, Ordering::Relaxed)
    }
}

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
    overrides: Option<Overrides>,
    scopes: Vec<Scope>,
    retire: UnboundedSender<Retired>,
}

/// What is left of a generation that nobody needs: to be stopped, then dropped
/// in the order in which code needs code. An instance may hold services of any
/// other module, so every image outlives all of them.
pub struct Retired {
    /// Which it was.
    pub number: u64,
    /// Its modules.
    pub modules: Vec<Running>,
    /// Their settings and services.
    pub rest: (Vec<Scope>, Option<Overrides>, World),
    /// The images, also of modules that did not get to run.
    pub images: Vec<ImageRef>,
}

impl Retired {
    /// Drops the instances, the last first, then settings and services.
    pub fn clear(&mut self) {
        while let Some(Running { instance, image, .. }) = self.modules.pop() {
            drop(instance);
            self.images.push(image);
        }
        self.rest = Default::default();
    }
}

impl Drop for Retired {
    fn drop(&mut self) {
        self.clear();
        self.images.clear();
    }
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
        let (classes, read) = (Vec::new(), Read::default());
        Self { number, servers, modules, table, world, classes, read, overrides: None, scopes, retire }
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
        running.instance.hand_over().unwrap_or_else(|error| {
            self.count_panic(running, &error);
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
            if let Err(error) = running.instance.changed(change) {
                self.count_panic(running, &error);
                log::write(Level::Error, "gantry-server", format_args!("{}: {error}", running.name));
            }
        }
    }

    /// Counts an error of a module's that is a panic: with too many it has failed.
    #[cold]
    pub fn count_panic(&self, running: &Running, error: &Error) {
        if error.fault() != Fault::Panic || !running.panicked(self.settings().most_panics) {
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
        let rest = (std::mem::take(&mut self.scopes), self.overrides.take(), std::mem::take(&mut self.world));
        let modules = std::mem::take(&mut self.modules);
        let retired = Retired { number: self.number, modules, rest, images: Vec::new() };
        // When the daemon ends nobody may be there any more to stop them:
        // then they are simply dropped, in order.
        let _ = self.retire.send(retired);
    }
}
