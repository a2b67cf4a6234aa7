//! mod_auth_file: users and groups from files in the format of passwd(5) and group(5): AuthUserFile and AuthGroupFile.
//! It does not decide who may log in, or where.

mod authenticator;
mod entries;
mod safety;
mod settings;
mod source;

#[cfg(feature = "fuzz")]
pub mod fuzz;

use gantry_api::prelude::*;

use authenticator::Files;
use settings::Settings;

/// The module.
#[derive(Default)]
pub struct AuthFile;

module! { AuthFile, settings: Settings }

#[async_trait]
impl Module for AuthFile {
    fn offers(scopes: &Scopes<'_>) -> Vec<Offer> {
        let servers = scopes.servers::<Settings>().filter(|scope| scope.settings.users.is_some());
        servers.map(|scope| Offer::Authenticator(scope.server)).collect()
    }

    async fn start(&mut self, start: &mut Start<'_>) -> Result<()> {
        let servers: Vec<_> =
            start.servers::<Settings>().map(|(server, settings)| (server, settings.clone())).collect();
        let files = Files::open(servers)?;
        if !files.is_empty() {
            start.publish().authenticator("mod_auth_file", files);
        }
        Ok(())
    }
}
