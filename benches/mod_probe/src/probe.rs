//! Two modules that differ only in the future that they create when they have to wait. A command
//! with an argument makes them wait.

use std::future::ready;
use std::hint::black_box;

use gantry_api::Instance;
use gantry_api::guard::{Guarded, Home};
use gantry_api::prelude::*;
use serde::Deserialize;

settings! {
    /// The settings of one scope.
    pub struct Settings {
        /// The command before which the module is called; none by default.
        verb: Option<String> = ProbeVerb "command" in SERVER, inherits: replace, parse: parse::word;
        /// For benches without a server; no directive sets it.
        pub kit: Option<Kit> = ProbeKit;
    }
}

/// Both modules as objects of the image that makes the settings.
#[derive(Deserialize)]
#[serde(from = "bool")]
pub struct Kit {
    /// Without a guard.
    pub small: Box<dyn Module>,
    /// Without a guard.
    pub large: Box<dyn Module>,
    /// As a server holds it.
    pub guarded_small: Box<dyn Instance>,
    /// As a server holds it.
    pub guarded_large: Box<dyn Instance>,
}

impl From<bool> for Kit {
    fn from(_: bool) -> Self {
        let home = || Home { module: env!("CARGO_PKG_NAME").into(), runtime: None };
        Self {
            small: Box::new(Small::default()),
            large: Box::new(Large),
            guarded_small: Box::new(Guarded::new(home(), Small::default())),
            guarded_large: Box::new(Guarded::new(home(), Large)),
        }
    }
}

/// A future that holds a reference and a number.
#[derive(Default)]
pub struct Small {
    verb: Option<Verb>,
}

#[async_trait]
impl Module for Small {
    async fn start(&mut self, start: &mut Start<'_>) -> Result<()> {
        let named = start.servers::<Settings>().find_map(|(_, settings)| settings.verb.as_deref());
        self.verb = named.and_then(|name| Verb::parse(name.as_bytes()));
        Ok(())
    }

    fn hooks(&self) -> Vec<Hook> {
        vec![Hook::pre(self.verb.unwrap_or(Verb::STOR))]
    }

    #[inline]
    fn at_once(&self, at: &mut Moment<'_>) -> Result<Step> {
        Ok(work(at))
    }

    async fn wait(&self, at: &mut Moment<'_>) -> Result<Step> {
        count(at);
        Ok(Step::Next)
    }
}

/// A future with room for rare work, like one that contains a query: 4 KiB.
pub struct Large;

#[async_trait]
impl Module for Large {
    #[inline]
    fn at_once(&self, at: &mut Moment<'_>) -> Result<Step> {
        Ok(work(at))
    }

    async fn wait(&self, at: &mut Moment<'_>) -> Result<Step> {
        count(at);
        if at.dialogue.restart == u64::MAX {
            rare().await;
        }
        Ok(Step::Next)
    }
}

#[inline]
fn work(at: &mut Moment<'_>) -> Step {
    if !at.command.argument.is_empty() {
        return Step::Wait;
    }
    count(at);
    Step::Next
}

/// A call that the compiler cannot remove.
#[inline]
fn count(at: &mut Moment<'_>) {
    at.dialogue.restart = at.dialogue.restart.wrapping_add(1);
}

async fn rare() {
    let mut page = [0_u8; 4096];
    black_box(&mut page);
    ready(()).await;
    black_box(&page);
}
