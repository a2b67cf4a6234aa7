//! mod_hand: counts logins, hands the count to its next instance, has an action
//! of its own, and writes down each change of generations.

use std::sync::atomic::{AtomicI64, Ordering};

use gantry_api::control::Change;
use gantry_api::prelude::*;

#[derive(Default)]
struct Hand {
    logins: AtomicI64,
    fails: bool,
}

module! { Hand, settings: Settings, after: ["mod_auth"] }

settings! {
    /// What the configuration says.
    struct Settings {
        /// Has the module panic where it is to hand its count over.
        fails: bool = HandFails "on|off" in SERVER, inherits: replace, default: "off", parse: parse::on_off;
    }
}

control! {
    /// Tells how many have logged in.
    "logins" "[text]" by ControlsACLs;
}

#[async_trait]
impl Module for Hand {
    async fn start(&mut self, start: &mut Start<'_>) -> Result<()> {
        self.logins = AtomicI64::new(start.handed_over().int().unwrap_or(0));
        self.fails = start.servers::<Settings>().any(|(_, settings)| settings.fails);
        Ok(())
    }

    fn hooks(&self) -> Vec<Hook> {
        vec![Hook::post(Verb::PASS)]
    }

    fn at_once(&self, _at: &mut Moment<'_>) -> Result<Step> {
        self.logins.fetch_add(1, Ordering::Relaxed);
        Ok(Step::Next)
    }

    async fn control(&self, request: &ControlRequest<'_>) -> Result<Answer> {
        match request.words {
            [] => {}
            ["panic"] => panic!("asked to"),
            _ => return usage("no words are wanted"),
        }
        let logins = self.logins.load(Ordering::Relaxed);
        Ok(Answer::new(format!("{logins} logins for {}", request.operator), Value::Int(logins)))
    }

    fn hand_over(&self) -> Result<Value> {
        assert!(!self.fails, "the hand is empty");
        Ok(Value::Int(self.logins.load(Ordering::Relaxed)))
    }

    fn changed(&self, change: &Change) {
        let module = change.module.as_deref().unwrap_or("none");
        log!(Info, "heard of {} of {module}: generation {}", change.cause, change.generation);
    }
}
