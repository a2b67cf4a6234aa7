//! The guard: the one place where calls enter an image. A panic that leaves its image aborts the
//! process, so the image's own copy of this code catches it: on each call, each poll of a future
//! and each drop.
//!
//! `guarded!` declares a trait for objects that cross images, and its guard.

pub(crate) mod call;
pub(crate) mod guarded;
pub(crate) mod home;
pub(crate) mod output;
#[cfg(test)]
mod tests;

use std::panic;
use std::sync::Once;

use crate::log::{self, Level};

pub use call::{Boxed, Call};
pub use guarded::Guarded;
pub(crate) use guarded::guarded;
pub use home::{Home, call, message};
pub use output::{OnPanic, Output};

/// Sends this image's panics to the daemon's log. Each image has its own copy of std's hook, which
/// writes to a standard error that nobody reads.
pub fn log_panics(image: &'static str) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Do not ask for the thread's name: that would leave a value of this image's std on the
        // daemon's thread, which code that may be unmapped by then would drop.
        panic::set_hook(Box::new(move |info| {
            log::write(Level::Error, image, format_args!("panic: {info}"));
        }));
    });
}
