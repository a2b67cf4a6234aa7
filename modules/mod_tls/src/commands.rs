//! The commands of RFC 2228 and RFC 4217: AUTH, PBSZ, PROT, CCC; and SSCN. Replies are ProFTPD's.

use std::sync::Arc;

use gantry_api::prelude::*;

use crate::layer::{Maker, TlsLayer};
use crate::required::{Control, Data};
use crate::server::Server;
use crate::servers::TlsModule;
use crate::session::Tls;
use crate::settings::Settings;
use crate::variables;
use crate::voucher::Certificate;
use crate::words::Verify;

command! {
    /// Protects the control connection with TLS, from the reply on.
    AUTH "<sp> TLS|TLS-C|TLS-P|SSL", class: SEC, limit: NAMED, login: no, feature: "AUTH TLS", at_once: auth;
    /// Removes the protection of the control connection.
    CCC "", class: SEC, feature: "CCC", at_once: clear;
    /// Sets the size of protected buffers: 0, because TLS has its own.
    PBSZ "<sp> 0", class: SEC, limit: NAMED, login: no, feature: "PBSZ", at_once: buffer_size;
    /// Protects data connections (P), or does not (C).
    PROT "<sp> C|P", class: SEC, limit: NAMED, login: no, feature: "PROT", at_once: protection;
    /// Says which side of TLS the server is on data connections: always the server.
    SSCN "[<sp> OFF]", class: SEC, at_once: side;
}

/// The module's state in a session.
#[derive(Default)]
pub(crate) struct State {
    /// Set by AUTH.
    pub(crate) tls: Option<Arc<Tls>>,
    /// Whether data connections are protected (PROT P).
    pub(crate) private: bool,
    /// Whether the server name in the handshake has been handled.
    pub(crate) followed: bool,
    /// Whether unprotected data connections are refused when they open.
    pub(crate) refusing: bool,
}

/// On a new connection: implicit TLS protects everything from the first byte.
pub(crate) fn connect(module: &TlsModule, at: &mut Moment<'_>) -> Result<()> {
    match module.servers.get(&at.session.server).filter(|server| server.options.implicit) {
        Some(server) => secure(module, server, at, true),
        None => Ok(()),
    }
}

fn auth(module: &TlsModule, at: &mut Moment<'_>) -> Result<Step> {
    let Some(server) = module.servers.get(&at.session.server) else { return not_understood("AUTH") };
    let mechanism = String::from_utf8_lossy(&at.command.argument).to_ascii_uppercase();
    let implies_private = match mechanism.as_str() {
        "" => return refuse(504, "AUTH requires at least one argument"),
        "TLS" | "TLS-C" => false,
        "SSL" | "TLS-P" => true,
        _ => return not_understood("AUTH"),
    };
    if at.dialogue.control.is_layered() {
        return refuse(503, "Unwilling to accept second AUTH");
    }
    // A login cannot be undone, and its password was sent in clear.
    if at.session.account.is_some() {
        return refuse(534, "Unwilling to accept security parameters");
    }
    secure(module, server, at, implies_private)?;
    // A user name sent in clear may have been changed on the way (RFC 4217 section 4).
    (at.session.user, at.session.section) = (None, None);
    at.respond(234, format!("AUTH {mechanism} successful"));
    Ok(Step::Done)
}

/// Puts TLS around the control connection.
fn secure(module: &TlsModule, server: &Arc<Server>, at: &mut Moment<'_>, implies_private: bool) -> Result<()> {
    let looks_up = at.settings::<Settings>().looks_up.unwrap_or_default();
    let tls = Tls::new(module, server, at.session, looks_up);
    at.secure(TlsLayer::control(tls.clone()))?;
    vouch(server, at, &tls);
    let may_be_private = at.settings::<Settings>().required.data != Data::Never;
    at.state.of::<State>().tls = Some(tls.clone());
    set_private(at, (implies_private && may_be_private).then_some(tls));
    Ok(())
}

/// Accepts the client's certificate in place of a password, if the server is configured so.
fn vouch(server: &Server, at: &mut Moment<'_>, tls: &Arc<Tls>) {
    let (attribute, dot_login) = (server.attribute.clone(), server.options.dot_login);
    if server.verify != Verify::Off && (attribute.is_some() || dot_login) {
        at.vouch(Certificate { tls: tls.clone(), attribute, dot_login });
    }
}

