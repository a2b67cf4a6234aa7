//! Replaces what must differ between two servers: names, folders, ports, process ids, file numbers, and times of what
//! has just been made.

use std::cell::RefCell;
use std::path::Path;
use std::sync::LazyLock;
use std::time::SystemTime;

use regex::{Captures, Regex};

/// How far a time may be from now to count as now, in seconds.
const NOW: i64 = 600;

/// Replaces what must differ in one server's transcript.
pub struct Sameness {
    folder: String,
    now: i64,
    /// `Nov 28 14:30`, for each minute that counts as now.
    today: Vec<String>,
    /// File numbers in the order in which they were first seen.
    seen: RefCell<Vec<String>>,
}

impl Sameness {
    /// For a server's folder, at this moment.
    pub fn new(folder: &Path) -> Self {
        let now = seconds(SystemTime::now());
        Self {
            folder: folder.display().to_string(),
            now,
            today: (-NOW..=NOW).step_by(60).map(|offset| written(now + offset, Form::Day)).collect(),
            seen: RefCell::new(Vec::new()),
        }
    }

    /// Text with what both servers may be compared by.
    pub fn of(&self, bytes: &[u8]) -> String {
        let mut text = visible(bytes).replace(&self.folder, "FOLDER");
        for (pattern, by) in &*RULES {
            text = pattern.replace_all(&text, *by).into_owned();
        }
        let (first, last) = (written(self.now - NOW, Form::Stamp), written(self.now + NOW, Form::Stamp));
        let text = STAMP.replace_all(&text, |found: &Captures<'_>| {
            // As texts they have the order of the times.
            let is_now = (first.as_str()..=last.as_str()).contains(&&found[0]);
            if is_now { "NOW".to_owned() } else { found[0].to_owned() }
        });
        let text = DAY.replace_all(&text, |found: &Captures<'_>| {
            let is_now = self.today.iter().any(|day| found[0].starts_with(day.as_str()));
            if is_now { "MON DD NO:W0".to_owned() } else { found[0].to_owned() }
        });
        let text = UNIQUE.replace_all(&text, |found: &Captures<'_>| {
            let mut seen = self.seen.borrow_mut();
            let at = seen.iter().position(|seen| *seen == found[1]).unwrap_or_else(|| {
                seen.push(found[1].to_owned());
                seen.len() - 1
            });
            format!("unique=<{at}>;")
        });
        text.into_owned()
    }

    /// How a file's time is shown.
    pub fn time(&self, seconds: i64) -> String {
        if (seconds - self.now).abs() <= NOW { "now".to_owned() } else { written(seconds, Form::Stamp) }
    }
}

static RULES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let rules = [
        (r"Entering Passive Mode \(127,0,0,1,\d+,\d+\)", "Entering Passive Mode (127,0,0,1,P,P)"),
        (r"\(\|\|\|\d+\|\)", "(|||PORT|)"),
        ("ProFTPD|Gantry", "SERVER"),
        (r"name=SERVER;version=[^;]*;", "name=SERVER;version=V;"),
        // STOU's names.
        (r"\b(ftp|up-)\w{6}\b", "${1}XXXXXX"),
    ];
    rules.map(|(pattern, by)| (regex(pattern), by)).into()
});
static STAMP: LazyLock<Regex> = LazyLock::new(|| regex(r"\b20\d{12}\b"));
static DAY: LazyLock<Regex> =
    LazyLock::new(|| regex(r"\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d(:\d\d)?\b"));
static UNIQUE: LazyLock<Regex> = LazyLock::new(|| regex("(?i)unique=([^;]*);"));

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a valid pattern")
}

/// Bytes as text, a line for each line of theirs: their CRLF is a line's end, all other control characters are escaped.
pub fn visible(bytes: &[u8]) -> String {
    let mut out = String::new();
    let text = bytes.utf8_chunks();
    for chunk in text {
        for (at, line) in chunk.valid().split("\r\n").enumerate() {
            if at > 0 {
                out.push('\n');
            }
            for letter in line.chars() {
                match letter {
                    letter if letter.is_control() => out.extend(letter.escape_default()),
                    letter => out.push(letter),
                }
            }
        }
        chunk.invalid().iter().for_each(|byte| out.push_str(&format!("\\x{byte:02x}")));
    }
    out
}

#[derive(Clone, Copy)]
enum Form {
    /// `20261128143000`
    Stamp,
    /// `Nov 28 14:30`
    Day,
}

fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).expect("it is past 1970");
    i64::try_from(since.as_secs()).expect("it is a near time")
}

/// A time in GMT.
fn written(seconds: i64, form: Form) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    // Howard Hinnant's civil_from_days, for days since 1970.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    match form {
        Form::Stamp => format!("{year}{month:02}{day:02}{hour:02}{minute:02}{second:02}"),
        Form::Day => {
            let name = usize::try_from(month - 1).ok().and_then(|month| MONTHS.get(month)).expect("twelve months");
            format!("{name} {day:2} {hour:02}:{minute:02}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_gmt() {
        assert_eq!(written(1_795_450_500, Form::Stamp), "20261123161500");
        assert_eq!(written(1_795_450_500, Form::Day), "Nov 23 16:15");
        assert_eq!(written(951_782_400, Form::Stamp), "20000229000000");
    }

    #[test]
    fn control_characters_are_seen() {
        assert_eq!(visible(b"a\r\nb\n\x00\xff"), "a\nb\\n\\u{0}\\xff");
    }
}
