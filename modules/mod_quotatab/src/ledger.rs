//! A tally, as all sessions of its subject share it: what has been counted, what is still to be written to the table,
//! and what commands under way may add.
//!
//! Counting never waits and never fails; writing may do both. What could not be written stays a debt, and while there
//! is one nothing more is granted. Numbers are written in the order in which they were counted.

use std::sync::{Arc, Mutex, PoisonError};

use gantry_api::prelude::*;
use gantry_api::quota::{QuotaNumbers, QuotaSubject};

use crate::table::Table;

/// A tally.
pub(crate) struct Ledger {
    pub(crate) subject: QuotaSubject,
    /// None for a limit per session, whose tally is nowhere else.
    table: Option<Arc<Table>>,
    sums: Mutex<Sums>,
    /// One at a time reads or writes the record.
    turn: tokio::sync::Mutex<()>,
}

/// The numbers.
#[derive(Debug, Default)]
pub(crate) struct Sums {
    /// What has been counted.
    pub(crate) used: QuotaNumbers,
    /// The part of it that is not written yet.
    debt: QuotaNumbers,
    /// What commands under way may add.
    pub(crate) held: QuotaNumbers,
    /// How often something was counted.
    counted: u64,
}

impl Ledger {
    pub(crate) fn new(subject: QuotaSubject, table: Option<Arc<Table>>) -> Self {
        Self { subject, table, sums: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }

    /// Works on the numbers.
    pub(crate) fn with_sums<T>(&self, work: impl FnOnce(&mut Sums) -> T) -> T {
        work(&mut self.sums.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What has been counted.
    pub(crate) fn used(&self) -> QuotaNumbers {
        self.with_sums(|sums| sums.used)
    }

    /// How often something was counted so far.
    pub(crate) fn counted(&self) -> u64 {
        self.with_sums(|sums| sums.counted)
    }

    /// Whether something is still to be written.
    pub(crate) fn owes(&self) -> bool {
        self.with_sums(|sums| !sums.debt.is_zero())
    }

    /// Counts. No number falls below zero: files that were never counted may be deleted.
    pub(crate) fn count(&self, change: QuotaNumbers) {
        self.with_sums(|sums| {
            let change = sums.used.with(change, |used, change| change.max(used.max(0).saturating_neg()));
            sums.used = sums.used.plus(change);
            sums.debt = sums.debt.plus(change);
            sums.counted = sums.counted.wrapping_add(1);
        });
    }

    /// Writes what is still to be written, and reads the record: others may have changed it.
    pub(crate) async fn refresh(self: &Arc<Self>) -> Result<()> {
        let Some(table) = &self.table else { return Ok(()) };
        self.write().await?;
        let _turn = self.turn.lock().await;
        let read = table.tally(&self.subject).await?;
        // Nothing is being written now, so that a debt is in no record.
        self.with_sums(|sums| sums.used = read.plus(sums.debt));
        Ok(())
    }

    /// Writes what is still to be written. It goes on if the session that asks ends meanwhile: nothing is written
    /// twice or by half.
    pub(crate) async fn write(self: &Arc<Self>) -> Result<()> {
        if self.table.is_none() || !self.owes() {
            return Ok(());
        }
        let ledger = self.clone();
        let written = tokio::spawn(async move {
            let _turn = ledger.turn.lock().await;
            ledger.pay().await
        });
        written.await.unwrap_or_else(|error| Err(Error::system(error.to_string())))
    }

    async fn pay(&self) -> Result<()> {
        let Some(table) = &self.table else { return Ok(()) };
        let debt = self.with_sums(|sums| sums.debt);
        if debt.is_zero() {
            // Another session has written it.
            return Ok(());
        }
        table.add(&self.subject, &debt).await?;
        self.with_sums(|sums| sums.debt = sums.debt.with(debt, i64::saturating_sub));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use gantry_api::quota::QuotaType;

    use super::*;

    #[test]
    fn nothing_falls_below_zero() {
        let ledger = Ledger::new(QuotaSubject { kind: QuotaType::All, name: String::new() }, None);
        let bytes = |bytes_in| QuotaNumbers { bytes_in, ..QuotaNumbers::default() };
        ledger.count(bytes(100));
        ledger.count(bytes(-300));
        assert_eq!((ledger.used(), ledger.owes(), ledger.counted()), (bytes(0), false, 2));
        ledger.count(bytes(50));
        assert_eq!((ledger.used(), ledger.owes()), (bytes(50), true));
    }
}
