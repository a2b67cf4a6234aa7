//! What a command under way may still add to a tally. It counts for others already, so that a hundred uploads at once
//! stay within the limit together.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use gantry_api::quota::QuotaNumbers;

use crate::ledger::Ledger;

/// A command's part.
pub(crate) struct Held {
    ledger: Arc<Ledger>,
    part: Mutex<QuotaNumbers>,
    cut: AtomicBool,
}

impl Held {
    /// Nothing yet.
    pub(crate) fn new(ledger: Arc<Ledger>) -> Self {
        Self { ledger, part: Mutex::default(), cut: AtomicBool::new(false) }
    }

    /// Sets the part to what `choose` makes of the sums without it.
    pub(crate) fn set<T>(&self, choose: impl FnOnce(QuotaNumbers) -> (QuotaNumbers, T)) -> T {
        self.ledger.with_sums(|sums| {
            let mut part = self.part.lock().unwrap_or_else(PoisonError::into_inner);
            let others = sums.held.with(*part, i64::saturating_sub);
            let (new, answer) = choose(sums.used.plus(others));
            *part = new;
            sums.held = others.plus(new);
            answer
        })
    }

    /// Notes that the limit cut the transfer.
    pub(crate) fn cut(&self) {
        self.cut.store(true, Ordering::Relaxed);
    }

    /// Whether the limit cut the transfer.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Relaxed)
    }

    /// Gives the part back: what the command did is in the tally.
    pub(crate) fn give_back(&self) {
        self.set(|_| (QuotaNumbers::default(), ()));
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.give_back();
    }
}
