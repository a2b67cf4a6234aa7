//! Tokio for modules. A linked-in module runs on the daemon's runtime; a loaded
//! one, whose copy of tokio knows nothing of the daemon's, gets a runtime of
//! its own. A module that needs one says so:
//! `module! { Sql, runtime: gantry_runtime::start }`.
//!
//! No tokio type crosses the image's edge: what the daemon holds is the api's
//! `Runtime`, whose every method catches the panics of this image.

mod linked;
mod loaded;
mod lock;
mod task;
mod trace;

use std::sync::Arc;

use gantry_api::runtime::{Layout, Runtime};
use gantry_api::{Result, guard};

/// Starts the runtime of one instance of `module`.
///
/// Linked, it is the daemon's, and an error says that none is entered on this
/// thread. Loaded, it has one worker thread, named after the module, and this
/// image's trace events go to the daemon's log from then on; an error says why
/// the system gave no thread.
pub fn start(layout: Layout, module: &'static str) -> Result<Arc<dyn Runtime>> {
    guard::call(module, || match layout {
        Layout::Linked => Ok(Arc::new(linked::Linked::new(module)?) as Arc<dyn Runtime>),
        Layout::Loaded => {
            let runtime = loaded::Loaded::new(module)?;
            trace::forward(module);
            Ok(Arc::new(runtime) as Arc<dyn Runtime>)
        }
    })
}

#[cfg(test)]
mod testing;
