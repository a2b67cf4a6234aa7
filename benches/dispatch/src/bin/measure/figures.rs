//! A run's records, by what was measured.

use std::path::Path;

use plot::Point;

use crate::error::{Error, Result};
use crate::record::{self, Record};

/// All records of a run.
pub struct Figures {
    records: Vec<Record>,
}

impl Figures {
    /// Reads them.
    pub fn read(run: &Path) -> Result<Self> {
        let mut records = Vec::new();
        for file in ["timings.tsv", "counts.tsv", "servers.tsv"] {
            records.extend(record::read(&run.join(file))?);
        }
        Ok(Self { records })
    }

    /// The cases with this prefix; similar ones are together, in numerical order.
    pub fn cases(&self, begin: &str) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.records.iter().map(|record| record.case.as_str()).filter(|case| case.starts_with(begin)).collect();
        names.sort_by_key(|name| {
            (name.split(|letter: char| letter.is_ascii_digit()).collect::<String>(), numbers(name))
        });
        names.dedup();
        names
    }

    /// A figure: the median of its rounds, and the range of the rounds' medians.
    pub fn find(&self, profile: &str, case: &str, layout: &str, unit: &str) -> Option<Point> {
        let found: Vec<&Record> = self.matching(profile, case, layout, unit).collect();
        match found[..] {
            [] => None,
            [one] => Some(Point { value: one.value, low: one.low, high: one.high }),
            _ => Some(middle(found.iter().map(|record| record.value).collect())),
        }
    }

    /// The same, but an error if the run does not have it.
    pub fn get(&self, profile: &str, case: &str, layout: &str, unit: &str) -> Result<Point> {
        let missing = || Error::new(format!("the run has no {unit} of {case}, {layout}, {profile}"));
        self.find(profile, case, layout, unit).ok_or_else(missing)
    }

    /// Loaded compared with linked: the median over pairs if it was measured in pairs, otherwise
    /// over rounds.
    pub fn ratio(&self, profile: &str, case: &str, unit: &str) -> Option<Point> {
        if let Some(ratio) = self.find(profile, case, "loaded/linked", &format!("{unit}, ratio")) {
            return Some(ratio);
        }
        let of = |layout| self.matching(profile, case, layout, unit);
        let pairs = of("linked").flat_map(|linked| {
            of("loaded").filter(|loaded| loaded.round == linked.round).map(|loaded| loaded.value / linked.value)
        });
        let pairs: Vec<f64> = pairs.collect();
        (!pairs.is_empty()).then(|| middle(pairs))
    }

    fn matching(&self, profile: &str, case: &str, layout: &str, unit: &str) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(move |record| {
            record.profile == profile && record.case == case && record.layout == layout && record.unit == unit
        })
    }
}

/// The median, between the lowest and the highest value.
fn middle(mut values: Vec<f64>) -> Point {
    values.sort_unstable_by(f64::total_cmp);
    let (low, high) = (values[0], values[values.len() - 1]);
    let half = values.len() / 2;
    let value = if values.len() % 2 == 1 { values[half] } else { (values[half - 1] + values[half]) / 2.0 };
    Point { value, low, high }
}

/// The numbers in a name, so that 10 comes after 1.
fn numbers(name: &str) -> Vec<u32> {
    name.split(|letter: char| !letter.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}
