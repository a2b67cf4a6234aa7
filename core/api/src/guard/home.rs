//! Where calls go, and the guard around each.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::log::{self, Level};
use crate::runtime::Runtime;

/// Where a call goes: the module, and its runtime where it has one of its own.
#[derive(Clone)]
pub struct Home {
    /// The module's name.
    pub module: Arc<str>,
    /// What is entered on each call but those that answer at once.
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

/// Runs `work` under the guard, no runtime entered.
pub fn call<T>(module: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let caught = panic::catch_unwind(AssertUnwindSafe(work));
    caught.unwrap_or_else(|payload| Err(Error::panic(module, &message(payload))))
}

/// The text of a panic. The payload's own drop may panic once more: that one
/// is let go of.
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
