//! A file of records: opened, searched, changed. Whoever reads or changes one locks it first.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use gantry_api::quota::{QuotaSubject, QuotaType};
use gantry_sys::file_lock::{FileLock, try_lock, unlock};

use crate::record::{HEADER, Record, RecordError, TableType};

/// The size limit of a file, in bytes.
const MOST: u64 = 1 << 30;
/// The pause before a locked file is tried again.
const PAUSE: Duration = Duration::from_millis(5);
/// O_NONBLOCK: opening a pipe must not wait for its other end.
const NONBLOCK: i32 = 0o4000;

/// An open file.
#[derive(Debug)]
pub struct Table {
    file: File,
    kind: TableType,
    /// Device and inode.
    id: (u64, u64),
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The system says so.
    #[error(transparent)]
    System(#[from] io::Error),
    /// It is another kind of file.
    #[error("mismatched table header")]
    Header,
    /// It is no file.
    #[error("not a regular file")]
    NotAFile,
    /// It is larger than any that is read.
    #[error("larger than {MOST} bytes")]
    TooLarge,
    /// A record in it is damaged, or a new one cannot be written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// Somebody else keeps it locked.
    #[error("another process keeps it locked")]
    Locked,
}

impl Table {
    /// Opens a file to read it, or to change it as well. Nothing is locked yet.
    ///
    /// # Errors
    /// It cannot be opened, or is no table of this kind.
    pub fn open(path: &Path, kind: TableType, writable: bool) -> Result<Self, TableError> {
        Self::of(Self::file(path, writable)?, kind)
    }

    /// Opens a file, without looking what is in it.
    ///
    /// # Errors
    /// The system's.
    pub fn file(path: &Path, writable: bool) -> io::Result<File> {
        OpenOptions::new().read(true).write(writable).custom_flags(NONBLOCK).open(path)
    }

