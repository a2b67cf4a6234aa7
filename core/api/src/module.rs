//! What a module is: the trait that its author implements.

use async_trait::async_trait;

use crate::control::{Answer, Asked, Change};
use crate::error::{Error, Result};
use crate::hook::{Hook, Step};
use crate::moment::Moment;
use crate::start::Start;
use crate::value::Value;

/// A module. Each generation of the server has an instance of its own: what
/// the configuration says is known at `start` and never changes.
#[async_trait]
pub trait Module: Send + Sync + 'static {
    /// The moments at which it is called; asked once, after `start`.
    fn hooks(&self) -> Vec<Hook> {
        Vec::new()
    }

    /// Gets ready to serve: opens pools, publishes services. An error keeps
    /// the generation from coming up; the running one stays.
    async fn start(&mut self, _start: &mut Start<'_>) -> Result<()> {
        Ok(())
    }

    /// Called at each of its moments: answers at once, or says `Wait`. The
    /// module's runtime is not entered: what needs it is `wait`'s, or is spawned
    /// by [`Start::runtime`].
    fn at_once(&self, _at: &mut Moment<'_>) -> Result<Step> {
        Ok(Step::Wait)
    }

    /// Called when `at_once` said `Wait`.
    async fn wait(&self, _at: &mut Moment<'_>) -> Result<Step> {
        Ok(Step::Next)
    }

    /// Does an action of the control socket that this module declares
    /// (`control!`).
    async fn control(&self, asked: &Asked<'_>) -> Result<Answer> {
        Err(Error::system(format!("the module declares '{}' and does not do it", asked.action)))
    }

    /// What the next instance of this module shall begin with: asked when one is
    /// about to start, of the one that goes on beside it until its last session
    /// ends. It may be of another build: see [`Start::handed_over`].
    fn hand_over(&self) -> Result<Value> {
        Ok(Value::None)
    }

    /// Told when the generation of this instance serves new sessions.
    fn changed(&self, _change: &Change) {}

    /// Ends what `start` began: no session needs this instance any more.
    async fn stop(&self) {}
}

/// Refuses a command with a reply: `return refuse(550, "...")`.
pub fn refuse<T>(code: u16, text: impl Into<String>) -> Result<T> {
    Err(Error::client(code, text))
}

/// Refuses words that do not fit a command or an action: `return usage("one name is
/// wanted")`.
pub fn usage<T>(text: impl Into<String>) -> Result<T> {
    Err(Error::usage(text))
}
