//! mod_quotatab: limits on bytes and files, per user, group, class or for all (doc/contrib/mod_quotatab in ProFTPD's
//! manual). Limits and tallies are in tables, which other modules keep (`gantry_api::quota`): this one finds a
//! session's limit, counts what its commands do, and refuses what would go beyond.

mod check;
mod commands;
mod denial;
mod held;
mod ledger;
mod limits;
mod lock;
mod login;
mod meter;
mod quota_log;
mod scan;
mod seat;
mod server;
mod settings;
mod site;
mod sizes;
mod table;
mod units;
mod variables;

use std::sync::Arc;

use gantry_api::prelude::*;

use server::Server;
use settings::Settings;
use sizes::Sizes;

/// The module.
#[derive(Default)]
struct Quotatab {
    /// By the servers' numbers; none where QuotaEngine is off.
    servers: Vec<Option<Arc<Server>>>,
    /// The files that commands under way may change.
    sizes: Arc<Sizes>,
}

module! { Quotatab, settings: Settings, after: ["mod_xfer"], runtime: gantry_runtime::start }

#[async_trait]
impl Module for Quotatab {
    fn check(check: &mut Check<'_>) {
        check::check(check);
    }

    async fn start(&mut self, start: &mut Start<'_>) -> Result<()> {
        let services = start.services();
        for (id, settings) in start.servers::<Settings>().filter(|(_, settings)| settings.engine) {
            let Some(server) = Server::new(id, settings, services)? else { continue };
            if self.servers.len() <= id.0 {
                self.servers.resize_with(id.0.saturating_add(1), || None);
            }
            if let Some(place) = self.servers.get_mut(id.0) {
                *place = Some(Arc::new(server));
            }
        }
        Ok(())
    }

    async fn stop(&self) {
        for server in self.servers.iter().flatten() {
            server.settle_debts().await;
        }
    }
}

impl Quotatab {
    /// The server of a session, if it has quotas.
    fn server(&self, session: &Session) -> Option<&Arc<Server>> {
        self.servers.get(session.server.0)?.as_ref()
    }
}
