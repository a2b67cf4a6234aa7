//! MaxStoreFileSize and MaxRetrieveFileSize: the largest size of an uploaded file and of
//! a downloaded one.

use gantry_api::meter::{Grant, Meter};
use gantry_api::prelude::*;
use gantry_api::transfer::Direction;
use serde::Deserialize;

use crate::whom::{Sections, Whom};

settings! {
    /// The settings of one scope.
    #[derive(Debug)]
    pub(crate) struct Sizes {
        /// The maximum size of an uploaded file; a larger upload is ended with 552. `*` means no limit. Units are B, Kb, Mb,
        /// Gb and Tb. The first line of a section that matches the client counts.
        store: Sections<Size> = MaxStoreFileSize "number units [user|group|class expression]|*"
            in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY | FTPACCESS, inherits: sections, parse: size;
        /// The maximum size of a file for download; the download of a larger one ends before its first byte. `*` means no
        /// limit. Units are B, Kb, Mb, Gb and Tb. The first line of a section that matches the client counts.
        retrieve: Sections<Size> = MaxRetrieveFileSize "number units [user|group|class expression]|*"
            in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY | FTPACCESS, inherits: sections, parse: size;
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Size {
    /// In bytes; `None` for no limit.
    most: Option<u64>,
    whom: Whom,
}

impl Sizes {
    /// Limits an upload that starts at an offset.
    pub(crate) fn bound_upload(&self, at: &mut Moment<'_>, offset: u64) {
        let found = self.store.innermost(|size| size.whom.includes(at.session));
        if let Some(most) = found.and_then(|size| size.most) {
            at.meter(Room { left: most.saturating_sub(offset) });
        }
    }

    /// Ends the download of a file that is too large.
    pub(crate) fn bound_download(&self, at: &mut Moment<'_>, size: u64) {
        let found = self.retrieve.innermost(|size| size.whom.includes(at.session));
        if found.and_then(|size| size.most).is_some_and(|most| size > most) {
            at.meter(TooLarge);
        }
    }
}

/// The rest of MaxStoreFileSize.
struct Room {
    left: u64,
}

impl Meter for Room {
    fn grant(&mut self, _: Direction, most: u64) -> Result<Grant> {
        match self.left {
            0 => refuse(552, "Transfer aborted. File too large"),
            left => Ok(Grant::Bytes(left.min(most))),
        }
    }

    fn moved(&mut self, bytes: u64) -> Result<()> {
        self.left = self.left.saturating_sub(bytes);
        Ok(())
    }
}

/// Refuses a download. ProFTPD does this after the 150, in these words.
struct TooLarge;

impl Meter for TooLarge {
    fn grant(&mut self, _: Direction, _: u64) -> Result<Grant> {
        refuse(426, "Transfer aborted. Operation not permitted")
    }

    fn moved(&mut self, _: u64) -> Result<()> {
        Ok(())
    }
}

fn size(words: &[&str]) -> std::result::Result<Value, ParseError> {
    let (most, whom): (Value, &[&str]) = match words {
        ["*"] => (Value::None, &[]),
        [number, units, whom @ ..] => (bytes(number, units)?.into(), whom),
        _ => return Err("wrong number of parameters".into()),
    };
    Ok(Value::map([("most", most), ("whom", Whom::read(whom)?)]))
}

fn bytes(number: &str, units: &str) -> std::result::Result<u64, ParseError> {
    let fail = || ParseError::new(format!("unable to parse: {number} {units}"));
    let shift = match units.to_ascii_lowercase().as_str() {
        "b" => 0,
        "kb" => 10,
        "mb" => 20,
        "gb" => 30,
        "tb" => 40,
        _ => return Err(fail()),
    };
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = number.parse().ok().filter(|_| digits).ok_or_else(fail)?;
    match number.checked_mul(1 << shift) {
        Some(0) => Err("size must be greater than zero".into()),
        // Settings are signed numbers.
        Some(bytes) if i64::try_from(bytes).is_ok() => Ok(bytes),
        _ => Err(format!("{}: too large", fail()).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        let most = |words: &[&str]| size(words).unwrap().extract::<Size>().unwrap().most;
        assert_eq!(most(&["3", "Mb"]), Some(3 << 20));
        assert_eq!(most(&["3", "b"]), Some(3));
        assert_eq!(most(&["1", "GB", "user", "fred"]), Some(1 << 30));
        assert_eq!(most(&["*"]), None);
        for wrong in [
            &[][..],
            &["3"],
            &["3Mb"],
            &["3", "M"],
            &["-3", "Kb"],
            &["+3", "Kb"],
            &["1.5", "Kb"],
            &["0", "B"],
            &["*", "Kb"],
            &["*", "user", "x"],
            &["99999999999", "Gb"],
            &["8388608", "Tb"],
            &["3", "Kb", "user"],
        ] {
            assert!(size(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn an_upload_ends_where_there_is_no_room() {
        let mut room = Room { left: 10 };
        assert_eq!(room.grant(Direction::In, 7).unwrap(), Grant::Bytes(7));
        room.moved(7).unwrap();
        assert_eq!(room.grant(Direction::In, 7).unwrap(), Grant::Bytes(3));
        room.moved(3).unwrap();
        let error = room.grant(Direction::In, 1).unwrap_err();
        assert_eq!((error.code(), error.text()), (Some(552), "Transfer aborted. File too large"));
    }
}
