//! `gantry module package`: puts a built module, its licences and its manifest into
//! one tar file for other machines.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use gantry_loader::{PrivateKey, inspect_bytes, signature_path};
use serde_json::json;

use super::archive::{self, MANIFEST, Part};
use super::console::{end, say};
use super::error::KitError;
use super::kit::DaemonOption;
use super::place;
use super::workspace::Workspace;

/// Make a tar file of each built module: shared object, signature if it is signed,
/// manifest, licences.
#[derive(clap::Args, Debug)]
#[command(after_help = HELP)]
pub struct Package {
    /// The module's folder, or a workspace folder for all modules in it
    #[arg(default_value = ".", value_name = "DIR")]
    folder: PathBuf,
    /// Sign the module with this private key (from gantry module keygen)
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The folder for the tar file [default: target/gantry in the workspace]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    gantryd: DaemonOption,
}

const HELP: &str = "\
The file is named after module, version and target; the same contents always make the
same bytes. It contains a folder named after module and version, with:
  manifest.json  format, module, version, licence, stamp, rustc, target, sha256,
                 size, requires, directives, signed, licences
  mod_x.so       the shared object, and mod_x.so.sig, if it is signed
  LICENSE...     the crate's files whose names start with LICENSE, LICENCE, COPYING
                 or NOTICE
Install such a file with gantry module install. Only a gantryd with the same stamp
accepts it.
Exit codes: 0 made, 1 failed, 2 wrong command line.";

impl Package {
    /// Makes the packages.
    pub fn run(&self) -> ExitCode {
        end(self.pack())
    }

    fn pack(&self) -> Result<(), KitError> {
        let workspace = Workspace::around(&self.folder)?;
        let daemon = self.gantryd.find()?;
        let key = self.key.as_deref().map(PrivateKey::read).transpose()?;
        for file in workspace.built()? {
            daemon.accepts(&file)?;
            let bytes = fs::read(&file).map_err(KitError::file("read", &file))?;
            let (name, parts) = parts(&workspace, &file, bytes, key.as_ref())?;
            let folder = self.out.clone().unwrap_or_else(|| workspace.output());
            let path = folder.join(format!("{name}-{}.tar", daemon.stamp.field("target")));
            let tar = archive::written(&name, &parts).map_err(KitError::file("write", &path))?;
            place::file(&path, &tar, 0o644).map_err(KitError::file("write", &path))?;
            say(path.display());
        }
        Ok(())
    }
}

/// The package's name, and the files in it.
fn parts(
    workspace: &Workspace,
    file: &Path,
    bytes: Vec<u8>,
    key: Option<&PrivateKey>,
) -> Result<(String, Vec<Part>), KitError> {
    let found = inspect_bytes(file, &bytes)?;
    let stamp = &found.stamp;
    let (module, version) = (stamp.field("module"), stamp.field("version"));
    let signature = match (key, signature_path(file)) {
        (Some(key), _) => Some(key.sign(&bytes).into_bytes()),
        (None, path) if path.is_file() => Some(fs::read(&path).map_err(KitError::file("read", &path))?),
        (None, _) => None,
    };
    let licences = licences(&workspace.crate_folder(module))?;
    let manifest = json!({
        "format": archive::FORMAT,
        "module": module,
        "version": version,
        "licence": stamp.field("licence"),
        "stamp": stamp.id(),
        "rustc": stamp.field("rustc"),
        "target": stamp.field("target"),
        "sha256": archive::hex(&found.sha256),
        "size": bytes.len(),
        "requires": stamp.list("requires").collect::<Vec<_>>(),
        "directives": found.directives.iter().map(|(_, name)| name).collect::<Vec<_>>(),
        "signed": signature.is_some(),
        "licences": licences.iter().map(|part| &part.name).collect::<Vec<_>>(),
    });
    let name = format!("{module}-{version}");
    let object = format!("{module}.so");
    let mut parts = vec![Part::text(MANIFEST, format!("{manifest:#}\n").into_bytes())];
    parts.extend(signature.map(|text| Part::text(&format!("{object}.sig"), text)));
    parts.push(Part { name: object, bytes, mode: 0o755 });
    parts.extend(licences);
    Ok((name, parts))
}

fn licences(folder: &Path) -> Result<Vec<Part>, KitError> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .map_err(KitError::file("read this folder", folder))?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| LICENCES.iter().any(|beginning| name.starts_with(beginning)) && folder.join(name).is_file())
        .collect();
    names.sort();
    let read = |name: String| {
        let path = folder.join(&name);
        let bytes = fs::read(&path).map_err(KitError::file("read", &path))?;
        Ok(Part::text(&name, bytes))
    };
    names.into_iter().map(read).collect()
}

const LICENCES: [&str; 4] = ["LICENSE", "LICENCE", "COPYING", "NOTICE"];
