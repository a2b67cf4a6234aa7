//! What a run keeps: one line for each measurement, fields with tabs between.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::case::{Case, Work};
use crate::error::{Error, Result};
use crate::load::{Outcome, quantile};

/// The first line. Times are in seconds, those of a turn in microseconds;
/// `time_wait` has the ports in that state before and after.
const HEADER: &str = "round\tserver\tcase\tunit\tunits\tseconds\tserver_seconds\tclient_seconds\t\
                      median\tp99\tlongest\tfirst_byte\ttime_wait";

/// One measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Which repetition, from 1.
    pub round: u32,
    /// The server's name.
    pub server: String,
    /// The case.
    pub case: Case,
    /// How many units were done; of idle sessions, the bytes that each takes.
    pub units: f64,
    /// In how many seconds.
    pub seconds: f64,
    /// The processor's seconds that the server took.
    pub server_seconds: f64,
    /// Those of the client.
    pub client_seconds: f64,
    /// The median, the 99th percentile and the longest of the turns, in
    /// microseconds.
    pub turns: [f64; 3],
    /// The median time until the first byte of data, in microseconds.
    pub first: f64,
    /// Ports in TIME_WAIT before and after.
    pub time_wait: (u64, u64),
}

impl Record {
    /// Of a load.
    pub fn of(round: u32, server: &str, case: Case, outcome: &Outcome) -> Self {
        let micros = |sorted, part| quantile(sorted, part).as_secs_f64() * 1e6;
        Self {
            round,
            server: server.to_owned(),
            case,
            units: outcome.units,
            seconds: outcome.seconds,
            server_seconds: outcome.server,
            client_seconds: outcome.client,
            turns: [0.5, 0.99, 1.0].map(|part| micros(&outcome.turns, part)),
            first: micros(&outcome.first, 0.5),
            time_wait: outcome.time_wait,
        }
    }

    /// Of sessions that take so many bytes each.
    pub fn of_idle(round: u32, server: &str, case: Case, bytes: f64) -> Self {
        Self { units: bytes, ..Self::of(round, server, case, &Outcome::default()) }
    }

    /// Units a second.
    pub fn rate(&self) -> f64 {
        self.units / self.seconds
    }

    /// The server's microseconds of a processor for each unit.
    pub fn cost(&self) -> f64 {
        self.server_seconds * 1e6 / self.units
    }

    /// The same with the client's.
    pub fn cost_with_client(&self) -> f64 {
        (self.server_seconds + self.client_seconds) * 1e6 / self.units
    }

    fn unit(&self) -> &'static str {
        if self.case.work == Work::Idle { "bytes" } else { self.case.work.unit() }
    }
}

/// Writes a file of records.
pub fn write(path: &Path, records: &[Record]) -> Result<()> {
    let mut text = format!("{HEADER}\n");
    for record in records {
        let Record { round, server, case, units, seconds, server_seconds, client_seconds, turns, first, time_wait } =
            record;
        let _ = writeln!(
            text,
            "{round}\t{server}\t{case}\t{}\t{units:.2}\t{seconds:.4}\t{server_seconds:.4}\t{client_seconds:.4}\t\
             {:.1}\t{:.1}\t{:.1}\t{first:.1}\t{}-{}",
            record.unit(),
            turns[0],
            turns[1],
            turns[2],
            time_wait.0,
            time_wait.1
        );
    }
    fs::write(path, text).map_err(Error::file(path))
}

/// Reads a file of records.
pub fn read(path: &Path) -> Result<Vec<Record>> {
    let text = fs::read_to_string(path).map_err(Error::file(path))?;
    let wrong = |line: &str| Error::Text { text: line.to_owned(), expected: "record" };
    let mut lines = text.lines();
    if lines.next() != Some(HEADER) {
        return Err(wrong("the first line"));
    }
    lines.map(|line| parse(line).ok_or_else(|| wrong(line))).collect()
}

fn parse(line: &str) -> Option<Record> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [
        round,
        server,
        case,
        _,
        units,
        seconds,
        server_seconds,
        client_seconds,
        median,
        p99,
        longest,
        first,
        time_wait,
    ] = fields[..]
    else {
        return None;
    };
    let (before, after) = time_wait.split_once('-')?;
    Some(Record {
        round: round.parse().ok()?,
        server: server.to_owned(),
        case: case.parse().ok()?,
        units: units.parse().ok()?,
        seconds: seconds.parse().ok()?,
        server_seconds: server_seconds.parse().ok()?,
        client_seconds: client_seconds.parse().ok()?,
        turns: [median.parse().ok()?, p99.parse().ok()?, longest.parse().ok()?],
        first: first.parse().ok()?,
        time_wait: (before.parse().ok()?, after.parse().ok()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let record = Record {
            round: 2,
            server: "vsftpd".to_owned(),
            case: "stor-4k-1-among-12000".parse().unwrap(),
            units: 1234.0,
            seconds: 1.5,
            server_seconds: 0.25,
            client_seconds: 0.5,
            turns: [10.5, 20.0, 30.0],
            first: 5.0,
            time_wait: (12_000, 13_234),
        };
        let path = std::env::temp_dir().join(format!("peers-record-{}", std::process::id()));
        write(&path, std::slice::from_ref(&record)).unwrap();
        assert_eq!(read(&path).unwrap(), [record]);
        fs::remove_file(path).unwrap();
    }
}
