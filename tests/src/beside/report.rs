//! Plays many cases and reports what differs.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::beside::case::Case;
use crate::beside::known::KnownDifferences;
use crate::beside::pair::{Pair, Transcript};

/// How many cases one pair of servers plays, so that several pairs share the work.
const SHARE: usize = 40;

/// How many pairs of servers there are at once.
const WORKERS: usize = 6;

/// What differed.
pub struct Report {
    /// How many cases were played.
    pub played: usize,
    /// A text for each case with an unknown difference, by its name.
    pub different: BTreeMap<String, String>,
    /// The entries of the list of differences that explained nothing.
    pub stale: Vec<String>,
}

/// Plays cases; `None` if ProFTPD is not installed.
///
/// # Panics
/// When a script cannot be played.
pub fn run(cases: &[Case]) -> Option<Report> {
    let mut groups: BTreeMap<&str, Vec<&Case>> = BTreeMap::new();
    cases.iter().for_each(|case| groups.entry(&case.config).or_default().push(case));
    let shares: Vec<&[&Case]> = groups.values().flat_map(|group| group.chunks(SHARE)).collect();
    let (next, results, absent) = (AtomicUsize::new(0), Mutex::new(Vec::new()), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..WORKERS.min(shares.len()) {
            scope.spawn(|| {
                while let Some(share) = shares.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let config = share.first().map_or("", |case| case.config.as_str());
                    let Some(pair) = Pair::start(config) else {
                        absent.fetch_add(1, Ordering::Relaxed);
                        return;
                    };
                    for case in *share {
                        let played = pair.play(case);
                        results.lock().expect("no other worker failed").push(((*case).clone(), played));
                    }
                }
            });
        }
    });
    if absent.into_inner() > 0 {
        return None;
    }
    let mut known = KnownDifferences::read();
    let results = results.into_inner().expect("no worker failed");
    let different = results.iter().filter_map(|(case, (proftpd, gantry))| {
        let text = differences(case, proftpd, gantry, &mut known);
        (!text.is_empty()).then(|| (case.name.clone(), text))
    });
    let different = different.collect();
    Some(Report { played: results.len(), different, stale: known.stale() })
}

/// The steps of a case whose difference is not meant; nothing where there is none.
fn differences(case: &Case, proftpd: &Transcript, gantry: &Transcript, known: &mut KnownDifferences) -> String {
    let mut text = String::new();
    for (one, other) in proftpd.iter().zip(gantry) {
        let (one_left, other_left) = known.without(&case.name, &one.step, &one.text, &other.text);
        if one_left != other_left {
            writeln!(text, "  {}\n{}", one.step, changes(&one_left, &other_left)).expect("a String takes text");
        }
    }
    if proftpd.len() != gantry.len() {
        let names = |events: &Transcript| events.iter().map(|event| event.step.clone()).collect::<Vec<_>>().join(", ");
        writeln!(text, "  ProFTPD: {}\n  Gantry: {}", names(proftpd), names(gantry)).expect("a String takes text");
    }
    text
}

/// The lines that only one of them has, ProFTPD's with `-`, Gantry's with `+`.
fn changes(one: &str, other: &str) -> String {
    let (one, other): (Vec<&str>, Vec<&str>) = (one.lines().collect(), other.lines().collect());
    // The length of the longest common subsequence of what is behind each pair of positions.
    let mut common = vec![vec![0_usize; other.len() + 1]; one.len() + 1];
    for (at, line) in one.iter().enumerate().rev() {
        for (of, same) in other.iter().enumerate().rev() {
            common[at][of] = match line == same {
                true => common[at + 1][of + 1] + 1,
                false => common[at + 1][of].max(common[at][of + 1]),
            };
        }
    }
    let (mut at, mut of, mut text) = (0, 0, String::new());
    while at < one.len() || of < other.len() {
        let is_same = at < one.len() && of < other.len() && one[at] == other[of];
        if is_same {
            (at, of) = (at + 1, of + 1);
        } else if of == other.len() || (at < one.len() && common[at + 1][of] >= common[at][of + 1]) {
            text += &format!("    - {}\n", one[at]);
            at += 1;
        } else {
            text += &format!("    + {}\n", other[of]);
            of += 1;
        }
    }
    text
}
