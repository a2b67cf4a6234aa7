//! What operators changed beyond the configuration: modules that they added (insmod), removed
//! (rmmod) or gave another file (swap). Changes survive reloads until the daemon ends or they are
//! undone.

use std::collections::HashMap;
use std::path::PathBuf;

use crate::generation::objects::Signer;

/// All changes so far.
#[derive(Clone, Default)]
pub struct Changes {
    /// Added modules, in order.
    pub inserted: Vec<Insertion>,
    /// Removed modules.
    pub removed: Vec<Removal>,
    /// Files that replace those that LoadModule finds or insmod named, by module.
    pub files: HashMap<String, PathBuf>,
}

/// An added module.
#[derive(Clone)]
pub struct Insertion {
    /// `mod_x`.
    pub module: String,
    /// Its file; `None` if it is linked in.
    pub file: Option<PathBuf>,
    /// Its directives, as lines of the main server.
    pub directives: String,
    /// The keys that must have signed its file, from ModuleSigners at that time.
    pub signers: Option<Vec<Signer>>,
}

/// A removed module.
#[derive(Debug, Clone)]
pub struct Removal {
    /// `mod_x`.
    pub module: String,
    /// Its directives: they may stay in the configuration.
    pub directives: Vec<String>,
}

impl Changes {
    /// The file of an added module; `None` if it is linked in.
    pub fn inserted_file<'a>(&'a self, inserted: &'a Insertion) -> Option<&'a PathBuf> {
        self.files.get(&inserted.module).or(inserted.file.as_ref())
    }

    /// Whether a module was removed.
    pub fn is_removed(&self, module: &str) -> bool {
        self.removed.iter().any(|removed| removed.module == module)
    }

    /// The removed module that had a directive.
    pub fn remover(&self, directive: &str) -> Option<&str> {
        let brought = |removed: &&Removal| removed.directives.iter().any(|name| name.eq_ignore_ascii_case(directive));
        self.removed.iter().find(brought).map(|removed| removed.module.as_str())
    }

    /// Each directive that has no effect, with its module.
    pub fn idle_directives(&self) -> impl Iterator<Item = (String, String)> {
        let pairs = |removed: &'_ Removal| {
            let module = removed.module.clone();
            let named = removed.directives.clone().into_iter();
            named.map(move |directive| (directive, module.clone()))
        };
        self.removed.iter().flat_map(pairs)
    }

    /// The changes without those of one module.
    #[must_use]
    pub fn without(mut self, module: &str) -> Self {
        self.inserted.retain(|inserted| inserted.module != module);
        self.removed.retain(|removed| removed.module != module);
        self.files.remove(module);
        self
    }
}
