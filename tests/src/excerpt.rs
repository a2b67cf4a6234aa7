//! The part of a long text that a failing test shows: its end. The whole text is in a file.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::layout::test_folder;

/// The number of lines to show.
const LINES: usize = 40;

/// The last lines of a text. If the text is longer, the path of a file with the whole text comes
/// first. `name` is the suffix of the file's name.
pub fn end_of(text: &str, name: &str) -> String {
    let count = text.lines().count();
    if count <= LINES {
        return text.to_owned();
    }
    let path = file(name);
    let kept = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text));
    let place = match kept {
        Ok(()) => format!("all are in {}", path.display()),
        Err(error) => format!("the others are lost: {}: {error}", path.display()),
    };
    let end: Vec<&str> = text.lines().skip(count - LINES).collect();
    format!("(the last {LINES} of {count} lines; {place})\n{}", end.join("\n"))
}

/// A file for this text only, named after the test.
fn file(name: &str) -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let program = env::current_exe().ok().and_then(|path| path.file_stem()?.to_str().map(str::to_owned));
    // Cargo appends a digest to the name.
    let program = program.as_deref().and_then(|name| Some(name.rsplit_once('-')?.0)).unwrap_or("tests").to_owned();
    let thread = thread::current();
    let test = thread.name().unwrap_or("unnamed").replace("::", ".");
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    test_folder().join("failed").join(format!("{program}.{test}.{number}.{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_is_shown_whole() {
        assert_eq!(end_of("one\ntwo\n", "log"), "one\ntwo\n");
    }

    #[test]
    fn a_long_text_is_in_a_file_and_its_end_is_shown() {
        let text: String = (1..=1000).map(|number| format!("line {number}\n")).collect();
        let shown = end_of(&text, "log");
        assert_eq!(shown.lines().count(), LINES + 1);
        assert!(shown.ends_with("line 999\nline 1000"), "{shown}");
        let (_, rest) = shown.split_once("all are in ").unwrap();
        let path = rest.lines().next().unwrap().trim_end_matches(')');
        assert!(path.contains("excerpt.tests.a_long_text_"), "{path}");
        assert_eq!(fs::read_to_string(path).unwrap(), text);
        fs::remove_file(path).unwrap();
    }
}
