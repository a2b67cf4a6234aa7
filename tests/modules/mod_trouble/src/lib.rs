//! mod_trouble: SITE commands that panic wherever a module's code can: in a
//! hook, in a future behind an await, in drops, and in a task of its own.

use std::sync::Arc;
use std::time::Duration;

use gantry_api::Runtime;
use gantry_api::prelude::*;
use serde::Deserialize;

const PANIC: Verb = Verb::new("SITE_PANIC");
const LATER: Verb = Verb::new("SITE_PANICLATER");
const DROP: Verb = Verb::new("SITE_PANICDROP");
const HANG: Verb = Verb::new("SITE_PANICHANG");
const STATE: Verb = Verb::new("SITE_PANICSTATE");
const TASK: Verb = Verb::new("SITE_PANICTASK");
const SLEEP: Verb = Verb::new("SITE_SLEEP");

#[derive(Default)]
struct Trouble {
    runtime: Option<Arc<dyn Runtime>>,
}

module! { Trouble, settings: Settings, runtime: gantry_runtime::start }

/// What the configuration says.
#[derive(Deserialize)]
struct Settings {
    #[serde(rename = "TroubleText", default)]
    text: Option<Arc<str>>,
}

directive! {
    /// What the panics say.
    TroubleText "text" in SERVER | VHOST | GLOBAL, inherits: replace, parse: parse::text
}

command! {
    SITE_PANIC "panics in a hook";
    SITE_PANICLATER "panics in a future, behind an await";
    SITE_PANICDROP "panics while a future that has ended is dropped";
    SITE_PANICHANG "panics while a future that has not ended is dropped";
    SITE_PANICSTATE "panics when the session ends";
    SITE_PANICTASK "panics in a task of its own";
    SITE_SLEEP "waits a moment"
}

/// Panics when it is dropped.
#[derive(Default)]
struct Bomb(Option<Arc<str>>);

impl Drop for Bomb {
    fn drop(&mut self) {
        if let Some(text) = &self.0 {
            panic!("{text}: dropped");
        }
    }
}

#[async_trait]
impl Module for Trouble {
    fn hooks(&self) -> Vec<Hook> {
        [PANIC, LATER, DROP, HANG, STATE, TASK, SLEEP].map(Hook::command).to_vec()
    }

    async fn start(&mut self, start: &mut Start<'_>) -> Result<()> {
        self.runtime = start.runtime();
        Ok(())
    }

    fn at_once(&self, at: &mut Moment<'_>) -> Result<Step> {
        let text = text(at);
        match at.command.verb {
            PANIC => panic!("{text}: in a hook"),
            STATE => at.state.of::<Bomb>().0 = Some(text),
            TASK => self.spawn(text),
            _ => return Ok(Step::Wait),
        }
        at.respond(200, "Trouble ahead");
        Ok(Step::Done)
    }

    async fn wait(&self, at: &mut Moment<'_>) -> Result<Step> {
        let text = text(at);
        tokio::time::sleep(Duration::from_millis(5)).await;
        match at.command.verb {
            LATER => panic!("{text}: behind an await"),
            DROP => drop(Bomb(Some(text))),
            HANG => {
                let _bomb = Bomb(Some(text));
                log!(Info, "hanging");
                std::future::pending::<()>().await;
            }
            _ => {}
        }
        at.respond(200, "No trouble");
        Ok(Step::Done)
    }
}

impl Trouble {
    fn spawn(&self, text: Arc<str>) {
        let Some(runtime) = &self.runtime else { return };
        runtime.spawn(Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            panic!("{text}: in a task");
        }));
    }
}

fn text(at: &Moment<'_>) -> Arc<str> {
    at.settings::<Settings>().text.clone().unwrap_or_else(|| "trouble".into())
}
