//! The other side of the guard: the server's code that modules call runs below their frames, so its
//! own panics must not leave it either.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use gantry_api::{Error, Promise, Result, guard};

/// Awaits a future of the server for a module, without another box.
pub async fn caught<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    let mut future = pin!(future);
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(polled) => polled,
        Err(payload) => Poll::Ready(Err(Error::panic("gantryd", &guard::message(payload)))),
    })
    .await
}

/// Starts a promise of the server for a module.
pub fn promised<'a, T: Send + 'a>(begin: impl FnOnce() -> Promise<'a, T>) -> Promise<'a, T> {
    match catch_unwind(AssertUnwindSafe(begin)) {
        Ok(Promise::Later(future)) => Promise::later(caught(future)),
        Ok(kept) => kept,
        Err(payload) => Promise::now(Err(Error::panic("gantryd", &guard::message(payload)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_the_servers_becomes_an_error() {
        let at_once = promised(|| -> Promise<'_, ()> { panic!("at once") });
        let Promise::Kept(Some(Err(error))) = at_once else { panic!("not caught") };
        assert_eq!(error.message(), "gantryd panicked: at once");
        let later = promised(|| -> Promise<'_, ()> { Promise::later(async { panic!("later") }) });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(runtime.block_on(later).unwrap_err().message(), "gantryd panicked: later");
    }
}
