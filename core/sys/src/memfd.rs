//! Bytes as a file in memory that nobody can change, so that the checked bytes are the ones that are loaded.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::fd::OwnedFd;
use std::thread;
use std::time::Duration;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::io::Errno;

/// A file in memory with these bytes, sealed against all changes. Its name, at most 249 bytes, only shows in /proc.
///
/// # Errors
///
/// A kernel error: the name is too long or contains a NUL byte, or memory or handles ran out.
pub fn sealed(name: &str, bytes: &[u8]) -> io::Result<OwnedFd> {
    let fd = memfd_create(name, MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    let mut file = File::from(fd);
    file.write_all(bytes)?;
    file.rewind()?;
    let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE | SealFlags::SEAL;
    seal(&file, seals)?;
    Ok(file.into())
}

/// Sets seals. The kernel refuses with EBUSY while it holds pages of the file itself. This may happen for a moment after
/// writing, while it is moving pages.
fn seal(file: &File, seals: SealFlags) -> io::Result<()> {
    let mut left = SEAL_TRIES;
    loop {
        match fcntl_add_seals(file, seals) {
            Err(Errno::BUSY) if left > 0 => left -= 1,
            done => return Ok(done?),
        }
        thread::sleep(SEAL_PAUSE);
    }
}

/// One second in total, besides the time that the kernel itself waits.
const SEAL_TRIES: u32 = 100;
const SEAL_PAUSE: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn what_is_sealed_stays() {
        let mut file = File::from(sealed("some.so", b"bytes").unwrap());
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, b"bytes");
        assert!(file.write_all(b"x").is_err());
        assert!(file.set_len(0).is_err());
        assert!(fcntl_add_seals(&file, SealFlags::FUTURE_WRITE).is_err());
        assert!(sealed("na\0me", b"").is_err());
    }
}
