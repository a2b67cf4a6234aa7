//! What holds where: the scopes of one session's server, by paths.

use std::path::Path;
use std::sync::Arc;

use gantry_api::{Result, Verb};
use gantry_config::DirectoryTable;

use crate::gate::{Operation, Person};
use crate::generation::ftpaccess::Overrides;
use crate::generation::held::Held;
use crate::generation::scope::{Scope, ScopeId};
use crate::generation::snapshot::Generation;

/// The scopes of a session's server, for its account.
pub struct Sections {
    generation: Arc<Generation>,
    scope: ScopeId,
    directories: DirectoryTable,
}

impl Sections {
    /// Those of the server of `scope`; the sections of its `<Directory>`s go by the account.
    pub fn new(generation: Arc<Generation>, scope: ScopeId, directories: DirectoryTable) -> Self {
        Self { generation, scope, directories }
    }

    /// What holds everywhere, if the path does not matter.
    pub fn everywhere(&self) -> Option<Held> {
        (!self.generation.depends_on_path(self.scope)).then(|| self.scope.into())
    }

    /// What the configuration says of a path.
    pub fn at(&self, path: &Path) -> ScopeId {
        self.generation.directory_scope(self.scope, &self.directories, path)
    }

    /// What reads `.ftpaccess` files, if they count.
    pub fn overrides(&self) -> Option<&Overrides> {
        self.generation.overrides(self.scope)
    }

    /// Asks the gate whether a command may do this where this holds.
    pub fn check(&self, held: &Held, verb: Verb, operation: Operation, person: &Person) -> Result<()> {
        let facts = &self.generation.table.row(verb).limits;
        self.held(held).rules.check(verb, facts, Some(operation), person)
    }

    /// What holds.
    pub fn held<'a>(&'a self, held: &'a Held) -> &'a Scope {
        self.generation.held(held)
    }
}
