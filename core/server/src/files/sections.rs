//! The scopes of a session's base, by path.

use std::path::Path;
use std::sync::Arc;

use gantry_api::files::{Kind, Metadata};
use gantry_api::{Result, Verb};

use crate::gate::{Operation, Person};
use crate::generation::base::Folders;
use crate::generation::ftpaccess::Inside;
use crate::generation::held::ScopeHandle;
use crate::generation::scope::Scope;
use crate::generation::snapshot::Generation;
use crate::hiding::Viewer;

/// The commands that list; they never show hidden files.
const LISTING: [Verb; 5] = [Verb::LIST, Verb::NLST, Verb::STAT, Verb::MLSD, Verb::MLST];

/// The scopes of a session's base, for its account.
pub struct Sections {
    generation: Arc<Generation>,
    folders: Folders,
    hides_nothing: bool,
}

impl Sections {
    /// For a base, with the folders of its sections resolved for the account.
    pub fn new(generation: Arc<Generation>, folders: Folders) -> Self {
        let hides = |held: &ScopeHandle| !generation.held(held).settings.hidden.is_empty();
        let base = &folders.base;
        let hides = base.reads_files || hides(&base.own.held) || base.inner.iter().any(|spot| hides(&spot.held));
        Self { generation, folders, hides_nothing: !hides }
    }

    /// The scope of all paths, if there are no sections for folders.
    pub fn everywhere(&self) -> Option<ScopeHandle> {
        let base = &self.folders.base;
        (!base.depends_on_path()).then(|| base.own.held.clone())
    }

    /// The scope of a path.
    ///
    /// # Errors
    /// `Denied` where a section may be, and nobody can tell.
    pub fn at(&self, path: &Path) -> Result<ScopeHandle> {
        Ok(self.folders.at(path)?.held.clone())
    }

    /// Whether `.ftpaccess` files count for any session. If so, clients must not create them: the
    /// file might count for another server, or under another name of the folder.
    pub fn guards_files(&self) -> bool {
        self.generation.has_access_files()
    }

    /// Whether there are sections for folders.
    pub fn has_folders(&self) -> bool {
        !self.folders.base.inner.is_empty()
    }

    /// Whether a section would no longer cover its folder if `from` were renamed to `to`, or
    /// removed.
    pub fn loses(&self, from: &Path, to: Option<&Path>, is_folder: bool) -> bool {
        self.folders.loses(from, to, is_folder)
    }

    /// Whether no scope hides anything. `.ftpaccess` files cannot be known beforehand.
    pub fn hides_nothing(&self) -> bool {
        self.hides_nothing
    }

    /// Whether `.ftpaccess` files count.
    pub fn reads_files(&self) -> bool {
        self.folders.base.reads_files
    }

    /// The scope of a place, including the `.ftpaccess` files of its folders; `None` if the place
    /// has moved.
    ///
    /// # Errors
    /// A file that is no good, or a folder that cannot be searched.
    pub fn with_files(&self, inside: Inside<'_>) -> Result<Option<ScopeHandle>> {
        match self.generation.access_files(&self.folders.base) {
            Some(files) => files.scope_at(&self.generation.scopes, &self.folders, inside),
            None => self.at(inside.path).map(Some),
        }
    }

    /// Asks the gate whether a command may do this in this scope.
    pub fn check(&self, held: &ScopeHandle, verb: Verb, operation: Operation, person: &Person) -> Result<()> {
        let facts = &self.generation.table.row(verb).limits;
        self.held(held).rules.check(verb, facts, Some(operation), person)
    }

    /// Whether a command finds a file, by its names, in this scope: IgnoreHidden makes hidden files
    /// nonexistent. Without metadata there is no file.
    pub fn finds(
        &self,
        held: &ScopeHandle,
        verb: Verb,
        viewer: &Viewer,
        names: &[&[u8]],
        found: Option<&Metadata>,
    ) -> bool {
        let scope = self.held(held);
        let hidden = &scope.settings.hidden;
        let facts = &self.generation.table.row(verb).limits;
        let lists = LISTING.contains(&verb) && found.is_some_and(|found| found.kind != Kind::Directory);
        if !lists && !scope.rules.ignores_hidden(verb, facts.groups) {
            return true;
        }
        !names.iter().any(|name| match found {
            Some(found) => viewer.misses(hidden, name, found),
            None => viewer.misses_name(hidden, name),
        })
    }

    /// The settings of a scope.
    pub fn held<'a>(&'a self, held: &'a ScopeHandle) -> &'a Scope {
        self.generation.held(held)
    }
}
