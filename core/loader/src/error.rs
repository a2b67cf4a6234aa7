//! Why a file is not loaded: which file, what is wrong, what was found and what
//! is needed, and what to do about it.

use std::fmt;
use std::io;
use std::path::PathBuf;

use gantry_api::stamp::StampError;

/// Why a module's file is not loaded. Each is one line for the administrator.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A word that names no module.
    #[error(
        "'{name}' is no name of a module: give it without a folder, such as mod_sql.c; ModulePath names the folders"
    )]
    Name {
        /// The word.
        name: String,
    },
    /// No folder has the module.
    #[error("no {module}.so in {}; build it or install it there, or name its folder with ModulePath", listed(.folders))]
    NotFound {
        /// The module.
        module: String,
        /// Where it was looked for.
        folders: Vec<PathBuf>,
    },
    /// The file, or a folder above it, cannot be opened or read.
    #[error("{}: {}", .path.display(), words(.source))]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Something other than a file.
    #[error("{}: this is {kind}, a module is a file", .path.display())]
    Kind {
        /// Its path.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
    },
    /// A file without a byte.
    #[error("{}: the file is empty; build or install the module anew", .path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A file that is too large.
    #[error("{}: {found} bytes are more than a module may have, which is {limit}", .path.display())]
    Size {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        found: u64,
        /// The largest size in bytes.
        limit: u64,
    },
    /// Somebody could change the file whom the daemon does not trust.
    #[error("{}: {}", .path.display(), .distrust.sentence(.place))]
    Distrusted {
        /// The module's file.
        path: PathBuf,
        /// The file, or the folder above it that is the reason.
        place: PathBuf,
        /// The reason.
        distrust: Distrust,
    },
    /// Not a file of machine code.
    #[error("{}: not a shared object (it does not begin as an ELF file does)", .path.display())]
    NotElf {
        /// The file.
        path: PathBuf,
    },
    /// Machine code, but no shared object.
    #[error("{}: an executable or object file, not a shared object; a module is built with crate-type cdylib", .path.display())]
    NotShared {
        /// The file.
        path: PathBuf,
    },
    /// For another machine.
    #[error("{}: built for {found}, this gantryd is for {needed}", .path.display())]
    Architecture {
        /// The file.
        path: PathBuf,
        /// What it is for.
        found: Architecture,
        /// What this build is for.
        needed: Architecture,
    },
    /// Shorter than its own tables say.
    #[error("{}: cut short: it has {found} bytes of at least {needed}; install it anew", .path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        found: u64,
        /// The least that its tables speak of.
        needed: u64,
    },
    /// Its tables make no sense.
    #[error("{}: a damaged shared object: {detail}; install it anew", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        detail: String,
    },
    /// No module of Gantry's.
    #[error("{}: no stamp in it (section .gantry.stamp): not a module of Gantry's", .path.display())]
    NoStamp {
        /// The file.
        path: PathBuf,
    },
    /// A stamp that cannot be read.
    #[error("{}: {source}; rebuild or install the module anew", .path.display())]
    BadStamp {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: StampError,
    },
    /// Built otherwise than this daemon.
    #[error("{}: {}. Rebuild it with: gantry module build {module}", .path.display(), mismatch(.found, .needed, .differences))]
    Stamp {
        /// The file.
        path: PathBuf,
        /// The module that was asked for.
        module: String,
        /// The file's stamp id.
        found: String,
        /// This build's stamp id.
        needed: String,
        /// Field, the file's value, this build's value.
        differences: Vec<(&'static str, String, String)>,
    },
    /// Another module than its name says.
    #[error("{}: holds the module {found}, not {needed}; a module's file bears its name: rename it or load {found}", .path.display())]
    OtherModule {
        /// The file.
        path: PathBuf,
        /// The module in it.
        found: String,
        /// The module that was asked for.
        needed: String,
    },
    /// Its way in is missing.
    #[error("{}: does not export {symbol}; was it stripped of more than --strip-unneeded removes? Rebuild it", .path.display())]
    NoSymbol {
        /// The file.
        path: PathBuf,
        /// What it should export.
        symbol: String,
    },
    /// No memory or handle for the private copy.
    #[error("{}: cannot make a private copy in memory: {source}", .path.display())]
    Copy {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The system's loader refused it.
    #[error("{}: {}", .path.display(), unlinked(.detail))]
    Link {
        /// The file.
        path: PathBuf,
        /// The system's words.
        detail: String,
    },
    /// It handed over another header than its stamp promises.
    #[error("{}: its header does not agree with its stamp; rebuild the module", .path.display())]
    Header {
        /// The file.
        path: PathBuf,
    },
    /// It holds no module, against what its stamp says.
    #[error("{}: {module} is not among the modules that it registers; rebuild the module", .path.display())]
    NoDescriptor {
        /// The file.
        path: PathBuf,
        /// The module.
        module: String,
    },
}

/// Why a file or folder is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distrust {
    /// It belongs to this user, who is neither root nor the daemon's.
    Owner(u32),
    /// Its mode lets others write.
    Mode(u32),
}

