//! The files of a run: lines of tab-separated fields, one figure per line, in the same format
//! everywhere.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::error::{Error, Result};

/// The first line of each file.
const HEADER: &str = "profile\tround\tcase\tlayout\tunit\tvalue\tlow\thigh\tsamples";

/// One figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The build: `release` or `lto`.
    pub profile: String,
    /// The repetition, from 1; 0 if there is only one.
    pub round: u32,
    /// What was measured.
    pub case: String,
    /// `linked`, `loaded`, or another variant.
    pub layout: String,
    /// The unit of the value: `ns`, `bytes`, `instructions`.
    pub unit: String,
    /// The median, or the count.
    pub value: f64,
    /// The lower end of the 95 % confidence interval.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// The number of samples.
    pub samples: usize,
}

impl Record {
    /// A counted figure.
    pub fn exact(profile: &str, case: &str, layout: &str, unit: &str, value: f64) -> Self {
        Self::estimate(profile, case, layout, unit, Estimate { value, low: value, high: value, samples: 1 })
    }

    /// An estimated figure.
    pub fn estimate(profile: &str, case: &str, layout: &str, unit: &str, estimate: Estimate) -> Self {
        let Estimate { value, low, high, samples } = estimate;
        let [profile, case, layout, unit] = [profile, case, layout, unit].map(str::to_owned);
        Self { profile, round: 0, case, layout, unit, value, low, high, samples }
    }
}

/// A median with its 95 % confidence interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The median.
    pub value: f64,
    /// The interval's lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// The number of samples.
    pub samples: usize,
}

impl Estimate {
    /// From samples. The interval comes from order statistics, so no distribution is assumed.
    pub fn of(mut samples: Vec<f64>) -> Self {
        samples.sort_unstable_by(f64::total_cmp);
        let count = samples.len();
        let half = 0.98 * (count as f64).sqrt();
        let at = |place: f64| samples.get((place.max(0.0) as usize).min(count.saturating_sub(1)));
        let at = |place: f64| at(place).copied().unwrap_or(f64::NAN);
        let middle = count as f64 / 2.0;
        let value = match count % 2 {
            0 if count > 0 => (at(middle - 1.0) + at(middle)) / 2.0,
            _ => at(middle.floor()),
        };
        Self {
            value,
            low: at((middle - half).floor()),
            high: at((middle + half).ceil() - 1.0).max(value),
            samples: count,
        }
    }
}

/// Writes a file of records.
pub fn write(path: &Path, records: &[Record]) -> Result<()> {
    let mut text = format!("{HEADER}\n");
    for record in records {
        let Record { profile, round, case, layout, unit, value, low, high, samples } = record;
        let _ = writeln!(
            text,
            "{profile}\t{round}\t{case}\t{layout}\t{unit}\t{}\t{}\t{}\t{samples}",
            shown(*value),
            shown(*low),
            shown(*high)
        );
    }
    fs::write(path, text).map_err(Error::of(path))
}

/// Reads a file of records.
pub fn read(path: &Path) -> Result<Vec<Record>> {
    let text = fs::read_to_string(path).map_err(Error::of(path))?;
    let wrong = |line: &str| Error::new(format!("{}: '{line}' is not a record", path.display()));
    let mut lines = text.lines();
    if lines.next() != Some(HEADER) {
        return Err(wrong("the first line"));
    }
    lines.map(|line| parse(line).ok_or_else(|| wrong(line))).collect()
}

fn parse(line: &str) -> Option<Record> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [profile, round, case, layout, unit, value, low, high, samples] = fields[..] else { return None };
    let [profile, case, layout, unit] = [profile, case, layout, unit].map(str::to_owned);
    let (value, low, high) = (value.parse().ok()?, low.parse().ok()?, high.parse().ok()?);
    Some(Record {
        profile,
        round: round.parse().ok()?,
        case,
        layout,
        unit,
        value,
        low,
        high,
        samples: samples.parse().ok()?,
    })
}

/// At most four decimals, none for values in the millions.
fn shown(value: f64) -> String {
    let digits = if value.abs() >= 1e6 { 0 } else { 4 };
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("records.tsv");
        let estimate = Estimate { value: 1.25, low: 1.0, high: 1234567.0, samples: 7 };
        let records = [Record::estimate("lto", "a case", "linked", "ns", estimate)];
        write(&path, &records).unwrap();
        assert_eq!(read(&path).unwrap(), records);
    }

    #[test]
    fn an_estimate_is_the_median_within_its_interval() {
        let estimate = Estimate::of((1..=100).map(f64::from).rev().collect());
        assert_eq!(estimate, Estimate { value: 50.5, low: 41.0, high: 60.0, samples: 100 });
        assert_eq!(Estimate::of(vec![3.0]).value, 3.0);
    }
}
