//! Records, bytes to values and back. Numbers are in the machine's own byte order, as ProFTPD writes them.

use gantry_api::quota::{QuotaLimit, QuotaNumbers, QuotaStrictness, QuotaSubject, QuotaType};

/// The room for a name, in bytes; one of them ends it.
pub const NAME: usize = 81;

/// The length of the number at the beginning of a file.
pub(crate) const HEADER: usize = 4;

/// Which of the two kinds a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TableType {
    /// Limits.
    Limit,
    /// Tallies.
    Tally,
}

impl TableType {
    /// The number at the beginning of such a file.
    pub(crate) fn magic(self) -> u32 {
        match self {
            Self::Limit => 0x7626,
            Self::Tally => 0x7644,
        }
    }
}

/// What is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// It ends early.
    #[error("a record is cut off")]
    Short,
    /// A number that says nothing.
    #[error("the record of {0} has a wrong number")]
    Number(String),
    /// The name has no room in the file.
    #[error("name is too long, must be less than 80 characters")]
    Name,
    /// The number has no room in the file.
    #[error("a number is too large")]
    TooLarge,
}

/// A record of either kind.
pub trait Record: Sized {
    /// The kind of file that holds such records.
    const TABLE: TableType;
    /// The length in bytes.
    const LENGTH: usize;

    /// Reads one.
    ///
    /// # Errors
    /// It is damaged. A record of a type that does not exist is `None`: nobody's.
    fn read(bytes: &[u8]) -> Result<Option<Self>, RecordError>;
    /// As bytes.
    ///
    /// # Errors
    /// It cannot be written so.
    fn bytes(&self) -> Result<Vec<u8>, RecordError>;
    /// Whom it concerns.
    fn subject(&self) -> &QuotaSubject;
}

/// The numbers of a record: bytes as they are in the file, which may have fractions, and files. Uploaded, downloaded,
/// transferred.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Amounts {
    /// Bytes.
    pub bytes: [f64; 3],
    /// Files.
    pub files: [u32; 3],
}

/// A limit.
#[derive(Debug, Clone, PartialEq)]
pub struct LimitRecord {
    /// Whom it concerns.
    pub subject: QuotaSubject,
    /// Whether each session counts for itself.
    pub per_session: bool,
    /// How strictly it is kept.
    pub strictness: QuotaStrictness,
    /// The limits; zero or less for none.
    pub most: Amounts,
}

/// A tally.
#[derive(Debug, Clone, PartialEq)]
pub struct TallyRecord {
    /// Whom it concerns.
    pub subject: QuotaSubject,
    /// The tallies.
    pub used: Amounts,
}

impl Record for LimitRecord {
    const TABLE: TableType = TableType::Limit;
    const LENGTH: usize = NAME + 4 + 1 + 4 + 3 * 8 + 3 * 4;

    fn read(bytes: &[u8]) -> Result<Option<Self>, RecordError> {
        let mut bytes = Bytes(bytes);
        let Some(subject) = subject(&mut bytes)? else { return Ok(None) };
        let [per_session] = bytes.take::<1>()?;
        let strictness = match i32::from_ne_bytes(bytes.take()?) {
            1 => QuotaStrictness::Hard,
            2 => QuotaStrictness::Soft,
            _ => return Err(wrong(&subject)),
        };
        let most = Amounts::read(&mut bytes, &subject)?;
        Ok(Some(Self { subject, per_session: per_session != 0, strictness, most }))
    }

    fn bytes(&self) -> Result<Vec<u8>, RecordError> {
        let mut out = named(&self.subject)?;
        out.push(self.per_session.into());
        let strictness: i32 = match self.strictness {
            QuotaStrictness::Hard => 1,
            QuotaStrictness::Soft => 2,
        };
        out.extend(strictness.to_ne_bytes());
        self.most.write(&mut out);
        Ok(out)
    }

    fn subject(&self) -> &QuotaSubject {
        &self.subject
    }
}

impl LimitRecord {
    /// As mod_quotatab needs it. A limit of less than a byte is one of a byte, and not none.
    pub fn limit(&self) -> QuotaLimit {
        QuotaLimit { per_session: self.per_session, strictness: self.strictness, most: self.most.numbers(f64::ceil) }
    }
}

impl Record for TallyRecord {
    const TABLE: TableType = TableType::Tally;
    const LENGTH: usize = NAME + 4 + 3 * 8 + 3 * 4;

    fn read(bytes: &[u8]) -> Result<Option<Self>, RecordError> {
        let mut bytes = Bytes(bytes);
        let Some(subject) = subject(&mut bytes)? else { return Ok(None) };
        let used = Amounts::read(&mut bytes, &subject)?;
        Ok(Some(Self { subject, used }))
    }

    fn bytes(&self) -> Result<Vec<u8>, RecordError> {
        let mut out = named(&self.subject)?;
        self.used.write(&mut out);
        Ok(out)
    }

    fn subject(&self) -> &QuotaSubject {
        &self.subject
    }
}

impl TallyRecord {
    /// One with zeros.
    pub fn zero(subject: QuotaSubject) -> Self {
        Self { subject, used: Amounts::default() }
    }

    /// As mod_quotatab needs it.
    pub fn numbers(&self) -> QuotaNumbers {
        self.used.numbers(f64::ceil)
    }

