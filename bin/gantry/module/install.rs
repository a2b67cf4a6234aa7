//! `gantry module install`: installs a module and its signature where LoadModule
//! looks, if the installed gantryd would load it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use gantry_loader::{inspect_bytes, signature_path, with_digest};

use super::archive;
use super::candidate::Candidate;
use super::console::{end, say};
use super::error::KitError;
use super::kit::{Daemon, DaemonOption, module_folder};
use super::place::PreparedFile;
use super::workspace::Workspace;

/// Install modules where LoadModule looks, if the installed gantryd would load them.
/// Each file is named after its module and written completely before it is renamed.
#[derive(clap::Args, Debug)]
#[command(after_help = HELP)]
pub struct Install {
    /// Shared objects, packages, or folders built by gantry module build
    #[arg(default_value = ".", value_name = "FILE|DIR")]
    what: Vec<PathBuf>,
    /// The destination folder [default: the module folder of the installed gantryd]
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    #[command(flatten)]
    gantryd: DaemonOption,
}

const HELP: &str = "\
Examples:
  gantry module install
  gantry module install mod_greet-0.1.0.tar

Nothing is installed unless all files can be. A signature next to a file
(mod_x.so.sig) is installed too; if there is none, the old file's signature is
removed. To make gantryd use the module, add LoadModule to its configuration and
send SIGHUP, or use gantry insmod.
Exit codes: 0 installed, 1 failed, 2 wrong command line.";

impl Install {
    /// Installs.
    pub fn run(&self) -> ExitCode {
        end(self.install())
    }

    fn install(&self) -> Result<(), KitError> {
        let daemon = self.gantryd.find()?;
        let folder = self.to.clone().or_else(module_folder);
        let folder = folder.ok_or(KitError::NotInstalled { what: "module folder", option: "--to" })?;
        let mut found = Vec::new();
        for what in &self.what {
            candidates(what, &mut found)?;
        }
        let judged = found.into_iter().map(|candidate| judged(candidate, &daemon)).collect::<Result<Vec<_>, _>>()?;
        let ready = judged.iter().map(|(name, candidate)| Ready::beside(&folder, name, candidate));
        // All are written before the first is renamed, so a full disk changes nothing.
        for (ready, (name, _)) in ready.collect::<Result<Vec<_>, _>>()?.into_iter().zip(&judged) {
            say(ready.settle()?.display());
            eprintln!(
                "next: add LoadModule {name}.c to the configuration and send SIGHUP, or run: gantry insmod {name}"
            );
        }
        Ok(())
    }
}

/// The modules that one argument names.
fn candidates(what: &Path, found: &mut Vec<Candidate>) -> Result<(), KitError> {
    if what.is_dir() {
        for file in Workspace::around(what)?.built()? {
            found.push(Candidate::read(&file)?);
        }
        return Ok(());
    }
    let is_package = what.extension().is_some_and(|ending| ending == "tar");
    found.push(if is_package { archive::read(what)? } else { Candidate::read(what)? });
    Ok(())
}

/// The module's name and what to install, if the daemon would load it. An unsigned
/// file without a digest gets one; a signed file's bytes do not change.
fn judged(mut candidate: Candidate, daemon: &Daemon) -> Result<(String, Candidate), KitError> {
    let stamp = inspect_bytes(&candidate.origin, &candidate.bytes)?.stamp;
    let reasons = daemon.refusals(&stamp);
    if !reasons.is_empty() {
        return Err(KitError::Refused { file: candidate.origin, gantryd: daemon.path().to_owned(), reasons });
    }
    // The name becomes part of a path, so the loader must accept it as a module name.
    let name = gantry_loader::module_name(stamp.field("module"))?.to_owned();
    if candidate.signature.is_none() {
        candidate.bytes = with_digest(candidate.bytes);
    }
    Ok((name, candidate))
}

/// A module that is written next to its destination and only needs to be renamed.
struct Ready {
    file: PathBuf,
    object: PreparedFile,
    /// Its signature.
    signature: Option<PreparedFile>,
    /// A copy of the old signature, to restore it if something fails.
    former: Option<PreparedFile>,
}

impl Ready {
    /// Writes all files.
    fn beside(folder: &Path, name: &str, candidate: &Candidate) -> Result<Self, KitError> {
        let file = folder.join(format!("{name}.so"));
        let path = signature_path(&file);
        let write = |text: &[u8], mode| PreparedFile::file(&path, text, mode).map_err(KitError::file("write", &path));
        let former = match fs::metadata(&path) {
            Ok(held) if held.is_file() => {
                let text = fs::read(&path).map_err(KitError::file("read", &path))?;
                Some(write(&text, held.permissions().mode() & 0o7777)?)
            }
            _ => None,
        };
        let signature = candidate.signature.as_ref().map(|text| write(text, 0o644)).transpose()?;
        let object = PreparedFile::file(&file, &candidate.bytes, 0o755).map_err(KitError::file("write", &file))?;
        Ok(Self { file, object, signature, former })
    }

    /// Renames the files to their places; if that fails, restores the old signature.
    /// The signature comes first: a daemon that loads in between gets a mismatch,
    /// never an unsigned new file.
    fn settle(self) -> Result<PathBuf, KitError> {
        let Self { file, object, signature, former } = self;
        let path = signature_path(&file);
        match signature {
            Some(signature) => signature.settle().map_err(KitError::file("write", &path))?,
            None if former.is_some() => fs::remove_file(&path).map_err(KitError::file("remove", &path))?,
            None => (),
        }
        object.settle().map_err(|error| {
            let _ = former.map_or_else(|| fs::remove_file(&path), PreparedFile::settle);
            KitError::file("write", &file)(error)
        })?;
        Ok(file)
    }
}
