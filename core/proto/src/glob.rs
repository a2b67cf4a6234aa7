//! Shell patterns for one component of a path: `*`, `?`, `[a-z]`, `[!x]` and backslash (for NLST, LIST and path
//! filters). Braces have no special meaning. The caller splits the path and applies the rule that a wildcard does not
//! match a leading dot.

use std::fmt;

/// The number of matching steps left, shared by all names that one command looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget(u64);

/// The budget is used up, because the client asks for too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetExhausted;

impl Budget {
    /// A budget of this many steps; one step compares about one byte with one element of a pattern.
    #[must_use]
    pub const fn new(steps: u64) -> Budget {
        Budget(steps)
    }

    /// Uses up steps.
    ///
    /// # Errors
    ///
    /// [`BudgetExhausted`] if there are not enough left.
    pub fn spend(&mut self, steps: u64) -> Result<(), BudgetExhausted> {
        self.0 = self.0.checked_sub(steps).ok_or(BudgetExhausted)?;
        Ok(())
    }
}

impl fmt::Display for BudgetExhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("pattern asks for too much work")
    }
}

impl std::error::Error for BudgetExhausted {}

/// The text that a pattern without wildcards stands for.
#[must_use]
pub fn unescaped(pattern: &[u8]) -> Vec<u8> {
    let mut bytes = pattern.iter().copied();
    let mut text = Vec::with_capacity(pattern.len());
    while let Some(byte) = bytes.next() {
        text.push(if byte == b'\\' { bytes.next().unwrap_or(byte) } else { byte });
    }
    text
}

/// Whether the text contains a wildcard that is not escaped by a backslash.
#[must_use]
pub fn is_pattern(text: &[u8]) -> bool {
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'*' | b'?' => return true,
            b'[' if bytes.as_slice().contains(&b']') => return true,
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
    false
}

/// Whether the pattern matches the whole name, byte by byte.
///
/// Only the last `*` is ever retried, so the work is at most the product of both lengths and needs no memory.
///
/// # Errors
///
/// [`BudgetExhausted`] if the budget is too small.
pub fn matches(pattern: &[u8], name: &[u8], budget: &mut Budget) -> Result<bool, BudgetExhausted> {
    let (mut pattern, mut name) = (pattern, name);
    // The pattern after the last star, and the part of the name where it is tried next.
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        budget.spend(1)?;
        if let Some(rest) = pattern.strip_prefix(b"*") {
            pattern = rest;
            retry = Some((rest, name));
            continue;
        }
        if name.is_empty() && pattern.is_empty() {
            return Ok(true);
        }
        if let Some((byte, name_rest)) = name.split_first()
            && let Some(pattern_rest) = one(pattern, *byte, budget)?
        {
            (pattern, name) = (pattern_rest, name_rest);
            continue;
        }
        let Some((behind, [_, shorter @ ..])) = retry else {
            return Ok(false);
        };
        (pattern, name) = (behind, shorter);
        retry = Some((behind, shorter));
    }
}

/// The pattern without its first element, if that element matches the byte.
fn one<'p>(pattern: &'p [u8], byte: u8, budget: &mut Budget) -> Result<Option<&'p [u8]>, BudgetExhausted> {
    Ok(match pattern {
        [] => None,
        [b'?', rest @ ..] => Some(rest),
        [b'\\', escaped, rest @ ..] => (*escaped == byte).then_some(rest),
        [b'[', rest @ ..] => match class(rest, byte, budget)? {
            Some((true, rest)) => Some(rest),
            Some((false, _)) => None,
            // Without a closing bracket it is an ordinary character.
            None => (byte == b'[').then_some(rest),
        },
        [first, rest @ ..] => (*first == byte).then_some(rest),
    })
}

/// Whether the class, given without its opening bracket, contains the byte, and the pattern after the class. `None` if
/// the class is not closed.
fn class<'p>(pattern: &'p [u8], byte: u8, budget: &mut Budget) -> Result<Option<(bool, &'p [u8])>, BudgetExhausted> {
    let (negated, mut rest) = match pattern {
        [b'!' | b'^', rest @ ..] => (true, rest),
        _ => (false, pattern),
    };
    let mut found = false;
    let mut first = true;
    loop {
        budget.spend(1)?;
        rest = match rest {
            [] => return Ok(None),
            [b']', rest @ ..] if !first => return Ok(Some((found != negated, rest))),
            [low, b'-', high, rest @ ..] if *high != b']' => {
                found |= (*low..=*high).contains(&byte);
                rest
            }
            [b'\\', escaped, rest @ ..] => {
                found |= *escaped == byte;
                rest
            }
            [member, rest @ ..] => {
                found |= *member == byte;
                rest
            }
        };
        first = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_match(pattern: &str, name: &str) -> bool {
        matches(pattern.as_bytes(), name.as_bytes(), &mut Budget::new(10_000)).unwrap()
    }

    #[test]
    fn wildcards_describe_names() {
        for (pattern, name) in [
            ("", ""),
            ("*", ""),
            ("*", "x"),
            ("**", "xyz"),
            ("*.txt", "a.txt.txt"),
            ("a*b*c", "aXbYbZc"),
            ("?", "x"),
            ("a?c", "abc"),
            ("[a-c]x", "bx"),
            ("[!a-c]x", "dx"),
            ("[^a-c]x", "dx"),
            ("[]]", "]"),
            ("[a-]", "-"),
            ("[", "["),
            ("a[b", "a[b"),
            ("\\*", "*"),
            ("[\\]x]", "]"),
            ("\\", "\\"),
            ("{a,b}", "{a,b}"),
        ] {
            assert!(is_match(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("", "x"),
            ("?", ""),
            ("*.txt", "a.txt2"),
            ("a*b*c", "acb"),
            ("[a-c]", "d"),
            ("[!a-c]", "b"),
            ("[z-a]", "m"),
            ("\\*", "x"),
            ("a[b", "ab"),
        ] {
            assert!(!is_match(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn work_is_bounded() {
        let name = vec![b'a'; 2000];
        let pattern = b"*a".repeat(400).into_iter().chain(*b"b").collect::<Vec<_>>();
        assert_eq!(matches(&pattern, &name, &mut Budget::new(10_000_000)), Ok(false));
        assert_eq!(matches(&pattern, &name, &mut Budget::new(1000)), Err(BudgetExhausted));
    }

    #[test]
    fn patterns_are_told_from_names() {
        assert!(is_pattern(b"*.txt") && is_pattern(b"a[b]") && is_pattern(b"a?"));
        assert!(!is_pattern(b"a.txt") && !is_pattern(b"a[b") && !is_pattern(b"a\\*b") && !is_pattern(b"x\\"));
    }

    #[test]
    fn junk_does_no_harm() {
        let mut seed = 7_u32;
        let mut next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            b"*?[]!-\\ab"[(seed >> 24) as usize % 9]
        };
        for _ in 0..50_000 {
            let pattern: Vec<u8> = (0..8).map(|_| next()).collect();
            let name: Vec<u8> = (0..6).map(|_| next()).collect();
            let _ = matches(&pattern, &name, &mut Budget::new(1000));
            assert_eq!(matches(b"*", &name, &mut Budget::new(1000)), Ok(true));
        }
    }
}
