//! mod_ldap: users and groups in an LDAP directory (doc/contrib/mod_ldap of ProFTPD's manual). The protocol is the crate
//! ldap3's; here is what is asked, of whom, and what the answers mean.

mod authenticator;
mod check;
mod directives;
mod directory;
mod endpoint;
mod log_file;
mod passwords;
mod quota_text;
mod quotas;
mod refused;
mod request;
mod secret;
mod server;
mod settings;
mod setup;
mod template;
mod tls;
mod tracking;
mod users;
mod values;

use std::collections::HashMap;
use std::sync::Arc;

use gantry_api::prelude::*;

use authenticator::LdapUsers;
use directory::Directory;
use quotas::LdapQuotas;
use settings::Settings;
use setup::Setup;
use tracking::Sessions;
use users::Users;

/// What AuthOrder calls it.
const NAME: &str = env!("CARGO_PKG_NAME");

/// The module; empty until its start.
#[derive(Default)]
struct Ldap {
    sessions: Arc<Sessions>,
    tracks: bool,
}

// mod_unique_id's ids are there at its hook.
module! { Ldap, settings: Settings, after: ["mod_unique_id"], runtime: gantry_runtime::start }

#[async_trait]
impl Module for Ldap {
    fn hooks(&self) -> Vec<Hook> {
        if self.tracks { vec![Hook::connect(), Hook::exit()] } else { Vec::new() }
    }

    fn offers(scopes: &Scopes<'_>) -> Vec<Offer> {
        let servers = scopes.servers::<Settings>().filter(|scope| scope.settings.users.is_some());
        servers.map(|scope| Offer::Authenticator(scope.server)).collect()
    }

    fn check(check: &mut Check<'_>) {
        check::check(check);
    }

    async fn start(&mut self, start: &mut Start<'_>) -> Result<()> {
        let mut directories: Vec<(Setup, Arc<Directory>)> = Vec::new();
        let mut servers = HashMap::new();
        for (server, settings) in start.servers::<Settings>() {
            if settings.users.is_none() {
                continue;
            }
            let setup = Setup::of(settings);
            let known = directories.iter().find(|(other, _)| *other == setup);
            let directory = match known {
                Some((_, directory)) => directory.clone(),
                None => {
                    let directory = Arc::new(Directory::new(&setup)?);
                    directories.push((setup, directory.clone()));
                    directory
                }
            };
            servers.extend(Users::new(settings, directory, start.system()?)?.map(|users| (server, users)));
            self.tracks |= settings.tracking;
        }
        if !servers.is_empty() {
            let servers = Arc::new(servers);
            // mod_quotatab_ldap looks for it by this name.
            start.publish().quota_source(NAME, LdapQuotas { servers: servers.clone() });
            let users = LdapUsers {
                servers,
                sessions: self.sessions.clone(),
                hashing: Default::default(),
                refusal: Default::default(),
            };
            start.publish().authenticator(NAME, users);
        }
        Ok(())
    }

    fn at_once(&self, at: &mut Moment<'_>) -> Result<Step> {
        match at.command.verb {
            Verb::EXIT => self.sessions.end(at.session),
            _ => self.sessions.begin(at.session),
        }
        Ok(Step::Next)
    }
}
