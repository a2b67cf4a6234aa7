//! `gantry completions`: shell completion scripts for gantry.

use std::io;

use clap_complete::{Shell, generate};

use crate::show;

/// Prints a shell's completion script for gantry. `xtask install` installs them
/// for bash, zsh and fish.
#[derive(clap::Args, Debug)]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    /// Prints the script for a command line.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn run(&self, mut gantry: clap::Command) -> io::Result<()> {
        let mut text = Vec::new();
        generate(self.shell, &mut gantry, "gantry", &mut text);
        show::print(&String::from_utf8_lossy(&text))
    }
}
