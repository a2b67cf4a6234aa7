//! The start: a server for each TLSEngine on, and a look at their files from time to time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gantry_api::prelude::*;

use crate::phrase::Provider;
use crate::required::{Control, Data};
use crate::server::{Server, Shared};
use crate::servers::TlsModule;
use crate::settings::Settings;
use crate::tickets::{Cache, Keys};

/// How often certificate files are checked for changes.
const LOOK: Duration = Duration::from_secs(5);

/// How often the log warns of certificates that will soon have expired.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Makes the servers ready.
pub(crate) fn start(module: &mut TlsModule, start: &mut Start<'_>) -> Result<()> {
    // TLSPassPhraseProvider is a line of the main server, and of the whole daemon.
    let phrases = start.servers::<Settings>().find_map(|(_, settings)| settings.certificates.pass_phrase.clone());
    let (mut shared, mut servers) = (None, HashMap::new());
    for (id, settings) in start.servers::<Settings>() {
        // The first server's: these two are of the whole daemon.
        let shared = shared.get_or_insert_with(|| {
            let keys = settings.resumption.keys;
            let count = usize::try_from(keys.count).unwrap_or(1);
            let cache =
                settings.resumption.cache.map(|cache| Arc::new(Cache::new(Duration::from_secs(cache.lifetime))));
            Shared { keys: Arc::new(Keys::new(Duration::from_secs(keys.age), count)), cache }
        });
        module.cache = shared.cache.clone();
        if !settings.engine {
            continue;
        }
        let provider = Provider { program: phrases.clone(), server: settings.place() };
        let server = Server::load(settings, shared, provider).map_err(Error::configuration)?;
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
