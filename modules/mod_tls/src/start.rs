//! The start: a server for each TLSEngine on, and a look at their files from time to time.

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

/// How often the log warns of certificates that will soon have expired.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Makes the servers ready.
pub(crate) fn start(module: &mut TlsModule, start: &mut Start<'_>) -> Result<()> {
    let Some((_, main)) = start.servers::<Settings>().next() else { return Ok(()) };
    // Lines of the main server that hold for the whole daemon.
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

/// Takes certificates that were replaced, such as renewed ones, without a reload.
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
            // Reading waits for the disk.
            let _ = tokio::task::spawn_blocking(move || server.look()).await;
        }
    }
}
