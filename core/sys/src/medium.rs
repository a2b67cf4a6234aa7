//! Where a file system keeps its files: whether its answers may take time.

use std::os::fd::BorrowedFd;

use rustix::fs::{FsWord, fstatfs};

/// Where the files of a file system are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// In memory: nothing there ever waits.
    Memory,
    /// On a local disk: data that has been read is in memory, and the kernel answers for it without
    /// waiting.
    Disk,
    /// On another machine, in another process, or unknown: each call may wait.
    Elsewhere,
}

impl Medium {
    /// What holds an open file; `Elsewhere` if the kernel does not tell.
    #[must_use]
    pub fn holding(file: BorrowedFd<'_>) -> Medium {
        fstatfs(file).map_or(Medium::Elsewhere, |about| Medium::of(about.f_type))
    }

    /// By a file system's number (`statfs`).
    #[must_use]
    pub fn of(kind: FsWord) -> Medium {
        match u32::try_from(kind).unwrap_or(0) {
            // tmpfs, ramfs.
            0x0102_1994 | 0x8584_58f6 => Medium::Memory,
            // ext2 to ext4, XFS, btrfs, F2FS, bcachefs, ZFS, JFS, overlayfs.
            0xef53 | 0x5846_5342 | 0x9123_683e | 0xf2f5_2010 | 0xca45_1a4e | 0x2fc1_2fc1 | 0x3153_464a
            | 0x794c_7630 => Medium::Disk,
            _ => Medium::Elsewhere,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_answers_by_itself_is_a_disk() {
        assert_eq!(Medium::of(0x0102_1994), Medium::Memory);
        assert_eq!(Medium::of(0xef53), Medium::Disk);
        // NFS, FUSE, CIFS, and /proc.
        for elsewhere in [0x6969, 0x6573_5546, 0xff53_4d42, 0x9fa0] {
            assert_eq!(Medium::of(elsewhere), Medium::Elsewhere);
        }
    }
}
