//! Collects criterion's estimates from all rounds in one file.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::record::{self, Estimate, Record};

/// Adds the rounds of a profile, `FOLDER/PROFILE-ROUND`, to the records of other profiles in `out`.
pub fn run(profile: &str, folder: &Path, out: &Path) -> Result<()> {
    let mut records = if out.exists() { record::read(out)? } else { Vec::new() };
    records.retain(|record| record.profile != profile);
    for round in 1.. {
        let home = folder.join(format!("{profile}-{round}"));
        if !home.is_dir() {
            break;
        }
        let mut found = read_round(profile, round, &home)?;
        found.sort_by(|one, other| (&one.case, &one.layout).cmp(&(&other.case, &other.layout)));
        records.extend(found);
    }
    if records.iter().all(|record| record.profile != profile) {
        return Err(Error::new(format!("{}: no rounds of {profile}", folder.display())));
    }
    record::write(out, &records)
}

fn read_round(profile: &str, round: u32, home: &Path) -> Result<Vec<Record>> {
    let mut records = Vec::new();
    for group in fs::read_dir(home).map_err(Error::of(home))? {
        for case in fs::read_dir(group?.path()).into_iter().flatten() {
            let folder = case?.path().join("new");
            let (benchmark, estimates) = (folder.join("benchmark.json"), folder.join("estimates.json"));
            if !estimates.exists() {
                continue;
            }
            let (benchmark, estimates) = (json(&benchmark)?, json(&estimates)?);
            let samples = json(&folder.join("sample.json"))?["times"].as_array().map_or(0, Vec::len);
            let text = |key: &str| benchmark[key].as_str().unwrap_or_default();
            let median = &estimates["median"];
            let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
            let estimate = Estimate {
                value: number(&median["point_estimate"]),
                low: number(&median["confidence_interval"]["lower_bound"]),
                high: number(&median["confidence_interval"]["upper_bound"]),
                samples,
            };
            let record = Record::estimate(profile, text("group_id"), text("function_id"), "ns", estimate);
            records.push(Record { round, ..record });
        }
    }
    Ok(records)
}

fn json(path: &Path) -> Result<Value> {
    let text = fs::read_to_string(path).map_err(Error::of(path))?;
    serde_json::from_str(&text).map_err(|error| Error::new(format!("{}: {error}", path.display())))
}
