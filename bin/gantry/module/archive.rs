//! A module's package: a tar file. The same contents always make the same bytes.
//! Reading trusts nothing: no path in the file is ever used.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path};

use gantry_loader::inspect_bytes;
use serde_json::Value;
use tar::{Archive, Builder, EntryType, Header};

use super::candidate::Candidate;
use super::error::KitError;

/// The package format that this build writes and reads.
pub const FORMAT: u64 = 1;
/// The file that describes the package.
pub const MANIFEST: &str = "manifest.json";

/// One file of a package.
#[derive(Debug)]
pub struct Part {
    /// Its name, without the folder.
    pub name: String,
    /// Its contents.
    pub bytes: Vec<u8>,
    /// Its mode.
    pub mode: u32,
}

impl Part {
    /// A file that is not executable.
    pub fn text(name: &str, bytes: Vec<u8>) -> Self {
        Self { name: name.to_owned(), bytes, mode: 0o644 }
    }
}

/// A package's bytes: `parts` in a folder called `name`.
pub fn written(name: &str, parts: &[Part]) -> io::Result<Vec<u8>> {
    let mut tar = Builder::new(Vec::new());
    for part in parts {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_size(part.bytes.len() as u64);
        header.set_mode(part.mode);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        tar.append_data(&mut header, format!("{name}/{}", part.name), &part.bytes[..])?;
    }
    tar.into_inner()
}

/// The module in a package, checked against its manifest.
pub fn read(file: &Path) -> Result<Candidate, KitError> {
    let wrong = |reason: String| KitError::Package { file: file.to_owned(), reason };
    let opened = File::open(file).map_err(KitError::file("read", file))?;
    let parts = parts(opened).map_err(wrong)?;
    let part = |name: &str| parts.iter().find(|part| part.name == name);
    let manifest = part(MANIFEST).ok_or_else(|| wrong(format!("{MANIFEST} is missing")))?;
    let manifest: Value =
        serde_json::from_slice(&manifest.bytes).map_err(|error| wrong(format!("{MANIFEST}: {error}")))?;
    if manifest["format"] != FORMAT {
        return Err(wrong(format!("its format is {}, but this gantry reads {FORMAT}", manifest["format"])));
    }
    let text = |key: &str| manifest[key].as_str().unwrap_or_default();
    let name = format!("{}.so", text("module"));
    let object = part(&name).ok_or_else(|| wrong(format!("{name}, which {MANIFEST} names, is missing")))?;
    let found = inspect_bytes(file, &object.bytes)?;
    if hex(&found.sha256) != text("sha256") {
        return Err(wrong(format!("the sha256 of {name} is not the one in {MANIFEST}")));
    }
    if found.stamp.field("module") != text("module") {
        return Err(wrong(format!("{name} contains the module {}", found.stamp.field("module"))));
    }
    let signature = part(&format!("{name}.sig")).map(|part| part.bytes.clone());
    if manifest["signed"] == true && signature.is_none() {
        return Err(wrong(format!("{MANIFEST} says that it is signed, but {name}.sig is missing")));
    }
    Ok(Candidate { origin: file.to_owned(), bytes: object.bytes.clone(), signature })
}

/// The files of a package. All must be directly in one folder.
fn parts(file: impl Read) -> Result<Vec<Part>, String> {
    let mut archive = Archive::new(file);
    let mut parts: Vec<Part> = Vec::new();
    let damaged = |error: io::Error| error.to_string();
    let mut room = LARGEST;
    for entry in archive.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        let path = entry.path().map_err(damaged)?.into_owned();
        if entry.header().entry_type() == EntryType::Directory {
            continue;
        }
        if entry.header().entry_type() != EntryType::Regular {
            return Err(format!("{} in it is not a regular file", path.display()));
        }
        let components: Vec<_> = path.components().collect();
        let [Component::Normal(_), Component::Normal(name)] = components[..] else {
            return Err(format!("{} in it is not directly in one folder", path.display()));
        };
        let name = name.to_string_lossy().into_owned();
        if parts.iter().any(|part| part.name == name) {
            return Err(format!("it contains {name} twice"));
        }
        if parts.len() == MOST {
            return Err(format!("it contains more than {MOST} files"));
        }
        room = room.checked_sub(entry.size()).ok_or_else(|| format!("it contains more than {LARGEST} bytes"))?;
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(damaged)?;
        parts.push(Part { name, bytes, mode: 0o644 });
    }
    Ok(parts)
}

/// A digest as text.
pub fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

const LARGEST: u64 = 600 * 1024 * 1024;
const MOST: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_contents_make_the_same_bytes() {
        let made = || written("mod_x-1", &[Part::text("a", b"A".to_vec()), Part::text("b", vec![0; 2000])]).unwrap();
        assert_eq!(made(), made());
        let parts = parts(&made()[..]).unwrap();
        assert_eq!(
            parts.iter().map(|part| (part.name.as_str(), part.bytes.len())).collect::<Vec<_>>(),
            [("a", 1), ("b", 2000)]
        );
    }

    #[test]
    fn paths_links_and_doubles_are_refused() {
        let one = |name: &str| {
            let mut tar = Builder::new(Vec::new());
            let mut header = Header::new_gnu();
            header.set_size(1);
            header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_cksum();
            tar.append(&header, &b"x"[..]).unwrap();
            tar.into_inner().unwrap()
        };
        assert!(parts(&one("mod_x-1/mod_x.so")[..]).is_ok());
        for name in ["mod_x.so", "/etc/mod_x.so", "../mod_x.so", "a/../../b", "a/b/c"] {
            assert!(parts(&one(name)[..]).unwrap_err().contains("is not directly in one folder"), "{name}");
        }
        let twice = [Part::text("a", Vec::new()), Part::text("a", Vec::new())];
        assert!(parts(&written("x", &twice).unwrap()[..]).unwrap_err().contains("twice"));
        let mut link = Builder::new(Vec::new());
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Symlink);
        header.set_size(0);
        link.append_link(&mut header, "x/mod_x.so", "/etc/passwd").unwrap();
        assert!(parts(&link.into_inner().unwrap()[..]).unwrap_err().contains("is not a regular file"));
        let cut = written("x", &[Part::text("a", vec![1; 3000])]).unwrap();
        assert!(parts(&cut[..1500]).is_err());
        assert!(parts(&b"#!/bin/sh\n"[..]).map_or(true, |parts| parts.is_empty()));
    }
}
