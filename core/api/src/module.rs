//! The trait that a module's author implements.

use async_trait::async_trait;

use crate::check::{Check, Offer, Scopes};
use crate::control::{Answer, Change, ControlRequest};
use crate::error::{Error, Result};
use crate::hook::{Hook, Step};
use crate::moment::Moment;
use crate::start::Start;
use crate::value::Value;

/// A module. Each generation of the server has its own instance: the configuration is known at
/// `start` and never changes.
#[async_trait]
pub trait Module: Send + Sync + 'static {
    /// The hooks that depend on the configuration; others are declared with `hook!`. Read once,
    /// after `start`.
    fn hooks(&self) -> Vec<Hook> {
        Vec::new()
    }

    /// The services that this module will publish in `start`, as far as its settings say.
    /// [`Module::check`] of other modules relies on them. No instance exists yet.
    fn offers(_scopes: &Scopes<'_>) -> Vec<Offer>
    where
        Self: Sized,
    {
        Vec::new()
    }

    /// Judges what several lines of the configuration mean together, and reports faults
    /// and notices at their lines. Called whenever a configuration has been read, also by
    /// `gantryd -t`, before anything starts. It may look at files, but must change
    /// nothing and connect to nothing.
    fn check(_check: &mut Check<'_>)
    where
        Self: Sized,
    {
    }

    /// Prepares to serve: opens pools, publishes services. An error stops the new generation; the
    /// running one stays.
    async fn start(&mut self, _start: &mut Start<'_>) -> Result<()> {
        Ok(())
    }

    /// Called at each of its hooks. Answers without waiting, or returns `Wait`. The module's
    /// runtime is not entered: work that needs it belongs in `wait`, or is spawned with
    /// [`Start::runtime`].
    fn at_once(&self, _at: &mut Moment<'_>) -> Result<Step> {
        Ok(Step::Wait)
    }

    /// Called after `at_once` returned `Wait`.
    async fn wait(&self, _at: &mut Moment<'_>) -> Result<Step> {
        Ok(Step::Next)
    }

    /// Performs an action of the control socket that this module declares (`control!`).
    async fn control(&self, request: &ControlRequest<'_>) -> Result<Answer> {
        Err(Error::system(format!("the module declares '{}' but does not implement it", request.action)))
    }

    /// Data for the module's next instance, requested when that one is about to start. This
    /// instance continues until its last session ends. The next one may be of another build: see
    /// [`Start::handed_over`].
    fn hand_over(&self) -> Result<Value> {
        Ok(Value::None)
    }

    /// Called when this instance's generation begins to serve new sessions.
    fn changed(&self, _change: &Change) {}

    /// Ends what `start` began: no session needs this instance any more.
    async fn stop(&self) {}
}

/// Refuses a command with a reply: `return refuse(550, "...")`.
pub fn refuse<T>(code: u16, text: impl Into<String>) -> Result<T> {
    Err(Error::client(code, text))
}

/// Rejects wrong parameters of a command or an action: `return usage("one name is required")`.
pub fn usage<T>(text: impl Into<String>) -> Result<T> {
    Err(Error::usage(text))
}
