//! What a server of the configuration has: its tables, its default, its log, and the tallies in use.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use gantry_api::prelude::*;
use gantry_api::quota::QuotaSubject;
use gantry_api::service::Services;
use gantry_api::{LogTarget, ServerId};

use crate::ledger::Ledger;
use crate::lock::QuotaLock;
use crate::quota_log::QuotaLog;
use crate::settings::{DefaultLimit, Settings};
use crate::table::Table;

/// A server with quotas.
pub(crate) struct Server {
    pub(crate) limits: Option<Table>,
    pub(crate) default: Option<DefaultLimit>,
    pub(crate) log: Option<QuotaLog>,
    tallies: Arc<Table>,
    ledgers: Mutex<Ledgers>,
}

/// The tallies in use.
#[derive(Default)]
struct Ledgers {
    open: HashMap<QuotaSubject, Weak<Ledger>>,
    /// Those that could not be written.
    owing: Vec<Arc<Ledger>>,
    /// How many there may be before those are looked for that nobody uses any more.
    room: usize,
}

impl Server {
    /// None where no tables are named, so that there are no limits.
    ///
    /// # Errors
    /// A table that no module keeps, or a log that cannot be opened.
    pub(crate) fn new(id: ServerId, settings: &Settings, services: &Services) -> Result<Option<Self>> {
        if settings.limits.is_none() && settings.default.is_none() {
            return Ok(None);
        }
        let Some(tallies) = &settings.tallies else {
            return Err(Error::configuration("QuotaEngine is on, but there is no QuotaTallyTable"));
        };
        let lock = settings.lock.clone().map(QuotaLock);
        let find = |directive, table: &str, lock| Table::find(directive, id, table, lock, services);
        let limits = settings.limits.as_deref().map(|table| find("QuotaLimitTable", table, None)).transpose()?;
        let log = settings.log.clone().map(|path| {
            let target = LogTarget::File { path, follow_link: settings.follow_links.unwrap_or(false) };
            QuotaLog::open(&target)
        });
        Ok(Some(Self {
            limits,
            default: settings.default.clone(),
            log: log.transpose()?,
            tallies: Arc::new(find("QuotaTallyTable", tallies, lock)?),
            ledgers: Mutex::default(),
        }))
    }

    /// The tally of a subject, which all its sessions share.
    pub(crate) fn ledger(&self, subject: &QuotaSubject) -> Arc<Ledger> {
        let mut ledgers = self.ledgers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ledger) = ledgers.open.get(subject).and_then(Weak::upgrade) {
            return ledger;
        }
        if ledgers.open.len() >= ledgers.room {
            ledgers.open.retain(|_, ledger| ledger.strong_count() > 0);
            ledgers.room = ledgers.open.len().saturating_mul(2).max(64);
        }
        let ledger = Arc::new(Ledger::new(subject.clone(), Some(self.tallies.clone())));
        ledgers.open.insert(subject.clone(), Arc::downgrade(&ledger));
        ledger
    }

    /// Writes a tally. What cannot be written is kept until it can be.
    pub(crate) async fn write(&self, ledger: &Arc<Ledger>) {
        let _ = ledger.write().await;
        let mut ledgers = self.ledgers.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = ledgers.owing.iter().any(|owing| Arc::ptr_eq(owing, ledger));
        match ledger.owes() {
            true if !is_known => ledgers.owing.push(ledger.clone()),
            true => {}
            false if is_known => ledgers.owing.retain(|owing| !Arc::ptr_eq(owing, ledger)),
            false => {}
        }
    }

    /// Writes what could not be written so far, a last time.
    pub(crate) async fn settle_debts(&self) {
        let owing = std::mem::take(&mut self.ledgers.lock().unwrap_or_else(PoisonError::into_inner).owing);
        for ledger in owing {
            if let Err(error) = ledger.write().await {
                let subject = &ledger.subject;
                log!(
                    Error,
                    "the tally of {} '{}' lacks what was done last: {error}",
                    subject.kind.word(),
                    subject.name
                );
            }
        }
    }

    /// Writes a line to QuotaLog.
    pub(crate) fn note(&self, session: &Session, text: &str) {
        if let Some(log) = &self.log {
            log.write(session, text);
        }
    }
}
