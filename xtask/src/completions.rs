//! Shell completions for gantry, which gantry itself prints.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::cargo::Built;
use crate::error::Error;
use crate::layout::Layout;

/// The shells, and the place below `share` where each looks.
const SHELLS: [(&str, &str); 3] = [
    ("bash", "bash-completion/completions/gantry"),
    ("zsh", "zsh/site-functions/_gantry"),
    ("fish", "fish/vendor_completions.d/gantry.fish"),
];

/// Writes each shell's completions with `put`. If the built gantry does not run on this
/// machine, there are none, and a message says so.
pub fn install(layout: &Layout, built: &Built, put: impl Fn(&[u8], &Path) -> Result<(), Error>) -> Result<(), Error> {
    let gantry =
        built.executables.get("gantry").ok_or_else(|| Error::Missing { what: "executable gantry".to_owned() })?;
    for (shell, file) in SHELLS {
        let output = Command::new(gantry).args(["completions", shell]).stdin(Stdio::null()).output();
        match output {
            Ok(output) if output.status.success() => {
                put(&output.stdout, &layout.staged(&layout.prefix.join("share").join(file)))?;
            }
            _ => {
                eprintln!("xtask: skipped the shell completions: {} does not run here", gantry.display());
                return Ok(());
            }
        }
    }
    Ok(())
}
