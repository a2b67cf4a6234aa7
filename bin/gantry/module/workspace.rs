//! The workspace that a module is built in. `gantry module new` writes it around the
//! module's crate. Only the workspace says where Gantry's crates are: in `.gantry`, a
//! link to the installed kit that is not committed. The crate itself contains no path,
//! so it can move into a checkout unchanged.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use toml::Table;

use super::error::KitError;
use super::kit::Kit;
use super::packages::Packages;
use super::place;
use super::toolchain::Toolchain;

/// The link to the kit, in a workspace that `gantry module new` wrote.
pub const LINK: &str = ".gantry";
/// The file by which rustup selects the compiler; also a link.
pub const TOOLCHAIN: &str = "rust-toolchain.toml";

/// The workspace around a folder.
#[derive(Debug)]
pub struct Workspace {
    /// Its root.
    pub root: PathBuf,
    /// The folder given on the command line.
    folder: PathBuf,
    /// Whether `gantry module new` wrote it.
    ours: bool,
}

impl Workspace {
    /// The workspace of a module's folder, or of all modules below it.
    pub fn around(folder: &Path) -> Result<Self, KitError> {
        let no_module = |reason: &str| KitError::NoModule { folder: folder.to_owned(), reason: reason.to_owned() };
        let found = fs::canonicalize(folder).map_err(KitError::file("find this folder", folder))?;
        if !found.is_dir() {
            return Err(no_module("it is not a folder"));
        }
        if !found.join("Cargo.toml").is_file() {
            return Err(no_module("it has no Cargo.toml"));
        }
        for root in found.ancestors().filter(|root| root.join("Cargo.toml").is_file()) {
            if let Some(table) = manifest(&root.join("Cargo.toml"))?.get("workspace") {
                return Ok(Self { root: root.to_owned(), ours: is_ours(table), folder: found.clone() });
            }
        }
        Ok(Self { root: found.clone(), folder: found, ours: false })
    }

    /// Whether modules may be added in this folder: it is the root of a
    /// workspace that `gantry module new` wrote.
    pub fn takes_modules(root: &Path) -> bool {
        let table = manifest(&root.join("Cargo.toml"));
        table.is_ok_and(|table| table.get("workspace").is_some_and(is_ours))
    }

    /// The folder for the built files `mod_x.so`.
    pub fn output(&self) -> PathBuf {
        self.root.join("target/gantry")
    }

    /// Links the workspace to the kit. It does not touch a copy of a kit that the
    /// author put there, or workspaces that `gantry module new` did not write.
    pub fn attach(&self, kit: &Kit) -> Result<(), KitError> {
        if self.ours { attach(&self.root, kit) } else { Ok(()) }
    }

    /// The modules' crates in the folder, as cargo sees them.
    pub fn packages(&self, toolchain: &Toolchain, kit: &Kit) -> Result<Packages, KitError> {
        let metadata = toolchain.metadata(&self.folder.join("Cargo.toml"))?;
        let packages = metadata["packages"].as_array().into_iter().flatten();
        let here = packages.filter(|package| {
            let manifest = package["manifest_path"].as_str().and_then(|path| Path::new(path).parent());
            self.folder == self.root || manifest == Some(&self.folder)
        });
        let (mut names, mut others) = (Vec::new(), Vec::new());
        for package in here {
            let name = package["name"].as_str().unwrap_or_default().to_owned();
            match lack(&name, package) {
                None => names.push(name),
                Some(lack) => others.push(format!("the package {name} {lack}")),
            }
        }
        if names.is_empty() {
            let reason = if others.is_empty() { "it contains no package".to_owned() } else { others.join(", ") };
            return Err(KitError::NoModule { folder: self.folder.clone(), reason });
        }
        // Cargo detects changed sources only by their times, and a new kit's files may
        // be older than the previous kit's. So each kit has its own folder.
        let own = format!("gantry-{}", self.kit(kit).id()?);
        let folder = |key: &str| metadata[key].as_str().map(|folder| Path::new(folder).join(&own));
        let target = folder("target_directory").unwrap_or_else(|| self.root.join("target").join(&own));
        let intermediate = folder("build_directory").filter(|folder| *folder != target);
        Ok(Packages { names, target, intermediate })
    }

