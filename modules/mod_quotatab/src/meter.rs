//! The meters of uploads and downloads: they count what moves for the other sessions of the same subject, and cut an
//! upload at the byte at which a hard limit is reached.

use std::sync::Arc;

use gantry_api::meter::{Grant, Meter};
use gantry_api::prelude::*;
use gantry_api::quota::{QuotaLimit, QuotaNumbers, QuotaStrictness};
use gantry_api::transfer::Direction;

use crate::held::Held;

/// Of an upload.
pub(crate) struct UploadMeter {
    pub(crate) held: Arc<Held>,
    pub(crate) limit: QuotaLimit,
    /// How many bytes may be written before the file is larger than it has been counted: the size of what is
    /// overwritten, from the place on at which writing begins.
    pub(crate) free: i64,
    /// What the command holds besides bytes.
    pub(crate) files: QuotaNumbers,
    pub(crate) moved: i64,
}

impl UploadMeter {
    /// What the command holds if it moves so many bytes.
    fn part(&self, moved: i64) -> QuotaNumbers {
        QuotaNumbers { bytes_in: moved.saturating_sub(self.free).max(0), bytes_xfer: moved, ..self.files }
    }

    /// How many bytes may move in all, with what others have and hold.
    fn most(&self, used: QuotaNumbers) -> i64 {
        let most = self.limit.most;
        let room = |most: i64, used: i64| if most > 0 { most.saturating_sub(used).max(0) } else { i64::MAX };
        let bytes_in = room(most.bytes_in, used.bytes_in).saturating_add(self.free);
        bytes_in.min(room(most.bytes_xfer, used.bytes_xfer))
    }
}

impl Meter for UploadMeter {
    fn grant(&mut self, _: Direction, most: u64) -> Result<Grant> {
        let wanted = i64::try_from(most).unwrap_or(i64::MAX);
        let granted = self.held.set(|used| {
            let granted = match self.limit.strictness {
                QuotaStrictness::Hard => wanted.min(self.most(used).saturating_sub(self.moved)).max(0),
                QuotaStrictness::Soft => wanted,
            };
            (self.part(self.moved.saturating_add(granted)), granted)
        });
        if granted == 0 {
            self.held.cut();
            // The kind says that nothing of the upload stays.
            return Err(Error::client(552, "Transfer aborted. Disk quota exceeded").with_kind(ErrorKind::Quota));
        }
        Ok(Grant::Bytes(granted.unsigned_abs()))
    }

    fn moved(&mut self, bytes: u64) -> Result<()> {
        self.moved = self.moved.saturating_add_unsigned(bytes);
        self.held.set(|_| (self.part(self.moved), ()));
        Ok(())
    }
}

/// Of a download. It limits nothing: what was allowed to begin may end.
pub(crate) struct DownloadMeter {
    pub(crate) held: Arc<Held>,
    /// What the command holds besides bytes.
    pub(crate) files: QuotaNumbers,
    pub(crate) moved: i64,
}

impl Meter for DownloadMeter {
    fn grant(&mut self, _: Direction, most: u64) -> Result<Grant> {
        Ok(Grant::Bytes(most))
    }

    fn moved(&mut self, bytes: u64) -> Result<()> {
        self.moved = self.moved.saturating_add_unsigned(bytes);
        let part = QuotaNumbers { bytes_out: self.moved, bytes_xfer: self.moved, ..self.files };
        self.held.set(|_| (part, ()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use gantry_api::quota::{QuotaSubject, QuotaType};

    use super::*;
    use crate::ledger::Ledger;

    fn upload(ledger: &Arc<Ledger>, strictness: QuotaStrictness, free: i64) -> UploadMeter {
        let most = QuotaNumbers { bytes_in: 100, ..QuotaNumbers::default() };
        let limit = QuotaLimit { per_session: false, strictness, most };
        let held = Arc::new(Held::new(ledger.clone()));
        UploadMeter { held, limit, free, files: QuotaNumbers::default(), moved: 0 }
    }

    fn ledger() -> Arc<Ledger> {
        Arc::new(Ledger::new(QuotaSubject { kind: QuotaType::All, name: String::new() }, None))
    }

    #[test]
    fn uploads_at_once_have_the_room_of_one() {
        let ledger = ledger();
        let (mut one, mut other) =
            (upload(&ledger, QuotaStrictness::Hard, 0), upload(&ledger, QuotaStrictness::Hard, 0));
        let grant = |meter: &mut UploadMeter, most| meter.grant(Direction::In, most).map_err(|error| error.code());
        assert_eq!(grant(&mut one, 60), Ok(Grant::Bytes(60)));
        assert_eq!(grant(&mut other, 60), Ok(Grant::Bytes(40)));
        assert_eq!(grant(&mut other, 60), Ok(Grant::Bytes(40)), "what has not moved is granted again");
        // What was granted and did not move is free for others.
        one.moved(10).unwrap();
        other.moved(40).unwrap();
        assert_eq!(grant(&mut other, 60), Ok(Grant::Bytes(50)));
        other.moved(50).unwrap();
        assert_eq!(grant(&mut other, 1), Err(Some(552)));
        assert!(other.held.is_cut() && !one.held.is_cut());
        drop(other);
        assert_eq!(grant(&mut one, 1000), Ok(Grant::Bytes(90)));
    }

    #[test]
    fn what_is_overwritten_takes_no_room() {
        let ledger = ledger();
        ledger.count(QuotaNumbers { bytes_in: 90, ..QuotaNumbers::default() });
        let mut meter = upload(&ledger, QuotaStrictness::Hard, 30);
        assert_eq!(meter.grant(Direction::In, 1000).unwrap(), Grant::Bytes(40));
        let mut soft = upload(&ledger, QuotaStrictness::Soft, 0);
        assert_eq!(soft.grant(Direction::In, 1000).unwrap(), Grant::Bytes(1000));
    }
}
