//! `<IfVersion>` (ProFTPD's mod_ifversion): compares with the version of ProFTPD whose configuration Gantry
//! reads.

use regex::Regex;

/// The version of ProFTPD whose manual Gantry follows.
pub(crate) const PROFTPD: &str = "1.3.8";

/// Whether `[[!]operator] version` holds. The error says what is wrong with the words.
pub(crate) fn holds(words: &[&str]) -> Result<bool, String> {
    let (operator, version) = match words {
        [] => return Err("missing parameters".to_owned()),
        [version] => ("=", *version),
        [operator, version] => (*operator, *version),
        _ => return Err("wrong number of parameters".to_owned()),
    };
    let (is_inverted, operator) = operator.strip_prefix('!').map_or((false, operator), |rest| (true, rest));
    let operator = if operator.is_empty() { "=" } else { operator };
    Ok(matches(operator, version)? != is_inverted)
}

fn matches(operator: &str, version: &str) -> Result<bool, String> {
    let pattern = version.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
    match (operator, pattern) {
        ("~", pattern) => fits(pattern.unwrap_or(version)),
        ("=" | "==", Some(pattern)) => fits(pattern),
        _ => {
            let order = Version::of(PROFTPD)?.cmp(&Version::of(version)?);
            match operator {
                "=" | "==" => Ok(order.is_eq()),
                ">" => Ok(order.is_gt()),
                ">=" => Ok(order.is_ge()),
                "<" => Ok(order.is_lt()),
                "<=" => Ok(order.is_le()),
                _ => Err(format!("unknown operator '{operator}'")),
            }
        }
    }
}

fn fits(pattern: &str) -> Result<bool, String> {
    let pattern = Regex::new(pattern).map_err(|_| format!("'{pattern}' failed regex compilation"))?;
    Ok(pattern.is_match(PROFTPD))
}

/// `major[.minor[.revision[suffix]]]`, in order: release candidates (`rc1`) before the release, maintenance
/// releases (`a`) after it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    numbers: [u32; 3],
    suffix: (i8, u32),
}

impl Version {
    fn of(text: &str) -> Result<Self, String> {
        let fail = || format!("'{text}' is not a version: use major.minor.revision, as in 1.3.8 or 1.3.8rc1");
        let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
        let (plain, suffix) = text.split_at(end);
        let mut numbers = [0; 3];
        let mut parts = plain.split('.');
        for number in &mut numbers {
            let Some(part) = parts.next() else { break };
            *number = part.parse().map_err(|_| fail())?;
        }
        if parts.next().is_some() {
            return Err(fail());
        }
        let suffix = match (suffix, suffix.strip_prefix("rc")) {
            ("", _) => (0, 0),
            (_, Some(candidate)) => (-1, candidate.parse().map_err(|_| fail())?),
            (letter, None) => match letter.as_bytes() {
                [letter @ b'a'..=b'z'] => (1, u32::from(*letter)),
                _ => return Err(fail()),
            },
        };
        Ok(Self { numbers, suffix })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_parts() {
        let holds = |text: &str| holds(&text.split(' ').collect::<Vec<_>>()).unwrap();
        for met in [
            "1.3.8",
            "= 1.3.8",
            "== 1.3.8",
            ">= 1.3.8rc1",
            "> 1.3.8rc4",
            "< 1.3.8a",
            "> 1.3",
            "!= 1.3.1",
            "<= 2",
            "~ ^1\\.3",
            "= /8$/",
            "!~ ^1.3.[012]$",
            "! 1.3.1",
        ] {
            assert!(holds(met), "{met}");
        }
        for not_met in ["1.3.7", "< 1.3.8rc2", "> 1.3.8b", "!= 1.3.8", "= /^2/", "!>= 1.3"] {
            assert!(!holds(not_met), "{not_met}");
        }
    }

    #[test]
    fn what_is_no_version_is_refused() {
        for wrong in
            [&["x"][..], &["=>", "1.3"], &["=", "1.3.8.9"], &["=", "1.3.8rcx"], &["~", "("], &[], &["=", "1", "2"]]
        {
            assert!(holds(wrong).is_err(), "{wrong:?}");
        }
    }
}
