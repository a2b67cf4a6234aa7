//! mod_delay: hides how long logins take, so that the time shows less about users (DelayEngine),
//! and delays connections and logins by fixed times (DelayOnEvent).

mod events;
mod settings;
mod times;

use std::time::{Duration, SystemTime};

use gantry_api::prelude::*;

use events::Event;
use settings::Settings;
use times::Times;

/// The longest delay that DelayEngine adds: a client that makes logins slow must not make them impossible.
const LONGEST: Duration = Duration::from_secs(5);

/// The module.
#[derive(Default)]
pub struct Delay {
    hooks: Vec<Hook>,
    times: Times,
}

module! { Delay, settings: Settings, after: ["mod_auth"] }

control! {
    /// Shows, or forgets, how long logins took.
    "delay" "info|reset" by DelayControlsACLs;
}

#[async_trait]
impl Module for Delay {
    async fn start(&mut self, start: &mut Start<'_>) -> Result<()> {
        let all: Vec<&Settings> = start.scopes::<Settings>().map(|(_, _, settings)| settings).collect();
        let learns = all.iter().any(|settings| settings.engine);
        let has = |event: Event| all.iter().any(|settings| settings.delay(event).is_some());
        if has(Event::Connect) {
            self.hooks.push(Hook::connect());
        }
        let verbs = [(Verb::USER, has(Event::User)), (Verb::PASS, has(Event::Pass) || has(Event::FailedLogin))];
        for (verb, _) in verbs.into_iter().filter(|(_, given)| *given || learns) {
            self.hooks.extend([Hook::post(verb), Hook::post_error(verb)]);
        }
        Ok(())
    }

    fn hooks(&self) -> Vec<Hook> {
        self.hooks.clone()
    }

    async fn wait(&self, at: &mut Moment<'_>) -> Result<Step> {
        let settings = at.settings::<Settings>();
        if at.command.verb == Verb::CONNECT {
            if let Some(range) = settings.delay(Event::Connect) {
                tokio::time::sleep(range.pick()).await;
            }
            return Ok(Step::Next);
        }
        let failed = at.phase == Phase::PostError;
        let event = if at.command.verb == Verb::USER { Event::User } else { Event::Pass };
        let fixed = settings.delay(event).map_or(Duration::ZERO, |range| range.pick());
        let after = settings.delay(Event::FailedLogin).filter(|_| failed && event == Event::Pass);
        let after = after.map_or(Duration::ZERO, |range| range.pick());
        let learned = if settings.engine { self.learned(at, event) } else { Duration::ZERO };
        let delay = fixed.saturating_add(after).max(learned);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        Ok(Step::Next)
    }

    async fn control(&self, request: &ControlRequest<'_>) -> Result<Answer> {
        match request.words {
            ["info"] => {
                let lines = self.times.shown();
                let value = Value::list(lines.iter().map(String::as_str));
                let lines = if lines.is_empty() { vec!["no logins have been seen yet".to_owned()] } else { lines };
                Ok(Answer { lines, value })
            }
            ["reset"] => {
                self.times.clear();
                Ok(Answer::new("the times of logins were cleared", Value::None))
            }
            _ => usage("expected info or reset"),
        }
    }
}

impl Delay {
    /// How much sooner than usual this command is done. Records how long it took.
    fn learned(&self, at: &Moment<'_>, event: Event) -> Duration {
        let took = SystemTime::now().duration_since(at.session.command_began).unwrap_or_default();
        let usual = self.times.note((at.session.server_key.clone(), event), took);
        usual.map_or(Duration::ZERO, |usual| usual.saturating_sub(took).min(LONGEST))
    }
}
