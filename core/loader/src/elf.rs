//! Reads a shared object before it is loaded: checks that it is complete, built for this
//! machine and exports what it should, and reads the two sections that core/api's macros
//! write.

use std::path::Path;

use gantry_api::stamp::{DIRECTIVES_SECTION, MAGIC as STAMP_MAGIC, SECTION, Stamp};
use object::elf::{ET_DYN, PT_INTERP, SHT_NOBITS};
use object::read::elf::{FileHeader, NativeElfFile, ProgramHeader, SectionHeader};
use object::{NativeEndian, Object, ObjectSection, ObjectSymbol};

use crate::architecture::Architecture;
use crate::error::LoadError;

/// The most stamps to report in a file that should have one.
const MOST_STAMPS: usize = 8;
/// The part of the list of directives that is read, in bytes.
const DIRECTIVES_LIMIT: usize = 1024 * 1024;
/// The first bytes of an ELF file.
const MAGIC: &[u8] = b"\x7fELF";

#[cfg(target_pointer_width = "32")]
type Header = object::elf::FileHeader32<NativeEndian>;
#[cfg(target_pointer_width = "64")]
type Header = object::elf::FileHeader64<NativeEndian>;

/// A shared object for this machine.
pub(crate) struct SharedObject<'a> {
    path: &'a Path,
    elf: NativeElfFile<'a>,
}

/// Reads the tables of a module.
///
/// # Errors
/// It is not a shared object, is for another machine, or is cut short.
pub(crate) fn module<'a>(path: &'a Path, bytes: &'a [u8]) -> Result<SharedObject<'a>, LoadError> {
    let object = shared_object(path, bytes)?;
    // Most executables have the same type, but name an interpreter.
    if object.names_interpreter() {
        return Err(LoadError::NotShared { path: path.to_owned() });
    }
    Ok(object)
}

/// Reads the tables of any shared object, even of a library that can also be executed.
///
/// # Errors
/// It is not a shared object, is for another machine, or is cut short.
pub(crate) fn shared_object<'a>(path: &'a Path, bytes: &'a [u8]) -> Result<SharedObject<'a>, LoadError> {
    if !bytes.starts_with(&MAGIC[..bytes.len().min(MAGIC.len())]) {
        return Err(LoadError::NotElf { path: path.to_owned() });
    }
    let truncated = |needed| LoadError::Truncated { path: path.to_owned(), found: bytes.len() as u64, needed };
    let Some(found) = Architecture::of(bytes) else { return Err(truncated(Architecture::END as u64)) };
    let needed = Architecture::here();
    if found != needed {
        return Err(LoadError::Architecture { path: path.to_owned(), found, needed });
    }
    let needed = tables_end(bytes);
    if needed > bytes.len() as u64 {
        return Err(truncated(needed));
    }
    let malformed = |error: object::Error| LoadError::Malformed { path: path.to_owned(), detail: error.to_string() };
    let elf = NativeElfFile::parse(bytes).map_err(malformed)?;
    let needed = contents_end(&elf);
    if needed > bytes.len() as u64 {
        return Err(truncated(needed));
    }
    if elf.elf_header().e_type(elf.endian()) != ET_DYN {
        return Err(LoadError::NotShared { path: path.to_owned() });
    }
    Ok(SharedObject { path, elf })
}

impl SharedObject<'_> {
    /// Its stamp.
    pub(crate) fn stamp(&self) -> Result<Stamp, LoadError> {
        let path = self.path.to_owned();
        let sections: Vec<&[u8]> = self.sections(SECTION).take(MOST_STAMPS).collect();
        let Some(bytes) = sections.first() else { return Err(LoadError::NoStamp { path }) };
        // If two modules are linked into one object, their stamps follow each other.
        let modules: Vec<String> = sections.iter().flat_map(|section| named_in(section)).collect();
        if modules.len() > 1 {
            return Err(LoadError::SeveralStamps { path, modules });
        }
        Stamp::read(bytes).map_err(|source| LoadError::BadStamp { path, source })
    }

    /// Its directives: module and name.
    pub(crate) fn directives(&self) -> Vec<(String, String)> {
        let list = self.section(DIRECTIVES_SECTION).unwrap_or_default();
        let text = String::from_utf8_lossy(&list[..list.len().min(DIRECTIVES_LIMIT)]);
        let line = |line: &str| {
            // A linker may put padding between two lines.
            let (module, name) = line.trim_matches('\0').split_once('\t')?;
            Some((module.to_owned(), name.to_owned()))
        };
        let mut directives: Vec<_> = text.lines().filter_map(line).collect();
        directives.sort();
        directives
    }

    /// Checks that it exports `symbol`.
    pub(crate) fn exports(&self, symbol: &str) -> Result<(), LoadError> {
        let named =
            |found: object::read::elf::ElfSymbol<'_, '_, _>| found.name() == Ok(symbol) && found.is_definition();
        if self.elf.dynamic_symbols().any(named) {
            return Ok(());
        }
        Err(LoadError::NoSymbol { path: self.path.to_owned(), symbol: symbol.to_owned() })
    }

    fn section(&self, name: &str) -> Option<&[u8]> {
        self.elf.section_by_name(name)?.data().ok()
    }

    /// The contents of all sections with a name.
    fn sections(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let named = self.elf.sections().filter(move |section| section.name() == Ok(name));
        named.map(|section| section.data().unwrap_or_default())
    }

    fn names_interpreter(&self) -> bool {
        let endian = self.elf.endian();
        self.elf.elf_program_headers().iter().any(|header| header.p_type(endian) == PT_INTERP)
    }
}

/// The modules named by the stamps in a section, as far as they can be read.
fn named_in(mut section: &[u8]) -> Vec<String> {
    let mut named = Vec::new();
    while named.len() < MOST_STAMPS
        && let Some(at) = section.windows(STAMP_MAGIC.len()).position(|bytes| bytes == STAMP_MAGIC)
    {
        let stamp = Stamp::read(&section[at..]);
        named.push(stamp.map_or_else(|_| "unreadable".to_owned(), |stamp| stamp.field("module").to_owned()));
        section = &section[at + STAMP_MAGIC.len()..];
    }
    named
}

/// The end of the header and of the tables that it points to, in bytes.
fn tables_end(bytes: &[u8]) -> u64 {
    let Ok(header) = Header::parse(bytes) else { return size_of::<Header>() as u64 };
    let Ok(endian) = header.endian() else { return 0 };
    let programs =
        end(header.e_phoff(endian), u32::from(header.e_phentsize(endian)) * u32::from(header.e_phnum(endian)));
    let sections =
        end(header.e_shoff(endian), u32::from(header.e_shentsize(endian)) * u32::from(header.e_shnum(endian)));
    programs.max(sections)
}

/// The end of the last section or segment, in bytes.
fn contents_end(elf: &NativeElfFile<'_>) -> u64 {
    let endian = elf.endian();
    let segments = elf.elf_program_headers().iter().map(|header| end(header.p_offset(endian), header.p_filesz(endian)));
    let sections = elf.elf_section_table().iter().filter(|header| header.sh_type(endian) != SHT_NOBITS);
    let sections = sections.map(|header| end(header.sh_offset(endian), header.sh_size(endian)));
    segments.chain(sections).max().unwrap_or(0)
}

/// The end of `size` bytes at `offset`. The tables' number types depend on the class.
fn end(offset: impl Into<u64>, size: impl Into<u64>) -> u64 {
    offset.into().saturating_add(size.into())
}

#[cfg(test)]
mod tests;
