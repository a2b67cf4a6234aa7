//! What a trial and its child have agreed on: the words of the command line, and
//! the exit codes.

/// The hidden argument of a child that tries a module.
pub(super) const MODULE: &str = "--try-module";
/// Of one that tries a library.
pub(super) const LIBRARY: &str = "--try-library";

/// The child's exit code when the file is loaded, taken in, and let go of again.
/// It counts behind the child's token alone: a constructor that ends the
/// process may end it with any code.
pub(super) const SOUND: u8 = 86;
/// When the system's loader, or the header, refuses the file in words: the
/// caller meets the same without harm, and has the words. Behind the token, too.
pub(super) const REFUSED: u8 = 87;
