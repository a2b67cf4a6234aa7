//! mod_auth_pam: PAM checks the passwords of users whom other modules know, and has a session for
//! each logged-in user. The server's keeper talks to PAM in separate processes; no code of this
//! module does.

mod check;
mod judge;
mod service;
mod settings;

use gantry_api::prelude::*;

use judge::{Judge, Sessions};
use settings::Settings;

/// The module.
#[derive(Default)]
pub struct AuthPam {
    sessions: Sessions,
    is_on: bool,
}

module! { AuthPam, settings: Settings, before: ["mod_auth_unix"] }

#[async_trait]
impl Module for AuthPam {
    fn check(check: &mut Check<'_>) {
        check::check(check);
    }

    async fn start(&mut self, start: &mut Start<'_>) -> Result<()> {
        let default = service::default();
        let servers = start.servers::<Settings>().filter(|(_, settings)| settings.is_on);
        let servers: Vec<_> = servers.map(|(server, settings)| (server, settings.terms(default))).collect();
        self.is_on = !servers.is_empty();
        // `None` if the modules serve no clients.
        let Ok(system) = start.system() else { return Ok(()) };
        if self.is_on && !system.is_root() {
            log!(
                Warn,
                "not started as root: PAM has only the rights of the daemon's user, and usually cannot check other users"
            );
        }
        // If a line names PAM, the check has reported it.
        if start.servers::<Settings>().any(|(_, settings)| settings.asks_pam() && !settings.names_pam()) {
            log!(Info, "{}", check::NO_LAST_WORD);
            if !service::is_there(default) {
                log!(Warn, "{}", service::missing(default));
            }
        }
        let judge = Judge::new(system, servers, self.sessions.clone());
        start.publish().password_judge("mod_auth_pam", judge);
        Ok(())
    }

    fn hooks(&self) -> Vec<Hook> {
        match self.is_on {
            true => vec![Hook::post_error(Verb::PASS), Hook::exit()],
            false => Vec::new(),
        }
    }

    fn at_once(&self, at: &mut Moment<'_>) -> Result<Step> {
        // A second PASS of a logged-in user fails, too.
        if at.session.account.is_none() || at.command.verb == Verb::EXIT {
            self.sessions.end(at.session.id);
        }
        Ok(Step::Next)
    }
}
