//! The images of the process: the executable's own, and loaded ones.

use std::path::PathBuf;
use std::sync::Arc;

use gantry_api::{Descriptor, Image, Layout};

use crate::generation::objects::{MappedObject, Objects, SharedObject, SharedObjects};
use crate::log::LOGGER;

/// The image that contains a module's code.
#[derive(Clone)]
pub enum ImageRef {
    /// The executable.
    Linked(Arc<Image>),
    /// A shared object.
    Loaded(Arc<MappedObject>),
}

impl ImageRef {
    /// The image itself.
    pub fn image(&self) -> &Image {
        match self {
            Self::Linked(image) => image,
            Self::Loaded(loaded) => SharedObject::image(&**loaded),
        }
    }

    /// The shared object; `None` for the executable.
    pub fn loaded(&self) -> Option<&dyn SharedObject> {
        match self {
            Self::Linked(_) => None,
            Self::Loaded(loaded) => Some(&**loaded),
        }
    }

    /// How the modules' code got into the process.
    pub fn layout(&self) -> Layout {
        if self.loaded().is_some() { Layout::Loaded } else { Layout::Linked }
    }

    /// The digest of its file; `None` for the executable.
    pub fn sha256(&self) -> Option<[u8; 32]> {
        self.loaded().map(|loaded| loaded.sha256())
    }

    /// Its name for logs.
    pub fn shown(&self) -> String {
        match self.loaded() {
            None => "linked in".to_owned(),
            Some(loaded) => format!("{} {}", loaded.path().display(), short(&loaded.sha256())),
        }
    }
}

/// The first digits of a file's digest: enough to tell builds apart.
fn short(digest: &[u8; 32]) -> String {
    digest[..6].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The modules of a generation, each as an image and a position in it.
pub type ModuleRefs = Arc<[(ImageRef, usize)]>;

/// The images from which the process can take modules.
pub struct Images {
    pub(crate) linked: Arc<Image>,
    pub(crate) objects: Objects,
    pub(crate) folders: Vec<PathBuf>,
    /// The modules (`mod_x`) that Gantry has, in this build or not.
    pub(crate) known: Vec<&'static str>,
}

impl Images {
    /// The executable's own image, and the folders in which LoadModule looks if ModulePath is not
    /// set. The executable's `main` must begin with `gantry_loader::Trial::answer`, which tries
    /// files before they are loaded.
    pub fn new(folders: Vec<PathBuf>) -> Self {
        Self { linked: Arc::new(Image::this(&LOGGER)), objects: Objects::new(), folders, known: Vec::new() }
    }

    /// The same, with the names (`mod_x`) of modules that builds of Gantry may leave out, so that the administrator learns of
    /// that.
    #[must_use]
    pub fn knowing(mut self, modules: impl IntoIterator<Item = &'static str>) -> Self {
        self.known = modules.into_iter().collect();
        self
    }

    /// The modules linked into the executable, by name.
    pub fn linked(&self) -> Vec<&Descriptor> {
        by_name(&self.linked)
    }

    /// Whether a file with this digest is mapped.
    pub fn is_mapped(&self, sha256: &[u8; 32]) -> bool {
        self.objects.is_mapped(sha256)
    }

    /// Whether a module is linked in, or a file with it matches this build.
    pub fn offers(&self, module: &str) -> bool {
        let is_linked = self.linked.modules.iter().any(|linked| linked.name == module);
        is_linked || self.objects.offers(module, &self.folders)
    }
}

/// Its modules by name, since the linker's order means nothing.
pub fn by_name(image: &Image) -> Vec<&Descriptor> {
    let mut modules: Vec<&Descriptor> = image.modules.iter().collect();
    modules.sort_by_key(|module| module.name);
    modules
}

/// `mod_x` for `mod_x`, `mod_x.c` or `mod_x.so`.
pub fn module_name(name: &str) -> &str {
    name.strip_suffix(".c").or_else(|| name.strip_suffix(".so")).unwrap_or(name)
}
