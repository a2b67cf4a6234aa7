//! Async calls into an image, as the caller awaits them.

use std::future::Future;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::error::Error;
use crate::guard::home::{Home, message};
use crate::guard::output::OnPanic;

/// A boxed future from an image.
pub type Boxed<'a, A> = Pin<Box<dyn Future<Output = A> + Send + 'a>>;

type PollHere<'a, A> = fn(&mut Option<Boxed<'a, A>>, &Home, &mut Context<'_>) -> Poll<A>;

/// An async call: a future from an image, polled and dropped by that image's code under its guard.
/// It adds no box to the one from async-trait.
#[must_use = "a call does nothing unless awaited"]
pub struct Call<'a, A> {
    future: Option<Boxed<'a, A>>,
    home: &'a Home,
    // Pointers into the image that made the future. The caller has another copy of this code, which
    // cannot catch that image's panics.
    poll: PollHere<'a, A>,
    drop: fn(&mut Option<Boxed<'a, A>>, &Home),
}

impl<'a, A: OnPanic> Call<'a, A> {
    /// Wraps the future that `begin` makes. Call it in the image that owns the future.
    pub fn new(home: &'a Home, begin: impl FnOnce() -> Boxed<'a, A>) -> Self
    where
        A: Send + 'a,
    {
        let future = match home.call(|| Ok(begin())) {
            Ok(future) => future,
            Err(error) => Box::pin(std::future::ready(A::on_panic(error, home))),
        };
        Self { future: Some(future), home, poll: poll_here, drop: drop_here }
    }
}

impl<A> Future for Call<'_, A> {
    type Output = A;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<A> {
        let this = self.get_mut();
        (this.poll)(&mut this.future, this.home, context)
    }
}

impl<A> Drop for Call<'_, A> {
    fn drop(&mut self) {
        (self.drop)(&mut self.future, self.home);
    }
}

fn poll_here<A: OnPanic>(future: &mut Option<Boxed<'_, A>>, home: &Home, context: &mut Context<'_>) -> Poll<A> {
    let Some(running) = future else {
        return Poll::Ready(A::on_panic(Error::system("a finished call was polled again"), home));
    };
    let polled = panic::catch_unwind(AssertUnwindSafe(|| {
        home.within(|| running.as_mut().poll(context).map(|answer| answer.guarded(home)))
    }));
    let answer = match polled {
        Ok(Poll::Pending) => return Poll::Pending,
        Ok(Poll::Ready(answer)) => answer,
        Err(payload) => A::on_panic(Error::panic(&home.module, &message(payload)), home),
    };
    drop_here(future, home);
    Poll::Ready(answer)
}

fn drop_here<A>(future: &mut Option<Boxed<'_, A>>, home: &Home) {
    if let Some(future) = future.take() {
        home.drop(future);
    }
}
