//! mod_unique_id: an id for each session that no other session has, on this host or another.
//! It is the session's note `UNIQUE_ID`, and `%{UNIQUE_ID}e` in a LogFormat.

mod id;

use std::time::SystemTime;

use gantry_api::ServerId;
use gantry_api::prelude::*;

use id::Id;

/// The note, which ProFTPD also has in its environment.
const NOTE: &str = "UNIQUE_ID";

/// The module.
#[derive(Default)]
pub struct UniqueId {
    is_on: bool,
}

module! { UniqueId, settings: Settings, before: ["mod_auth"] }

settings! {
    /// The main server's settings.
    #[derive(Debug)]
    pub(crate) struct Settings {
        /// Whether each session gets an id, for logs: `%{note:UNIQUE_ID}`, and in LogFormat also `%{UNIQUE_ID}e`.
        engine: bool = UniqueIDEngine "on|off" in SERVER, inherits: no, default: "on", parse: parse::on_off;
    }
}

#[async_trait]
impl Module for UniqueId {
    fn hooks(&self) -> Vec<Hook> {
        if self.is_on { vec![Hook::connect()] } else { Vec::new() }
    }

    async fn start(&mut self, start: &mut Start<'_>) -> Result<()> {
        self.is_on = start.servers::<Settings>().any(|(server, settings)| server == ServerId(0) && settings.engine);
        Ok(())
    }

    fn at_once(&self, at: &mut Moment<'_>) -> Result<Step> {
        let session = &*at.session;
        let id = Id {
            time: SystemTime::now(),
            process: std::process::id(),
            session: session.id,
            local: session.local,
            remote: session.remote,
        };
        let text = id.to_string();
        at.session.notes.set(NOTE, text);
        Ok(Step::Next)
    }
}
