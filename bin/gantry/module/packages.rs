//! What cargo is to build: the modules' crates, and where to.

use std::path::PathBuf;

/// The modules' crates in a folder, and where cargo builds them.
#[derive(Debug)]
pub struct Packages {
    /// Their names, which are the modules'.
    pub names: Vec<String>,
    /// Cargo's target folder for this kit.
    pub target: PathBuf,
    /// Its folder for intermediate files, where that is another one.
    pub intermediate: Option<PathBuf>,
}
