//! `gantry module check`: what a module's file says of itself, and whether the
//! installed gantryd would load it. None of the file's code runs, and no server
//! has to. Its owner and mode, and those of its folders, are the daemon's to judge.

use std::path::PathBuf;
use std::process::ExitCode;

/// Tells what modules' files say of themselves, and compares each stamp with
/// that of the installed gantryd. No code of the files runs, and no server has to.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Check {
    /// Shared objects, such as /usr/local/libexec/mod_sql.so
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[cfg(feature = "dso")]
    #[command(flatten)]
    gantryd: super::kit::DaemonOption,
}

const EXAMPLES: &str = "\
Examples:
  gantry module check /usr/local/libexec/*.so
  gantry module check target/debug/libmod_greet.so

Where Gantry is not installed, the stamp of this very build is what counts.
Whether owner and mode are safe is not looked at here: gantryd does when it loads.
Exit codes: 0 each file would be loaded, 1 at least one would be refused,
2 a wrong command line.";

impl Check {
    #[cfg(not(feature = "dso"))]
    pub fn run(&self) -> ExitCode {
        eprintln!(
            "gantry: this build has no loader (feature dso), so it would load none of {} files",
            self.files.len()
        );
        ExitCode::FAILURE
    }

    /// Checks each file.
    #[cfg(feature = "dso")]
    pub fn run(&self) -> ExitCode {
        let daemon = match self.gantryd.find_or_this_build() {
            Ok(daemon) => daemon,
            Err(error) => return super::end(Err(error)),
        };
        let mut fit = true;
        for (at, file) in self.files.iter().enumerate() {
            if at > 0 {
                println!();
            }
            fit &= report::tell(file, &daemon);
        }
        if fit { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

#[cfg(feature = "dso")]
mod report {
    use std::path::Path;

    use gantry_loader::{Inspection, inspect};

    use crate::module::kit::Daemon;

    /// Prints all of one file; whether it would be loaded.
    pub fn tell(file: &Path, daemon: &Daemon) -> bool {
        println!("{}", file.display());
        match inspect(file) {
            Ok(found) => {
                describe(&found, daemon);
                let reasons = reasons(file, &found, daemon);
                reasons.iter().for_each(|reason| println!("  refused: {reason}"));
                if reasons.is_empty() {
                    println!("  fits {daemon}");
                }
                reasons.is_empty()
            }
            Err(error) => {
                println!("  refused: {error}");
                false
            }
        }
    }

    fn describe(found: &Inspection, daemon: &Daemon) {
        let stamp = &found.stamp;
        println!("  module      {} {}", stamp.field("module"), stamp.field("version"));
        println!("  stamp       {} ({daemon}: {})", stamp.id(), daemon.stamp.id());
        println!("  profile     {}", stamp.field("profile"));
        for key in ["requires", "after", "before"] {
            let names: Vec<&str> = stamp.list(key).collect();
            if !names.is_empty() {
                println!("  {key:11} {}", names.join(" "));
            }
        }
        println!("  runtime     {}", stamp.field("runtime"));
        println!("  size        {} bytes", found.size);
        let digest: String = found.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        println!("  sha256      {digest}");
        println!("  damage      {}", if found.has_digest { "none" } else { "unknown: it does not end with a digest" });
        for (_, name) in &found.directives {
            println!("  directive   {name}");
        }
    }

    /// Why it would refuse the file; nothing where it would not.
    fn reasons(file: &Path, found: &Inspection, daemon: &Daemon) -> Vec<String> {
        let stamp = &found.stamp;
        let differences = stamp.differences(&daemon.stamp).into_iter();
        let mut reasons: Vec<String> = differences
            .map(|(key, theirs, ours)| format!("{key} differs: the file has '{theirs}', {daemon} '{ours}'"))
            .collect();
        let module = stamp.field("module");
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        if stem != module && stem.strip_prefix("lib") != Some(module) {
            reasons.push(format!("it holds {module}, which LoadModule looks for in {module}.so alone"));
        }
        reasons
    }
}
