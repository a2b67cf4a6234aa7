//! The guard: the one place where calls enter an image. A panic that leaves
//! its image aborts the process, so it is caught here, by the image's own copy
//! of this code: at each call, each poll of a future and each drop.

use std::any::Any;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Once;
use std::task::{Context, Poll};

use crate::error::{Error, Result};
use crate::log::{self, Level};
use crate::runtime::Runtime;

/// Where a call goes: the module, and its runtime where it has one of its own.
#[derive(Clone)]
pub struct Home {
    /// The module's name.
    pub module: Arc<str>,
    /// What is entered on each call but `at_once`.
    pub runtime: Option<Arc<dyn Runtime>>,
}

impl Home {
    fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        let Some(runtime) = &self.runtime else { return work() };
        let (mut work, mut done) = (Some(work), None);
        runtime.within(&mut || done = work.take().map(|work| work()));
        done.expect("a runtime does the work it is given, once")
    }

    /// Runs `work` under the guard.
    pub fn call<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let caught = panic::catch_unwind(AssertUnwindSafe(|| self.within(work)));
        caught.unwrap_or_else(|payload| Err(Error::panic(&self.module, &message(payload))))
    }

    /// Drops a value under the guard.
    pub fn drop<T>(&self, value: T) {
        if let Err(error) = self.call(|| {
            drop(value);
            Ok(())
        }) {
            log::write(Level::Error, &self.module, format_args!("{error} (while being dropped)"));
        }
    }
}

/// Runs `work` under the guard, no runtime entered.
pub fn call<T>(module: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let caught = panic::catch_unwind(AssertUnwindSafe(work));
    caught.unwrap_or_else(|payload| Err(Error::panic(module, &message(payload))))
}

/// The text of a panic. The payload's own drop may panic once more: that one
/// is let go of.
pub fn message(payload: Box<dyn Any + Send>) -> String {
    let text = match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (_, Some(text)) => text.clone(),
        _ => "(no text)".to_owned(),
    };
    if let Err(second) = panic::catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(second);
    }
    text
}

type PollHere<'a, T> = fn(&mut Option<Boxed<'a, T>>, &Home, &mut Context<'_>) -> Poll<Result<T>>;

/// A boxed future of an image.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// A call that waits: a future of an image, polled and dropped by code of that
/// image under its guard. It adds no box to the one that async-trait makes.
#[must_use = "a call does nothing unless awaited"]
pub struct Call<'a, T> {
    future: Option<Boxed<'a, T>>,
    home: &'a Home,
    // Pointers to the code of the image that made the future: whoever polls
    // has another copy of it, which could not catch that image's panics.
    poll: PollHere<'a, T>,
    drop: fn(&mut Option<Boxed<'a, T>>, &Home),
}

impl<'a, T> Call<'a, T> {
    /// Wraps the future that `begin` makes; to be called in the image that
    /// owns the future.
    pub fn new(home: &'a Home, begin: impl FnOnce() -> Boxed<'a, T>) -> Self
    where
        T: Send + 'a,
    {
        let future = match home.call(|| Ok(begin())) {
            Ok(future) => future,
            Err(error) => Box::pin(std::future::ready(Err(error))),
        };
        Self { future: Some(future), home, poll: poll_here, drop: drop_here }
    }
}

impl<T> Future for Call<'_, T> {
    type Output = Result<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T>> {
        let this = self.get_mut();
        (this.poll)(&mut this.future, this.home, context)
    }
}

impl<T> Drop for Call<'_, T> {
    fn drop(&mut self) {
        (self.drop)(&mut self.future, self.home);
    }
}

fn poll_here<T>(future: &mut Option<Boxed<'_, T>>, home: &Home, context: &mut Context<'_>) -> Poll<Result<T>> {
    let Some(running) = future else {
        return Poll::Ready(Err(Error::system("a finished call was polled again")));
    };
    let polled = panic::catch_unwind(AssertUnwindSafe(|| home.within(|| running.as_mut().poll(context))));
    let answer = match polled {
        Ok(Poll::Pending) => return Poll::Pending,
        Ok(Poll::Ready(answer)) => answer,
        Err(payload) => Err(Error::panic(&home.module, &message(payload))),
    };
    drop_here(future, home);
    Poll::Ready(answer)
}

fn drop_here<T>(future: &mut Option<Boxed<'_, T>>, home: &Home) {
    if let Some(future) = future.take() {
        home.drop(future);
    }
}

/// A value of an image that others hold: it is dropped under the guard.
pub struct Guarded<T> {
    value: ManuallyDrop<T>,
    home: Home,
}

impl<T> Guarded<T> {
    /// Takes the value in.
    pub fn new(home: Home, value: T) -> Self {
        Self { value: ManuallyDrop::new(value), home }
    }

    /// The value.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// The value, to change.
    pub fn value_mut(&mut self) -> &mut T {
        &mut self.value
    }

    /// Where calls to it go.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// The value to change, and where calls to it go.
    pub fn parts_mut(&mut self) -> (&mut T, &Home) {
        (&mut self.value, &self.home)
    }
}

impl<T> Drop for Guarded<T> {
    fn drop(&mut self) {
        // SAFETY: the value is taken here alone, once, and `self` goes away.
        #[allow(unsafe_code)]
        let value = unsafe { ManuallyDrop::take(&mut self.value) };
        self.home.drop(value);
    }
}

/// Makes this image's panics go to the daemon's log: std's own hook, which
/// each image has a copy of, writes to the standard error that nobody reads.
pub fn log_panics(image: &'static str) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // The thread's name is not asked for: that would leave a value of this
        // image's std on the daemon's thread, to be dropped by code that may
        // be unmapped by then.
        panic::set_hook(Box::new(move |info| {
            log::write(Level::Error, image, format_args!("panic: {info}"));
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Waker;

    fn home() -> Home {
        Home { module: "mod_test".into(), runtime: None }
    }

    #[test]
    fn a_panic_in_a_call_becomes_an_error() {
        let error = home().call::<()>(|| panic!("no {}", 1)).unwrap_err();
        assert_eq!(error.message(), "mod_test panicked: no 1");
    }

    #[test]
    fn a_panic_in_a_poll_or_drop_stays_inside() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("in drop");
            }
        }
        let home = home();
        let bomb = Bomb;
        let mut call = Box::pin(Call::<()>::new(&home, || {
            Box::pin(async move {
                let _bomb = bomb;
                std::future::pending::<()>().await;
                Ok(())
            })
        }));
        let mut context = Context::from_waker(Waker::noop());
        assert!(call.as_mut().poll(&mut context).is_pending());
        drop(call);
        let mut call = Box::pin(Call::<()>::new(&home, || Box::pin(async { panic!("in poll") })));
        let Poll::Ready(Err(error)) = call.as_mut().poll(&mut context) else { panic!("not caught") };
        assert_eq!(error.message(), "mod_test panicked: in poll");
        drop(Guarded::new(home.clone(), Bomb));
    }
}
