//! Building a generation: read the configuration, load its modules, put them in order, build their
//! settings, start them. If anything fails, the running generation is unchanged.

use std::collections::HashMap;
use std::iter;
use std::mem;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gantry_api::log::Host;
use gantry_api::service::Services;
use gantry_api::system::System;
use gantry_api::variable::Variable;
use gantry_api::{
    CommandEntry, CommandInfo, DefaultError, Defaults, Descriptor, Hook, HookEntry, Layout, Lent, LogTarget, ScopeKind,
    SectionId, ServerId, Value, World,
};
use gantry_config::{
    Addition, Catalogue, Class, Configuration, Directories, Fault, Faults, FtpAccess, Layers, Migration, Options,
    Override, Personal, Position, Reading, Report, Server as ServerConfig,
};
use thiserror::Error;
use tokio::sync::mpsc::UnboundedSender;

use crate::generation::base::{Base, Spot};
use crate::generation::dispatch::{Member, Table};
use crate::generation::ftpaccess::AccessFiles;
use crate::generation::images::{ImageRef, Images, ModuleRefs, module_name};
use crate::generation::read::Read;
use crate::generation::retired::{Remains, RetiredGeneration};
use crate::generation::running::Running;
use crate::generation::scope::{Scope, ScopeId};
use crate::generation::scopes::Scopes;
use crate::generation::server::{HostNames, Server, ServerKey};
use crate::generation::snapshot::Generation;
use crate::log::LOGGER;
use crate::log::speaker::{ServerLog, SessionLog};
use crate::plan::catalogue::{ModuleSet, Unavailable};
use crate::plan::changes::Changes;
use crate::plan::check;
use crate::plan::judge::{Findings, JudgedPlan};
use crate::plan::order::{OrderError, order};
use crate::plan::shown;
use crate::plan::source::Family;
use crate::plan::source::Source;
use crate::plan::start::{self, Starting, Surroundings};
use crate::settings::Settings;

/// Why a generation cannot be built.
#[derive(Debug, Error)]
pub enum BuildError {
    /// The configuration has errors.
    #[error("{0}")]
    Configuration(#[from] Faults),
    /// The modules have no valid order.
    #[error("Fatal: {reason}{}", on(.place))]
    Order {
        /// Why.
        reason: OrderError,
        /// The line that it is about.
        place: Option<Position>,
    },
    /// A module declares a default that cannot be read.
    #[error("Fatal: {}: {reason}{}", .reason.module, on(.place))]
    Default {
        /// Which module, and why.
        reason: DefaultError,
        /// The module's LoadModule line.
        place: Option<Position>,
    },
    /// A module does not start.
    #[error("Fatal: {module}: {reason}{}", on(.place))]
    Start {
        /// The module, and the file it was loaded from.
        module: String,
        /// Why.
        reason: String,
        /// Its LoadModule line.
        place: Option<Position>,
    },
    /// No module provides a store that FileStore names.
    #[error("Fatal: FileStore: no module provides the store '{0}'")]
    Store(String),
    /// A ServerLog cannot be used.
    #[error("Fatal: ServerLog: {0}")]
    ServerLog(gantry_api::Error),
    /// A module that an operator added cannot be used.
    #[error("Fatal: insmod {module}: {reason}")]
    Inserted {
        /// The module.
        module: String,
        /// Why.
        reason: String,
    },
}

impl BuildError {
    fn inserted(Unavailable { module, reason }: Unavailable) -> Self {
        Self::Inserted { module, reason }
    }
}

/// What a generation is built on, besides its source.
#[derive(Default)]
pub struct Basis<'a> {
    /// The changes of operators.
    pub changes: Changes,
    /// The generation whose configuration and module files are used again, as they were read then.
    /// Without it, everything is reread.
    pub onto: Option<&'a Generation>,
    /// The module whose file is reread even so.
    pub anew: Option<&'a str>,
}

impl Basis<'_> {
    /// The images to use again, by module.
    fn kept(&self) -> HashMap<String, ImageRef> {
        let modules = self.onto.iter().flat_map(|generation| &generation.modules);
        let kept = modules.filter(|module| self.anew != Some(module.name.as_str()));
        kept.map(|module| (module.name.clone(), module.image().clone())).collect()
    }
}

