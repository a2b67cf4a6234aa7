//! What operators changed beyond what the configuration says: modules that
//! were taken in (insmod), taken out (rmmod), or have another file (swap). It
//! outlives every reload, until the daemon ends or the change is undone.

use std::collections::HashMap;
use std::path::PathBuf;

use crate::generation::objects::Signer;

/// All changes so far.
#[derive(Clone, Default)]
pub struct Changes {
    /// Modules taken in, in order.
    pub inserted: Vec<Insertion>,
    /// Modules taken out.
    pub removed: Vec<Removal>,
    /// Files that serve in place of those that LoadModule finds or insmod named, by
    /// module.
    pub files: HashMap<String, PathBuf>,
}

/// A module that was taken in.
#[derive(Clone)]
pub struct Insertion {
    /// `mod_x`.
    pub module: String,
    /// Its file; none of one that is linked in.
    pub file: Option<PathBuf>,
    /// Its directives, as lines of the main server's.
    pub directives: String,
    /// By whom its file must be signed: what ModuleSigners said at the time.
    pub signers: Option<Vec<Signer>>,
}

/// A module that was taken out.
#[derive(Debug, Clone)]
pub struct Removal {
    /// `mod_x`.
    pub module: String,
    /// The directives that it brought: the configuration may go on having them.
    pub directives: Vec<String>,
}

impl Changes {
    /// The file of a module that was taken in; none of one that is linked in.
    pub fn inserted_file<'a>(&'a self, inserted: &'a Insertion) -> Option<&'a PathBuf> {
        self.files.get(&inserted.module).or(inserted.file.as_ref())
    }

    /// Whether a module was taken out.
    pub fn is_removed(&self, module: &str) -> bool {
        self.removed.iter().any(|removed| removed.module == module)
    }

    /// The module that was taken out and brought a directive.
    pub fn remover(&self, directive: &str) -> Option<&str> {
        let brought = |removed: &&Removal| removed.directives.iter().any(|name| name.eq_ignore_ascii_case(directive));
        self.removed.iter().find(brought).map(|removed| removed.module.as_str())
    }

    /// Each directive that has no effect, with the module that brought it.
    pub fn idle_directives(&self) -> impl Iterator<Item = (String, String)> {
        let pairs = |removed: &'_ Removal| {
            let module = removed.module.clone();
            let named = removed.directives.clone().into_iter();
            named.map(move |directive| (directive, module.clone()))
        };
        self.removed.iter().flat_map(pairs)
    }

    /// The same without any change of one module's.
    #[must_use]
    pub fn without(mut self, module: &str) -> Self {
        self.inserted.retain(|inserted| inserted.module != module);
        self.removed.retain(|removed| removed.module != module);
        self.files.remove(module);
        self
    }
}
