//! A table in use: its source, and whether it works at the moment. A table that stops working is reported once, not for
//! each command that it refuses.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gantry_api::ServerId;
use gantry_api::prelude::*;
use gantry_api::quota::{QuotaLimit, QuotaNumbers, QuotaSource, QuotaSubject, QuotaTable};
use gantry_api::service::Services;

use crate::lock::QuotaLock;

/// A table.
pub(crate) struct Table {
    directive: &'static str,
    kind: String,
    table: QuotaTable,
    source: Arc<dyn QuotaSource>,
    lock: Option<QuotaLock>,
    fails: AtomicBool,
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}:{}", self.directive, self.kind, self.table.info)
    }
}

impl Table {
    /// The table that a directive names.
    ///
    /// # Errors
    /// No module keeps such tables.
    pub(crate) fn find(
        directive: &'static str,
        server: ServerId,
        text: &str,
        lock: Option<QuotaLock>,
        services: &Services,
    ) -> Result<Self> {
        let (kind, info) = text.split_once(':').unwrap_or((text, ""));
        let source = services.quota_source(kind).cloned();
        let source = source.ok_or_else(|| Error::configuration(unsupported(directive, kind)))?;
        let table = QuotaTable { server, info: info.to_owned() };
        Ok(Self { directive, kind: kind.to_owned(), table, source, lock, fails: AtomicBool::new(false) })
    }

    pub(crate) async fn limit(&self, subject: &QuotaSubject) -> Result<Option<QuotaLimit>> {
        self.report(self.source.limit(&self.table, subject).await)
    }

    /// A tally; its record is made if it is missing.
    pub(crate) async fn tally(&self, subject: &QuotaSubject) -> Result<QuotaNumbers> {
        let read = self.source.tally(&self.table, subject).await;
        match self.report(read)? {
            Some(numbers) => Ok(numbers),
            None => {
                let create = async { self.source.create_tally(&self.table, subject).await };
                self.report(self.alone(create).await).map(|()| QuotaNumbers::default())
            }
        }
    }

    pub(crate) async fn add(&self, subject: &QuotaSubject, change: &QuotaNumbers) -> Result<()> {
        let add = async { self.source.add(&self.table, subject, change).await };
        self.report(self.alone(add).await)
    }

    /// Does something under QuotaLock.
    async fn alone<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let Some(lock) = &self.lock else { return work.await };
        let held = lock.take().await?;
        let done = work.await;
        drop(held);
        done
    }

    fn report<T>(&self, done: Result<T>) -> Result<T> {
        match &done {
            Ok(_) if self.fails.swap(false, Ordering::Relaxed) => log!(Info, "{self} can be used again"),
            Err(error) if !self.fails.swap(true, Ordering::Relaxed) => {
                log!(Error, "{self}: {error}; until it can be used again, what its quotas concern is refused");
            }
            _ => {}
        }
        done
    }
}

/// What is said of a kind of table that no module keeps.
pub(crate) fn unsupported(directive: &str, kind: &str) -> String {
    format!("{directive}: unsupported table source type: '{kind}'")
}