    /// The table in a file.
    ///
    /// # Errors
    /// It is no table of this kind.
    pub fn of(file: File, kind: TableType) -> Result<Self, TableError> {
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(TableError::NotAFile);
        }
        let mut header = [0; HEADER];
        match file.read_exact_at(&mut header, 0) {
            Ok(()) if header == kind.magic().to_ne_bytes() => {}
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error.into()),
            _ => return Err(TableError::Header),
        }
        Ok(Self { file, kind, id: (metadata.dev(), metadata.ino()) })
    }

    /// Makes an empty one.
    ///
    /// # Errors
    /// The file exists, or cannot be made.
    pub fn create(path: &Path, kind: TableType) -> Result<(), TableError> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(path)?;
        Ok(file.write_all_at(&kind.magic().to_ne_bytes(), 0)?)
    }

    /// Whether it is the file that this was found out about.
    pub fn is(&self, found: &Metadata) -> bool {
        (found.dev(), found.ino()) == self.id
    }

    /// Does something with the file under a lock, for which it waits so long.
    ///
    /// # Errors
    /// The lock cannot be had; else those of `work`.
    pub fn locked<T>(
        &self,
        lock: FileLock,
        patience: Duration,
        work: impl FnOnce(&Self) -> Result<T, TableError>,
    ) -> Result<T, TableError> {
        let began = Instant::now();
        while !try_lock(&self.file, lock)? {
            if began.elapsed() >= patience {
                return Err(TableError::Locked);
            }
            std::thread::sleep(PAUSE);
        }
        let done = work(self);
        unlock(&self.file)?;
        done
    }

    /// All records with their numbers, in order. One of no type is left out.
    ///
    /// # Errors
    /// The file cannot be read, or is damaged.
    pub fn records<R: Record>(&self) -> Result<Vec<(u64, R)>, TableError> {
        let all = self.read_all::<R>()?;
        let mut records = Vec::new();
        for (number, bytes) in (0..).zip(all.chunks(R::LENGTH)) {
            records.extend(R::read(bytes)?.map(|record| (number, record)));
        }
        Ok(records)
    }

    /// The first record of a subject, with its number. `hint` is where it was last time.
    ///
    /// # Errors
    /// As [`Table::records`]. A damaged record of somebody else's is no error.
    pub fn find<R: Record>(&self, subject: &QuotaSubject, hint: Option<u64>) -> Result<Option<(u64, R)>, TableError> {
        if let Some(number) = hint
            && let Some(record) = self.read_one::<R>(number)?
            && is_of(&record, subject)
        {
            return Ok(Some((number, record)));
        }
        let all = self.read_all::<R>()?;
        for (number, bytes) in (0..).zip(all.chunks(R::LENGTH)) {
            match R::read(bytes) {
                Ok(Some(record)) if is_of(&record, subject) => return Ok(Some((number, record))),
                Ok(_) => {}
                // Whose it is cannot be told, or it is this subject's.
                Err(error @ RecordError::Short) => return Err(error.into()),
                Err(error) if bytes.starts_with(subject.name.as_bytes()) => return Err(error.into()),
                Err(_) => {}
            }
        }
        Ok(None)
    }

    /// Writes a record over the one with this number.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write<R: Record>(&self, number: u64, record: &R) -> Result<(), TableError> {
        let bytes = record.bytes()?;
        let at = place::<R>(number).ok_or(TableError::TooLarge)?;
        Ok(self.file.write_all_at(&bytes, at)?)
    }

    /// Adds a record at the end.
    ///
    /// # Errors
    /// It cannot be written. Then the file is as it was.
    pub fn append<R: Record>(&self, record: &R) -> Result<u64, TableError> {
        let bytes = record.bytes()?;
        let length = self.file.metadata()?.len();
        let number = length.saturating_sub(HEADER as u64) / R::LENGTH as u64;
        if place::<R>(number) != Some(length) {
            return Err(RecordError::Short.into());
        }
        if let Err(error) = self.file.write_all_at(&bytes, length) {
            // Half a record would make the whole file unreadable.
            self.file.set_len(length)?;
            return Err(error.into());
        }
        Ok(number)
    }

    /// Takes the record with this number out; those behind it move up, as ftpquota does it.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn remove<R: Record>(&self, number: u64) -> Result<(), TableError> {
        let all = self.read_all::<R>()?;
        let at = place::<R>(number).ok_or(TableError::TooLarge)?;
        let index = usize::try_from(number).unwrap_or(usize::MAX).saturating_add(1);
        let behind = all.get(index.saturating_mul(R::LENGTH)..).unwrap_or_default();
        self.file.write_all_at(behind, at)?;
        Ok(self.file.set_len(at.saturating_add(behind.len() as u64))?)
    }

    fn read_one<R: Record>(&self, number: u64) -> Result<Option<R>, TableError> {
        let Some(at) = place::<R>(number) else { return Ok(None) };
        let mut bytes = vec![0; R::LENGTH];
        match self.file.read_exact_at(&mut bytes, at) {
            // A record that moved away is looked for.
            Ok(()) => Ok(R::read(&bytes).ok().flatten()),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// All bytes behind the header, whole records.
    fn read_all<R: Record>(&self) -> Result<Vec<u8>, TableError> {
        debug_assert_eq!(R::TABLE, self.kind, "records of the file's kind");
        let length = self.file.metadata()?.len();
        if length > MOST {
            return Err(TableError::TooLarge);
        }
        let behind = length.saturating_sub(HEADER as u64);
        let mut bytes = vec![0; usize::try_from(behind).unwrap_or_default()];
        self.file.read_exact_at(&mut bytes, HEADER as u64)?;
        match bytes.len() % R::LENGTH {
            0 => Ok(bytes),
            _ => Err(RecordError::Short.into()),
        }
    }
}

/// Whether a record is a subject's. There is one for all, whatever its name.
fn is_of(record: &impl Record, subject: &QuotaSubject) -> bool {
    let found = record.subject();
    found.kind == subject.kind && (subject.kind == QuotaType::All || found.name == subject.name)
}

/// Where a record is.
fn place<R: Record>(number: u64) -> Option<u64> {
    number.checked_mul(R::LENGTH as u64)?.checked_add(HEADER as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::TallyRecord;

    fn subject(name: &str) -> QuotaSubject {
        QuotaSubject { kind: QuotaType::User, name: name.to_owned() }
    }

    fn table(folder: &Path) -> Table {
        let path = folder.join("tally");
        Table::create(&path, TableType::Tally).unwrap();
        Table::open(&path, TableType::Tally, true).unwrap()
    }

    #[test]
    fn records_are_added_found_and_taken_out() {
        let folder = tempfile::tempdir().unwrap();
        let table = table(folder.path());
        for name in ["ann", "bob", "cid"] {
            table.append(&TallyRecord::zero(subject(name))).unwrap();
        }
        let find = |name, hint| table.find::<TallyRecord>(&subject(name), hint).unwrap().map(|(number, _)| number);
        assert_eq!((find("bob", None), find("bob", Some(0)), find("bob", Some(1))), (Some(1), Some(1), Some(1)));
        assert_eq!((find("bo", None), find("bob ", Some(9))), (None, None));
        table.remove::<TallyRecord>(0).unwrap();
        assert_eq!((find("ann", Some(0)), find("bob", Some(1)), find("cid", Some(2))), (None, Some(0), Some(1)));
        assert_eq!(std::fs::metadata(folder.path().join("tally")).unwrap().len(), 4 + 2 * 121);
    }

    #[test]
    fn a_damaged_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let table = table(folder.path());
        let path = folder.path().join("tally");
        table.append(&TallyRecord::zero(subject("ann"))).unwrap();
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(100).unwrap();
        assert!(matches!(table.find::<TallyRecord>(&subject("ann"), None), Err(TableError::Record(_))));
        assert!(table.append(&TallyRecord::zero(subject("bob"))).is_err());
        file.set_len(2).unwrap();
        assert!(matches!(Table::open(&path, TableType::Tally, false), Err(TableError::Header)));
        std::fs::write(&path, b"rubbish").unwrap();
        assert!(matches!(Table::open(&path, TableType::Tally, false), Err(TableError::Header)));
        assert!(matches!(Table::open(folder.path(), TableType::Tally, false), Err(TableError::NotAFile)));
        let limits = folder.path().join("limits");
        Table::create(&limits, TableType::Limit).unwrap();
        assert!(matches!(Table::open(&limits, TableType::Tally, false), Err(TableError::Header)));
        assert!(matches!(Table::create(&limits, TableType::Limit), Err(TableError::System(_))));
    }

    #[test]
    fn a_locked_file_is_waited_for_so_long() {
        let folder = tempfile::tempdir().unwrap();
        let one = table(folder.path());
        let other = Table::open(&folder.path().join("tally"), TableType::Tally, true).unwrap();
        let soon = Duration::from_millis(1);
        let inner = |_: &Table| match other.locked(FileLock::Shared, soon, |_| Ok(())) {
            Err(TableError::Locked) => Ok(()),
            _ => Err(TableError::Header),
        };
        one.locked(FileLock::Exclusive, soon, inner).unwrap();
        other.locked(FileLock::Exclusive, soon, |_| Ok(())).unwrap();
    }
}
