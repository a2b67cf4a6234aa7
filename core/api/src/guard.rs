//! The guard: the one place where calls enter an image. A panic that leaves
//! its image aborts the process, so it is caught here, by the image's own copy
//! of this code: at each call, each poll of a future and each drop.
//!
//! `guarded!` declares a trait whose objects cross images, with its guard.

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

/// Makes this image's panics go to the daemon's log: std's own hook, which
/// each image has a copy of, writes to the standard error that nobody reads.
pub fn log_panics(image: &'static str) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // The thread's name is not asked for: that would leave a value of this
        // image's std on the daemon's thread, to be dropped by code that may
        // be unmapped by then.
        panic::set_hook(Box::new(move |info| {
            log::write(Level::Error, image, format_args!("panic: {info}"));
        }));
    });
}
