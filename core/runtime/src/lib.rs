//! Tokio for modules. A linked-in module runs on the daemon's runtime. A loaded one has its
//! own copy of tokio, which knows nothing of the daemon's, so it gets its own runtime. A
//! module that needs one declares it: `module! { Sql, runtime: gantry_runtime::start }`.
//!
//! No tokio type crosses the image boundary: the daemon holds the api's `Runtime`, and all
//! of its methods catch this image's panics.

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
/// If the module is linked in, this is the daemon's runtime; the error means that none is
/// entered on this thread. If it is loaded, the runtime has one worker thread, named after
/// the module, and this image's trace events go to the daemon's log from now on; the error
/// says why the system could not start the thread.
pub fn start(layout: Layout, module: &'static str) -> Result<Arc<dyn Runtime>> {
    guard::call(module, || match layout {
        Layout::Linked => Ok(Arc::new(linked::LinkedRuntime::new(module)?) as Arc<dyn Runtime>),
        Layout::Loaded => {
            let runtime = loaded::LoadedRuntime::new(module)?;
            trace::forward(module);
            Ok(Arc::new(runtime) as Arc<dyn Runtime>)
        }
    })
}

#[cfg(test)]
mod testing;
