//! The stamp: what two images must agree on before one runs the other's code. `module!` writes it
//! into the section `.gantry.stamp`; the loader reads it from the file. The frame is `GANTRYST`,
//! format, length and checksum (32 bits each, little-endian), then `key=value` lines.

use crate::digest::Digest;

/// The section that holds a module's stamp.
pub const SECTION: &str = ".gantry.stamp";
/// The section that lists the names of an image's directives.
pub const DIRECTIVES_SECTION: &str = ".gantry.directives";
/// The first bytes of a frame.
pub const MAGIC: [u8; 8] = *b"GANTRYST";
/// The format that this build writes and reads.
pub const FORMAT: u32 = 1;
/// Bytes before the text in a frame.
pub const FRAME_HEAD: usize = 20;
/// The longest accepted text, in bytes.
pub const TEXT_LIMIT: usize = 64 * 1024;

/// The keys that must agree, in the order of their lines.
pub const EQUAL: [&str; 7] = ["format", "rustc", "target", "panic", "flags", "api", "alloc"];

// Evaluated here because the build script does not see a profile's `panic` setting.
const PANIC: &str = if cfg!(panic = "abort") { "abort" } else { "unwind" };

/// The lines of this image's build that must agree.
pub const BUILD: &str = concat_str!(
    "format=1\nrustc=",
    env!("GANTRY_STAMP_RUSTC"),
    "\ntarget=",
    env!("GANTRY_STAMP_TARGET"),
    "\npanic=",
    PANIC,
    "\nflags=",
    env!("GANTRY_STAMP_FLAGS"),
    "\napi=",
    env!("GANTRY_STAMP_API"),
    "\nalloc=system\n"
);

/// Lines that are shown but not compared.
pub const SHOWN: &str = concat_str!("profile=", env!("GANTRY_STAMP_PROFILE"), "\ncpu=", env!("GANTRY_STAMP_CPU"), "\n");

/// The id of this build: 12 hex digits of a digest of [`BUILD`].
pub const ID: [u8; 12] = id(BUILD);

/// The stamp id for lines that must agree.
pub const fn id(build: &str) -> [u8; 12] {
    let digest = Digest::new().bytes(build.as_bytes()).value();
    let mut text = [0; 12];
    let mut at = 0;
    while at < 12 {
        text[at] = b"0123456789abcdef"[(digest >> (124 - 4 * at)) as usize & 0xf];
        at += 1;
    }
    text
}

/// This build's id, as text.
pub fn build_id() -> &'static str {
    static ID_TEXT: [u8; 12] = ID;
    str::from_utf8(&ID_TEXT).unwrap_or("?")
}

/// Joins the parts of a text; `N` is the sum of their lengths.
#[doc(hidden)]
pub const fn join<const N: usize>(parts: &[&str]) -> [u8; N] {
    let mut joined = [0; N];
    let (mut part, mut at) = (0, 0);
    while part < parts.len() {
        let bytes = parts[part].as_bytes();
        let mut from = 0;
        while from < bytes.len() {
            joined[at] = bytes[from];
            at += 1;
            from += 1;
        }
        part += 1;
    }
    joined
}

/// The sum of the lengths of `parts`.
#[doc(hidden)]
pub const fn length(parts: &[&str]) -> usize {
    let (mut part, mut sum) = (0, 0);
    while part < parts.len() {
        sum += parts[part].len();
        part += 1;
    }
    sum
}

/// Puts a text into a frame; `N` is the text's length plus [`FRAME_HEAD`].
#[doc(hidden)]
pub const fn frame<const N: usize>(text: &str) -> [u8; N] {
    let bytes = text.as_bytes();
    assert!(N == bytes.len() + FRAME_HEAD);
    let mut framed = [0; N];
    let heads = [FORMAT.to_le_bytes(), (bytes.len() as u32).to_le_bytes(), checksum(bytes).to_le_bytes()];
    let mut at = 0;
    while at < N {
        framed[at] = if at < 8 {
            MAGIC[at]
        } else if at < FRAME_HEAD {
            heads[(at - 8) / 4][(at - 8) % 4]
        } else {
            bytes[at - FRAME_HEAD]
        };
        at += 1;
    }
    framed
}

/// The checksum of a frame's text.
pub const fn checksum(text: &[u8]) -> u32 {
    Digest::new().bytes(text).value() as u32
}

/// A stamp, as read from a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    fields: Vec<(String, String)>,
}

/// Why bytes are not a valid stamp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StampError {
    /// Shorter than a frame, or than the frame claims.
    Truncated,
    /// The magic bytes are missing.
    Magic,
    /// An unsupported format; its number.
    Format(u32),
    /// The checksum does not match the text.
    Checksum,
    /// The text is not `key=value` lines in UTF-8.
    Text,
}