/// Moves a session to the server that its client named in the handshake, before its first command.
pub(crate) fn follow(at: &mut Moment<'_>) -> Result<()> {
    let state = at.state.of::<State>();
    let Some(tls) = state.tls.clone().filter(|_| !state.followed) else { return Ok(()) };
    state.followed = at.dialogue.control.is_layered();
    if let (Some((id, server)), true, None) = (tls.named(), state.followed, &at.session.account) {
        at.session.move_to(id)?;
        vouch(server, at, &tls);
    }
    Ok(())
}

/// Protects further data connections, or stops protecting them.
fn set_private(at: &mut Moment<'_>, tls: Option<Arc<Tls>>) {
    let state = at.state.of::<State>();
    (state.private, state.refusing) = (tls.is_some(), false);
    match tls {
        Some(tls) => at.protect(Maker(tls)),
        None => at.dialogue.data.protect(None),
    }
}

fn buffer_size(at: &mut Moment<'_>) -> Result<Step> {
    if protected(at).is_none() {
        return not_understood("PBSZ");
    }
    match at.command.argument.as_slice() {
        b"" => return refuse(501, "Invalid number of parameters"),
        b"0" => at.respond(200, "PBSZ 0 successful"),
        _ => at.respond(200, "PBSZ=0 successful"),
    }
    Ok(Step::Done)
}

fn protection(at: &mut Moment<'_>) -> Result<Step> {
    // Even after CCC: data connections have their own TLS.
    let Some(tls) = at.state.of::<State>().tls.clone() else { return not_understood("PROT") };
    let required = at.settings::<Settings>().required.data;
    let level = String::from_utf8_lossy(&at.command.argument).to_ascii_uppercase();
    match level.as_str() {
        "" => return refuse(501, "Invalid number of parameters"),
        "P" if required == Data::Never => return refuse(534, "Unwilling to accept security parameters"),
        "C" if required == Data::On => return refuse(534, "Unwilling to accept security parameters"),
        "P" => {
            set_private(at, Some(tls));
            at.respond(200, "Protection set to Private");
        }
        "C" => {
            set_private(at, None);
            at.respond(200, "Protection set to Clear");
        }
        "S" | "E" => return refuse(536, format!("PROT {level} unsupported")),
        _ => return refuse(504, format!("PROT {level} unsupported")),
    }
    Ok(Step::Done)
}

fn clear(at: &mut Moment<'_>) -> Result<Step> {
    if protected(at).is_none() {
        return not_understood("CCC");
    }
    if at.settings::<Settings>().required.control == Control::On {
        return refuse(534, "Unwilling to accept security parameters");
    }
    at.dialogue.control.clear()?;
    at.respond(200, "Clearing control channel protection");
    Ok(Step::Done)
}

/// SSCN. Data connections are only between the client and this server, so sides never change.
fn side(at: &mut Moment<'_>) -> Result<Step> {
    if protected(at).is_none() {
        return not_understood("SSCN");
    }
    match at.command.argument.as_slice() {
        b"" | b"OFF" => at.respond(200, "SSCN:SERVER METHOD"),
        b"ON" => return refuse(504, "SSCN: this server makes no transfers to other servers"),
        _ => return refuse(501, "SSCN: Invalid argument"),
    }
    Ok(Step::Done)
}

/// The session's TLS, if it protects the control connection now.
fn protected(at: &mut Moment<'_>) -> Option<Arc<Tls>> {
    let layered = at.dialogue.control.is_layered();
    at.state.of::<State>().tls.clone().filter(|_| layered)
}

/// Removes the lines of TLS from FEAT, for servers without TLS.
pub(crate) fn hide(module: &TlsModule, at: &mut Moment<'_>) {
    if module.servers.contains_key(&at.session.server) {
        return;
    }
    if let Some(reply) = &mut at.dialogue.reply {
        reply.lines.retain(|line| !matches!(line.trim_ascii(), b"AUTH TLS" | b"CCC" | b"PBSZ" | b"PROT"));
    }
}

/// Sets the notes for logs.
pub(crate) fn note(module: &TlsModule, at: &mut Moment<'_>) {
    let (Some(tls), Some(server)) = (protected(at), module.servers.get(&at.session.server)) else { return };
    let facts = at.dialogue.control.facts();
    variables::leave(&mut at.session.notes, &facts, &tls, &server.options);
}

fn not_understood(verb: &str) -> Result<Step> {
    refuse(500, format!("{verb} not understood"))
}
