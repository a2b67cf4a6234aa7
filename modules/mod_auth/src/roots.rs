//! Directives for the roots of sessions, which the server applies when it opens a root.

use gantry_api::{directive, parse};

directive! {
    /// Whether the root of a session (DefaultRoot, `<Anonymous>`) may be a symbolic link, or be reached through one.
    /// Otherwise such a login is refused.
    AllowChrootSymlinks "on|off" in SERVER | VHOST | GLOBAL, inherits: replace, default: "on", parse: parse::on_off
}