fn on(place: &Option<Position>) -> String {
    place.as_ref().map(|place| format!(" on {place}")).unwrap_or_default()
}

/// What a ProFTPD configuration means for the available modules.
///
/// # Errors
/// The file cannot be read.
pub fn compat(source: &Source, images: &Images) -> Result<Report, Faults> {
    examine(source, images).map(|(report, _)| report)
}

/// A configuration for ProFTPD as one for Gantry in a folder, and what changes. Modules of `always` are loaded where they are
/// installed: ProFTPD has them without a LoadModule.
///
/// # Errors
/// The file cannot be read.
pub fn migrate(source: &Source, images: &Images, folder: &Path, always: &[&str]) -> Result<Migration, Faults> {
    let (mut report, set) = examine(source, images)?;
    let unloaded = always.iter().filter(|module| !set.has_module(module) && images.offers(module));
    let reason = "ProFTPD has this module without a LoadModule";
    let mut modules: Vec<_> = unloaded.map(|module| ((*module).to_owned(), reason.to_owned())).collect();
    report.missing.retain(|entry| {
        let Some(module) = set.provider(&entry.name) else { return true };
        let module = module.strip_suffix(".c").unwrap_or(&module).to_owned();
        if !modules.iter().any(|(known, _)| *known == module) {
            modules.push((module, format!("{} needs this module", entry.name)));
        }
        false
    });
    Ok(gantry_config::migrate(report, folder, &modules))
}

fn examine<'i>(source: &Source, images: &'i Images) -> Result<(Report, ModuleSet<'i>), Faults> {
    let options = Options { defines: source.defines.clone(), ..Options::default() };
    let mut set = ModuleSet::of_configuration(images);
    let mut report = gantry_config::compat(&source.path, &mut set, &options)?;
    let findings = Plan::findings_in(&set, mem::take(&mut report.servers), &report.refused);
    report.faults.extend(findings.faults);
    report.notices.extend(findings.notices);
    Ok((report, set))
}

/// A configuration that has been read and checked. Its modules are loaded and in order, and their
/// settings are built; nothing runs yet.
pub struct Plan {
    servers: Vec<Server>,
    /// All scopes, each with its kind and its layers.
    scopes: Lent<Vec<Scope>, ModuleRefs>,
    kinds: Vec<(ServerId, ScopeKind)>,
    layers: Vec<Layers>,
    files: Option<AccessFiles>,
    /// The LoadModule line of each.
    places: Vec<Option<Position>>,
    classes: Vec<Class>,
    /// What later changes build on.
    pub read: Read,
    /// Notices for the log.
    pub notices: Vec<String>,
    /// The host's users, for modules.
    pub system: Option<Arc<dyn System>>,
    /// The address family of the servers' addresses.
    pub family: Family,
}

/// What has been started so far.
struct Begun {
    scopes: Arc<Vec<Scope>>,
    started: Vec<Running>,
    hooks: Vec<Vec<Hook>>,
    services: Services,
}

