//! Turns a file on disk into a checked image. Shared objects are loaded only here. The
//! file is opened once and read completely; the checked bytes are copied to a sealed
//! file in memory, and that copy is loaded. No code of the file runs before its stamp
//! matches this build's.
//!
//! Not here: the set of modules, their order and their requirements.

mod architecture;
mod digest;
mod elf;
mod error;
mod failure;
mod file;
mod find;
mod inspect;
mod library;
mod loader;
mod map;
mod search;
mod signature;
mod trial;
mod words;

pub use architecture::Architecture;
pub use digest::{Sha256Sum, with_digest};
pub use error::{Distrust, LoadError};
pub use failure::{Ending, Failure};
pub use file::Trust;
pub use find::{find, module_name};
pub use inspect::{Inspection, inspect, inspect_bytes};
pub use library::Library;
pub use loader::{LoadedImage, Loader};
pub use signature::{PrivateKey, Signer, signature_path, signers, verify};
pub use trial::Trial;
