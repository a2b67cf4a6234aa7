//! What cargo has to build: the modules' crates, and their output folders.

use std::path::PathBuf;

/// The modules' crates in a folder, and where cargo builds them.
#[derive(Debug)]
pub struct Packages {
    /// Their names, which are also the modules' names.
    pub names: Vec<String>,
    /// Cargo's target folder for this kit.
    pub target: PathBuf,
    /// Cargo's folder for intermediate files, if it is a different one.
    pub intermediate: Option<PathBuf>,
}