    /// Adds numbers. What the file has no room for stays at the file's least or greatest number.
    pub fn add(&mut self, change: &QuotaNumbers) {
        let bytes = [change.bytes_in, change.bytes_out, change.bytes_xfer];
        let files = [change.files_in, change.files_out, change.files_xfer];
        for (number, change) in self.used.bytes.iter_mut().zip(bytes) {
            *number += change as f64;
        }
        for (number, change) in self.used.files.iter_mut().zip(files) {
            let sum = i64::from(*number).saturating_add(change).max(0);
            *number = u32::try_from(sum).unwrap_or(u32::MAX);
        }
    }
}

impl Amounts {
    fn read(bytes: &mut Bytes<'_>, subject: &QuotaSubject) -> Result<Self, RecordError> {
        let mut amounts = Self::default();
        for number in &mut amounts.bytes {
            *number = f64::from_ne_bytes(bytes.take()?);
            if !number.is_finite() {
                return Err(wrong(subject));
            }
        }
        for number in &mut amounts.files {
            *number = u32::from_ne_bytes(bytes.take()?);
        }
        Ok(amounts)
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.bytes.iter().for_each(|number| out.extend(number.to_ne_bytes()));
        self.files.iter().for_each(|number| out.extend(number.to_ne_bytes()));
    }

    /// As whole numbers.
    fn numbers(&self, round: fn(f64) -> f64) -> QuotaNumbers {
        // Such a conversion ends at the type's least and greatest number.
        let [bytes_in, bytes_out, bytes_xfer] = self.bytes.map(|number| round(number) as i64);
        let [files_in, files_out, files_xfer] = self.files.map(i64::from);
        QuotaNumbers { bytes_in, bytes_out, bytes_xfer, files_in, files_out, files_xfer }
    }
}

/// What is still to be read.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], RecordError> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(RecordError::Short)?;
        self.0 = rest;
        Ok(*taken)
    }
}

fn subject(bytes: &mut Bytes<'_>) -> Result<Option<QuotaSubject>, RecordError> {
    let name = bytes.take::<NAME>()?;
    let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
    let number = i32::from_ne_bytes(bytes.take()?);
    let kind = QuotaType::ORDER.into_iter().find(|kind| type_number(*kind) == number);
    Ok(kind.map(|kind| QuotaSubject { kind, name: String::from_utf8_lossy(name).into_owned() }))
}

fn named(subject: &QuotaSubject) -> Result<Vec<u8>, RecordError> {
    let mut out = subject.name.as_bytes().to_vec();
    if out.len() >= NAME || out.contains(&0) {
        return Err(RecordError::Name);
    }
    out.resize(NAME, 0);
    out.extend(type_number(subject.kind).to_ne_bytes());
    Ok(out)
}

fn type_number(kind: QuotaType) -> i32 {
    match kind {
        QuotaType::All => 10,
        QuotaType::User => 20,
        QuotaType::Group => 30,
        QuotaType::Class => 40,
    }
}

fn wrong(subject: &QuotaSubject) -> RecordError {
    RecordError::Number(format!("{} '{}'", subject.kind.word(), subject.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(kind: QuotaType, name: &str) -> QuotaSubject {
        QuotaSubject { kind, name: name.to_owned() }
    }

    fn limit() -> LimitRecord {
        LimitRecord {
            subject: subject(QuotaType::Group, "staff"),
            per_session: true,
            strictness: QuotaStrictness::Soft,
            most: Amounts { bytes: [-1.0, 0.5, 2_147_483_648.0], files: [0, 3, 0] },
        }
    }

    #[test]
    fn records_are_read_as_they_were_written() {
        let bytes = limit().bytes().unwrap();
        assert_eq!(bytes.len(), LimitRecord::LENGTH);
        assert_eq!(LimitRecord::read(&bytes).unwrap().unwrap(), limit());
        let most = limit().limit().most;
        assert_eq!((most.bytes_in, most.bytes_out, most.bytes_xfer, most.files_out), (-1, 1, 2_147_483_648, 3));
        let mut tally = TallyRecord::zero(subject(QuotaType::All, ""));
        tally.add(&QuotaNumbers { bytes_in: 7, files_in: -1, files_out: i64::MAX, ..QuotaNumbers::default() });
        let bytes = tally.bytes().unwrap();
        assert_eq!(bytes.len(), TallyRecord::LENGTH);
        assert_eq!(TallyRecord::read(&bytes).unwrap().unwrap(), tally);
        assert_eq!((tally.used.bytes, tally.used.files), ([7.0, 0.0, 0.0], [0, u32::MAX, 0]));
    }

    #[test]
    fn what_is_damaged_is_no_limit_of_anybody() {
        let bytes = limit().bytes().unwrap();
        assert_eq!(LimitRecord::read(&bytes[..100]), Err(RecordError::Short));
        let with = |at: usize, byte: u8| {
            let mut bytes = bytes.clone();
            bytes[at] = byte;
            LimitRecord::read(&bytes)
        };
        assert_eq!(with(NAME, 21), Ok(None));
        assert!(matches!(with(NAME + 5, 3), Err(RecordError::Number(_))));
        // The exponent of a number that is none.
        let mut nan = bytes.clone();
        nan[NAME + 9..NAME + 17].copy_from_slice(&f64::NAN.to_ne_bytes());
        assert!(matches!(LimitRecord::read(&nan), Err(RecordError::Number(_))));
    }

    #[test]
    fn names_have_an_end() {
        for name in ["x".repeat(81), "a\0b".to_owned()] {
            assert_eq!(TallyRecord::zero(subject(QuotaType::User, &name)).bytes(), Err(RecordError::Name));
        }
        assert!(TallyRecord::zero(subject(QuotaType::User, &"x".repeat(80))).bytes().is_ok());
    }
}
