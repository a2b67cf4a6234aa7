//! HOST (RFC 7151): a client selects a server by its name before it logs in.

use std::net::IpAddr;

use gantry_api::prelude::*;

use crate::parameters::{done, shown};

command! {
    /// Selects a server by its name.
    HOST "<sp> hostname", class: AUTH, login: no, feature: "HOST", at_once: host;
}

fn host(at: &mut Moment<'_>) -> Result<Step> {
    let name = shown(&at.command.argument);
    if name.is_empty() || name.contains(' ') {
        return refuse(500, "'HOST' not understood");
    }
    if at.session.account.is_some() {
        return refuse(503, "Bad sequence of commands");
    }
    if is_own_address(at, &name) {
        return done(at, 220, "HOST command successful");
    }
    if name.starts_with('[') {
        return refuse(501, format!("{name}: Invalid hostname provided"));
    }
    let Some(server) = at.session.host(&name) else {
        return refuse(504, format!("{name}: Unknown hostname provided"));
    };
    if server != at.session.server {
        at.session.move_to(server)?;
    }
    done(at, 220, "HOST command successful")
}

/// Whether a name is the address that the client reached. IPv6 addresses are in brackets.
fn is_own_address(at: &Moment<'_>, name: &str) -> bool {
    let inner = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    let address: Option<IpAddr> = match inner {
        Some(inner) => inner.parse().ok().filter(IpAddr::is_ipv6),
        None => name.parse().ok(),
    };
    address.is_some_and(|address| address.to_canonical() == at.session.local.ip().to_canonical())
}
