//! The kind of file that a name belongs to.

/// The kind of file that a name belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    #[default]
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A character device.
    CharacterDevice,
    /// A block device.
    BlockDevice,
    /// A named pipe.
    Pipe,
    /// A socket.
    Socket,
}

impl Kind {
    /// The kind in an `st_mode`.
    #[must_use]
    pub const fn from_mode(mode: u32) -> Kind {
        match mode & 0o170_000 {
            0o040_000 => Kind::Directory,
            0o120_000 => Kind::Link,
            0o020_000 => Kind::CharacterDevice,
            0o060_000 => Kind::BlockDevice,
            0o010_000 => Kind::Pipe,
            0o140_000 => Kind::Socket,
            _ => Kind::File,
        }
    }

    /// The mark that `ls -F` puts after a name of this kind, if any. Programs (`*`) are recognised
    /// by their mode.
    #[must_use]
    pub const fn mark(self) -> Option<u8> {
        match self {
            Kind::Directory => Some(b'/'),
            Kind::Link => Some(b'@'),
            Kind::Pipe => Some(b'|'),
            Kind::Socket => Some(b'='),
            Kind::File | Kind::CharacterDevice | Kind::BlockDevice => None,
        }
    }

    pub(super) const fn letter(self) -> u8 {
        match self {
            Kind::File => b'-',
            Kind::Directory => b'd',
            Kind::Link => b'l',
            Kind::CharacterDevice => b'c',
            Kind::BlockDevice => b'b',
            Kind::Pipe => b'p',
            Kind::Socket => b's',
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_read_from_modes() {
        assert_eq!(Kind::from_mode(0o100_644), Kind::File);
        assert_eq!(Kind::from_mode(0o040_755), Kind::Directory);
        assert_eq!(Kind::from_mode(0o120_777), Kind::Link);
        assert_eq!(Kind::from_mode(0o140_777), Kind::Socket);
    }
}
