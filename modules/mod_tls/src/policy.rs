//! TLSRequired, before each command.

use std::sync::Arc;

use gantry_api::prelude::*;

use crate::commands::State;
use crate::layer::Refusing;
use crate::required::{Control, Data};
use crate::servers::TlsModule;
use crate::session::Tls;
use crate::settings::Settings;
use crate::words::Verify;

/// Commands that ProFTPD always allows before TLS.
const ALWAYS: [Verb; 6] = [Verb::AUTH, Verb::FEAT, Verb::SYST, Verb::new("CLNT"), Verb::new("HOST"), Verb::QUIT];
/// Commands with a name or a password.
const LOGIN: [Verb; 3] = [Verb::USER, Verb::PASS, Verb::ACCT];
/// Commands that move data.
const DATA: [Verb; 7] = [Verb::RETR, Verb::STOR, Verb::STOU, Verb::APPE, Verb::LIST, Verb::NLST, Verb::MLSD];

/// Refuses a command without the required protection.
pub(crate) fn check(module: &TlsModule, at: &mut Moment<'_>) -> Result<()> {
    let Some(server) = module.servers.get(&at.session.server) else { return Ok(()) };
    let required = at.settings::<Settings>().required;
    let verb = at.command.verb;
    let layered = at.dialogue.control.is_layered();
    let state = at.state.of::<State>();
    // HOST may have left the server that requires a certificate, or come to it.
    let fits = |tls: &Arc<Tls>| server.verify == Verify::Off || tls.is_of(server);
    let is_protected = layered && state.tls.as_ref().is_some_and(fits);
    let waits = server.options.per_user && at.session.account.is_none();
    let is_refused = !is_protected
        && match required.control {
            Control::Off => false,
            Control::Auth => LOGIN.contains(&verb),
            Control::On => !waits && !ALWAYS.contains(&verb),
        };
    if is_refused {
        return refuse(550, "SSL/TLS required on the control channel");
    }
    // This stops every way to open a data connection.
    let refusing = required.data == Data::On && !state.private;
    if refusing != state.refusing {
        state.refusing = refusing;
        match refusing {
            true => at.protect(Refusing),
            false if !at.state.of::<State>().private => at.dialogue.data.protect(None),
            false => {}
        }
    }
    if refusing && DATA.contains(&verb) {
        return refuse(522, "SSL/TLS required on the data channel");
    }
    Ok(())
}
