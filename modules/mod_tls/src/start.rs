//! The start: prepares a server for each TLSEngine on, and checks the files regularly.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gantry_api::prelude::*;

use crate::phrase::Provider;
use crate::required::{Control, Data};
use crate::server::{Server, SharedState};
use crate::servers::TlsModule;
use crate::settings::Settings;

/// How often certificate files are checked for changes.
const LOOK: Duration = Duration::from_secs(5);

/// How often the log warns of certificates that expire soon.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Prepares the servers.
pub(crate) fn start(module: &mut TlsModule, start: &mut Start<'_>) -> Result<()> {
    let Some((_, main)) = start.servers::<Settings>().next() else { return Ok(()) };
    // These lines of the main server apply to the whole daemon.
    let phrases = main.certificates.pass_phrase.clone();
    let shared = SharedState::new(&main.resumption);
    module.cache = shared.cache.clone();
    let mut servers = HashMap::new();
    for (id, settings) in start.servers::<Settings>() {
        if !settings.engine {
            continue;
        }
        let provider = Provider { program: phrases.clone(), server: settings.place() };
        let server = Server::load(settings, &shared, provider).map_err(Error::configuration)?;
        servers.insert(id, Arc::new(server));
    }
    module.servers = Arc::new(servers);
    if let (Some(runtime), false) = (start.runtime(), module.servers.is_empty()) {
        let servers: Vec<Arc<Server>> = module.servers.values().cloned().collect();
        runtime.spawn(Box::pin(watch(servers)));
    }
    module.requires = start
        .scopes::<Settings>()
        .any(|(.., settings)| settings.required.control != Control::Off || settings.required.data != Data::Off);
    Ok(())
}

/// Takes over replaced certificates, such as renewed ones, without a reload.
async fn watch(servers: Vec<Arc<Server>>) {
    let mut warned = Instant::now();
    loop {
        tokio::time::sleep(LOOK).await;
        if warned.elapsed() >= DAY {
            warned = Instant::now();
            servers.iter().for_each(|server| server.warn());
        }
        for server in &servers {
            let server = server.clone();
            // Reading may wait for the disk.
            let _ = tokio::task::spawn_blocking(move || server.look()).await;
        }
    }
}
