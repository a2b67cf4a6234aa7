//! The protocol between a trial and its child: the words of the command line and the exit
//! codes.

/// The hidden argument of a child that tries a module.
pub(super) const MODULE: &str = "--try-module";
/// The hidden argument of a child that tries a library.
pub(super) const LIBRARY: &str = "--try-library";

/// The child's exit code after it has loaded, used and dropped the file. It only counts if
/// the child has written its token: a constructor could end the process with any code.
pub(super) const SOUND: u8 = 86;
/// The child's exit code if the system's loader or the header check refuses the file. The
/// caller then gets the same error safely, with its message. It too needs the token.
pub(super) const REFUSED: u8 = 87;
