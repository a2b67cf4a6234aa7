//! mod_cap: ProFTPD's directives for capabilities(7). They have no effect: which of them the daemon keeps follows from
//! the rest of the configuration.

use gantry_api::prelude::*;
use gantry_api::{directive, parse};

/// The module.
#[derive(Default)]
pub struct Cap;

module! { Cap }

impl Module for Cap {}

directive! {
    /// Accepted without effect: the daemon always gives up all capabilities that it does not need.
    CapabilitiesEngine "on|off" in SERVER | VHOST | GLOBAL, inherits: no, parse: parse::on_off,
        idle: "the daemon always gives up the capabilities that it does not need";
    /// Accepted without effect: after its start the daemon is no longer root if User is set.
    CapabilitiesRootRevoke "on|off" in SERVER | VHOST | GLOBAL, inherits: no, parse: parse::on_off,
        idle: "after its start the daemon is no longer root if User is set";
    /// Accepted without effect: which capabilities the daemon keeps follows from the rest of the configuration.
    CapabilitiesSet "[+|-]capability ..." in SERVER | VHOST | GLOBAL, inherits: no, parse: parse::words,
        idle: "the capabilities that the daemon keeps follow from the rest of the configuration";
}
