//! mod_probe: the module that the benches call. It does as little as possible, so that the benches
//! measure the way to it. They link it in and load it, once or many times under other names.

mod probe;

pub use probe::{Kit, Large, Settings, Small};

gantry_api::module! { Small, settings: Settings }
