//! mod_probe: the module that the benches call. It does as little as a module
//! can, so that what is measured is the way to it. The benches link it in and
//! load it, once or many times under other names.

mod probe;

pub use probe::{Kit, Large, Settings, Small};

gantry_api::module! { Small, settings: Settings }
