//! What was read for a generation.

use std::path::PathBuf;
use std::sync::Arc;

use gantry_api::{Defaults, ScopeValues, Value};
use gantry_config::Texts;

use crate::generation::objects::Signer;

/// What was read, and where to look for modules; later changes build on it.
#[derive(Default)]
pub struct Read {
    /// The files of the configuration.
    pub texts: Arc<Texts>,
    /// Where LoadModule looks.
    pub folders: Vec<PathBuf>,
    /// Whose signatures module files must have.
    pub signers: Option<Vec<Signer>>,
    /// The given settings of the main server.
    pub main: Value,
    /// The defaults of all others.
    pub defaults: Arc<Defaults>,
    /// The configuration as text, with all files in one.
    pub shown: String,
}

impl Read {
    /// The settings of the main server, including defaults.
    pub fn main(&self) -> ScopeValues<'_> {
        ScopeValues::new(&self.main, &self.defaults)
    }
}
