//! mod_trouble: SITE commands that panic wherever a module's code can: in a
//! hook, in a future behind an await, in drops, and in a task of its own; in a
//! meter of a transfer, and in layers.

use std::sync::Arc;
use std::time::Duration;

use gantry_api::Runtime;
use gantry_api::layer::{Layer, LayerMaker, Stage};
use gantry_api::meter::{Grant, Meter};
use gantry_api::prelude::*;
use gantry_api::transfer::Direction;

#[derive(Default)]
struct Trouble {
    runtime: Option<Arc<dyn Runtime>>,
}

module! { Trouble, settings: Settings, runtime: gantry_runtime::start }

settings! {
    /// What the configuration says.
    struct Settings {
        /// What the panics say.
        text: Arc<str> = TroubleText "text" in SERVER | VHOST | GLOBAL, inherits: replace, default: "trouble",
            parse: parse::text;
        /// What a check reports at its line, once for each line.
        notices: Vec<String> = TroubleNotice "text" in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY,
            inherits: append, parse: parse::text;
    }
}

command! {
    /// Panics in a hook.
    SITE_PANIC "panics in a hook", class: MISC, at_once: panic_at_once;
    /// Panics in a future, behind an await.
    SITE_PANICLATER "panics in a future, behind an await", class: MISC, wait: panic_later;
    /// Panics while a future that has ended is dropped.
    SITE_PANICDROP "panics while a future that has ended is dropped", class: MISC, wait: panic_in_drop;
    /// Panics while a future that has not ended is dropped.
    SITE_PANICHANG "panics while a future that has not ended is dropped", class: MISC, wait: hang;
    /// Panics when the session ends.
    SITE_PANICSTATE "panics when the session ends", class: MISC, at_once: panic_at_the_end;
    /// Panics in a task of its own.
    SITE_PANICTASK "panics in a task of its own", class: MISC, at_once: panic_in_a_task;
    /// Puts layers around the connections that panic at an exclamation mark.
    SITE_PANICLAYER "panics in a layer", class: MISC, at_once: panic_in_layers;
    /// Waits a moment.
    SITE_SLEEP "waits a moment", class: MISC, wait: sleep;
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

/// A meter that panics after some bytes, and when it is dropped.
struct Fuse {
    granted: u64,
    _bomb: Bomb,
}

impl Meter for Fuse {
    fn grant(&mut self, _: Direction, most: u64) -> Result<Grant> {
        assert!(self.granted < 10_000, "the fuse has burnt down");
        Ok(Grant::Bytes(most.min(5000)))
    }

    fn moved(&mut self, bytes: u64) -> Result<()> {
        self.granted += bytes;
        Ok(())
    }
}

/// A layer that changes nothing, and panics at an exclamation mark and when it is
/// dropped.
struct Shaky(Bomb);

impl Shaky {
    fn pass(bytes: &[u8], on: &mut Vec<u8>) {
        assert!(!bytes.contains(&b'!'), "the layer has cracked");
        on.extend_from_slice(bytes);
    }
}

impl Layer for Shaky {
    fn receive(&mut self, wire: &[u8], plain: &mut Vec<u8>, _: &mut Vec<u8>) -> Result<usize> {
        Self::pass(wire, plain);
        Ok(wire.len())
    }

    fn send(&mut self, plain: &[u8], wire: &mut Vec<u8>) -> Result<()> {
        Self::pass(plain, wire);
        Ok(())
    }

    fn close(&mut self, _: &mut Vec<u8>) -> Result<()> {
        Ok(())
    }

    fn stage(&self) -> Result<Stage> {
        Ok(Stage::Open)
    }
}

impl LayerMaker for Shaky {
    fn layer(&mut self) -> Result<Box<dyn Layer>> {
        Ok(Box::new(Shaky(Bomb(self.0.0.clone()))))
    }
}

#[async_trait]
impl Module for Trouble {
    fn offers(scopes: &Scopes<'_>) -> Vec<Offer> {
        assert!(scopes.all::<Settings>().all(|scope| &*scope.settings.text != "offers"), "an offer");
        Vec::new()
    }

    fn check(check: &mut Check<'_>) {
        for scope in check.scopes().all::<Settings>() {
            for (number, text) in scope.settings.notices.iter().enumerate() {
                check.notice(scope.nth_line("TroubleNotice", number).at(text), text);
            }
            assert!(&*scope.settings.text != "check", "a check");
        }
    }

    fn hooks(&self) -> Vec<Hook> {
        vec![Hook::pre(Verb::RETR)]
    }

    async fn start(&mut self, start: &mut Start<'_>) -> Result<()> {
        self.runtime = start.runtime();
        Ok(())
    }

    fn at_once(&self, at: &mut Moment<'_>) -> Result<Step> {
        if at.command.argument == b"metered" {
            let text = text(at);
            at.meter(Fuse { granted: 0, _bomb: Bomb(Some(text)) });
        }
        Ok(Step::Next)
    }
}

fn panic_at_once(at: &mut Moment<'_>) -> Result<Step> {
    panic!("{}: in a hook", text(at))
}

fn panic_at_the_end(at: &mut Moment<'_>) -> Result<Step> {
    at.state.of::<Bomb>().0 = Some(text(at));
    done(at, "Trouble ahead")
}

fn panic_in_layers(at: &mut Moment<'_>) -> Result<Step> {
    let text = text(at);
    at.secure(Shaky(Bomb(Some(text.clone()))))?;
    at.protect(Shaky(Bomb(Some(text))));
    done(at, "Trouble ahead")
}

fn panic_in_a_task(trouble: &Trouble, at: &mut Moment<'_>) -> Result<Step> {
    let text = text(at);
    if let Some(runtime) = &trouble.runtime {
        runtime.spawn(Box::pin(async move {
            pause().await;
            panic!("{text}: in a task");
        }));
    }
    done(at, "Trouble ahead")
}

async fn panic_later(at: &mut Moment<'_>) -> Result<Step> {
    pause().await;
    panic!("{}: behind an await", text(at))
}

async fn panic_in_drop(at: &mut Moment<'_>) -> Result<Step> {
    pause().await;
    drop(Bomb(Some(text(at))));
    done(at, "No trouble")
}

async fn hang(at: &mut Moment<'_>) -> Result<Step> {
    pause().await;
    let _bomb = Bomb(Some(text(at)));
    log!(Info, "hanging");
    std::future::pending().await
}

async fn sleep(at: &mut Moment<'_>) -> Result<Step> {
    pause().await;
    done(at, "No trouble")
}

async fn pause() {
    tokio::time::sleep(Duration::from_millis(5)).await;
}

fn done(at: &mut Moment<'_>, text: &str) -> Result<Step> {
    at.respond(200, text);
    Ok(Step::Done)
}

fn text(at: &Moment<'_>) -> Arc<str> {
    at.settings::<Settings>().text.clone()
}
