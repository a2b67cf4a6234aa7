//! The home of calls into an image, and the guard around each call.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::log::{self, Level};
use crate::runtime::Runtime;

/// The target of a call: a module, and its runtime if it has one.
#[derive(Clone)]
pub struct Home {
    /// The module's name.
    pub module: Arc<str>,
    /// Entered on each call, except calls that do not wait.
    pub runtime: Option<Arc<dyn Runtime>>,
}

impl Home {
    pub(super) fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        let Some(runtime) = &self.runtime else { return work() };
        let (mut work, mut done) = (Some(work), None);
        runtime.within(&mut || done = work.take().map(|work| work()));
        done.expect("a runtime does the work it is given, once")
    }

    /// Runs `work` under the guard.
    pub fn call<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        call(&self.module, || self.within(work))
    }

    /// Drops a value under the guard.
    pub fn drop<T>(&self, value: T) {
        if let Err(error) = self.call(|| {
            drop(value);
            Ok(())
        }) {
            log::write(Level::Error, &self.module, format_args!("{error} (while being dropped)"));
        }
    }
}

/// Runs `work` under the guard, without entering a runtime.
pub fn call<T>(module: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let caught = panic::catch_unwind(AssertUnwindSafe(work));
    caught.unwrap_or_else(|payload| Err(Error::panic(module, &message(payload))))
}

/// The text of a panic. Dropping the payload may panic again; that second payload is leaked.
pub fn message(payload: Box<dyn Any + Send>) -> String {
    let text = match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (_, Some(text)) => text.clone(),
        _ => "(no text)".to_owned(),
    };
    if let Err(second) = panic::catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(second);
    }
    text
}
