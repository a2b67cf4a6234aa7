//! How error replies show a transfer's file.

use gantry_api::prelude::*;

/// The name that the client gave.
pub(crate) fn shown(command: &Command) -> String {
    String::from_utf8_lossy(&command.argument).into_owned()
}