impl Plan {
    /// Reads the whole configuration.
    pub fn read(source: &Source, images: &Images, basis: &Basis<'_>) -> Result<Self, BuildError> {
        let mut set = ModuleSet::new(images, &basis.changes, basis.kept());
        set.take_inserted().map_err(BuildError::inserted)?;
        let mut overrides = Override::of_environment(std::env::vars_os());
        overrides.extend(source.overrides.iter().cloned());
        let additions = basis.changes.inserted.iter().map(|inserted| Addition {
            name: format!("insmod {}", inserted.module),
            module: inserted.module.clone(),
            text: inserted.directives.clone(),
        });
        let additions = additions.collect();
        let again = basis.onto.map(|generation| generation.read.texts.clone());
        let options = Options { defines: source.defines.clone(), overrides, additions, again };
        let Reading { configuration, mut faults } = gantry_config::read(&source.path, &mut set, &options)?;
        if !faults.is_empty() {
            if !faults.iter().any(Fault::is_of_structure) {
                let refused: Vec<String> = faults.iter().filter_map(Fault::directive).map(str::to_owned).collect();
                faults.extend(Self::findings_in(&set, configuration.servers, &refused).faults);
            }
            return Err(Faults(faults).into());
        }
        set.judge_inserted().map_err(BuildError::inserted)?;
        let mut notices: Vec<String> = configuration.notices.iter().map(ToString::to_string).collect();
        notices.extend(check::nameless(&configuration));
        notices.extend(check::linked(&configuration.tree));
        let defaults = Defaults::read(set.directives())
            .map_err(|reason| BuildError::Default { place: set.place(&reason.module).cloned(), reason })?;
        let modules: ModuleRefs = ordered(&set, &configuration, &mut notices)?.into();
        let places = modules.iter().map(|(image, at)| set.place(image.image().modules[*at].name).cloned()).collect();
        let classes = configuration.classes.clone();
        let read = Read {
            texts: configuration.texts.clone(),
            folders: set.folders().to_vec(),
            signers: set.signers().map(<[_]>::to_vec),
            shown: shown::text(&configuration.tree, &set),
            main: configuration.servers.first().map(|main| main.scope.settings.clone()).unwrap_or_default(),
            defaults: Arc::new(defaults),
        };
        let mut plan = Self { places, classes, notices, family: source.family, ..Self::of(modules, read) };
        plan.add_servers(configuration.servers)?;
        let findings = plan.findings(&[]);
        if !findings.faults.is_empty() {
            return Err(Faults(findings.faults).into());
        }
        plan.notices.extend(findings.notices.iter().map(ToString::to_string));
        if plan.servers.iter().any(Server::reads_files) {
            let names = plan.modules().map(|(_, module)| module.name.to_owned()).collect();
            let reader = FtpAccess::new(set.directives(), names).without(basis.changes.idle_directives());
            plan.files = Some(AccessFiles::new(reader, plan.module_refs().clone()));
        }
        Ok(plan)
    }

    /// A plan without servers.
    fn of(modules: ModuleRefs, read: Read) -> Self {
        Self {
            servers: Vec::new(),
            scopes: Lent::new(Vec::new(), modules),
            kinds: Vec::new(),
            layers: Vec::new(),
            files: None,
            places: Vec::new(),
            classes: Vec::new(),
            read,
            notices: Vec::new(),
            system: None,
            family: Family::Any,
        }
    }

    /// What the modules find in the settings. `refused` are the directives with a refused line.
    fn findings(&self, refused: &[String]) -> Findings {
        let modules = self.modules().map(|(_, module)| module).collect();
        let variables = self.variables().collect();
        let Self { scopes, kinds, layers, places, .. } = self;
        JudgedPlan { modules, places, variables, scopes, kinds, layers, refused }.findings()
    }

    /// What they find in a configuration that has errors. If there are no settings without the
    /// refused lines, they find nothing.
    fn findings_in(set: &ModuleSet<'_>, servers: Vec<ServerConfig>, refused: &[String]) -> Findings {
        let modules: Vec<_> = set.modules().map(|(image, module)| located(image, module)).collect();
        let defaults = Arc::new(Defaults::read(set.directives()).unwrap_or_default());
        let places = set.modules().map(|(_, module)| set.place(module.name).cloned()).collect();
        let mut plan = Self { places, ..Self::of(modules.into(), Read { defaults, ..Read::default() }) };
        match plan.add_servers(servers) {
            Ok(()) => plan.findings(refused),
            Err(_) => Findings::default(),
        }
    }

    /// The settings of the main server.
    pub fn settings(&self) -> &Settings {
        // Every configuration has a main server, and its scope is always the first.
        &self.scopes[0].settings
    }

    /// The servers with their settings.
    pub fn servers(&self) -> impl Iterator<Item = (ServerId, &Server, &Settings)> {
        let of_server = self.kinds.iter().zip(&*self.scopes).filter(|((_, kind), _)| *kind == ScopeKind::Server);
        self.servers.iter().zip(of_server).map(|(server, ((id, _), scope))| (*id, server, &scope.settings))
    }

    /// The names of the modules in order.
    pub fn modules(&self) -> impl Iterator<Item = (&ImageRef, &Descriptor)> {
        self.module_refs().iter().map(|(image, at)| (image, &image.image().modules[*at]))
    }

    fn module_refs(&self) -> &ModuleRefs {
        Lent::image(&self.scopes)
    }

