//! "Did you mean": the known names closest to an unknown one.

/// The maximum number of suggestions.
const SHOWN: usize = 3;

/// Names longer than this get no suggestions.
const LONGEST: usize = 64;

/// The names that differ from `wanted` in at most a third of its characters, closest first.
pub fn nearest(wanted: &str, names: &[String]) -> Vec<String> {
    let wanted: Vec<char> = wanted.chars().flat_map(char::to_lowercase).take(LONGEST + 1).collect();
    if wanted.is_empty() || wanted.len() > LONGEST {
        return Vec::new();
    }
    let allowed = (wanted.len() / 3).max(1);
    let mut found: Vec<(usize, &String)> = names
        .iter()
        .filter(|name| name.len().abs_diff(wanted.len()) <= allowed)
        .map(|name| (distance(&wanted, &name.chars().flat_map(char::to_lowercase).collect::<Vec<_>>()), name))
        .filter(|(distance, _)| *distance <= allowed)
        .collect();
    found.sort();
    found.dedup();
    found.into_iter().take(SHOWN).map(|(_, name)| name.clone()).collect()
}

/// The number of insertions, deletions, replacements and swaps of neighbours that turn one word
/// into the other (optimal string alignment distance).
fn distance(one: &[char], other: &[char]) -> usize {
    let width = other.len() + 1;
    let mut rows: [Vec<usize>; 3] = [vec![0; width], (0..width).collect(), vec![0; width]];
    for (i, &a) in one.iter().enumerate() {
        let [before, above, row] = &mut rows;
        row[0] = i + 1;
        for (j, &b) in other.iter().enumerate() {
            let replaced = above[j] + usize::from(a != b);
            row[j + 1] = replaced.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a == other[j - 1] && b == one[i - 1] {
                row[j + 1] = row[j + 1].min(before[j - 1] + 1);
            }
        }
        rows.rotate_left(1);
    }
    rows[1][width - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swapped_and_missing_letters_are_near_and_other_words_are_not() {
        let names = ["ServerName", "ServerAdmin", "Port", "Umask"].map(str::to_owned);
        assert_eq!(nearest("ServerNmae", &names), ["ServerName"]);
        assert_eq!(nearest("prt", &names), ["Port"]);
        assert!(nearest("Bogus", &names).is_empty());
        assert!(nearest("", &names).is_empty());
        assert!(nearest(&"x".repeat(1000), &names).is_empty());
    }
}
