//! A module instance, as the daemon holds it. The image that contains the module's code guards each
//! call.

use crate::check::{Check, Offer, Scopes};
use crate::command::{AtOnce, Wait};
use crate::control::{Answer, Change, ControlRequest};
use crate::error::Result;
use crate::guard::{self, Call, Guarded, Home};
use crate::hook::{Hook, Step};
use crate::module::Module;
use crate::moment::{Moment, SettingsBox};
use crate::settings::{FromScope, ScopeValues};
use crate::start::Start;
use crate::value::{Value, ValueError};

/// A module instance, as the daemon holds it. Every call is guarded.
pub trait Instance: Send + Sync {
    /// The home of its code.
    fn home(&self) -> &Home;
    /// See [`Module::hooks`].
    fn hooks(&self) -> Result<Vec<Hook>>;
    /// See [`Module::start`].
    fn start<'a>(&'a mut self, start: &'a mut Start<'_>) -> Call<'a, Result<()>>;
    /// See [`Module::at_once`].
    fn at_once(&self, at: &mut Moment<'_>) -> Result<Step>;
    /// See [`Module::wait`].
    fn wait<'a>(&'a self, at: &'a mut Moment<'_>) -> Call<'a, Result<Step>>;
    /// Calls one of the module's handlers, which must not wait.
    fn handle(&self, handler: AtOnce, at: &mut Moment<'_>) -> Result<Step>;
    /// Calls one of the module's handlers, which may wait.
    fn handle_waiting<'a>(&'a self, handler: Wait, at: &'a mut Moment<'_>) -> Call<'a, Result<Step>>;
    /// See [`Module::control`].
    fn control<'a>(&'a self, request: &'a ControlRequest<'_>) -> Call<'a, Result<Answer>>;
    /// See [`Module::hand_over`].
    fn hand_over(&self) -> Result<Value>;
    /// See [`Module::changed`].
    fn changed(&self, change: &Change) -> Result<()>;
    /// See [`Module::stop`].
    fn stop(&self) -> Call<'_, Result<()>>;
}

impl<M: Module> Instance for Guarded<M> {
    fn home(&self) -> &Home {
        self.home()
    }

    fn hooks(&self) -> Result<Vec<Hook>> {
        self.home().call(|| Ok(self.value().hooks()))
    }

    fn start<'a>(&'a mut self, start: &'a mut Start<'_>) -> Call<'a, Result<()>> {
        let (module, home) = self.parts_mut();
        Call::new(home, || module.start(start))
    }

    fn at_once(&self, at: &mut Moment<'_>) -> Result<Step> {
        self.home().at_once(|| self.value().at_once(at))
    }

    fn wait<'a>(&'a self, at: &'a mut Moment<'_>) -> Call<'a, Result<Step>> {
        Call::new(self.home(), || self.value().wait(at))
    }

    fn handle(&self, handler: AtOnce, at: &mut Moment<'_>) -> Result<Step> {
        guard::call(&self.home().module, || handler(self.value(), at))
    }

    fn handle_waiting<'a>(&'a self, handler: Wait, at: &'a mut Moment<'_>) -> Call<'a, Result<Step>> {
        Call::new(self.home(), || handler(self.value(), at))
    }

    fn control<'a>(&'a self, request: &'a ControlRequest<'_>) -> Call<'a, Result<Answer>> {
        Call::new(self.home(), || self.value().control(request))
    }

    fn hand_over(&self) -> Result<Value> {
        self.home().call(|| self.value().hand_over())
    }

    fn changed(&self, change: &Change) -> Result<()> {
        self.home().call(|| {
            self.value().changed(change);
            Ok(())
        })
    }

    fn stop(&self) -> Call<'_, Result<()>> {
        Call::new(self.home(), || {
            Box::pin(async {
                self.value().stop().await;
                Ok(())
            })
        })
    }
}

/// Creates an instance; `module!` puts this into the descriptor.
pub fn create<M: Module + Default>(home: Home) -> Result<Box<dyn Instance>> {
    let guarded = home.clone();
    home.call(|| Ok(Box::new(Guarded::new(guarded, M::default())) as Box<dyn Instance>))
}

/// Creates settings from the values in a scope; `module!` puts this into the descriptor.
pub fn settings<S: FromScope>(values: &ScopeValues<'_>) -> Result<SettingsBox, ValueError> {
    let mut made = None;
    let read = || {
        made = Some(S::from_scope(values));
        Ok(())
    };
    if let Err(error) = guard::call("settings", read) {
        return Err(ValueError { message: error.message().to_owned(), key: None });
    }
    let made = made.unwrap_or_else(|| Err(ValueError { message: "not read".to_owned(), key: None }))?;
    Ok(Box::new(made))
}

/// The module's offers; what `module!` writes into the descriptor.
pub fn offers<M: Module>(scopes: &Scopes<'_>) -> Result<Vec<Offer>> {
    guard::call("its list of offers", || Ok(M::offers(scopes)))
}

/// Lets the module check its settings; what `module!` writes into the descriptor.
pub fn check<M: Module>(check: &mut Check<'_>) -> Result<()> {
    guard::call("its check", || {
        M::check(check);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;
    use crate::runtime::{Runtime, Task};

    /// A runtime that counts how often it is entered.
    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl Runtime for Counting {
        fn within(&self, work: &mut dyn FnMut()) {
            self.0.fetch_add(1, Ordering::Relaxed);
            work();
        }

        fn spawn(&self, _task: Task) {}

        fn stop(&self, _limit: Duration) {}
    }

    #[derive(Default)]
    struct Idle;

    impl Module for Idle {}

    #[test]
    fn a_runtime_is_entered_where_a_module_may_use_it() {
        let runtime = Arc::new(Counting::default());
        let home = Home { module: "mod_idle".into(), runtime: Some(runtime.clone()) };
        let instance = create::<Idle>(home).unwrap();
        let entered = || runtime.0.swap(0, Ordering::Relaxed);
        assert_eq!(entered(), 1, "it is made there");
        assert!(instance.hooks().unwrap().is_empty());
        assert_eq!(entered(), 1);
        drop(instance.stop());
        assert_eq!(entered(), 2, "a future is made and dropped there");
        drop(instance);
        assert_eq!(entered(), 1);
    }
}