    /// The kit that the workspace's crates are built with: its own copy, if the
    /// author put one there.
    fn kit(&self, kit: &Kit) -> Kit {
        Kit { folder: if self.ours { self.root.join(LINK) } else { kit.folder.clone() } }
    }

    /// The built files of the module in the folder, or of all modules if the folder
    /// is the workspace's root.
    pub fn built(&self) -> Result<Vec<PathBuf>, KitError> {
        let mut names = vec![];
        let package = manifest(&self.folder.join("Cargo.toml"))?;
        if let Some(name) = package.get("package").and_then(|package| package.get("name")?.as_str()) {
            names.push(format!("{name}.so"));
        } else {
            let entries = fs::read_dir(self.output()).into_iter().flatten().flatten();
            names.extend(entries.filter_map(|entry| entry.file_name().into_string().ok()));
            names.retain(|name| name.ends_with(".so"));
            names.sort();
        }
        let mut files: Vec<_> = names.iter().map(|name| self.output().join(name)).collect();
        files.retain(|file| file.is_file());
        if files.is_empty() { Err(KitError::NotBuilt { folder: self.folder.clone() }) } else { Ok(files) }
    }

    /// The folder of a module's crate, where its licences are.
    pub fn crate_folder(&self, module: &str) -> PathBuf {
        let member = self.root.join(module);
        if self.folder == self.root && member.is_dir() { member } else { self.folder.clone() }
    }
}

/// Links a workspace of ours to the kit.
pub fn attach(root: &Path, kit: &Kit) -> Result<(), KitError> {
    lead(&root.join(LINK), &kit.folder)?;
    // A kit built without rustup has no such file.
    if kit.folder.join(TOOLCHAIN).is_file() {
        lead(&root.join(TOOLCHAIN), &Path::new(LINK).join(TOOLCHAIN))
    } else {
        Ok(())
    }
}

/// Creates or updates a link; leaves anything that is not a link alone.
fn lead(path: &Path, target: &Path) -> Result<(), KitError> {
    let link = fs::read_link(path);
    let others = fs::symlink_metadata(path).is_ok() && link.is_err();
    if others || link.is_ok_and(|held| held == target) {
        return Ok(());
    }
    place::link(path, target).map_err(KitError::file("link this to the module kit", path))
}

/// What a package lacks to be a module.
fn lack(name: &str, package: &Value) -> Option<&'static str> {
    let list = |key: &str| package[key].as_array().cloned().unwrap_or_default();
    let shared = |target: &Value| {
        target["crate_types"].as_array().is_some_and(|types| types.iter().any(|kind| kind == "cdylib"))
    };
    let uses_api = |dependency: &Value| dependency["name"] == "gantry-api";
    match () {
        () if !name.starts_with("mod_") => Some("has a name that does not start with mod_"),
        () if !list("dependencies").iter().any(uses_api) => Some("does not depend on gantry-api"),
        () if !list("targets").iter().any(shared) => Some("has no [lib] with crate-type cdylib"),
        () => None,
    }
}

fn is_ours(workspace: &toml::Value) -> bool {
    workspace.get("metadata").is_some_and(|metadata| metadata.get("gantry").is_some())
}

fn manifest(path: &Path) -> Result<Table, KitError> {
    let text = fs::read_to_string(path).map_err(KitError::file("read", path))?;
    let folder = path.parent().unwrap_or(path).to_owned();
    text.parse().map_err(|error: toml::de::Error| KitError::NoModule {
        folder,
        reason: format!("its Cargo.toml has an error: {}", error.message()),
    })
}
