//! The installed Gantry that modules are built for: its kit of sources, its daemon
//! with the stamp, its module folder. The install step compiles the paths in; a
//! gantry in cargo's folder of a checkout uses the checkout as its kit.

use std::fmt;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use gantry_api::stamp::Stamp;
use gantry_loader::inspect;

use super::error::KitError;

/// Selects the kit.
#[derive(clap::Args, Debug)]
pub struct KitOption {
    /// The module kit [default: PREFIX/share/gantry/kit]
    #[arg(long, value_name = "DIR")]
    kit: Option<PathBuf>,
}

/// Selects the daemon.
#[derive(clap::Args, Debug)]
pub struct DaemonOption {
    /// The gantryd that the module is for [default: PREFIX/sbin/gantryd]
    #[arg(long, value_name = "FILE")]
    gantryd: Option<PathBuf>,
}

/// The parts of Gantry that modules are built with.
#[derive(Debug)]
pub struct Kit {
    /// The folder.
    pub folder: PathBuf,
}

/// An installed daemon, and what it reports about itself.
#[derive(Debug)]
pub struct Daemon {
    /// The executable; empty for this build.
    path: PathBuf,
    /// Its stamp.
    pub stamp: Stamp,
    /// The modules that are linked into it.
    linked: Vec<String>,
}

impl KitOption {
    /// The kit.
    pub fn find(&self) -> Result<Kit, KitError> {
        let named =
            self.kit.as_deref().map(|folder| std::path::absolute(folder).map_err(KitError::file("find", folder)));
        let installed = || Some(Path::new(PREFIX?).join("share/gantry/kit"));
        let folder = named.transpose()?.or_else(installed).or_else(checkout);
        let folder = folder.ok_or(KitError::NotInstalled { what: "module kit", option: "--kit" })?;
        match NEEDED.iter().find(|part| !folder.join(part).is_file()) {
            Some(missing) => Err(KitError::NoKit { folder, missing }),
            None => Ok(Kit { folder }),
        }
    }
}

impl Kit {
    /// Identifies the kit's sources: 16 hex digits over all files of its crates. The
    /// stamp would not do, because it does not cover core/runtime.
    pub fn id(&self) -> Result<String, KitError> {
        let mut files = Vec::new();
        for part in CRATES {
            gather(&self.folder.join(part), &mut files)?;
        }
        files.sort();
        // If a later Rust release changes this hasher, that costs one rebuild.
        let mut hasher = DefaultHasher::new();
        for file in files {
            file.strip_prefix(&self.folder).unwrap_or(&file).hash(&mut hasher);
            fs::read(&file).map_err(KitError::file("read", &file))?.hash(&mut hasher);
        }
        Ok(format!("{:016x}", hasher.finish()))
    }
}

impl DaemonOption {
    /// The given daemon, or the installed one. It is run to read its stamp, because
    /// it may have been replaced since gantry was installed.
    pub fn find(&self) -> Result<Daemon, KitError> {
        let named = self.gantryd.as_deref().map(|file| std::path::absolute(file).map_err(KitError::file("find", file)));
        let installed = || Some(Path::new(PREFIX?).join("sbin/gantryd"));
        let path = named.transpose()?.or_else(installed).or_else(|| Some(cargo_folder()?.join("gantryd")));
        let path = path.ok_or(KitError::NotInstalled { what: "daemon", option: "--gantryd" })?;
        let failed = |reason| KitError::Daemon { path: path.clone(), reason };
        let settings = settings(&path).map_err(failed)?;
        let stamp = stamp(&settings).map_err(failed)?;
        Ok(Daemon { stamp, linked: linked(&settings), path })
    }

    /// The same; if none is given and none is installed, a gantryd of this build.
    pub fn find_or_this_build(&self) -> Result<Daemon, KitError> {
        self.find().or_else(|error| match self.gantryd {
            Some(_) => Err(error),
            None => Ok(Daemon { path: PathBuf::new(), stamp: Stamp::of_this_build(), linked: Vec::new() }),
        })
    }
}

/// The path, for messages.
impl fmt::Display for Daemon {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.as_os_str().is_empty() { out.write_str("this build") } else { self.path.display().fmt(out) }
    }
}

