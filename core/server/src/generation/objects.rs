//! Shared objects: the files that modules come from that are not linked in. The
//! feature `dso` says which of two ways there is to them: a loader, or none.

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

/// A shared object that is mapped.
pub type Loaded = <Objects as SharedObjects>::Object;

/// Somebody whose signature counts.
pub type Signer = <Objects as SharedObjects>::Signer;
