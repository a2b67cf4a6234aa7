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
            Err(error) => return super::console::end(Err(error)),
        };
        let mut fit = true;
        for (at, file) in self.files.iter().enumerate() {
            let (report, fits) = report::of(file, &daemon);
            super::console::say(format_args!("{}{report}", if at > 0 { "\n" } else { "" }));
            fit &= fits;
        }
        if fit { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

#[cfg(feature = "dso")]
mod report {
    use std::path::Path;

    use gantry_loader::{Inspection, inspect};

    use crate::module::archive::hex;
    use crate::module::kit::Daemon;

    /// All of one file, and whether it would be loaded.
    pub fn of(file: &Path, daemon: &Daemon) -> (String, bool) {
        let mut lines = vec![file.display().to_string()];
        let reasons = match inspect(file) {
            Ok(found) => {
                lines.extend(described(&found, daemon));
                reasons(file, &found, daemon)
            }
            Err(error) => vec![error.to_string()],
        };
        lines.extend(reasons.iter().map(|reason| format!("  refused: {reason}")));
        if reasons.is_empty() {
            lines.push(format!("  fits {daemon}"));
        }
        (lines.join("\n"), reasons.is_empty())
    }

    fn described(found: &Inspection, daemon: &Daemon) -> Vec<String> {
        let stamp = &found.stamp;
        let mut lines = vec![
            format!("  module      {} {}", stamp.field("module"), stamp.field("version")),
            format!("  stamp       {} ({daemon}: {})", stamp.id(), daemon.stamp.id()),
            format!("  profile     {}", stamp.field("profile")),
        ];
        for key in ["requires", "after", "before"] {
            let names: Vec<&str> = stamp.list(key).collect();
            if !names.is_empty() {
                lines.push(format!("  {key:11} {}", names.join(" ")));
            }
        }
        lines.push(format!("  runtime     {}", stamp.field("runtime")));
        lines.push(format!("  size        {} bytes", found.size));
        lines.push(format!("  sha256      {}", hex(&found.sha256)));
        lines.extend(daemon.clash(stamp.field("module")).map(|clash| format!("  note        {clash}")));
        lines.extend(found.directives.iter().map(|(_, name)| format!("  directive   {name}")));
        lines
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