    fn add_servers(&mut self, servers: Vec<ServerConfig>) -> Result<(), Faults> {
        let mut faults = Vec::new();
        for (number, server) in servers.into_iter().enumerate() {
            if let Err(Faults(found)) = self.add_server(ServerId(number), server) {
                faults.extend(found);
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(Faults(faults).with_sources()) }
    }

    fn add_server(&mut self, id: ServerId, server: ServerConfig) -> Result<(), Faults> {
        let own = self.add_scope((id, ScopeKind::Server), &server.scope, &server.layers)?;
        let settings = &self.scopes[own.0].settings;
        let (name, port) = (settings.name.as_str().into(), settings.port);
        let listens = if id == ServerId(0) { &settings.addresses } else { &server.addresses };
        let names = HostNames::new(&settings.aliases, listens, port);
        let base = self.add_base(id, None, (own, server.layers), server.directories)?;
        let anonymous = server.anonymous.into_iter().enumerate().map(|(at, section)| {
            let kind = ScopeKind::Anonymous { section: SectionId(at), path: section.path };
            let own = self.add_scope((id, kind), &section.scope, &section.layers)?;
            self.add_base(id, Some(SectionId(at)), (own, section.layers), section.directories)
        });
        let anonymous = anonymous.collect::<Result<_, Faults>>()?;
        for section in &server.personal {
            self.add_personal(id, &base, section)?;
        }
        let key = ServerKey::new(id, &server.addresses, port, &self.servers);
        let (personal, addresses) = (server.personal, server.addresses);
        self.servers.push(Server {
            base,
            anonymous,
            personal,
            name,
            addresses,
            key: key.into(),
            names,
            log: Default::default(),
        });
        Ok(())
    }

    /// Adds what a section for a user or class makes of its server alone. Which of these sections
    /// apply together is known only at a login.
    fn add_personal(&mut self, server: ServerId, base: &Base, section: &Personal) -> Result<(), Faults> {
        let layers = base.own.layers.with(&section.layer);
        let shown = section.shown.clone();
        self.add_scope((server, ScopeKind::Personal { section: shown }), &layers.scope(), &layers)?;
        let directories = base.directories.onto(&layers, &section.directories);
        for directory in directories.iter().skip(base.directories.len()) {
            let kind = ScopeKind::Directory { section: None, path: directory.path.clone() };
            self.add_scope((server, kind), &directory.scope(), &directory.layers)?;
        }
        Ok(())
    }

    /// Adds the base of a server or of one of its sections. Its own scope exists already.
    fn add_base(
        &mut self,
        server: ServerId,
        section: Option<SectionId>,
        (own, layers): (ScopeId, Layers),
        directories: Directories,
    ) -> Result<Arc<Base>, Faults> {
        let inner = directories.iter().map(|directory| {
            let kind = ScopeKind::Directory { section, path: directory.path.clone() };
            let id = self.add_scope((server, kind), &directory.scope(), &directory.layers)?;
            Ok((id, directory.layers.clone()))
        });
        let inner = inner.collect::<Result<Vec<_>, Faults>>()?;
        let mut ids = iter::once(own).chain(inner.iter().map(|(id, _)| *id));
        let reads_files = ids.any(|id| self.scopes[id.0].settings.allow_override);
        let spot = |(id, layers): (ScopeId, Layers)| Spot { held: id.into(), layers };
        let (own, inner) = (spot((own, layers)), inner.into_iter().map(spot).collect());
        Ok(Arc::new(Base { server, own, directories, inner, reads_files }))
    }

    fn add_scope(
        &mut self,
        (server, kind): (ServerId, ScopeKind),
        scope: &gantry_config::Scope,
        layers: &Layers,
    ) -> Result<ScopeId, Faults> {
        let made = Scope::new(server, scope, &self.read.defaults, self.modules().map(|(_, module)| module))?;
        self.scopes.push(made);
        self.kinds.push((server, kind));
        self.layers.push(layers.clone());
        Ok(ScopeId(self.scopes.len() - 1))
    }

    /// Creates and starts the modules' instances. They get what the instances of the generation
    /// `before` hand over.
    pub async fn start(
        mut self,
        number: u64,
        before: Option<&Generation>,
        retire: UnboundedSender<RetiredGeneration>,
    ) -> Result<Arc<Generation>, BuildError> {
        self.open_server_logs()?;
        let scopes = Arc::new(mem::take(&mut *self.scopes));
        let mut services = Services::default();
        services.contribute(self.variables());
        if let Some(system) = self.system.take() {
            services.set_system(system);
        }
        let begun = Begun { scopes, started: Vec::new(), hooks: Vec::new(), services };
        let mut begun = Lent::new(begun, self.module_refs().clone());
        let done = self.start_all(&mut begun, before).await;
        let modules = self.modules().map(|(_, module)| module.name.to_owned()).collect();
        let (Begun { scopes, started, hooks, services }, images) = Lent::into_parts(begun);
        // Only a module whose thread is stuck still holds them, for ever.
        let scopes = Arc::into_inner(scopes).unwrap_or_default();
        let scopes = Scopes::new(Lent::new(scopes, images.clone()), &self.layers, self.read.defaults.clone());
        let world = World { services, commands: self.commands(), modules };
        if let Err(error) = done {
            // Those that started are stopped again.
            let images = images.iter().map(|(image, _)| image.clone()).collect();
            let remains = Remains { modules: started, scopes, files: None, world };
            let _ = retire.send(RetiredGeneration::new(number, remains, images));
            return Err(error);
        }
        let declared = self.commands_of_each().zip(self.hooks_of_each());
        let members = hooks.into_iter().zip(declared);
        let members = members.map(|(hooks, (commands, declared))| Member { hooks, commands, declared });
        let table = Table::new(&members.collect::<Vec<_>>());
        let generation = Generation::new(number, self.servers, scopes, started, table, world, retire);
        let generation = generation.with_classes(self.classes).with_access_files(self.files);
        Ok(Arc::new(generation.with_read(self.read)))
    }

    /// Opens the ServerLogs. Several servers may share a file.
    fn open_server_logs(&mut self) -> Result<(), BuildError> {
        for ((id, kind), scope) in self.kinds.iter().zip(&*self.scopes) {
            let Some(server) = self.servers.get_mut(id.0).filter(|_| *kind == ScopeKind::Server) else { continue };
            let log = match scope.settings.server_log.as_deref() {
                None => ServerLog::Shared,
                Some("") => ServerLog::None,
                Some(path) => {
                    let target = LogTarget::File { path: path.into(), follow_link: false };
                    ServerLog::Own(LOGGER.open_log(&target).map_err(BuildError::ServerLog)?)
                }
            };
            let verbosity = scope.settings.debug_level;
            server.log = SessionLog { log, options: scope.settings.log_options(), verbosity };
        }
        Ok(())
    }

    async fn start_all(
        &self,
        begun: &mut Lent<Begun, ModuleRefs>,
        before: Option<&Generation>,
    ) -> Result<(), BuildError> {
        let kinds: Arc<[(ServerId, ScopeKind)]> = self.kinds.as_slice().into();
        let seconds = begun.scopes.first().map_or(0, |main| main.settings.timeout_module_start);
        for (position, (_, module)) in self.modules().enumerate() {
            let found = Surroundings { scopes: begun.scopes.clone(), services: mem::take(&mut begun.services) };
            let starting = Starting {
                lent: Lent::new(found, self.module_refs().clone()),
                position,
                kinds: kinds.clone(),
                limit: (seconds > 0).then(|| Duration::from_secs(seconds)),
                // A slow module must not delay a session.
                handed_over: tokio::task::block_in_place(|| {
                    before.map_or(Value::None, |before| before.hand_over(module.name))
                }),
            };
            let ((started, services), _) = Lent::into_parts(start::start(starting).await);
            begun.services = services;
            let (running, hooks) = started.map_err(|reason| self.not_started(position, reason))?;
            begun.started.push(running);
            begun.hooks.push(hooks);
        }
        let mut stores = begun.scopes.iter().filter_map(|scope| scope.settings.file_store.as_deref());
        match stores.find(|name| begun.services.store(name).is_none()) {
            Some(name) => Err(BuildError::Store(name.to_owned())),
            None => Ok(()),
        }
    }

    fn not_started(&self, position: usize, reason: String) -> BuildError {
        let (image, at) = &self.module_refs()[position];
        let name = image.image().modules[*at].name;
        let module = match image.layout() {
            Layout::Linked => name.to_owned(),
            Layout::Loaded => format!("{name} ({})", image.shown()),
        };
        BuildError::Start { module, reason, place: self.places[position].clone() }
    }

    /// The modules' variables for logs and messages.
    fn variables(&self) -> impl Iterator<Item = Variable> {
        self.modules().flat_map(|(image, module)| {
            image.image().variables.iter().filter(|variable| variable.module == module.name).map(|found| **found)
        })
    }

    /// The commands that each module declares, in the modules' order.
    fn commands_of_each(&self) -> impl Iterator<Item = Vec<&CommandEntry>> {
        self.modules().map(|(image, module)| {
            let commands = image.image().commands.iter().copied();
            commands.filter(|command| command.module == module.name).collect()
        })
    }

    /// The moments that each module declares, in the modules' order.
    fn hooks_of_each(&self) -> impl Iterator<Item = Vec<&HookEntry>> {
        self.modules().map(|(image, module)| {
            let hooks = image.image().hooks.iter().copied();
            hooks.filter(|hook| hook.module == module.name).collect()
        })
    }

    /// The commands, sorted by name. If several modules declare the same command, the first one's
    /// declaration counts.
    fn commands(&self) -> Vec<CommandInfo> {
        let info = |command: &CommandEntry| CommandInfo {
            verb: command.verb,
            syntax: command.syntax.to_owned(),
            help: command.help.to_owned(),
            classes: command.classes,
            path: command.path,
            feature: command.feature.map(str::to_owned),
        };
        let mut commands: Vec<CommandInfo> = self.commands_of_each().flatten().map(info).collect();
        commands.sort_by_key(|command| command.verb);
        commands.dedup_by_key(|command| command.verb);
        commands
    }
}

/// The modules of a set in order, and a notice for each declaration that ModuleOrder overrides.
fn ordered(
    set: &ModuleSet<'_>,
    configuration: &Configuration,
    notices: &mut Vec<String>,
) -> Result<Vec<(ImageRef, usize)>, BuildError> {
    let modules: Vec<(&ImageRef, &Descriptor)> = set.modules().collect();
    let places = set.places();
    let main = configuration.servers.first().map(|server| &server.scope);
    let given = main.and_then(|scope| scope.settings.entry("ModuleOrder")).map(Value::items).unwrap_or_default();
    let wanted: Vec<&str> = given.iter().filter_map(Value::text).map(module_name).collect();
    let wanted_at = || main.and_then(|scope| scope.locate("ModuleOrder")).cloned();
    let order = order(&places, &wanted).map_err(|reason| {
        let named = reason.modules().iter().find_map(|module| set.place(module));
        BuildError::Order { place: named.cloned().or_else(wanted_at), reason }
    })?;
    notices.extend(order.overridden.iter().map(|text| format!("{text}{}", on(&wanted_at()))));
    let found = order.positions.into_iter();
    Ok(found.map(|at| located(modules[at].0, modules[at].1)).collect())
}

/// A module by its image and its position there.
fn located(image: &ImageRef, module: &Descriptor) -> (ImageRef, usize) {
    let at = image.image().modules.iter().position(|other| other.name == module.name);
    (image.clone(), at.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generation::witness::{self, Report};

    #[test]
    fn the_settings_of_a_plan_go_before_its_images() {
        let (image, report) = (witness::image(), Report::default());
        let scope = report.scope([&image]);
        let modules: ModuleRefs = Arc::new([(image, 0)]);
        drop(Plan { scopes: Lent::new(vec![scope], modules.clone()), ..Plan::of(modules, Read::default()) });
        report.assert_sound(1);
    }

    #[test]
    fn what_was_begun_goes_before_its_images() {
        let (image, report) = (witness::image(), Report::default());
        let instance = Lent::new(report.instance(&image), image.clone());
        let started = vec![Running::new("mod_witness".to_owned(), String::new(), instance)];
        let (scopes, services) = (Arc::new(vec![report.scope([&image])]), report.services([&image]));
        let begun = Begun { scopes, started, hooks: Vec::new(), services };
        let modules: ModuleRefs = Arc::new([(image, 0)]);
        drop(Lent::new(begun, modules));
        report.assert_sound(4);
    }
}
