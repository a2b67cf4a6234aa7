//! Shared objects: the files of modules that are not linked in. The feature `dso` selects one of
//! two implementations: the loader, or none.

#[cfg(feature = "dso")]
mod loader;
#[cfg(not(feature = "dso"))]
mod none;
mod shared_object;

#[cfg(feature = "dso")]
pub use loader::Loader as Objects;
#[cfg(not(feature = "dso"))]
pub use none::NoLoader as Objects;
pub use shared_object::{SharedObject, SharedObjects};

/// A mapped shared object.
pub type MappedObject = <Objects as SharedObjects>::Object;

/// A trusted signer.
pub type Signer = <Objects as SharedObjects>::Signer;
