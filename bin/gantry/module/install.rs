//! `gantry module install`: a module's file to the folder where LoadModule looks,
//! if the installed gantryd would load it. A signature goes along.

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
use super::place::Prepared;
use super::workspace::Workspace;

/// Put modules into the folder where LoadModule looks, if the installed gantryd
/// would load them. Each is put there whole, under its module's name.
#[derive(clap::Args, Debug)]
#[command(after_help = HELP)]
pub struct Install {
    /// Shared objects, packages, or folders in which gantry module build has built
    #[arg(default_value = ".", value_name = "FILE|DIR")]
    what: Vec<PathBuf>,
    /// The folder [default: the module folder of the installed gantryd]
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    #[command(flatten)]
    gantryd: DaemonOption,
}

const HELP: &str = "\
Examples:
  gantry module install
  gantry module install mod_greet-0.1.0.tar

Nothing is installed unless all can be. A signature beside a file (mod_x.so.sig)
goes along; without one, that of the module's former file is removed. gantryd
takes no notice: LoadModule in its configuration and SIGHUP, or gantry insmod.
Exit codes: 0 installed, 1 not, 2 a wrong command line.";

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
        // All are written before the first takes its place: a full disk changes nothing.
        for (ready, (name, _)) in ready.collect::<Result<Vec<_>, _>>()?.into_iter().zip(&judged) {
            say(ready.settle()?.display());
            eprintln!("next: LoadModule {name}.c in the configuration and SIGHUP, or gantry insmod {name}");
        }
        Ok(())
    }
}

/// What a word of the command line stands for.
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

/// The module's name, if the daemon would load it, and what to install of it: its
/// digest goes behind what has none, but for a signed file, whose bytes stay.
fn judged(mut candidate: Candidate, daemon: &Daemon) -> Result<(String, Candidate), KitError> {
    let stamp = inspect_bytes(&candidate.origin, &candidate.bytes)?.stamp;
    let reasons = daemon.refusals(&stamp);
    if !reasons.is_empty() {
        return Err(KitError::Refused { file: candidate.origin, gantryd: daemon.path().to_owned(), reasons });
    }
    // The name becomes a file's: the loader says which words are names.
    let name = gantry_loader::module_name(stamp.field("module"))?.to_owned();
    if candidate.signature.is_none() {
        candidate.bytes = with_digest(candidate.bytes);
    }
    Ok((name, candidate))
}

/// A module that is written beside its place: what is left is to rename.
struct Ready {
    file: PathBuf,
    object: Prepared,
    /// Its signature.
    signature: Option<Prepared>,
    /// A copy of the signature that stands in its place, to put it back.
    former: Option<Prepared>,
}

impl Ready {
    /// Writes all that there is to write.
    fn beside(folder: &Path, name: &str, candidate: &Candidate) -> Result<Self, KitError> {
        let file = folder.join(format!("{name}.so"));
        let path = signature_path(&file);
        let write = |text: &[u8], mode| Prepared::file(&path, text, mode).map_err(KitError::file("write this", &path));
        let former = match fs::metadata(&path) {
            Ok(held) if held.is_file() => {
                let text = fs::read(&path).map_err(KitError::file("read this", &path))?;
                Some(write(&text, held.permissions().mode() & 0o7777)?)
            }
            _ => None,
        };
        let signature = candidate.signature.as_ref().map(|text| write(text, 0o644)).transpose()?;
        let object = Prepared::file(&file, &candidate.bytes, 0o755).map_err(KitError::file("write this", &file))?;
        Ok(Self { file, object, signature, former })
    }

    /// Puts it in its place; where that fails, what was there is there again. The
    /// signature comes first: whoever loads between the two is told that they do
    /// not fit, and asks again.
    fn settle(self) -> Result<PathBuf, KitError> {
        let Self { file, object, signature, former } = self;
        let path = signature_path(&file);
        match signature {
            Some(signature) => signature.settle().map_err(KitError::file("write this", &path))?,
            None if former.is_some() => fs::remove_file(&path).map_err(KitError::file("remove this", &path))?,
            None => (),
        }
        object.settle().map_err(|error| {
            let _ = former.map_or_else(|| fs::remove_file(&path), Prepared::settle);
            KitError::file("write this", &file)(error)
        })?;
        Ok(file)
    }
}
