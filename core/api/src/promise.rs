//! A result that is available now or later. The file system knows most answers at once, and a
//! future for each would often cost more than the answer.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::error::{Error, Result};
use crate::guard::{Boxed, Call, Home, OnPanic, Output};

/// A result now or later. Awaiting it costs nothing if it is there already; dropping it cancels
/// what it waits for.
#[must_use = "a promise does nothing unless awaited"]
pub enum Promise<'a, T> {
    /// The result; `None` after it has been taken.
    Kept(Option<Result<T>>),
    /// The future to wait for.
    Later(Boxed<'a, Result<T>>),
}

impl<'a, T: Send + 'a> Promise<'a, T> {
    /// A result that is available now.
    pub fn now(answer: Result<T>) -> Self {
        Self::Kept(Some(answer))
    }

    /// The result of `future`.
    pub fn later(future: impl Future<Output = Result<T>> + Send + 'a) -> Self {
        Self::Later(Box::pin(future))
    }

    /// Continues with the result, immediately if it is available.
    pub fn then<U: Send + 'a>(self, next: impl FnOnce(T) -> Promise<'a, U> + Send + 'a) -> Promise<'a, U> {
        match self {
            Self::Kept(answer) => match answer.unwrap_or_else(|| Err(taken())) {
                Ok(value) => next(value),
                Err(error) => Promise::now(Err(error)),
            },
            Self::Later(future) => Promise::later(async move { next(future.await?).await }),
        }
    }

    /// Maps the result.
    pub fn and_then<U: Send + 'a>(self, next: impl FnOnce(T) -> Result<U> + Send + 'a) -> Promise<'a, U> {
        self.then(move |value| Promise::now(next(value)))
    }
}

impl<T> Unpin for Promise<'_, T> {}

impl<T> Future for Promise<'_, T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T>> {
        match &mut *self {
            Self::Kept(answer) => Poll::Ready(answer.take().unwrap_or_else(|| Err(taken()))),
            Self::Later(future) => future.as_mut().poll(context),
        }
    }
}

/// Both the result and the future are guarded.
impl<'a, T: Output + Send + 'a> Output for Promise<'a, T> {
    const HOLDS: bool = true;

    fn guarded(self, home: &Home) -> Self {
        match self {
            Self::Kept(answer) => Self::Kept(answer.guarded(home)),
            Self::Later(future) => {
                let home = home.clone();
                Self::Later(Box::pin(async move { Call::new(&home, || future).await }))
            }
        }
    }
}

impl<'a, T: Output + Send + 'a> OnPanic for Promise<'a, T> {
    fn on_panic(error: Error, _home: &Home) -> Self {
        Self::Kept(Some(Err(error)))
    }
}

fn taken() -> Error {
    Error::system("a promise was awaited twice")
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;
    use crate::refuse;

    fn poll<T>(promise: &mut Promise<'_, T>) -> Poll<Result<T>> {
        Pin::new(promise).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn what_is_there_is_gone_on_with_at_once() {
        let promise = Promise::now(Ok(1)).then(|one| Promise::now(Ok(one + 1))).and_then(|two| Ok(two * 2));
        assert!(matches!(promise, Promise::Kept(Some(Ok(4)))));
        let refused = Promise::now(refuse::<i32>(550, "no")).then(|_| -> Promise<'_, ()> { panic!("went on") });
        assert!(matches!(refused, Promise::Kept(Some(Err(_)))));
    }

    #[test]
    fn what_comes_later_is_gone_on_with_then() {
        let mut waited = false;
        let later = std::future::poll_fn(move |_| match std::mem::replace(&mut waited, true) {
            false => Poll::Pending,
            true => Poll::Ready(Ok(1)),
        });
        let mut promise = Promise::later(later).and_then(|one| Ok(one + 1));
        assert!(poll(&mut promise).is_pending());
        assert!(matches!(poll(&mut promise), Poll::Ready(Ok(2))));
    }

    #[test]
    fn a_second_answer_is_an_error() {
        let mut promise = Promise::now(Ok(1));
        assert!(matches!(poll(&mut promise), Poll::Ready(Ok(1))));
        assert!(matches!(poll(&mut promise), Poll::Ready(Err(_))));
    }
}
