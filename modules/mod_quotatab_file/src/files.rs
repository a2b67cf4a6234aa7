//! The files, each opened once and again when another file has its name.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gantry_api::prelude::*;
use gantry_api::quota::{QuotaLimit, QuotaNumbers, QuotaSource, QuotaSubject, QuotaTable};
use gantry_quota_table::{LimitRecord, Record, Table, TableError, TableType, TallyRecord};
use gantry_sys::as_daemon;
use gantry_sys::file_lock::FileLock;

/// How long a file that another process has locked is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many places of records are remembered for one file.
const PLACES: usize = 65536;

/// The files in use.
#[derive(Default)]
pub(crate) struct QuotaFiles {
    open: Mutex<HashMap<(TableType, PathBuf), Shared>>,
}

/// One of them, for one at a time.
type Shared = Arc<tokio::sync::Mutex<Opened>>;

/// One of them.
#[derive(Default)]
struct Opened {
    table: Option<Table>,
    /// Where records were found.
    places: HashMap<QuotaSubject, u64>,
}

impl QuotaFiles {
    /// Works on a file, on a thread that may wait. One at a time does, in the order in which they came; the file's own
    /// lock is for other processes.
    async fn with<T: Send + 'static>(
        &self,
        table: &QuotaTable,
        kind: TableType,
        work: impl FnOnce(&mut Opened, &Path) -> Result<T, TableError> + Send + 'static,
    ) -> Result<T> {
        let path = PathBuf::from(&table.info);
        let key = (kind, path.clone());
        let opened = self.open.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default().clone();
        let mut opened = opened.lock_owned().await;
        let shown = path.display().to_string();
        let done = tokio::task::spawn_blocking(move || {
            let done = work(&mut opened, &path);
            if done.is_err() {
                // Whatever is wrong with it, the next one looks anew.
                *opened = Opened::default();
            }
            done
        });
        let done = done.await.map_err(|error| Error::system(error.to_string()))?;
        done.map_err(|error| Error::system(format!("{shown}: {error}")))
    }
}

impl Opened {
    /// The file that has the name now.
    fn table(&mut self, path: &Path, kind: TableType) -> Result<&Table, TableError> {
        if self.table.as_ref().is_none_or(|table| !is_current(table, path)) {
            *self = Self::default();
        }
        if self.table.is_none() {
            self.table = Some(open(path, kind)?);
        }
        self.table.as_ref().ok_or(TableError::NotAFile)
    }

    /// Reads a record.
    fn read<R: Record>(&mut self, path: &Path, subject: &QuotaSubject) -> Result<Option<R>, TableError> {
        let hint = self.places.get(subject).copied();
        let table = self.table(path, R::TABLE)?;
        let found = table.locked(FileLock::Shared, PATIENCE, |table| table.find::<R>(subject, hint))?;
        self.remember(subject, found.as_ref().map(|(number, _)| *number));
        Ok(found.map(|(_, record)| record))
    }

    /// Changes a tally's record. `change` gets the one that is there, and returns what is to be written.
    fn change(
        &mut self,
        path: &Path,
        subject: &QuotaSubject,
        change: impl FnOnce(Option<TallyRecord>) -> Option<TallyRecord>,
    ) -> Result<(), TableError> {
        let hint = self.places.get(subject).copied();
        let table = self.table(path, TableType::Tally)?;
        let place = table.locked(FileLock::Exclusive, PATIENCE, |table| {
            let found = table.find::<TallyRecord>(subject, hint)?;
            let place = found.as_ref().map(|(number, _)| *number);
            let written = change(found.map(|(_, record)| record));
            match (place, written) {
                (Some(number), Some(record)) => table.write(number, &record).map(|()| Some(number)),
                (None, Some(record)) => table.append(&record).map(Some),
                (place, None) => Ok(place),
            }
        })?;
        self.remember(subject, place);
        Ok(())
    }

    fn remember(&mut self, subject: &QuotaSubject, place: Option<u64>) {
        match place {
            Some(number) if self.places.len() < PLACES || self.places.contains_key(subject) => {
                self.places.insert(subject.clone(), number);
            }
            Some(_) => {}
            None => drop(self.places.remove(subject)),
        }
    }
}

#[async_trait]
impl QuotaSource for QuotaFiles {
    async fn limit(&self, table: &QuotaTable, subject: &QuotaSubject) -> Result<Option<QuotaLimit>> {
        let subject = subject.clone();
        let read = move |opened: &mut Opened, path: &Path| opened.read::<LimitRecord>(path, &subject);
        Ok(self.with(table, TableType::Limit, read).await?.map(|record| record.limit()))
    }

    async fn tally(&self, table: &QuotaTable, subject: &QuotaSubject) -> Result<Option<QuotaNumbers>> {
        let subject = subject.clone();
        let read = move |opened: &mut Opened, path: &Path| opened.read::<TallyRecord>(path, &subject);
        Ok(self.with(table, TableType::Tally, read).await?.map(|record| record.numbers()))
    }

    async fn create_tally(&self, table: &QuotaTable, subject: &QuotaSubject) -> Result<()> {
        let subject = subject.clone();
        let create = move |opened: &mut Opened, path: &Path| {
            let new = TallyRecord::zero(subject.clone());
            opened.change(path, &subject, |found| found.is_none().then_some(new))
        };
        self.with(table, TableType::Tally, create).await
    }

    async fn add(&self, table: &QuotaTable, subject: &QuotaSubject, change: &QuotaNumbers) -> Result<()> {
        let (subject, change) = (subject.clone(), *change);
        let add = move |opened: &mut Opened, path: &Path| {
            let new = TallyRecord::zero(subject.clone());
            opened.change(path, &subject, |found| {
                let mut record = found.unwrap_or(new);
                record.add(&change);
                Some(record)
            })
        };
        self.with(table, TableType::Tally, add).await
    }
}

/// Opens a file as the daemon may: as its user, or as root.
fn open(path: &Path, kind: TableType) -> Result<Table, TableError> {
    let file = as_daemon(|| Table::file(path, kind == TableType::Tally))?;
    Table::of(file, kind)
}

fn is_current(table: &Table, path: &Path) -> bool {
    as_daemon(|| fs::metadata(path)).is_ok_and(|found| table.is(&found))
}
