//! mod_ctrls_admin: what administrators can do with the running daemon, apart from its
//! modules: end sessions, take servers down and up, reload the configuration, change
//! log levels, end the daemon.

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
    /// Shows or sets the log level, 0 to 10.
    "debug" "[level [number]]" by AdminControlsACLs;
    /// Turns look-ups of client names on or off, until the next reload.
    "dns" "on|off" by AdminControlsACLs;
    /// Stops servers from accepting clients; running sessions continue.
    "down" "address[#port]|all" by AdminControlsACLs;
    /// Shows the main server's settings, or all directives.
    "get" "config|directives" by AdminControlsACLs;
    /// Ends sessions.
    "kick" "user|host|class|session [-n count] name ..." by AdminControlsACLs;
    /// Reloads the configuration and all module files, all or nothing; with end-old, sessions of former
    /// configurations end, after their command or now.
    "reload" "[end-old [now]]" by AdminControlsACLs;
    /// Like reload; with count, shows the number of reloads.
    "restart" "[count]" by AdminControlsACLs;
    /// No effect: Gantry has no scoreboard.
    "scoreboard" "scrub|clean" by AdminControlsACLs;
    /// Ends the daemon.
    "shutdown" "[graceful seconds]" by AdminControlsACLs;
    /// Shows the state of the daemon and its servers.
    "status" "[address[#port]|all]" by AdminControlsACLs;
    /// Shows or sets the log levels of single modules.
    "trace" "channel:level ...|info" by AdminControlsACLs;
    /// Lets servers accept clients again.
    "up" "address[#port]|all" by AdminControlsACLs;
}

#[async_trait]
impl Module for Admin {
    async fn start(&mut self, start: &mut Start<'_>) -> Result<()> {
        // The directive is only allowed in the main server.
        if let Some((_, settings)) = start.servers::<Settings>().next() {
            self.engine = Some(settings.engine.clone());
        }
        Ok(())
    }

    async fn control(&self, request: &ControlRequest<'_>) -> Result<Answer> {
        if !self.engine.as_ref().is_some_and(|engine| engine.has(request.action)) {
            return Err(Error::system(format!("AdminControlsEngine does not include '{}'", request.action)));
        }
        match request.action {
            "debug" => logs::debug(request).await,
            "trace" => logs::trace(request).await,
            "dns" => daemon::dns(request).await,
            "get" => daemon::get(request).await,
            "reload" => daemon::reload(request).await,
            "restart" => daemon::restart(request).await,
            "scoreboard" => Ok(Answer::new("Gantry has no scoreboard: one process serves all sessions", Value::None)),
            "shutdown" => daemon::shutdown(request).await,
            "kick" => sessions::kick(request).await,
            "status" => servers::status(request).await,
            "down" => servers::serve(request, false).await,
            _ => servers::serve(request, true).await,
        }
    }
}
