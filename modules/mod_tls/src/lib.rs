//! mod_tls: FTP over TLS (FTPS, RFC 4217). It puts rustls as a layer around control and data connections; the server
//! reads and writes their bytes.
//!
//! A data connection must resume the TLS session of its control connection: that is what proves that the same client is
//! at its other end.

mod certificate;
mod check;
mod clients;
mod commands;
mod curves;
mod depth;
mod encrypted;
mod facts;
mod files;
mod idle;
mod layer;
mod log_file;
mod operators;
mod options;
mod peer;
mod phrase;
mod policy;
mod protocol;
mod records;
mod refused;
mod required;
mod server;
mod servers;
mod session;
mod settings;
mod start;
mod suites;
mod tickets;
mod variables;
mod voucher;
mod words;

use gantry_api::prelude::*;

use servers::TlsModule;
use settings::Settings;

module! { TlsModule, settings: Settings, after: ["mod_core"], runtime: gantry_runtime::start }

#[async_trait]
impl Module for TlsModule {
    fn check(check: &mut Check<'_>) {
        check::check(check);
    }

    async fn start(&mut self, start: &mut Start<'_>) -> Result<()> {
        start::start(self, start)
    }

    async fn control(&self, asked: &ControlRequest<'_>) -> Result<Answer> {
        operators::answer(self, asked)
    }

    fn hooks(&self) -> Vec<Hook> {
        let mut hooks = vec![Hook::post(Verb::new("FEAT"))];
        if self.servers.values().any(|server| server.options.implicit) {
            hooks.push(Hook::connect());
        }
        if self.requires || self.servers.len() > 1 {
            hooks.push(Hook::every(Phase::Pre));
        }
        if !self.servers.is_empty() {
            hooks.push(Hook::log(Verb::new("USER")));
        }
        hooks
    }

    fn at_once(&self, at: &mut Moment<'_>) -> Result<Step> {
        match (at.phase, at.command.verb) {
            (Phase::Pre, _) => {
                commands::follow(at)?;
                policy::check(self, at)?;
            }
            (Phase::Command, _) => commands::connect(self, at)?,
            (Phase::Post, _) => commands::hide(self, at),
            (Phase::Log, _) => commands::note(self, at),
            _ => {}
        }
        Ok(Step::Next)
    }
}
