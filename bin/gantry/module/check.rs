//! `gantry module check`: describes a module file, and says whether the installed
//! gantryd would load it. It runs none of the file's code and needs no running
//! server. It does not check owners and modes; the daemon does when it loads a file.

use std::path::PathBuf;
use std::process::ExitCode;

/// Describes module files, and compares each stamp with that of the installed
/// gantryd. Runs none of their code and needs no running server.
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

If Gantry is not installed, the files are compared with the stamp of this build.
Owner and mode are not checked here; gantryd checks them when it loads a file.
Exit codes: 0 gantryd would load all files, 1 it would refuse at least one,
2 wrong command line.";

impl Check {
    #[cfg(not(feature = "dso"))]
    pub fn run(&self) -> ExitCode {
        eprintln!("gantry: this build has no loader (feature dso), so it cannot load any module",);
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

    /// The report on one file, and whether the daemon would load it.
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
            lines.push(format!("  matches {daemon}"));
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

    /// Why the daemon would refuse the file; empty if it would load it.
    fn reasons(file: &Path, found: &Inspection, daemon: &Daemon) -> Vec<String> {
        let stamp = &found.stamp;
        let differences = stamp.differences(&daemon.stamp).into_iter();
        let mut reasons: Vec<String> = differences
            .map(|(key, theirs, ours)| format!("{key} differs: the file has '{theirs}', {daemon} has '{ours}'"))
            .collect();
        let module = stamp.field("module");
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        if stem != module && stem.strip_prefix("lib") != Some(module) {
            reasons.push(format!("it contains {module}, which LoadModule only looks for in {module}.so"));
        }
        reasons
    }
}
