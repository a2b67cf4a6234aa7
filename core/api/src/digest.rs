//! A small non-cryptographic digest (FNV-1a, 128 bits). It tells builds apart but gives no
//! protection against malice; signatures do that. The build script uses it too.

/// A running digest.
#[derive(Clone, Copy)]
pub struct Digest(u128);

impl Digest {
    /// The digest of no bytes.
    pub const fn new() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }

    /// Adds bytes.
    pub const fn bytes(mut self, bytes: &[u8]) -> Self {
        let mut at = 0;
        while at < bytes.len() {
            self.0 = (self.0 ^ bytes[at] as u128).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
            at += 1;
        }
        self
    }

    /// Adds the length and then the bytes, so that neighbouring fields cannot run into each other.
    #[allow(dead_code)] // used by the build script
    pub const fn field(self, bytes: &[u8]) -> Self {
        self.bytes(&(bytes.len() as u64).to_le_bytes()).bytes(bytes)
    }

    /// The value.
    pub const fn value(self) -> u128 {
        self.0
    }

    /// The value as 32 hex digits.
    #[allow(dead_code)] // used by the build script
    pub fn hex(self) -> String {
        format!("{:032x}", self.value())
    }
}
