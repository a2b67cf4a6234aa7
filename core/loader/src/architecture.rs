//! The machine that code is built for, read from an ELF file's first bytes.

use std::fmt;

/// The machine that code is built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Architecture {
    class: u8,
    order: u8,
    machine: u16,
}

impl Architecture {
    /// The number of bytes needed to read it.
    pub(crate) const END: usize = 20;

    // ELF's numbers of the machines that Rust has Linux targets for.
    const NAMES: [(u16, &str); 11] = [
        (3, "x86"),
        (8, "mips"),
        (20, "powerpc"),
        (21, "powerpc64"),
        (22, "s390x"),
        (40, "arm"),
        (43, "sparc64"),
        (62, "x86_64"),
        (183, "aarch64"),
        (243, "riscv64"),
        (258, "loongarch64"),
    ];

    /// The machine in the file's first bytes; `None` if there are too few bytes.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        let head: &[u8; Self::END] = bytes.first_chunk()?;
        let (class, order, machine) = (head[4], head[5], [head[18], head[19]]);
        let machine = if order == 2 { u16::from_be_bytes(machine) } else { u16::from_le_bytes(machine) };
        Some(Self { class, order, machine })
    }

    /// The machine of this build.
    pub(crate) fn here() -> Self {
        let arch = std::env::consts::ARCH;
        let named = Self::NAMES.iter().find(|(_, name)| *name == arch);
        Self {
            class: if cfg!(target_pointer_width = "64") { 2 } else { 1 },
            order: if cfg!(target_endian = "big") { 2 } else { 1 },
            machine: named.map_or(0, |(number, _)| *number),
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Self::NAMES.iter().find(|(number, _)| *number == self.machine) {
            Some((_, name)) => out.write_str(name)?,
            None => write!(out, "machine {}", self.machine)?,
        }
        let bits = if self.class == 1 { "32" } else { "64" };
        let order = if self.order == 2 { "big" } else { "little" };
        write!(out, " ({bits}-bit, {order}-endian)")
    }
}
