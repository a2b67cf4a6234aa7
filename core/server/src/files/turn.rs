//! A command's turn on its worker. Immediate answers never suspend, so a listing of thousands of
//! names would keep the worker from all its other sessions.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use gantry_api::Promise;
use tokio::task::coop::consume_budget;

/// Starts an operation that may be answered at once, if the task's turn still lasts; otherwise lets
/// other sessions run first.
pub fn in_turn<'a, T: Send + 'a>(begin: impl FnOnce() -> Promise<'a, T> + Send + 'a) -> Promise<'a, T> {
    // Ready if any budget was left; this takes a unit of it.
    let lasts = pin!(consume_budget()).poll(&mut Context::from_waker(Waker::noop())).is_ready();
    if lasts {
        return begin();
    }
    Promise::later(async move {
        consume_budget().await;
        begin().await
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use tokio::runtime::Builder;

    use super::*;

    #[test]
    fn what_never_waits_lets_others_run() {
        let runtime = Builder::new_current_thread().build().unwrap();
        let other_ran = Arc::new(AtomicBool::new(false));
        let ran = other_ran.clone();
        let asking = runtime.spawn(async move {
            let mut asked = 0;
            while !other_ran.load(Ordering::Relaxed) {
                in_turn(|| Promise::now(Ok(()))).await.unwrap();
                asked += 1;
            }
            asked
        });
        runtime.spawn(async move { ran.store(true, Ordering::Relaxed) });
        let asked = runtime.block_on(asking).unwrap();
        assert!((10..1_000).contains(&asked), "{asked} answers in one turn");
    }
}
