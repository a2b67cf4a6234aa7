//! A run's records, asked for by server and case: medians of its rounds.

use plot::Point;

use crate::case::Case;
use crate::record::Record;

/// What is made of one measurement.
pub type Measure = fn(&Record) -> f64;

/// All records of a run.
pub struct Figures {
    records: Vec<Record>,
}

impl Figures {
    /// Of these records.
    pub fn new(records: Vec<Record>) -> Self {
        Self { records }
    }

    /// The servers, in the order in which they were measured first.
    pub fn servers(&self) -> Vec<&str> {
        let mut servers: Vec<&str> = Vec::new();
        for record in &self.records {
            if !servers.contains(&record.server.as_str()) {
                servers.push(&record.server);
            }
        }
        servers
    }

    /// The cases, in the order in which they were measured first.
    pub fn cases(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for record in &self.records {
            if !cases.contains(&record.case) {
                cases.push(record.case);
            }
        }
        cases
    }

    /// The median of the rounds, between the least and the greatest.
    pub fn find(&self, server: &str, case: Case, measure: Measure) -> Option<Point> {
        middle(self.matching(server, case).map(measure).collect())
    }

    /// How one server compares with another: the median of the rounds' quotients.
    pub fn ratio(&self, server: &str, to: &str, case: Case, measure: Measure) -> Option<Point> {
        let pairs = self.matching(server, case).flat_map(|one| {
            self.matching(to, case)
                .filter(|other| other.round == one.round)
                .map(move |other| measure(one) / measure(other))
        });
        middle(pairs.collect())
    }

    /// The ports in TIME_WAIT that there were: fewest at the beginning, most at the
    /// end.
    pub fn time_wait(&self, case: Case) -> (u64, u64) {
        let of_case = || self.records.iter().filter(|record| record.case == case).map(|record| record.time_wait);
        (of_case().map(|(before, _)| before).min().unwrap_or(0), of_case().map(|(_, after)| after).max().unwrap_or(0))
    }

    fn matching(&self, server: &str, case: Case) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(move |record| record.server == server && record.case == case)
    }
}

fn middle(mut values: Vec<f64>) -> Option<Point> {
    // What was too little for the kernel's clock is no figure.
    values.retain(|value| value.is_finite());
    values.sort_unstable_by(f64::total_cmp);
    let (low, high) = (*values.first()?, *values.last()?);
    let half = values.len() / 2;
    let value = if values.len() % 2 == 1 { values[half] } else { (values[half - 1] + values[half]) / 2.0 };
    Some(Point { value, low, high })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_lies_between_the_least_and_the_greatest() {
        let point = middle(vec![4.0, 1.0, f64::INFINITY, 2.0, 9.0]).unwrap();
        assert_eq!((point.low, point.value, point.high), (1.0, 3.0, 9.0));
        assert!(middle(vec![f64::NAN]).is_none());
    }
}
