//! `gantry completions`: what a shell needs to complete gantry's command lines.

use std::io;

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use crate::arguments::Arguments;
use crate::show;

/// Prints a shell's completions of gantry. `xtask install` puts them where bash,
/// zsh and fish look.
#[derive(clap::Args, Debug)]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    /// Prints them.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn run(&self) -> io::Result<()> {
        let mut text = Vec::new();
        generate(self.shell, &mut Arguments::command(), "gantry", &mut text);
        show::print(&String::from_utf8_lossy(&text))
    }
}
