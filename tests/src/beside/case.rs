//! Reads the files of `tests/beside`: cases, and tables of which each row makes a case.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::layout::workspace;

/// One script and the configuration that it runs with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// File, title, and the row of a table.
    pub name: String,
    /// The lines that its configuration has besides the usual ones.
    pub config: String,
    /// What the client does.
    pub lines: Vec<String>,
}

/// The folder of the scripts.
pub fn folder() -> PathBuf {
    workspace().join("tests/beside")
}

/// All cases, in the order of the files' names.
///
/// # Panics
/// If a file cannot be read, or two cases have the same name.
pub fn all() -> Vec<Case> {
    let entries = fs::read_dir(folder()).expect("the folder of the scripts can be read");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a folder can be read").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "script"));
    files.sort();
    let mut cases = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let stem = path.file_stem().expect("it has an extension").to_string_lossy().into_owned();
        cases.extend(parse(&stem, &text));
    }
    let mut names = BTreeMap::new();
    for case in &cases {
        let other = names.insert(case.name.clone(), ());
        assert!(other.is_none(), "two cases have the name {}", case.name);
    }
    cases
}

/// The cases of one file.
///
/// # Panics
/// If a line belongs to nothing.
pub fn parse(file: &str, text: &str) -> Vec<Case> {
    let (mut cases, mut config) = (Vec::new(), String::new());
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    for block in lines.split(|line| line.is_empty()).filter(|block| !block.is_empty()) {
        let (head, body) = block.split_first().expect("it is not empty");
        let (word, title) = head.split_once(' ').unwrap_or((head, ""));
        match word {
            "@config" => config = body.iter().map(|line| format!("{line}\n")).collect(),
            "@case" => cases.push(Case {
                name: format!("{file}: {title}"),
                config: config.clone(),
                lines: body.iter().map(|line| (*line).to_owned()).collect(),
            }),
            "@each" => cases.extend(table(&format!("{file}: {title}"), &config, body)),
            _ => panic!("{file}: {head:?} begins neither @config nor @case nor @each"),
        }
    }
    cases
}

/// The cases of a table: its template with each row, or with each row of the first list together with each row of the
/// second one.
fn table(name: &str, config: &str, body: &[&str]) -> Vec<Case> {
    let mut parts = body.split(|line| *line == "---");
    let template = parts.next().unwrap_or_default();
    let lists: Vec<&[&str]> = parts.collect();
    let mut rows: Vec<Vec<&str>> = vec![Vec::new()];
    for list in lists {
        rows = rows.iter().flat_map(|row| list.iter().map(|word| [&row[..], &[*word]].concat())).collect();
    }
    let filled = |line: &str, row: &[&str]| {
        row.iter().zip(1..).fold(line.to_owned(), |line, (word, number)| {
            let line = line.replace(&format!("{{{number}}}"), word);
            if number == 1 { line.replace("{}", word) } else { line }
        })
    };
    let case = |row: &Vec<&str>| Case {
        name: format!("{name} [{}]", row.join("] [")),
        config: config.to_owned(),
        lines: template.iter().map(|line| filled(line, row)).collect(),
    };
    rows.iter().map(case).collect()
}

/// The bytes that a line of a script stands for: `\r`, `\n`, `\t`, `\0`, `\xHH`, `\\`, `\s` for a space at the end, and
/// `\e` for nothing.
///
/// # Panics
/// If a backslash is followed by anything else.
pub fn bytes(text: &str) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'\\' {
            out.push(*first);
            continue;
        }
        let (letter, after) = rest.split_first().unwrap_or_else(|| panic!("{text}: a backslash at the end"));
        rest = after;
        match letter {
            b'r' => out.push(b'\r'),
            b'n' => out.push(b'\n'),
            b't' => out.push(b'\t'),
            b'0' => out.push(0),
            b's' => out.push(b' '),
            b'e' => {}
            b'\\' => out.push(b'\\'),
            b'x' => {
                let digits = std::str::from_utf8(&rest[..2]).expect("two digits follow");
                out.push(u8::from_str_radix(digits, 16).expect("two digits follow"));
                rest = &rest[2..];
            }
            other => panic!("{text}: a backslash before {:?}", char::from(*other)),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_makes_a_case() {
        let text =
            "# words\n@config\nUmask 027\n\n@each A {}\nMKD {}\nPWD {2}\n---\na b\n\\e\n---\n1\n2\n\n@case B\nPWD\n";
        let cases = parse("f", text);
        let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names, ["f: A {} [a b] [1]", "f: A {} [a b] [2]", "f: A {} [\\e] [1]", "f: A {} [\\e] [2]", "f: B"]);
        assert_eq!(cases[1].lines, ["MKD a b", "PWD 2"]);
        assert!(cases.iter().all(|case| case.config == "Umask 027\n"));
    }

    #[test]
    fn lines_may_have_any_bytes() {
        assert_eq!(bytes(r"a\r\n\x00\xff\\\s\e"), b"a\r\n\0\xff\\ ");
    }
}
