//! `gantry migrate`: runs the installed gantryd, which knows all directives, to turn a configuration for ProFTPD into one for
//! Gantry.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Turn a configuration for ProFTPD into one for Gantry
///
/// Reads the file and all that it includes, and tells line by line what changes and why. Nothing is written without --write,
/// and ProFTPD's own files are never changed.
#[derive(clap::Args, Debug)]
pub struct Migrate {
    /// ProFTPD's configuration
    #[arg(value_name = "FILE", default_value = "/etc/proftpd/proftpd.conf")]
    file: PathBuf,
    /// Write the new configuration into this folder, which must be new or empty
    #[arg(long, value_name = "FOLDER")]
    write: Option<PathBuf>,
    /// Define a name for `<IfDefine>`
    #[arg(short = 'D', long = "define", value_name = "NAME")]
    defines: Vec<String>,
    /// The gantryd to ask [default: PREFIX/sbin/gantryd]
    #[arg(long, value_name = "FILE")]
    gantryd: Option<PathBuf>,
}

impl Migrate {
    /// Becomes gantryd; returns why that is not possible.
    pub fn run(self) -> String {
        let Some(path) = self.gantryd.clone().or_else(installed) else {
            return "gantryd is not installed: name one with --gantryd".to_owned();
        };
        let mut command = Command::new(&path);
        command.arg("-t").arg("--migrate").arg(&self.file);
        if let Some(folder) = &self.write {
            command.arg("--write").arg(folder);
        }
        for name in &self.defines {
            command.arg("-D").arg(name);
        }
        format!("cannot run {}: {}", path.display(), command.exec())
    }
}

/// The daemon of this installation, or the one next to this program in cargo's folder.
fn installed() -> Option<PathBuf> {
    let installed = option_env!("GANTRY_PREFIX").map(|prefix| Path::new(prefix).join("sbin/gantryd"));
    let beside = || std::env::current_exe().ok().map(|own| own.with_file_name("gantryd"));
    installed.or_else(beside).filter(|path| path.is_file())
}