impl std::fmt::Display for StampError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Truncated => out.write_str("the stamp is cut short"),
            Self::Magic => out.write_str("the stamp does not begin with GANTRYST"),
            Self::Format(found) => write!(out, "the stamp has format {found}, this build reads format {FORMAT}"),
            Self::Checksum => out.write_str("the stamp's checksum does not match its text"),
            Self::Text => out.write_str("the stamp's text is not key=value lines"),
        }
    }
}

impl std::error::Error for StampError {}

impl Stamp {
    /// Reads the frame at the start of `bytes`.
    pub fn read(bytes: &[u8]) -> Result<Self, StampError> {
        let head = bytes.get(..FRAME_HEAD).ok_or(StampError::Truncated)?;
        if head[..8] != MAGIC {
            return Err(StampError::Magic);
        }
        let number = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        if number(8) != FORMAT {
            return Err(StampError::Format(number(8)));
        }
        let length = number(12) as usize;
        if length > TEXT_LIMIT {
            return Err(StampError::Truncated);
        }
        let text = bytes.get(FRAME_HEAD..FRAME_HEAD + length).ok_or(StampError::Truncated)?;
        if checksum(text) != number(16) {
            return Err(StampError::Checksum);
        }
        Self::parse(str::from_utf8(text).map_err(|_| StampError::Text)?)
    }

    /// Reads the lines of a stamp.
    pub fn parse(text: &str) -> Result<Self, StampError> {
        let field = |line: &str| line.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
        let fields = text.lines().map(field).collect::<Option<_>>().ok_or(StampError::Text)?;
        Ok(Self { fields })
    }

    /// The stamp of this build.
    pub fn of_this_build() -> Self {
        Self::parse(&format!("{BUILD}{SHOWN}")).expect("constants of key=value lines")
    }

    /// The value of a key; empty if missing.
    pub fn field(&self, key: &str) -> &str {
        self.fields.iter().find(|(name, _)| name == key).map_or("", |(_, value)| value)
    }

    /// The words of a field that lists names, such as `requires`.
    pub fn list(&self, key: &str) -> impl Iterator<Item = &str> {
        self.field(key).split_whitespace()
    }

    /// All fields in order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The 12 hex digits that identify the fields that must agree.
    pub fn id(&self) -> String {
        let lines: String = EQUAL.iter().map(|key| format!("{key}={}\n", self.field(key))).collect();
        String::from_utf8_lossy(&id(&lines)).into_owned()
    }

    /// The keys that must agree but do not: key, value here, value there.
    pub fn differences<'a>(&'a self, other: &'a Self) -> Vec<(&'static str, &'a str, &'a str)> {
        let pairs = EQUAL.iter().map(|key| (*key, self.field(key), other.field(key)));
        pairs.filter(|(_, here, there)| here != there).collect()
    }
}

/// `concat!` for constants as well as literals.
macro_rules! concat_str {
    ($($part:expr),* $(,)?) => {{
        const PARTS: &[&str] = &[$($part),*];
        const BYTES: [u8; $crate::stamp::length(PARTS)] = $crate::stamp::join(PARTS);
        match str::from_utf8(&BYTES) {
            Ok(text) => text,
            Err(_) => panic!("parts of UTF-8 make UTF-8"),
        }
    }};
}
use concat_str;

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = concat_str!(BUILD, "module=mod_x\nrequires=mod_a mod_b\n");
    static FRAMED: [u8; TEXT.len() + FRAME_HEAD] = frame(TEXT);

    #[test]
    fn a_frame_reads_back() {
        let stamp = Stamp::read(&FRAMED).unwrap();
        assert_eq!(stamp.field("module"), "mod_x");
        assert_eq!(stamp.list("requires").collect::<Vec<_>>(), ["mod_a", "mod_b"]);
        assert_eq!(stamp.id(), build_id());
        assert!(stamp.differences(&Stamp::of_this_build()).is_empty());
    }

    #[test]
    fn a_cut_or_changed_frame_is_refused() {
        for length in 0..FRAMED.len() {
            assert_eq!(Stamp::read(&FRAMED[..length]), Err(StampError::Truncated), "{length}");
        }
        for at in 0..FRAMED.len() {
            let mut changed = FRAMED.to_vec();
            changed[at] ^= 0x10;
            assert!(Stamp::read(&changed).is_err(), "byte {at}");
        }
    }

    #[test]
    fn differences_name_the_field() {
        let other = Stamp::parse(&BUILD.replace("alloc=system", "alloc=jemalloc")).unwrap();
        assert_eq!(other.differences(&Stamp::of_this_build()), [("alloc", "jemalloc", "system")]);
        assert_ne!(other.id(), build_id());
    }
}
