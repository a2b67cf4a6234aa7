//! Times as the control socket tells them.

use std::time::{SystemTime, UNIX_EPOCH};

use gantry_api::Value;

/// Seconds since 1970.
pub fn unix(time: SystemTime) -> Value {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()).into()
}
