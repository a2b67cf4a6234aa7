//! Changes of the generation while the daemon runs: reload, and operators' changes to single
//! modules. All work alike: the next generation is built next to the running one, and takes over
//! only if all of it is valid. Otherwise nothing changes, and the error says why.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::SystemTime;

use gantry_api::Layout;
use gantry_api::control::Change;
use gantry_api::log::Level;
use gantry_sys::{Credentials, as_user};
use tokio::sync::mpsc::UnboundedSender;

use super::current::{Current, OpenResources};
use super::{Daemon, StartError, read_on, say_all, say_modules};
use crate::generation::images::module_name;
use crate::generation::objects::SharedObjects;
use crate::generation::retired::RetiredGeneration;
use crate::generation::running::Running;
use crate::log::LOGGER;
use crate::log::say;
use crate::plan::build::{Basis, BuildError, Plan};
use crate::plan::changes::{Changes, Insertion, Removal};

/// A change.
#[derive(Debug, Clone)]
pub(super) enum Cause {
    /// Reread the configuration and reload all module files.
    Reload,
    /// Load a module.
    Insert {
        /// `mod_x`.
        module: String,
        /// Its file, if not the one that LoadModule finds.
        file: Option<PathBuf>,
        /// Its directives.
        directives: String,
    },
    /// Remove a module.
    Remove {
        /// `mod_x`.
        module: String,
    },
    /// Use another file for a module.
    Swap {
        /// `mod_x`.
        module: String,
        /// The file, if not the one that LoadModule finds.
        file: Option<PathBuf>,
    },
}

/// The result of a change.
#[derive(Debug)]
pub(super) struct ChangeReport {
    /// The generation that serves now.
    pub generation: u64,
    /// Notices for the operator.
    pub notices: Vec<String>,
}

impl Cause {
    /// Its name in ftpdctl, and the module concerned.
    fn told(&self) -> (&'static str, Option<&str>) {
        match self {
            Self::Reload => ("reload", None),
            Self::Insert { module, .. } => ("insmod", Some(module_name(module))),
            Self::Remove { module } => ("rmmod", Some(module_name(module))),
            Self::Swap { module, .. } => ("swap", Some(module_name(module))),
        }
    }
}

impl Daemon {
    pub(super) async fn reload_or_say(self: Arc<Self>) {
        let Err(error) = self.change(Cause::Reload).await else { return };
        for line in error.to_string().lines() {
            say(Level::Error, format_args!("{line}"));
        }
        say(Level::Error, format_args!("the new configuration is rejected; the running one stays unchanged"));
    }

    /// Builds the next generation, and puts it in place if all of it is valid.
    pub(super) async fn change(self: &Arc<Self>, cause: Cause) -> Result<ChangeReport, StartError> {
        let _alone = self.changing.lock().await;
        let ends = || StartError::Wanted("the daemon is shutting down".to_owned());
        let current = self.current().ok_or_else(ends)?;
        let before = self.changes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let changes = self.changed(&cause, &current, before).map_err(StartError::Wanted)?;
        let (name, module) = cause.told();
        let (mut plan, mut open) = tokio::task::block_in_place(|| {
            let anew = if name == "swap" { module } else { None };
            let onto = (name != "reload").then_some(&*current.generation);
            let plan = self.read_again(&Basis { changes: changes.clone(), onto, anew })?;
            let open = OpenResources::of(&plan, Some((&current, &self.system)), &self.manner)?;
            Ok::<_, StartError>((plan, open))
        })?;
        say_all(&plan.notices);
        let (notices, log, log_options) = (plan.notices.clone(), open.log.take(), open.log_options);
        let number = self.generations.fetch_add(1, Ordering::Relaxed) + 1;
        let retire = self.retiring().ok_or_else(ends)?;
        plan.system = Some(self.system.clone());
        let generation = plan.start(number, Some(&current.generation), retire).await?;
        say_modules(&generation);
        let next = Arc::new(Current::new(generation, open));
        if name == "reload" {
            let mut reloads = self.reloads();
            *reloads = (reloads.0 + 1, Some(SystemTime::now()));
            drop(reloads);
            #[cfg(feature = "ctrls")]
            self.disabled.lock().unwrap_or_else(PoisonError::into_inner).clear();
            *self.reverse_dns.lock().unwrap_or_else(PoisonError::into_inner) = None;
        } else {
            next.goes_on(&current, module);
        }
        self.put_in_place(&next).ok_or_else(ends)?;
        *self.changes.lock().unwrap_or_else(PoisonError::into_inner) = changes;
        self.accept_at_all();
        LOGGER.send_to(log);
        next.generation.settings().configure_log(next.generation.settings_of_servers());
        LOGGER.set_options(log_options);
        let of = module.map(|module| format!(" {module}")).unwrap_or_default();
        let why = if name == "reload" { String::new() } else { format!(" ({name}{of})") };
        say(Level::Info, format_args!("generation {number} serves new sessions{why}"));
        let change = Change { generation: number, cause: name.to_owned(), module: module.map(str::to_owned) };
        tokio::task::block_in_place(|| next.generation.tell(&change));
        Ok(ChangeReport { generation: number, notices })
    }

