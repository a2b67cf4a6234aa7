//! Two modules that do the same and differ in the future that they make when
//! they have to wait. A command with an argument makes them wait.

use std::future::ready;
use std::hint::black_box;

use gantry_api::Instance;
use gantry_api::guard::{Guarded, Home};
use gantry_api::prelude::*;
use serde::Deserialize;

settings! {
    /// What the configuration says.
    pub struct Settings {
        /// The command before which the module is called; none where it is missing.
        verb: Option<String> = ProbeVerb "command" in SERVER, inherits: replace, parse: parse::word;
        /// What a bench reaches without a server: no directive makes it.
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

/// Its future holds a reference and a number.
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

/// Its future has room for what it rarely does, as one with a query in it has:
/// 4 KiB.
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

/// Something that the compiler cannot leave out.
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
