//! mod_probe_runtime: mod_probe as a module that needs a runtime. If loaded, it has its own, which
//! each poll of its futures enters.

#[path = "../../mod_probe/src/probe.rs"]
mod probe;

pub use probe::{Kit, Large, Settings, Small};

gantry_api::module! { Small, settings: Settings, runtime: gantry_runtime::start }
