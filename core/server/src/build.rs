//! Building a generation: read the configuration and load what it names, put
//! the modules in order, make their settings, start them. Whatever fails, the
//! running generation has not been touched.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gantry_api::guard::Home;
use gantry_api::module::SettingsBox;
use gantry_api::service::Services;
use gantry_api::{CommandHelp, Descriptor, Hook, ServerId, Start, World};
use gantry_config::{Class, Configuration, Faults, Options, Override, Server as ServerConfig, settings_error};
use thiserror::Error;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::timeout;

use crate::dispatch::Table;
use crate::gate::Rules;
use crate::generation::{Generation, Retired, Running, Scope, ScopeId, Server};
use crate::images::{ImageRef, Images, ModuleSet};
use crate::order::{OrderError, Place, order};
use crate::settings::Settings;

/// How long a module may take to start.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Why a generation cannot be had.
#[derive(Debug, Error)]
pub enum BuildError {
    /// The configuration is faulty.
    #[error("{0}")]
    Configuration(#[from] Faults),
    /// The modules do not go together.
    #[error("Fatal: {0}")]
    Order(#[from] OrderError),
    /// A module does not start.
    #[error("Fatal: {module}: {reason}")]
    Start {
        /// Which.
        module: String,
        /// Why.
        reason: String,
    },
}

/// Where the configuration comes from.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// `-D`.
    pub defines: Vec<String>,
    /// `--set`: they override the environment's `GANTRY_...`, and those the file.
    pub overrides: Vec<Override>,
}

/// A configuration that has been read and checked, its modules loaded, put in
/// order and their settings made; nothing of it runs yet.
pub struct Plan {
    servers: Vec<Server>,
    scopes: Vec<Scope>,
    modules: Vec<(ImageRef, usize)>,
    classes: Vec<Class>,
    /// What is worth a line in the log.
    pub notices: Vec<String>,
}

impl Plan {
    /// Reads the configuration, all of it.
    pub fn read(source: &Source, images: &Images) -> Result<Self, BuildError> {
        let mut set = images.modules();
        let mut overrides = Override::of_environment(std::env::vars_os());
        overrides.extend(source.overrides.iter().cloned());
        let options = Options { defines: source.defines.clone(), overrides };
        let configuration = gantry_config::read(&source.path, &mut set, &options)?;
        let modules = ordered(&set)?;
        let notices = configuration.notices.iter().map(ToString::to_string).collect();
        let classes = configuration.classes.clone();
        let mut plan = Self { servers: Vec::new(), scopes: Vec::new(), modules, classes, notices };
        plan.add_servers(configuration)?;
        Ok(plan)
    }

    /// The settings of the main server.
    pub fn settings(&self) -> &Settings {
        // Reading a configuration gives a main server, always the first.
        &self.scopes[self.servers[0].scope.0].settings
    }

    /// The servers with their settings.
    pub fn servers(&self) -> impl Iterator<Item = (ServerId, &Server, &Settings)> {
        self.servers
            .iter()
            .enumerate()
            .map(|(id, server)| (ServerId(id), server, &self.scopes[server.scope.0].settings))
    }

    /// The names of the modules in order.
    pub fn modules(&self) -> impl Iterator<Item = (&ImageRef, &Descriptor)> {
        self.modules.iter().map(|(image, at)| (image, &image.image().modules[*at]))
    }

