//! The start: a server for each TLSEngine on, and a look at their files from time to time.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use gantry_api::prelude::*;

use crate::facts::Facts;
use crate::options::Options;
use crate::phrase::Provider;
use crate::required::{Control, Data};
use crate::server::{Server, Shared};
use crate::servers::TlsModule;
use crate::settings::Settings;
use crate::tickets::{Cache, Keys};

/// How often the files of certificates are looked at.
const LOOK: Duration = Duration::from_secs(5);

/// Makes the servers ready.
pub(crate) fn start(module: &mut TlsModule, start: &mut Start<'_>) -> Result<()> {
    // TLSPassPhraseProvider is a line of the main server, and of the whole daemon.
    let phrases = start.servers::<Settings>().find_map(|(_, settings)| settings.certificates.pass_phrase.clone());
    let mut shared = None;
    for (id, settings) in start.servers::<Settings>() {
        // The first server's: these two are of the whole daemon.
        let shared = shared.get_or_insert_with(|| {
            let keys = settings.resumption.keys;
            let count = usize::try_from(keys.count).unwrap_or(1);
            let cache =
                settings.resumption.cache.map(|cache| Arc::new(Cache::new(Duration::from_secs(cache.lifetime))));
            Shared { keys: Arc::new(Keys::new(Duration::from_secs(keys.age), count)), cache }
        });
        if !settings.engine {
            continue;
        }
        let provider = Provider { program: phrases.clone(), server: settings.place() };
        let server = Server::load(settings, shared, provider).map_err(Error::configuration)?;
        server.facts().iter().for_each(warn);
        notices(settings).iter().for_each(|notice| log!(Warn, "{notice}"));
        module.servers.insert(id, Arc::new(server));
    }
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
    loop {
        tokio::time::sleep(LOOK).await;
        for server in &servers {
            let server = server.clone();
            // Reading waits for the disk.
            let _ = tokio::task::spawn_blocking(move || server.look()).await;
        }
    }
}

/// Says when a certificate will soon have expired.
fn warn(facts: &Facts) {
    let Ok(left) = facts.ends.duration_since(SystemTime::now()) else { return };
    let days = left.as_secs() / 86_400;
    if days < 30 {
        log!(Warn, "the certificate of {} expires in {days} days", facts.subject);
    }
}

/// Directives that have no effect.
fn notices(settings: &Settings) -> Vec<String> {
    let ignored = &settings.ignored;
    let idle = [
        (
            "TLSCryptoDevice",
            ignored.device.as_deref().is_some_and(|device| !device.eq_ignore_ascii_case("none")),
            "there are no OpenSSL engines",
        ),
        ("TLSDHParamFile", ignored.dh.is_some(), "keys are exchanged over elliptic curves (TLSECDHCurve)"),
        ("TLSRandomSeed", ignored.seed.is_some(), "the kernel gives random numbers"),
        ("TLSRenegotiate", ignored.renegotiate.is_some(), "nothing is renegotiated"),
        ("TLSVerifyServer", ignored.verify_server.is_some(), "data connections go to the client alone"),
        ("TLSStapling", settings.stapling.stapling || settings.stapling.cache.is_some(), "no OCSP response is stapled"),
    ];
    let mut notices: Vec<String> = idle
        .into_iter()
        .filter(|(_, is_there, _)| *is_there)
        .map(|(name, _, why)| format!("{name} has no effect: {why}"))
        .collect();
    if Options::of(&settings.options).idle {
        notices.push("TLSOptions AllowClientRenegotiations, AllowWeakDH, AllowWeakSecurity, NoAutoECDH, NoCertRequest and NoEmptyFragments have no effect".to_owned());
    }
    notices
}
