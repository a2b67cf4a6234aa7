//! Replaces files so that nobody sees a partial one: each is written completely under a
//! temporary name next to its destination, and renamed. A running daemon keeps the old
//! file.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{self, Command};

use crate::error::Error;

/// The mode of executables and shared objects.
pub const PROGRAM: u32 = 0o755;
/// The mode of everything else.
pub const TEXT: u32 = 0o644;

/// Whether to remove symbols that are not needed at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symbols {
    /// Remove them, but keep exported symbols and all mapped sections (including the
    /// stamp).
    Stripped,
    /// Keep them.
    Kept,
}

/// Copies a program to its destination.
pub fn program(from: &Path, to: &Path, symbols: Symbols) -> Result<(), Error> {
    let bytes = fs::read(from).map_err(Error::file("read", from))?;
    put(to, &bytes, PROGRAM, |temporary| finished(temporary, symbols))
}

/// Copies a module to its destination and appends its digest.
pub fn module(from: &Path, to: &Path, symbols: Symbols) -> Result<(), Error> {
    let bytes = fs::read(from).map_err(Error::file("read", from))?;
    put(to, &bytes, PROGRAM, |temporary| {
        finished(temporary, symbols)?;
        let bytes = fs::read(temporary).map_err(Error::file("read", temporary))?;
        fs::write(temporary, gantry_loader::with_digest(bytes)).map_err(Error::file("write", temporary))
    })
}

fn finished(file: &Path, symbols: Symbols) -> Result<(), Error> {
    match symbols {
        Symbols::Stripped => strip(file),
        Symbols::Kept => Ok(()),
    }
}

/// Writes a text file.
pub fn text(text: &[u8], to: &Path) -> Result<(), Error> {
    put(to, text, TEXT, |_| Ok(()))
}

fn put(to: &Path, bytes: &[u8], mode: u32, finish: impl FnOnce(&Path) -> Result<(), Error>) -> Result<(), Error> {
    let folder = to.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder).map_err(Error::file("create the folder", folder))?;
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    let temporary = Temporary(folder.join(format!(".{name}.{}.new", process::id())));
    let path = temporary.0.as_path();
    let write = || {
        let mut file = File::create(path)?;
        file.write_all(bytes)
    };
    write().map_err(Error::file("write", path))?;
    finish(path)?;
    let settle = || {
        fs::set_permissions(path, Permissions::from_mode(mode))?;
        File::open(path)?.sync_all()?;
        fs::rename(path, to)
    };
    settle().map_err(Error::file("write", to))
}

fn strip(file: &Path) -> Result<(), Error> {
    let mut strip = Command::new("strip");
    let status = strip.arg("--strip-unneeded").arg("--").arg(file).status();
    let status =
        status.map_err(|source| Error::Start { program: "strip (of the package binutils)".to_owned(), source })?;
    if status.success() { Ok(()) } else { Err(Error::Program { program: format!("strip of {}", file.display()) }) }
}

/// A file that is removed when dropped, unless it has been renamed.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use object::{Object, ObjectSection, ObjectSymbol};

    use super::*;

    const SOURCE: &str = r#"
        #[used]
        #[unsafe(link_section = ".gantry.stamp")]
        static STAMP: [u8; 5] = *b"stamp";
        #[used]
        #[unsafe(link_section = ".gantry.directives")]
        static DIRECTIVES: [u8; 5] = *b"words";
        #[unsafe(no_mangle)]
        pub extern "C" fn gantry_image_mod_x() {}
    "#;

    #[test]
    fn a_stripped_module_keeps_its_sections_and_its_symbol() {
        let folder = tempfile::tempdir().unwrap();
        let [source, built, place] = ["x.rs", "built.so", "deep/mod_x.so"].map(|name| folder.path().join(name));
        fs::write(&source, SOURCE).unwrap();
        let rustc = Command::new("rustc")
            .args(["--edition=2024", "--crate-type=cdylib", "-g", "-o"])
            .arg(&built)
            .arg(&source)
            .status();
        assert!(rustc.unwrap().success());
        module(&built, &place, Symbols::Stripped).unwrap();
        let bytes = fs::read(&place).unwrap();
        assert!(bytes.len() < fs::read(&built).unwrap().len());
        let elf = object::read::elf::NativeElfFile::<&[u8]>::parse(&bytes[..]).unwrap();
        assert_eq!(elf.section_by_name(".gantry.stamp").unwrap().data().unwrap(), b"stamp");
        assert_eq!(elf.section_by_name(".gantry.directives").unwrap().data().unwrap(), b"words");
        assert!(elf.dynamic_symbols().any(|symbol| symbol.name() == Ok("gantry_image_mod_x")));
        assert_eq!(gantry_loader::with_digest(bytes.clone()), bytes);
        assert_eq!(fs::metadata(&place).unwrap().permissions().mode() & 0o7777, PROGRAM);
    }

    #[test]
    fn a_file_is_replaced_by_a_new_one_and_nothing_else_is_left() {
        use std::os::unix::fs::MetadataExt;
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("file");
        text(b"old", &place).unwrap();
        let old = fs::metadata(&place).unwrap().ino();
        let held = File::open(&place).unwrap();
        text(b"new", &place).unwrap();
        assert_ne!(fs::metadata(&place).unwrap().ino(), old);
        assert_eq!(fs::read(&place).unwrap(), b"new");
        assert_eq!(held.metadata().unwrap().ino(), old);
        fs::create_dir(folder.path().join("folder")).unwrap();
        fs::write(folder.path().join("folder/full"), "").unwrap();
        assert!(text(b"new", &folder.path().join("folder")).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
