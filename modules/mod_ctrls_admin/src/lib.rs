//! mod_ctrls_admin: what administrators do to the running daemon besides its
//! modules: see and end sessions, turn servers down and up, read the
//! configuration anew, say how much is logged, end it all.

mod daemon;
mod logs;
mod servers;
mod sessions;
mod settings;

use gantry_api::prelude::*;
use settings::{Engine, Settings};

/// The module.
#[derive(Default)]
pub struct Admin {
    engine: Option<Engine>,
}

module! { Admin, settings: Settings, after: ["mod_ctrls"] }

control! {
    /// Sets how much is logged, 0 to 10, or tells it.
    "debug" "[level [number]]" by AdminControlsACLs;
    /// Has the names of clients looked up, or not, until the configuration is read anew.
    "dns" "on|off" by AdminControlsACLs;
    /// Turns away new clients of servers; those that are there stay.
    "down" "address[#port]|all" by AdminControlsACLs;
    /// Tells the main server's settings, or all directives.
    "get" "config|directives" by AdminControlsACLs;
    /// Ends sessions.
    "kick" "user|host|class|session [-n count] name ..." by AdminControlsACLs;
    /// Reads the configuration and all modules' files anew: all of it is put in place, or nothing.
    "reload" "" by AdminControlsACLs;
    /// As reload; or tells how often that was done.
    "restart" "[count]" by AdminControlsACLs;
    /// There is no scoreboard: nothing is to be scrubbed.
    "scoreboard" "scrub|clean" by AdminControlsACLs;
    /// Ends the daemon.
    "shutdown" "[graceful seconds]" by AdminControlsACLs;
    /// Tells how the daemon and its servers are.
    "status" "[address[#port]|all]" by AdminControlsACLs;
    /// Sets how much single modules log, or tells it.
    "trace" "channel:level ...|info" by AdminControlsACLs;
    /// Lets servers serve new clients again.
    "up" "address[#port]|all" by AdminControlsACLs;
}

#[async_trait]
impl Module for Admin {
    async fn start(&mut self, start: &mut Start<'_>) -> Result<()> {
        // The directive is the main server's alone.
        if let Some((_, settings)) = start.servers::<Settings>().next() {
            self.engine = Some(settings.engine.clone());
        }
        Ok(())
    }

    async fn control(&self, asked: &Asked<'_>) -> Result<Answer> {
        if !self.engine.as_ref().is_some_and(|engine| engine.has(asked.action)) {
            return Err(Error::system(format!("AdminControlsEngine leaves '{}' out", asked.action)));
        }
        match asked.action {
            "debug" => logs::debug(asked).await,
            "trace" => logs::trace(asked).await,
            "dns" => daemon::dns(asked).await,
            "get" => daemon::get(asked).await,
            "reload" => daemon::reload(asked).await,
            "restart" => daemon::restart(asked).await,
            "scoreboard" => Ok(Answer::new("there is no scoreboard: one process knows all sessions", Value::None)),
            "shutdown" => daemon::shutdown(asked).await,
            "kick" => sessions::kick(asked).await,
            "status" => servers::status(asked).await,
            "down" => servers::serve(asked, false).await,
            _ => servers::serve(asked, true).await,
        }
    }
}
