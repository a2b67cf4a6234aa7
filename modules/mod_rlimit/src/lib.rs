//! mod_rlimit: ProFTPD's directives for limits on a session's process. They have no effect, because one process serves
//! all sessions.

use gantry_api::prelude::*;
use gantry_api::{directive, parse};

/// The module.
#[derive(Default)]
pub struct Rlimit;

module! { Rlimit }

impl Module for Rlimit {}

directive! {
    /// Accepted without effect: sessions are not confined by chroot(2), so nothing is ever loaded from a session's root.
    RLimitChroot "on|off" in SERVER | VHOST | GLOBAL, inherits: no, parse: parse::on_off,
        idle: "nothing is ever loaded from a session's root";
    /// Accepted without effect: limit the daemon with systemd or ulimit.
    RLimitCPU "[daemon|session|none] soft|max [hard|max]" in SERVER, inherits: no, parse: parse::words,
        idle: "one process serves all sessions; limit it with systemd or ulimit";
    /// Accepted without effect: limit the daemon with systemd or ulimit.
    RLimitMemory "[daemon|session|none] soft|max [hard|max]" in SERVER, inherits: no, parse: parse::words,
        idle: "one process serves all sessions; limit it with systemd or ulimit";
    /// Accepted without effect: limit the daemon with systemd or ulimit.
    RLimitOpenFiles "[daemon|session|none] soft|max [hard|max]" in SERVER, inherits: no, parse: parse::words,
        idle: "one process serves all sessions; limit it with systemd or ulimit";
}
