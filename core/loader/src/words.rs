//! The longer parts of [`LoadError`](crate::error::LoadError)'s messages: lists, differences,
//! and advice about the system's errors.

use std::io;
use std::path::PathBuf;

use crate::failure::{Ending, Failure};

pub(crate) fn listed(folders: &[PathBuf]) -> String {
    if folders.is_empty() {
        return "any folder: no folder is configured".to_owned();
    }
    folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// The system's message without its error number.
pub(crate) fn words(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

pub(crate) fn mismatch(found: &str, needed: &str, differences: &[(&'static str, String, String)]) -> String {
    let shown = differences.iter().map(|(key, theirs, ours)| {
        let (theirs, ours) = (shown(key, theirs, ours), shown(key, ours, theirs));
        format!("{key} (module {theirs}, gantryd {ours})")
    });
    let shown = shown.collect::<Vec<_>>().join(", ");
    format!("built for stamp {found}, but this gantryd has {needed}; differs in: {shown}")
}

/// The part of a stamp's value that differs from the other one.
fn shown(key: &str, value: &str, other: &str) -> String {
    match key {
        _ if value.is_empty() => "none".to_owned(),
        "rustc" => {
            let (release, others) = (value.split(' ').next(), other.split(' ').next());
            if release == others { value } else { release.unwrap_or(value) }.to_owned()
        }
        "api" if value.is_char_boundary(12) => value[..12].to_owned(),
        _ => value.to_owned(),
    }
}

/// Advice about an error while reading, if there is any.
pub(crate) fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => " (the user that starts gantryd must be able to read it)",
        io::ErrorKind::NotFound => " (if it is a link, its target is missing)",
        _ => "",
    }
}

pub(crate) fn several(modules: &[String]) -> String {
    format!(
        "contains the stamps of several modules, {}, but a file must contain one: a module must not depend on another \
         module's crate (list that module under requires instead, and rebuild)",
        modules.join(", ")
    )
}

/// The system's message about a library that cannot be linked, with advice.
pub(crate) fn unlinked(detail: &str, searched: &[PathBuf]) -> String {
    if detail.contains("cannot open shared object file") {
        let folders = match searched {
            [] => "the system's folders".to_owned(),
            searched => listed(searched),
        };
        return format!(
            "{detail}; the library was searched in {folders} and the folders in /etc/ld.so.conf (install it, add its \
             folder to /etc/ld.so.conf and run ldconfig, or load it with LoadFile above this line)"
        );
    }
    if detail.contains("undefined symbol") {
        return format!(
            "{detail}; a library that it needs is missing or has another version (load the right one with LoadFile above \
             this line, or rebuild)"
        );
    }
    detail.to_owned()
}

/// How a trial failed, and what to do about it.
pub(crate) fn tried(Failure { ending, last_words }: &Failure) -> String {
    let advice = match ending {
        Ending::Signal(_) => "the file is damaged, or its load-time code is broken: reinstall or rebuild it",
        Ending::Code(_) => "its load-time code ends the process: rebuild it without that code",
        Ending::Never(_) => "its load-time code hangs: rebuild it without that code",
    };
    let words = if last_words.is_empty() { String::new() } else { format!("; it last wrote '{last_words}'") };
    format!("a trial load in a separate process {ending}{words} ({advice})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_library_comes_with_advice() {
        let detail = "libmysqlclient.so.21: cannot open shared object file: No such file or directory";
        let text = unlinked(detail, &["/lib".into(), "/usr/lib".into()]);
        assert!(text.starts_with("libmysqlclient.so.21: cannot open"), "{text}");
        for word in ["/lib, /usr/lib", "/etc/ld.so.conf", "LoadFile"] {
            assert!(text.contains(word), "{text}");
        }
    }

    #[test]
    fn a_missing_symbol_comes_with_advice() {
        assert!(unlinked("undefined symbol: mysql_init", &[]).contains("LoadFile"));
        assert_eq!(unlinked("file too short", &[]), "file too short");
    }
}
