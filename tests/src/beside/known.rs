//! The differences that are meant: `tests/beside/differences` lists them, each with words of docs/differences.md.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use regex::Regex;

use crate::beside::case::folder;
use crate::layout::workspace;

/// The cases of `tests/beside/unsettled`: they differ, and whether that is meant has not been decided yet.
///
/// # Panics
/// If the list cannot be read.
pub fn unsettled() -> BTreeSet<String> {
    let text = fs::read_to_string(folder().join("unsettled")).expect("the list can be read");
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

/// A difference that is meant.
struct Known {
    reason: String,
    case: Regex,
    step: Regex,
    meaning: Meaning,
}

enum Meaning {
    /// All that ProFTPD says, and all that Gantry says.
    Whole(Regex, Regex),
    /// Lines that only one of them has.
    Lines(Option<Regex>, Option<Regex>),
    /// Parts that are not compared.
    Erased(Regex),
}

/// All of them, and which ones have been seen.
pub struct KnownDifferences {
    list: Vec<Known>,
    seen: BTreeSet<usize>,
}

impl KnownDifferences {
    /// Reads the list.
    ///
    /// # Panics
    /// If it has an error, or words that docs/differences.md does not have.
    pub fn read() -> Self {
        let text = fs::read_to_string(folder().join("differences")).expect("the list can be read");
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let blocks = lines.split(|line| line.is_empty()).filter(|block| !block.is_empty());
        let list: Vec<Known> = blocks.map(parse).collect();
        let documented = one_line(&fs::read_to_string(workspace().join("docs/differences.md")).expect("it is there"));
        for known in &list {
            assert!(
                documented.contains(&one_line(&known.reason)),
                "docs/differences.md does not say: {}",
                known.reason
            );
        }
        Self { list, seen: BTreeSet::new() }
    }

    /// What is left to compare of ProFTPD's and of Gantry's text; the same twice where a difference is meant.
    pub fn without(&mut self, case: &str, step: &str, proftpd: &str, gantry: &str) -> (String, String) {
        let (mut one, mut other) = (proftpd.to_owned(), gantry.to_owned());
        let list = self.list.iter().enumerate();
        for (at, known) in list.filter(|(_, known)| known.case.is_match(case) && known.step.is_match(step)) {
            if one == other {
                break;
            }
            let before = (one.clone(), other.clone());
            match &known.meaning {
                Meaning::Whole(proftpd, gantry) if proftpd.is_match(&one) && gantry.is_match(&other) => {
                    other.clone_from(&one);
                }
                Meaning::Whole(..) => {}
                Meaning::Lines(proftpd, gantry) => {
                    one = without_lines(&one, proftpd.as_ref());
                    other = without_lines(&other, gantry.as_ref());
                }
                Meaning::Erased(part) => {
                    one = part.replace_all(&one, "").into_owned();
                    other = part.replace_all(&other, "").into_owned();
                }
            }
            if before != (one.clone(), other.clone()) {
                self.seen.insert(at);
            }
        }
        (one, other)
    }

    /// The entries that have explained nothing.
    pub fn stale(&self) -> Vec<String> {
        let unseen = self.list.iter().enumerate().filter(|(at, _)| !self.seen.contains(at));
        unseen.map(|(_, known)| format!("{} (case {}, step {})", known.reason, known.case, known.step)).collect()
    }
}

fn without_lines(text: &str, pattern: Option<&Regex>) -> String {
    let Some(pattern) = pattern else { return text.to_owned() };
    text.lines().filter(|line| !pattern.is_match(line)).map(|line| format!("{line}\n")).collect()
}

/// A block: the words of the documentation, then lines of fields, each with a regular expression for the whole of it.
fn parse(block: &[&str]) -> Known {
    const NAMES: [&str; 7] = ["case", "step", "proftpd", "gantry", "proftpd-line", "gantry-line", "erase"];
    let (reason, lines) = block.split_first().expect("a block has lines");
    let mut fields = BTreeMap::new();
    for line in lines {
        let (name, pattern) = line.split_once(": ").unwrap_or_else(|| panic!("{reason}: {line:?} is no field"));
        assert!(NAMES.contains(&name), "{reason}: there is no field {name}");
        let pattern = if name == "erase" { pattern.to_owned() } else { format!(r"(?s)\A(?:{pattern})\z") };
        let pattern = Regex::new(&pattern).unwrap_or_else(|error| panic!("{reason}: {error}"));
        assert!(fields.insert(name, pattern).is_none(), "{reason}: {name} is there twice");
    }
    let mut field = |name: &str| fields.remove(name);
    let any = || Regex::new("").expect("a valid pattern");
    let (case, step) = (field("case").unwrap_or_else(any), field("step").unwrap_or_else(any));
    let meaning = match (field("proftpd"), field("gantry"), field("erase")) {
        (Some(proftpd), Some(gantry), None) => Meaning::Whole(proftpd, gantry),
        (None, None, Some(part)) => Meaning::Erased(part),
        (None, None, None) => Meaning::Lines(field("proftpd-line"), field("gantry-line")),
        _ => panic!("{reason}: proftpd and gantry, or erase, or lines"),
    };
    Known { reason: (*reason).to_owned(), case, step, meaning }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
