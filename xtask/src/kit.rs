//! The module kit, which builds modules without a checkout. It is written next to the
//! existing one and replaces it as a whole, because a leftover source of an older Gantry
//! would change the stamp.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command};

use crate::cargo;
use crate::error::Error;
use crate::place;

/// The crates that modules are built with; their manifests are self-contained.
const CRATES: [&str; 3] = ["core/api", "core/proto", "core/runtime"];
/// The parts of a crate that are compiled or count in the stamp.
const PARTS: [&str; 3] = ["Cargo.toml", "build.rs", "src"];
/// Files that are copied unchanged.
const FILES: [&str; 3] = ["Cargo.lock", "LICENSE-MIT", "LICENSE-APACHE"];
const MANIFEST: &str = include_str!("../files/kit/Cargo.toml");
const README: &str = include_str!("../files/kit/README.md");

/// Writes the kit to a folder.
pub fn install(folder: &Path) -> Result<(), Error> {
    let [new, old] = ["new", "old"].map(|what| aside(folder, what));
    let made = make(&new).and_then(|()| put(&new, folder, &old));
    let _ = fs::remove_dir_all(&new);
    made?;
    println!("{}", folder.display());
    Ok(())
}

fn make(folder: &Path) -> Result<(), Error> {
    let sources = cargo::workspace();
    let copy = |name: &Path| {
        let from = sources.join(name);
        place::text(&fs::read(&from).map_err(Error::file("read", &from))?, &folder.join(name))
    };
    for part in CRATES.iter().flat_map(|name| PARTS.map(|part| Path::new(name).join(part))) {
        for file in files(&sources.join(&part))? {
            copy(file.strip_prefix(&sources).unwrap_or(&file))?;
        }
    }
    for name in FILES {
        copy(Path::new(name))?;
    }
    let root = sources.join("Cargo.toml");
    let root = fs::read_to_string(&root).map_err(Error::file("read", &root))?;
    place::text(manifest(&root).as_bytes(), &folder.join("Cargo.toml"))?;
    place::text(README.as_bytes(), &folder.join("README.md"))?;
    match toolchain(&compiler()?) {
        Some(text) => place::text(text.as_bytes(), &folder.join("rust-toolchain.toml")),
        None => Ok(()),
    }
}

/// Replaces the old kit with the new one; restores the old one if that fails.
fn put(new: &Path, folder: &Path, old: &Path) -> Result<(), Error> {
    let is_there = fs::symlink_metadata(folder).is_ok();
    if is_there {
        fs::rename(folder, old).map_err(Error::file("move aside", folder))?;
    }
    if let Err(error) = fs::rename(new, folder) {
        if is_there {
            let _ = fs::rename(old, folder);
        }
        return Err(Error::file("write", folder)(error));
    }
    if is_there { fs::remove_dir_all(old).map_err(Error::file("remove", old)) } else { Ok(()) }
}

fn aside(folder: &Path, what: &str) -> PathBuf {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    folder.with_file_name(format!(".{name}.{}.{what}", process::id()))
}

/// The kit's manifest, with the workspace's versions and lints.
fn manifest(root: &str) -> String {
    let dependencies: String = section(root, "[workspace.dependencies]")
        .filter(|line| !line.starts_with("gantry-") && !line.starts_with('#'))
        .map(|line| format!("{line}\n"))
        .collect();
    let lints: String = ["[workspace.lints.rust]", "[workspace.lints.clippy]"]
        .iter()
        .map(|name| {
            let lines: String = section(root, name).map(|line| format!("{line}\n")).collect();
            format!("\n{name}\n{lines}")
        })
        .collect();
    MANIFEST.replace("@DEPENDENCIES@\n", &dependencies).replace("@LINTS@\n", lints.trim_start_matches('\n'))
}

/// The lines of a section.
fn section<'a>(manifest: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let below = manifest.lines().skip_while(move |line| *line != name).skip(1);
    below.take_while(|line| !line.starts_with('[')).filter(|line| !line.is_empty())
}

/// The version output of the compiler that cargo uses.
fn compiler() -> Result<String, Error> {
    let program = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(&program).arg("-vV").current_dir(cargo::workspace()).output();
    let name = program.to_string_lossy().into_owned();
    let output = output.map_err(|source| Error::Start { program: name.clone(), source })?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(Error::Program { program: format!("{name} -vV") })
    }
}

/// The toolchain file that makes rustup select that compiler; `None` if rustup does not
/// have it.
fn toolchain(version: &str) -> Option<String> {
    let field = |name: &str| version.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let (release, date) = (field("release")?, field("commit-date")?);
    let channel = match release.split_once('-') {
        None => release.to_owned(),
        // A nightly is named after its release day, one day later.
        Some((_, "nightly")) => format!("nightly-{}", next_day(date)?),
        Some(_) => return None,
    };
    Some(format!("[toolchain]\nchannel = \"{channel}\"\n"))
}

fn next_day(date: &str) -> Option<String> {
    let mut parts = date.split('-').map(|part| part.parse::<u32>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let (year, month, day) = match (month, day < days) {
        (_, true) => (year, month, day + 1),
        (12, false) => (year + 1, 1, 1),
        (_, false) => (year, month + 1, 1),
    };
    Some(format!("{year:04}-{month:02}-{day:02}"))
}

/// All files at or below a path; empty if it does not exist.
fn files(path: &Path) -> Result<Vec<PathBuf>, Error> {
    if !path.is_dir() {
        return Ok(if path.exists() { vec![path.to_owned()] } else { Vec::new() });
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(path).map_err(Error::file("read", path))? {
        found.extend(files(&entry.map_err(Error::file("read", path))?.path())?);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kit_takes_the_place_of_an_older_one_as_a_whole() {
        let prefix = tempfile::tempdir().unwrap();
        let folder = prefix.path().join("kit");
        place::text(b"old", &folder.join("core/api/src/gone.rs")).unwrap();
        install(&folder).unwrap();
        assert!(!folder.join("core/api/src/gone.rs").exists());
        assert_eq!(fs::read_dir(prefix.path()).unwrap().count(), 1, "nothing else is left");
        for name in [
            "core/api/src/lib.rs",
            "core/api/build.rs",
            "core/proto/Cargo.toml",
            "core/runtime/src/lib.rs",
            "Cargo.lock",
        ] {
            let read = |folder: &Path| fs::read(folder.join(name)).unwrap();
            assert_eq!(read(&folder), read(&cargo::workspace()), "{name}");
        }
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        assert!(manifest.contains("\nserde = { version") && !manifest.contains('@'), "{manifest}");
        assert!(manifest.contains("[workspace.lints.rust]\nmissing_docs = "), "{manifest}");
        assert!(!manifest.contains("gantry-server"), "{manifest}");
    }

    #[test]
    fn rustup_is_told_of_the_very_compiler() {
        let told = |release: &str, date: &str| toolchain(&format!("rustc\ncommit-date: {date}\nrelease: {release}\n"));
        assert_eq!(told("1.95.0", "2026-04-14").unwrap(), "[toolchain]\nchannel = \"1.95.0\"\n");
        assert_eq!(told("1.97.0-nightly", "2028-02-28").unwrap(), "[toolchain]\nchannel = \"nightly-2028-02-29\"\n");
        assert_eq!(told("1.97.0-nightly", "2026-12-31").unwrap(), "[toolchain]\nchannel = \"nightly-2027-01-01\"\n");
        assert_eq!(told("1.96.0-dev", "2026-12-31"), None);
    }
}
