//! mod_log: TransferLog, in the format of xferlog(5), and ExtendedLog with LogFormat.

mod check;
mod extended;
mod settings;
mod transfers;
mod xferlog;

use gantry_api::prelude::*;

use extended::ExtendedLogs;
use settings::Settings;
use transfers::TransferLogs;

/// The module.
#[derive(Default)]
pub struct Log {
    transfers: TransferLogs,
    extended: ExtendedLogs,
}

module! { Log, settings: Settings, after: ["mod_core", "mod_auth", "mod_xfer"] }

#[async_trait]
impl Module for Log {
    fn hooks(&self) -> Vec<Hook> {
        gantry_format::distinct(self.transfers.hooks().into_iter().chain(self.extended.hooks()))
    }

    fn check(check: &mut Check<'_>) {
        check::check(check);
    }

    async fn start(&mut self, start: &mut Start<'_>) -> Result<()> {
        // A format has one name for all servers, as in ProFTPD.
        let formats = start.servers::<Settings>().flat_map(|(_, settings)| settings.formats.clone());
        self.extended = ExtendedLogs::new(formats, start.services().variables())?;
        for (server, _, settings) in start.scopes::<Settings>() {
            self.transfers.open(settings)?;
            self.extended.open(server, settings)?;
        }
        Ok(())
    }

    fn at_once(&self, at: &mut Moment<'_>) -> Result<Step> {
        self.transfers.write(at);
        self.extended.write(at);
        Ok(Step::Next)
    }
}
