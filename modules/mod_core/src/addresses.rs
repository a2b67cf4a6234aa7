//! PASV, PORT (RFC 959), EPSV and EPRT (RFC 2428): where the next data connection is made. The
//! server decides which addresses clients may name.

use std::net::{SocketAddr, SocketAddrV4};

use gantry_api::data::Family;
use gantry_api::prelude::*;
use gantry_api::proto::address::{self, AddressError, Epsv, Protocol};

use crate::parameters::{done, none, words, wrong_number};

command! {
    /// Makes the server listen for the next data connection (IPv4).
    PASV "(returns address/port)", class: MISC, limit: NAMED, wait: passive;
    /// Names the address of the next data connection (IPv4).
    PORT "<sp> h1,h2,h3,h4,p1,p2", class: MISC, limit: NAMED, at_once: port;
    /// Makes the server listen for the next data connection.
    EPSV "(returns port |||port|)", class: MISC, limit: NAMED, feature: "EPSV", wait: extended_passive;
    /// Names the address of the next data connection.
    EPRT "<sp> |proto|addr|port|", class: MISC, limit: NAMED, feature: "EPRT", at_once: extended_port;
}

async fn passive(at: &mut Moment<'_>) -> Result<Step> {
    none(at)?;
    not_after_all(at)?;
    let address = at.dialogue.data.passive(Family::V4).await?;
    let Some(ip) = address::as_ipv4(address.ip()) else {
        return refuse(425, "Unable to build data connection: no IPv4 address to name");
    };
    at.dialogue.reply = Some(address::pasv_reply(SocketAddrV4::new(ip, address.port())));
    Ok(Step::Done)
}

async fn extended_passive(at: &mut Moment<'_>) -> Result<Step> {
    // As in ProFTPD, more than one word means none.
    let asked = if words(&at.command.argument).count() > 1 { b"" } else { at.command.argument.as_slice() };
    let family = match address::parse_epsv(asked) {
        Ok(Epsv::All) => {
            at.dialogue.epsv_only = true;
            return done(at, 200, "EPSV ALL command successful");
        }
        Ok(Epsv::Same) => Family::Same,
        Ok(Epsv::Protocol(protocol)) if !serves(at, protocol) => return unsupported(at),
        Ok(Epsv::Protocol(Protocol::Ipv4)) => Family::V4,
        Ok(Epsv::Protocol(Protocol::Ipv6)) => Family::V6,
        Err(AddressError::UnsupportedProtocol) => return unsupported(at),
        Err(_) => return refuse(501, "EPSV: unknown network protocol"),
    };
    let address = at.dialogue.data.passive(family).await?;
    at.dialogue.reply = Some(address::epsv_reply(address.port()));
    Ok(Step::Done)
}

fn port(at: &mut Moment<'_>) -> Result<Step> {
    not_after_all(at)?;
    if at.command.argument.is_empty() {
        return wrong_number();
    }
    // A space after a comma is some clients' habit; another word is not.
    if words(&at.command.argument).zip(words(&at.command.argument).skip(1)).any(|(word, _)| !word.ends_with(b",")) {
        return wrong_number();
    }
    let Ok(address) = address::parse_port(&at.command.argument) else {
        return refuse(501, "Illegal PORT command");
    };
    let address = reachable(at, SocketAddr::V4(address));
    at.dialogue.data.active(address)?;
    done(at, 200, "PORT command successful")
}

fn extended_port(at: &mut Moment<'_>) -> Result<Step> {
    not_after_all(at)?;
    if at.command.argument.is_empty() {
        return wrong_number();
    }
    let address = match address::parse_eprt(&at.command.argument) {
        Ok(address) => address,
        Err(AddressError::UnsupportedProtocol) => return unsupported(at),
        Err(AddressError::NoPort) => return refuse(500, "Illegal EPRT command"),
        Err(_) => return refuse(501, "Illegal EPRT command"),
    };
    let protocol = if address.is_ipv4() { Protocol::Ipv4 } else { Protocol::Ipv6 };
    if !serves(at, protocol) {
        return unsupported(at);
    }
    let address = reachable(at, address);
    match at.dialogue.data.active(address) {
        Err(error) if error.code() == Some(500) => refuse(500, "Illegal EPRT command"),
        prepared => {
            prepared?;
            done(at, 200, "EPRT command successful")
        }
    }
}

/// Where a client that names an address can be reached: behind NAT, clients name their private address, which means the
/// one that they come from.
fn reachable(at: &Moment<'_>, named: SocketAddr) -> SocketAddr {
    match named {
        SocketAddr::V4(address) if address.ip().is_private() => SocketAddr::new(at.session.remote.ip(), named.port()),
        named => named,
    }
}

/// After EPSV ALL a translating router on the way may rely on no more addresses being named (RFC
/// 2428 section 4).
fn not_after_all(at: &Moment<'_>) -> Result<()> {
    match at.dialogue.epsv_only {
        true => refuse(500, format!("Illegal {} command, EPSV ALL in effect", at.command.verb)),
        false => Ok(()),
    }
}

/// A client that connected by IPv4 can only be reached by IPv4.
fn serves(at: &Moment<'_>, protocol: Protocol) -> bool {
    protocol == Protocol::Ipv4 || !by_ipv4(at)
}

fn unsupported<T>(at: &Moment<'_>) -> Result<T> {
    let served = if by_ipv4(at) { "1" } else { "1,2" };
    refuse(522, format!("Network protocol not supported, use ({served})"))
}

fn by_ipv4(at: &Moment<'_>) -> bool {
    at.session.remote.ip().to_canonical().is_ipv4()
}
