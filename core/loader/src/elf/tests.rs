//! Files that are not modules, and a small module whose bytes are changed one by one.

use gantry_api::stamp::{FORMAT, checksum};
use object::elf::{SHT_NULL, SHT_PROGBITS, SHT_STRTAB, SectionType};

use super::*;

fn refusal(bytes: &[u8]) -> LoadError {
    module(Path::new("mod_x.so"), bytes).err().expect("no shared object")
}

#[test]
fn what_is_no_shared_object_is_named() {
    assert!(matches!(refusal(b"#!/bin/sh\n"), LoadError::NotElf { .. }));
    assert!(matches!(refusal(b"\x7fE"), LoadError::Truncated { .. }));
    let executable = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    assert!(matches!(refusal(&executable), LoadError::NotShared { .. }));
    for length in [3, 4, 18, 19, 20, 63, 64, 65, 1000, executable.len() / 2, executable.len() - 1] {
        assert!(matches!(refusal(&executable[..length]), LoadError::Truncated { .. }), "{length}");
    }
}

#[test]
fn an_executable_at_a_fixed_address_is_named() {
    let mut bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    for kind in [1, 2, 4] {
        bytes[16] = kind;
        assert!(matches!(refusal(&bytes), LoadError::NotShared { .. }), "{kind}");
    }
}

#[test]
fn another_machine_is_named() {
    let mut bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    bytes.truncate(4096);
    bytes[18] = 22;
    let error = refusal(&bytes).to_string();
    assert!(error.contains("s390"), "{error}");
    bytes[4] = 1;
    assert!(refusal(&bytes).to_string().contains("32-bit"));
    bytes[18..20].copy_from_slice(&[0xfe, 0xfe]);
    assert!(refusal(&bytes).to_string().contains("machine 65278"));
}

/// The sections of a module: name and contents.
struct Sections(Vec<(&'static str, Vec<u8>)>);

impl Sections {
    fn of_a_module() -> Self {
        let text = "format=1\nmodule=mod_x\n";
        let heads = [FORMAT, text.len() as u32, checksum(text.as_bytes())].map(u32::to_le_bytes);
        let stamp = [&STAMP_MAGIC[..], heads.as_flattened(), text.as_bytes()].concat();
        Self(vec![(SECTION, stamp), (DIRECTIVES_SECTION, b"mod_x\tAlpha\nmod_x\tBeta\n".to_vec())])
    }

    /// A shared object for this machine with these sections and no segments: the
    /// header, the sections' bytes, their names, and the table of sections.
    fn shared_object(&self) -> Vec<u8> {
        let head = size_of::<Header>();
        let mut names = vec![0];
        let (mut contents, mut table) = (Vec::new(), section_header(0, SHT_NULL, 0, 0));
        for (name, bytes) in &self.0 {
            table.extend(section_header(names.len(), SHT_PROGBITS, head + contents.len(), bytes.len()));
            names.extend(name.bytes().chain([0]));
            contents.extend(bytes);
        }
        let name_of_names = names.len();
        names.extend(b".shstrtab\0");
        table.extend(section_header(name_of_names, SHT_STRTAB, head + contents.len(), names.len()));
        let table_at = head + contents.len() + names.len();
        [header(table_at, self.0.len() + 2), contents, names, table].concat()
    }
}

/// An ELF file's header: both classes have the same fields in the same order.
fn header(table_at: usize, sections: usize) -> Vec<u8> {
    let half = |number: usize| u16::try_from(number).unwrap().to_ne_bytes().to_vec();
    // The class, the order of bytes and the machine are this program's own.
    let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    [
        own[..16].to_vec(),
        half(ET_DYN.0.into()),
        own[18..24].to_vec(),
        // The entry, the table of segments, the table of sections.
        [0, 0, table_at].map(usize::to_ne_bytes).as_flattened().to_vec(),
        // Flags.
        vec![0; 4],
        [size_of::<Header>(), size_of::<ProgramHeaderOf<Header>>(), 0].map(half).concat(),
        [size_of::<SectionHeaderOf<Header>>(), sections, sections - 1].map(half).concat(),
    ]
    .concat()
}

type ProgramHeaderOf<H> = <H as FileHeader>::ProgramHeader;
type SectionHeaderOf<H> = <H as FileHeader>::SectionHeader;

fn section_header(name: usize, kind: SectionType, offset: usize, size: usize) -> Vec<u8> {
    let name = u32::try_from(name).unwrap();
    [
        [name, kind.0].map(u32::to_ne_bytes).as_flattened(),
        // Flags, address, offset, size.
        [0, 0, offset, size].map(usize::to_ne_bytes).as_flattened(),
        // Link and information.
        &[0; 8],
        // Alignment, size of entries.
        [1, 0].map(usize::to_ne_bytes).as_flattened(),
    ]
    .concat()
}

#[test]
fn the_stamp_and_the_directives_are_read() {
    let bytes = Sections::of_a_module().shared_object();
    let object = module(Path::new("mod_x.so"), &bytes).unwrap();
    assert_eq!(object.stamp().unwrap().field("module"), "mod_x");
    let directive = |name: &str| ("mod_x".to_owned(), name.to_owned());
    assert_eq!(object.directives(), [directive("Alpha"), directive("Beta")]);
    assert!(matches!(object.exports("gantry_image_mod_x"), Err(LoadError::NoSymbol { .. })));
}

/// The results for files with one changed byte.
#[derive(Debug, Default)]
struct Tally {
    no_object: usize,
    stamp: usize,
    no_stamp: usize,
    bad_stamp: usize,
    directives: usize,
    no_directives: usize,
}

impl Tally {
    fn read(&mut self, bytes: &[u8]) {
        let Ok(object) = module(Path::new("mod_x.so"), bytes) else { return self.no_object += 1 };
        match object.stamp() {
            Ok(_) => self.stamp += 1,
            Err(LoadError::NoStamp { .. }) => self.no_stamp += 1,
            Err(_) => self.bad_stamp += 1,
        }
        match object.directives().is_empty() {
            true => self.no_directives += 1,
            false => self.directives += 1,
        }
    }
}

#[test]
fn no_changed_byte_panics() {
    let bytes = Sections::of_a_module().shared_object();
    let mut tally = Tally::default();
    for at in 0..bytes.len() {
        for value in 0..=u8::MAX {
            let mut changed = bytes.clone();
            changed[at] = value;
            tally.read(&changed);
        }
    }
    // Every outcome occurred, and the sections were found most of the time.
    let Tally { no_object, stamp, no_stamp, bad_stamp, directives, no_directives } = tally;
    assert!([no_object, no_stamp, bad_stamp, no_directives].iter().all(|count| *count > 0), "{tally:?}");
    let half = bytes.len() * 256 / 2;
    assert!(stamp > half && directives > half, "{tally:?}");
}
