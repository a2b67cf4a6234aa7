//! mod_probe and mod_probe_runtime in both layouts, for the benches. Loaded images stay loaded
//! until the program ends.

use std::any::Any;
use std::env;
use std::path::Path;
use std::sync::Arc;

use gantry_api::guard::Home;
use gantry_api::moment::SettingsBox;
use gantry_api::{Defaults, Descriptor, Hook, Image, Layout, Lent, Phase, ScopeValues, Value, Verb};
use gantry_loader::{Loader, Trust};
use gantry_server::{ImageRef, LOGGER, Occupant, Running};
use mod_probe::Kit;

/// A layout's images, and mod_probe's own objects in it.
pub struct Probe {
    /// The layout.
    pub layout: Layout,
    /// The image of mod_probe.
    pub plain: ImageRef,
    /// The image of mod_probe_runtime.
    pub runtime: ImageRef,
}

/// Both layouts.
pub struct Probes {
    /// Linked in, then loaded.
    pub layouts: [Probe; 2],
    // Runs the tasks of linked-in modules.
    runtime: &'static tokio::runtime::Runtime,
}

impl Probes {
    /// Loads the shared objects.
    ///
    /// # Panics
    /// If they are missing or do not match.
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("threads can be started");
        let linked = Arc::new(Image::this(&LOGGER));
        let linked = || ImageRef::Linked(Arc::clone(&linked));
        // The checkout's owner and modes do not matter here.
        let loader = Loader::with_trust(Trust::Lenient);
        let loaded = |module: &str| {
            // Not current_exe: that is the dynamic linker if it starts the program.
            let program = env::args_os().next().expect("a program is told its path");
            let file = beside(Path::new(&program)).join(format!("lib{module}.so"));
            let loaded = loader.load(&file, module, None, &LOGGER);
            ImageRef::Loaded(loaded.unwrap_or_else(|error| panic!("{error}")))
        };
        let layouts = [
            Probe { layout: Layout::Linked, plain: linked(), runtime: linked() },
            Probe { layout: Layout::Loaded, plain: loaded("mod_probe"), runtime: loaded("mod_probe_runtime") },
        ];
        // Keep the images mapped.
        for probe in &layouts {
            std::mem::forget((probe.plain.clone(), probe.runtime.clone()));
        }
        Self { layouts, runtime: Box::leak(Box::new(runtime)) }
    }

    /// An instance of mod_probe that hooks `verb`.
    pub fn occupant(&self, probe: &Probe, number: usize, verb: Verb) -> Occupant {
        let descriptor = descriptor(&probe.plain, "mod_probe");
        let home = Home { module: format!("mod_probe_{number:02}").into(), runtime: None };
        occupant(&probe.plain, descriptor, home, vec![Hook::pre(verb)])
    }

    /// An instance of mod_probe_runtime, with its runtime.
    pub fn occupant_with_runtime(&self, probe: &Probe, verb: Verb) -> Occupant {
        let descriptor = descriptor(&probe.runtime, "mod_probe_runtime");
        let start = descriptor.runtime.expect("it names a runtime");
        let _entered = self.runtime.enter();
        let runtime = start(probe.layout, descriptor.name).expect("threads can be started");
        let home = Home { module: descriptor.name.into(), runtime: Some(runtime) };
        occupant(&probe.runtime, descriptor, home, vec![Hook::pre(verb)])
    }
}

impl Probe {
    /// How the results name the layout.
    pub fn name(&self) -> &'static str {
        match self.layout {
            Layout::Linked => "linked",
            Layout::Loaded => "loaded",
        }
    }

    /// The module's objects, made in its image.
    pub fn kit(&self) -> &'static Kit {
        let settings: &'static SettingsBox = Box::leak(Box::new(settings(descriptor(&self.plain, "mod_probe"))));
        // Both images contain the same compilation of mod_probe, so the type is the same.
        let settings: &dyn Any = &**settings;
        let settings: &mod_probe::Settings = settings.downcast_ref().expect("the type is one");
        settings.kit.as_ref().expect("was asked for")
    }
}

fn occupant(image: &ImageRef, descriptor: &'static Descriptor, home: Home, hooks: Vec<Hook>) -> Occupant {
    let instance = (descriptor.create)(home).expect("it is made without failing");
    let (name, version) = (descriptor.name.to_owned(), descriptor.version.to_owned());
    let running = Running::new(name, version, Lent::new(instance, image.clone()));
    debug_assert!(hooks.iter().all(|hook| hook.phase == Phase::Pre));
    Occupant { running, settings: settings(descriptor), hooks, commands: Vec::new() }
}

fn settings(descriptor: &Descriptor) -> SettingsBox {
    let asked = Value::Map(vec![("ProbeKit".to_owned(), Value::Bool(true))]);
    (descriptor.settings)(&ScopeValues::new(&asked, &Defaults::default())).unwrap_or_else(|error| panic!("{error}"))
}

fn descriptor(image: &ImageRef, name: &str) -> &'static Descriptor {
    let found = image.image().modules.iter().find(|module| module.name == name);
    found.unwrap_or_else(|| panic!("{name} is not in its image"))
}

/// Cargo's folder for shared objects: `deps`, which also contains benches; other programs are next
/// to it.
fn beside(program: &Path) -> std::path::PathBuf {
    let folder = program.parent().expect("a program is in a folder");
    if folder.ends_with("deps") { folder.to_owned() } else { folder.join("deps") }
}