impl Daemon {
    /// The executable.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Why it would refuse or skip a module file with this stamp; empty if it would
    /// load the file.
    pub fn refusals(&self, stamp: &Stamp) -> Vec<String> {
        let differences = stamp.differences(&self.stamp).into_iter();
        let word = |value: &str| if value.is_empty() { "none".to_owned() } else { value.to_owned() };
        differences
            .map(|(key, theirs, ours)| format!("{key} (module {}, gantryd {})", word(theirs), word(ours)))
            .chain(self.clash(stamp.field("module")))
            .collect()
    }

    /// Makes sure that it would load a module's file, as far as the stamp goes.
    pub fn accepts(&self, file: &Path) -> Result<(), KitError> {
        let reasons = self.refusals(&inspect(file)?.stamp);
        if reasons.is_empty() {
            return Ok(());
        }
        Err(KitError::Refused { file: file.to_owned(), gantryd: self.path.clone(), reasons })
    }

    /// Why it cannot load any module of this name, if so.
    pub fn clash(&self, module: &str) -> Option<String> {
        let clashes = self.linked.iter().any(|linked| linked == module);
        clashes.then(|| format!("{module} is linked into it, so it loads no other {module}"))
    }

    /// The compiler's release.
    pub fn release(&self) -> &str {
        self.stamp.field("rustc").split(' ').next().unwrap_or_default()
    }
}

/// All files below a folder.
fn gather(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), KitError> {
    let failed = || KitError::file("read this folder", folder);
    for entry in fs::read_dir(folder).map_err(failed())? {
        let path = entry.map_err(failed())?.path();
        if path.is_dir() {
            gather(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// The folder in which LoadModule looks by default.
pub fn module_folder() -> Option<PathBuf> {
    LIBEXECDIR.map(PathBuf::from).or_else(|| Some(cargo_folder()?.join("deps")))
}

/// The output of `gantryd -V`.
fn settings(gantryd: &Path) -> Result<String, String> {
    let output = Command::new(gantryd).arg("-V").stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(format!("gantryd -V failed with {}", output.status)),
    }
}

/// The stamp: the indented lines below its id.
fn stamp(settings: &str) -> Result<Stamp, String> {
    let fields = below(settings, "  Stamp: ").filter_map(|line| line.split_once(':'));
    let lines: String = fields.map(|(key, value)| format!("{key}={}\n", value.trim())).collect();
    if lines.is_empty() {
        return Err("gantryd -V shows no stamp".to_owned());
    }
    Stamp::parse(&lines).map_err(|error| error.to_string())
}

fn linked(settings: &str) -> Vec<String> {
    below(settings, "  Modules linked in:").filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

/// The indented lines below a heading.
fn below<'a>(settings: &'a str, heading: &'a str) -> impl Iterator<Item = &'a str> {
    let lines = settings.lines().skip_while(move |line| !line.starts_with(heading)).skip(1);
    lines.map_while(|line| line.strip_prefix("    "))
}

/// The checkout that this executable was built in, if it is not installed.
fn checkout() -> Option<PathBuf> {
    cargo_folder()?.ancestors().find(|folder| NEEDED.iter().all(|part| folder.join(part).is_file())).map(Path::to_owned)
}

fn cargo_folder() -> Option<PathBuf> {
    let executable = std::env::current_exe().ok()?;
    let folder = executable.parent()?;
    (PREFIX.is_none() && folder.join(".fingerprint").is_dir()).then(|| folder.to_owned())
}

const PREFIX: Option<&str> = option_env!("GANTRY_PREFIX");
const LIBEXECDIR: Option<&str> = option_env!("GANTRY_LIBEXECDIR");
const CRATES: [&str; 3] = ["core/api", "core/proto", "core/runtime"];
const NEEDED: [&str; 5] =
    ["core/api/Cargo.toml", "core/proto/Cargo.toml", "core/runtime/Cargo.toml", "Cargo.toml", "Cargo.lock"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_reports_its_stamp_and_its_linked_modules() {
        let settings = "Compile-time Settings:\n  Stamp: 0123\n    format: 1\n    flags: \n    rustc: 1 2 3\n\n  \
                        Files:\n    A:\n      /b\n\n  Modules linked in:\n    mod_core 0.1.0\n    mod_ls 0.1.0\n";
        let read = stamp(settings).unwrap();
        assert_eq!((read.field("format"), read.field("flags"), read.field("rustc")), ("1", "", "1 2 3"));
        assert_eq!(linked(settings), ["mod_core", "mod_ls"]);
        assert!(stamp("").is_err());
    }
}
