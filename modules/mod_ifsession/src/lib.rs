//! mod_ifsession: exists so that `<IfModule mod_ifsession.c>` applies. The server itself implements
//! `<IfUser>`, `<IfGroup>`, `<IfClass>` and `<IfAuthenticated>`.

use gantry_api::prelude::*;
use gantry_api::{directive, parse};

/// The module.
#[derive(Default)]
pub struct IfSession;

module! { IfSession }

impl Module for IfSession {}

directive! {
    /// Accepted without effect: sections for users and groups only apply to clients that have logged in.
    IfSessionOptions "option ..." in SERVER | VHOST | GLOBAL, inherits: no, parse: parse::words,
    idle: "sections for users and groups only apply to clients that have logged in"
}
