//! The other side of the guard: what the server does for modules runs below
//! their frames, so a panic of its own must not leave it either.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use gantry_api::{Error, Result, guard};

/// Awaits a future of the server's on behalf of a module; adds no box.
pub async fn caught<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    let mut future = pin!(future);
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(polled) => polled,
        Err(payload) => Poll::Ready(Err(Error::panic("gantryd", &guard::message(payload)))),
    })
    .await
}
