//! What has been uploaded and downloaded, what may still be, and the words for that: ProFTPD's.

use crate::settings::Rate;

/// What a client, or a user in all sessions, has transferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    pub(crate) files_up: i64,
    pub(crate) bytes_up: i64,
    pub(crate) files_down: i64,
    pub(crate) bytes_down: i64,
}

/// Why a download is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Files,
    Bytes,
}

impl Counts {
    #[must_use]
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            files_up: self.files_up.saturating_add(other.files_up),
            bytes_up: self.bytes_up.saturating_add(other.bytes_up),
            files_down: self.files_down.saturating_add(other.files_down),
            bytes_down: self.bytes_down.saturating_add(other.bytes_down),
        }
    }

    #[must_use]
    pub(crate) fn minus(self, other: Self) -> Self {
        Self {
            files_up: self.files_up.saturating_sub(other.files_up),
            bytes_up: self.bytes_up.saturating_sub(other.bytes_up),
            files_down: self.files_down.saturating_sub(other.files_down),
            bytes_down: self.bytes_down.saturating_sub(other.bytes_down),
        }
    }

    /// How many files may still be downloaded.
    fn files(self, rate: &Rate) -> i64 {
        let earned = self.files_up.saturating_mul(rate.files).saturating_add(rate.file_credit);
        earned.saturating_sub(self.files_down)
    }

    /// How many bytes may still be downloaded.
    fn bytes(self, rate: &Rate) -> i64 {
        let credit = rate.byte_credit.saturating_mul(KILO);
        let earned = self.bytes_up.saturating_mul(rate.bytes).saturating_add(credit);
        earned.saturating_sub(self.bytes_down)
    }

    /// Whether a file of a size may not be downloaded.
    pub(crate) fn refusal(self, rate: &Rate, size: i64) -> Option<Refusal> {
        if rate.files > 0 && self.files(rate) < 1 {
            return Some(Refusal::Files);
        }
        (rate.bytes > 0 && size > self.bytes(rate)).then_some(Refusal::Bytes)
    }

    /// The second line of a refusal.
    pub(crate) fn refused(self, refusal: Refusal, rate: &Rate, name: &str) -> String {
        match refusal {
            Refusal::Files => {
                format!("{name}: FILE RATIO: 1:{}F  Down: {}  Up: only {}!", rate.files, self.files_down, self.files_up)
            }
            Refusal::Bytes => format!(
                "{name}: BYTE RATIO: 1:{}B  Down: {}mb  Up: only {}mb!",
                rate.bytes,
                self.bytes_down / MEGA,
                self.bytes_up / MEGA
            ),
        }
    }

    /// The line after a login and a transfer.
    pub(crate) fn line(self, rate: &Rate, leech: &str) -> String {
        let (down, up) = (self.bytes_down / MEGA, self.bytes_up / MEGA);
        let mut line = format!("Down: {} Files ({down}mb)  Up: {} Files ({up}mb)", self.files_down, self.files_up);
        if rate.files > 0 {
            line.push_str(&format!("   1:{}F CR: {}", rate.files, self.files(rate)));
        }
        if rate.bytes > 0 {
            line.push_str(&format!("   1:{}B CR: {}", rate.bytes, self.bytes(rate) / MEGA));
        }
        if rate.files == 0 && rate.bytes == 0 {
            line.push_str(&format!("  {leech}"));
        }
        line
    }

    /// The lines of SITE RATIO.
    pub(crate) fn shown(self, rate: &Rate) -> Vec<String> {
        let (files, bytes) = (self.files(rate), self.bytes(rate) / MEGA);
        let (down, up) = (self.bytes_down / MEGA, self.bytes_up / MEGA);
        let no_files = if rate.files > 0 && files < 1 { " [NO F]" } else { "" };
        let low_bytes = if rate.bytes > 0 && bytes < LOW { " [LO B]" } else { "" };
        let Rate { files: file_rate, file_credit, bytes: byte_rate, byte_credit } = rate;
        let mut lines = vec![format!(
            "Current Ratio: ( -{}/{down} +{}/{up} ({file_rate} {file_credit} {byte_rate} {byte_credit}) = {files}/{bytes}{no_files}{low_bytes} )",
            self.files_down, self.files_up
        )];
        if *file_rate > 0 {
            let word = if files == 1 { "file" } else { "files" };
            lines.push(format!(
                "Files: 1:{file_rate}F  Down: {}  Up: {}  CR: {files} {word}",
                self.files_down, self.files_up
            ));
        }
        if *byte_rate > 0 {
            lines.push(format!("Bytes: 1:{byte_rate}B  Down: {down}mb  Up: {up}mb  CR: {bytes} Mbytes"));
        }
        lines
    }
}

pub(crate) const KILO: i64 = 1024;
const MEGA: i64 = 1024 * 1024;
/// A credit of fewer megabytes is low.
const LOW: i64 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { files: 2, file_credit: 1, bytes: 2, byte_credit: 1500 };

    #[test]
    fn uploads_earn_downloads() {
        let counts = Counts { files_down: 1, bytes_down: 1000, ..Counts::default() };
        assert_eq!(Counts::default().refusal(&RATE, 1000), None);
        assert_eq!(counts.refusal(&RATE, 1000), Some(Refusal::Files));
        let earned = counts.plus(Counts { files_up: 1, ..Counts::default() });
        assert_eq!((earned.files(&RATE), earned.refusal(&RATE, 1000)), (2, None));
        assert_eq!(earned.refusal(&RATE, 1500 * 1024), Some(Refusal::Bytes));
        assert_eq!(earned.refusal(&RATE, 1500 * 1024 - 1000), None);
        assert_eq!(counts.refusal(&Rate::default(), i64::MAX), None);
        let huge = Counts { files_up: i64::MAX, bytes_up: i64::MAX, ..Counts::default() };
        assert_eq!(huge.refusal(&RATE, i64::MAX), None);
    }

    #[test]
    fn the_words_are_proftpds() {
        let counts = Counts { files_down: 1, bytes_down: 1000, ..Counts::default() };
        assert_eq!(counts.line(&RATE, "x"), "Down: 1 Files (0mb)  Up: 0 Files (0mb)   1:2F CR: 0   1:2B CR: 1");
        let lines = [
            "Current Ratio: ( -1/0 +0/0 (2 1 2 1500) = 0/1 [NO F] [LO B] )",
            "Files: 1:2F  Down: 1  Up: 0  CR: 0 files",
            "Bytes: 1:2B  Down: 0mb  Up: 0mb  CR: 1 Mbytes",
        ];
        assert_eq!(counts.shown(&RATE), lines);
        assert_eq!(Counts::default().shown(&Rate::default()), ["Current Ratio: ( -0/0 +0/0 (0 0 0 0) = 0/0 )"]);
        assert_eq!(Counts::default().line(&Rate::default(), "y"), "Down: 0 Files (0mb)  Up: 0 Files (0mb)  y");
        assert_eq!(counts.refused(Refusal::Files, &RATE, "d2"), "d2: FILE RATIO: 1:2F  Down: 1  Up: only 0!");
        assert_eq!(counts.refused(Refusal::Bytes, &RATE, "d2"), "d2: BYTE RATIO: 1:2B  Down: 0mb  Up: only 0mb!");
    }
}
