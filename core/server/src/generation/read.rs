//! What was read for a generation.

use std::path::PathBuf;
use std::sync::Arc;

use gantry_api::{Defaults, ScopeValues, Value};
use gantry_config::Texts;

use crate::generation::objects::Signer;

/// What was read, and where modules are looked for: what later changes build on.
#[derive(Default)]
pub struct Read {
    /// The files of the configuration.
    pub texts: Arc<Texts>,
    /// Where LoadModule looks.
    pub folders: Vec<PathBuf>,
    /// By whom modules' files must be signed.
    pub signers: Option<Vec<Signer>>,
    /// The main server's settings, all that are given.
    pub main: Value,
    /// The defaults of all others.
    pub defaults: Arc<Defaults>,
    /// The configuration as text, all files in one.
    pub shown: String,
}

impl Read {
    /// What holds in the main server.
    pub fn main(&self) -> ScopeValues<'_> {
        ScopeValues::new(&self.main, &self.defaults)
    }
}