    fn retiring(&self) -> Option<UnboundedSender<RetiredGeneration>> {
        let retire = self.retire.lock().unwrap_or_else(PoisonError::into_inner);
        retire.as_ref().map(|(retire, _)| retire.clone())
    }

    fn put_in_place(&self, next: &Arc<Current>) -> Option<()> {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        current.as_ref()?;
        self.registry.serve(&next.generation);
        *current = Some(next.clone());
        Some(())
    }

    /// Rereads the configuration. Perhaps only root can read it, and the daemon may have started as
    /// root.
    fn read_again(&self, basis: &Basis<'_>) -> Result<Plan, BuildError> {
        let refused = match read_on(&self.source, &self.images, basis) {
            Err(error) if self.identity.may_switch => error,
            done => return done,
        };
        let root = Credentials { uid: 0, gid: 0, groups: Vec::new() };
        as_user(&root, || read_on(&self.source, &self.images, basis)).unwrap_or(Err(refused))
    }

    /// All operators' changes, including this one; otherwise the reason why it is impossible.
    fn changed(&self, cause: &Cause, current: &Current, before: Changes) -> Result<Changes, String> {
        let running = |name: &str| current.generation.modules.iter().find(|running| running.name == name);
        match cause {
            Cause::Reload => Ok(before),
            Cause::Insert { module, file, directives } => {
                let module = module_name(module);
                if let Some(there) = running(module) {
                    let (version, shown) = (&there.version, there.image().shown());
                    return Err(format!(
                        "{module} is already active ({version}, {shown}): swap its file, or remove it first"
                    ));
                }
                let mut changes = before.without(module);
                changes.inserted.push(self.inserted(module, file.clone(), directives, current)?);
                Ok(changes)
            }
            Cause::Remove { module } => {
                let module = module_name(module);
                let there = running(module).ok_or_else(|| missing(module, current))?;
                removable(there, &current.generation.modules)?;
                let all = there.image().image().directives.iter();
                let own = all.filter(|directive| directive.module == module);
                let directives = own.map(|directive| directive.name.to_owned()).collect();
                let mut changes = before.without(module);
                changes.removed.push(Removal { module: module.to_owned(), directives });
                Ok(changes)
            }
            Cause::Swap { module, file } => {
                let module = module_name(module);
                let there = running(module).ok_or_else(|| missing(module, current))?;
                if there.image().layout() == Layout::Linked {
                    return Err(format!(
                        "{module} is linked into gantryd, so no file can replace it: build gantryd with it as a \
                         shared object (shared-{module}), or remove it (rmmod)"
                    ));
                }
                let mut changes = before;
                match file {
                    Some(file) => drop(changes.files.insert(module.to_owned(), file.clone())),
                    None => drop(changes.files.remove(module)),
                }
                Ok(changes)
            }
        }
    }

    /// A module to load, with its source.
    fn inserted(
        &self,
        module: &str,
        file: Option<PathBuf>,
        directives: &str,
        current: &Current,
    ) -> Result<Insertion, String> {
        let is_linked = self.images.linked().iter().any(|linked| linked.name == module);
        let read = &current.generation.read;
        let file = match file {
            Some(file) if is_linked => {
                return Err(format!("{module} is linked into gantryd: omit {}", file.display()));
            }
            Some(file) => Some(file),
            None if is_linked => None,
            None => Some(self.images.objects.find(module, &read.folders).map_err(|failure| failure.reason)?),
        };
        let (module, directives) = (module.to_owned(), directives.to_owned());
        Ok(Insertion { module, file, directives, signers: read.signers.clone() })
    }
}

fn missing(module: &str, current: &Current) -> String {
    let names: Vec<&str> = current.generation.modules.iter().map(|running| running.name.as_str()).collect();
    format!("the module {module} is not active; active modules: {}", names.join(", "))
}

/// Whether a module can be removed: nobody requires it, and it does not provide the control socket,
/// which would be needed to bring it back.
fn removable(module: &Running, all: &[Running]) -> Result<(), String> {
    let requires = |other: &&Running| {
        let descriptors = other.image().image().modules.iter();
        descriptors.filter(|one| one.name == other.name).any(|one| one.requires.contains(&module.name.as_str()))
    };
    let needing: Vec<&str> = all.iter().filter(requires).map(|other| other.name.as_str()).collect();
    if !needing.is_empty() {
        return Err(format!("{} is needed by {}: remove those first", module.name, needing.join(", ")));
    }
    let own = module.image().image().directives.iter().filter(|directive| directive.module == module.name);
    match own.map(|directive| directive.name).any(|name| name == "ControlsEngine") {
        true => Err(format!(
            "{} provides the control socket that you are using: set ControlsEngine off instead",
            module.name
        )),
        false => Ok(()),
    }
}