    fn add_servers(&mut self, configuration: Configuration) -> Result<(), Faults> {
        let mut faults = Vec::new();
        for (number, server) in configuration.servers.into_iter().enumerate() {
            if let Err(Faults(found)) = self.add_server(ServerId(number), server) {
                faults.extend(found);
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(Faults(faults)) }
    }

    fn add_server(&mut self, id: ServerId, server: ServerConfig) -> Result<(), Faults> {
        let scope = self.add_scope(id, &server.scope)?;
        let directory_scopes = server
            .directories
            .iter()
            .map(|directory| self.add_scope(id, &directory.scope))
            .collect::<Result<_, _>>()?;
        let name = self.scopes[scope.0].settings.name.as_str().into();
        self.servers.push(Server {
            scope,
            name,
            addresses: server.addresses,
            directories: server.directories,
            directory_scopes,
        });
        Ok(())
    }

    fn add_scope(&mut self, server: ServerId, scope: &gantry_config::Scope) -> Result<ScopeId, Faults> {
        let settings = scope.settings.extract().map_err(|error| settings_error(scope, &error))?;
        let mut modules: Vec<SettingsBox> = Vec::with_capacity(self.modules.len());
        for (_, module) in self.modules() {
            modules.push((module.settings)(&scope.settings).map_err(|error| settings_error(scope, &error))?);
        }
        self.scopes.push(Scope { server, settings, rules: Rules::new(&scope.limits), modules });
        Ok(ScopeId(self.scopes.len() - 1))
    }

    /// Makes and starts the modules' instances.
    pub async fn start(self, number: u64, retire: UnboundedSender<Retired>) -> Result<Arc<Generation>, BuildError> {
        let (mut started, mut hooks, mut services) = (Vec::new(), Vec::new(), Services::default());
        let done = self.start_all(&mut started, &mut hooks, &mut services).await;
        let modules = self.modules().map(|(_, module)| module.name.to_owned()).collect();
        let world = World { services, commands: self.commands(), modules };
        if let Err(error) = done {
            // Those that did start are stopped again.
            let images = self.modules.iter().map(|(image, _)| image.clone()).collect();
            let _ = retire.send(Retired { number, modules: started, rest: (self.scopes, world), images });
            return Err(error);
        }
        let table = Table::new(&hooks);
        let generation = Generation::new(number, self.servers, self.scopes, started, table, world, retire);
        Ok(Arc::new(generation.with_classes(self.classes)))
    }

    async fn start_all(
        &self,
        started: &mut Vec<Running>,
        hooks: &mut Vec<Vec<Hook>>,
        services: &mut Services,
    ) -> Result<(), BuildError> {
        for (position, (image, module)) in self.modules().enumerate() {
            let running = self.start_module(position, image, module, services).await?;
            let found = running.instance.hooks();
            started.push(running);
            hooks.push(
                found
                    .map_err(|error| BuildError::Start { module: module.name.to_owned(), reason: error.to_string() })?,
            );
        }
        Ok(())
    }

    async fn start_module(
        &self,
        position: usize,
        image: &ImageRef,
        module: &Descriptor,
        services: &mut Services,
    ) -> Result<Running, BuildError> {
        let failed = |reason: String| BuildError::Start { module: module.name.to_owned(), reason };
        let layout = image.layout();
        let runtime = module
            .runtime
            .map(|start| start(layout, module.name))
            .transpose()
            .map_err(|error| failed(error.to_string()))?;
        let home = Home { module: module.name.into(), runtime };
        let mut instance = (module.create)(home.clone()).map_err(|error| failed(error.to_string()))?;
        let settings: Vec<_> = self
            .servers
            .iter()
            .enumerate()
            .map(|(id, server)| (ServerId(id), &*self.scopes[server.scope.0].modules[position]))
            .collect();
        let mut start = Start::new(layout, home, &settings, services);
        let done = timeout(START_LIMIT, instance.start(&mut start)).await;
        done.map_err(|_| failed(format!("did not start within {} seconds", START_LIMIT.as_secs())))?
            .map_err(|error| failed(error.to_string()))?;
        Ok(Running { name: module.name.to_owned(), version: module.version.to_owned(), instance, image: image.clone() })
    }

    /// What HELP and FEAT show, sorted by name.
    fn commands(&self) -> Vec<CommandHelp> {
        let mut commands = Vec::new();
        for (image, module) in self.modules() {
            let entries = image.image().commands.iter().filter(|entry| entry.module == module.name);
            commands.extend(entries.map(|entry| CommandHelp {
                verb: entry.verb,
                syntax: entry.syntax.to_owned(),
                feature: entry.feature.map(str::to_owned),
            }));
        }
        commands.sort_by_key(|command| command.verb);
        commands
    }
}

/// The modules of a set in their order.
fn ordered(set: &ModuleSet<'_>) -> Result<Vec<(ImageRef, usize)>, OrderError> {
    let modules: Vec<(&ImageRef, &Descriptor)> = set.modules().collect();
    let place = |module: &Descriptor| Place {
        name: module.name,
        requires: module.requires,
        after: module.after,
        before: module.before,
        last: module.last,
    };
    let places: Vec<Place<'_>> = modules.iter().map(|(_, module)| place(module)).collect();
    let position =
        |image: &ImageRef, name: &str| image.image().modules.iter().position(|module| module.name == name).unwrap_or(0);
    Ok(order(&places)?
        .into_iter()
        .map(|at| (modules[at].0.clone(), position(modules[at].0, modules[at].1.name)))
        .collect())
}