impl Distrust {
    fn sentence(self, place: &std::path::Path) -> String {
        let place = place.display();
        match self {
            Self::Owner(owner) => {
                format!("{place} belongs to the user with the id {owner}, who is neither root nor gantryd's; chown it")
            }
            Self::Mode(mode) => format!("{place} may be written to by others (mode {mode:04o}): chmod go-w {place}"),
        }
    }
}

/// The machine that code is for: what an ELF file says in its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Architecture {
    class: u8,
    order: u8,
    machine: u16,
}

impl Architecture {
    /// The bytes that tell it.
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

    /// What the file's first bytes say; none when there are too few.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        let head: &[u8; Self::END] = bytes.first_chunk()?;
        let (class, order, machine) = (head[4], head[5], [head[18], head[19]]);
        let machine = if order == 2 { u16::from_be_bytes(machine) } else { u16::from_le_bytes(machine) };
        Some(Self { class, order, machine })
    }

    /// What this build is for.
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
        write!(out, " ({bits}-bit, {order} end first)")
    }
}

fn listed(folders: &[PathBuf]) -> String {
    if folders.is_empty() {
        return "any folder (none is named)".to_owned();
    }
    folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// The system's words without its number.
fn words(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

fn mismatch(found: &str, needed: &str, differences: &[(&'static str, String, String)]) -> String {
    let shown = differences.iter().map(|(key, theirs, ours)| {
        let (theirs, ours) = (shown(key, theirs, ours), shown(key, ours, theirs));
        format!("{key} (module {theirs}, gantryd {ours})")
    });
    let shown = shown.collect::<Vec<_>>().join(", ");
    format!("built for stamp {found}, this gantryd has {needed}; differs in: {shown}")
}

/// As much of a stamp's value as tells it from the other one.
fn shown(key: &str, value: &str, other: &str) -> String {
    match key {
        _ if value.is_empty() => "none".to_owned(),
        "rustc" => {
            let (release, others) = (value.split(' ').next(), other.split(' ').next());
            if release == others { value } else { release.unwrap_or(value) }.to_owned()
        }
        "api" if value.is_char_boundary(12) => value[..12].to_owned(),
        _ => value.to_owned(),
    }
}

fn unlinked(detail: &str) -> String {
    if detail.contains("cannot open shared object file") {
        return format!(
            "{detail}; a library that it needs is neither in the system's folders nor in one that /etc/ld.so.conf names: \
             install it, name its folder there and run ldconfig, or load it by its path with LoadFile above this line"
        );
    }
    if detail.contains("undefined symbol") {
        return format!(
            "{detail}; a library that it needs is missing or of another version: name it with LoadFile above this line, or rebuild the module"
        );
    }
    detail.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mismatch_names_each_field_with_both_values() {
        let error = LoadError::Stamp {
            path: "mod_sql.so".into(),
            module: "mod_sql".into(),
            found: "3f9c00000000".into(),
            needed: "81aa00000000".into(),
            differences: vec![
                ("rustc", "1.94.1 abc x86_64-unknown-linux-gnu".into(), "1.95.0 def x86_64-unknown-linux-gnu".into()),
                ("flags", String::new(), "--cfg=x".into()),
            ],
        };
        assert_eq!(
            error.to_string(),
            "mod_sql.so: built for stamp 3f9c00000000, this gantryd has 81aa00000000; \
             differs in: rustc (module 1.94.1, gantryd 1.95.0), flags (module none, gantryd --cfg=x). \
             Rebuild it with: gantry module build mod_sql"
        );
    }

    #[test]
    fn a_missing_library_comes_with_the_ways_out() {
        let detail = "libmysqlclient.so.21: cannot open shared object file: No such file or directory".to_owned();
        let text = LoadError::Link { path: "mod_sql_mysql.so".into(), detail }.to_string();
        assert!(text.starts_with("mod_sql_mysql.so: libmysqlclient.so.21: cannot open"), "{text}");
        assert!(text.contains("ld.so.conf") && text.contains("LoadFile"), "{text}");
    }
}
