//! What a session may do with a file or directory, for the fact `perm` (RFC 3659 section 7.5).

use super::kind::Kind;

/// What a session may do with a file or directory, for the fact `perm`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Access(u8);

impl Access {
    /// Nothing.
    pub const NONE: Access = Access(0);
    /// Retrieve a file, list a directory.
    pub const READ: Access = Access(1);
    /// Store or append to a file; create and remove names in a directory.
    pub const WRITE: Access = Access(2);
    /// Make a directory the working one.
    pub const ENTER: Access = Access(4);
    /// Delete it.
    pub const DELETE: Access = Access(8);
    /// Rename it.
    pub const RENAME: Access = Access(16);

    /// Both together.
    #[must_use]
    pub const fn with(self, access: Access) -> Access {
        Access(self.0 | access.0)
    }

    /// Whether it allows all of `other`.
    #[must_use]
    pub const fn contains(self, access: Access) -> bool {
        self.0 & access.0 == access.0
    }

    /// The letters of RFC 3659 section 7.5.5.
    pub(super) fn letters(self, kind: Kind) -> String {
        const FILE: [(char, Access); 5] = [
            ('a', Access::WRITE),
            ('d', Access::DELETE),
            ('f', Access::RENAME),
            ('r', Access::READ),
            ('w', Access::WRITE),
        ];
        const DIRECTORY: [(char, Access); 7] = [
            ('f', Access::RENAME),
            ('l', Access::READ),
            ('c', Access::WRITE),
            ('d', Access::DELETE),
            ('m', Access::WRITE),
            ('p', Access::WRITE),
            ('e', Access::ENTER),
        ];
        let letters: &[(char, Access)] = match kind {
            Kind::Directory => &DIRECTORY,
            _ => &FILE,
        };
        letters.iter().filter(|(_, needed)| self.contains(*needed)).map(|(letter, _)| letter).collect()
    }
}
