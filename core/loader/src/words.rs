//! The longer sentences of [`LoadError`](crate::error::LoadError): lists, differences,
//! and what to do about the system's own words.

use std::io;
use std::path::PathBuf;

use crate::failure::{Ending, Failure};

pub(crate) fn listed(folders: &[PathBuf]) -> String {
    if folders.is_empty() {
        return "any folder (none is named)".to_owned();
    }
    folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// The system's words without its number.
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
    format!("built for stamp {found}, this gantryd has {needed}; differs in: {shown}")
}

/// As much of a stamp's value as tells it from the other one.
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

/// What to do about an error of reading, where there is something.
pub(crate) fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "; the user that gantryd is started as must be able to read it",
        io::ErrorKind::NotFound => "; if it is a link, what it leads to is not there",
        _ => "",
    }
}

pub(crate) fn several(modules: &[String]) -> String {
    format!(
        "holds the stamps of several modules ({}), a file holds one: a module must not depend on another one's crate; \
         name it under requires instead, and rebuild",
        modules.join(", ")
    )
}

/// The system's words for a library that cannot be linked, with the ways out.
pub(crate) fn unlinked(detail: &str, searched: &[PathBuf]) -> String {
    if detail.contains("cannot open shared object file") {
        let folders = match searched {
            [] => "the system's folders".to_owned(),
            searched => listed(searched),
        };
        return format!(
            "{detail}; this library was looked for in {folders}, and in the folders that /etc/ld.so.conf names: install it, \
             name its folder in /etc/ld.so.conf and run ldconfig, or load it by its path with LoadFile above this line"
        );
    }
    if detail.contains("undefined symbol") {
        return format!(
            "{detail}; a library that it needs is missing or of another version: name it with LoadFile above this line, \
             or rebuild"
        );
    }
    detail.to_owned()
}

/// How a trial ended, and what to do about it.
pub(crate) fn tried(Failure { ending, last_words }: &Failure) -> String {
    let advice = match ending {
        Ending::Signal(_) => {
            "The file is damaged, or code that it runs when it is loaded is wrong: install it anew, or rebuild it"
        }
        Ending::Code(_) => "Code that it runs when it is loaded ends the process: rebuild it without",
        Ending::Never(_) => "Code that it runs when it is loaded hangs: rebuild it without",
    };
    let words = if last_words.is_empty() { String::new() } else { format!("; it last wrote '{last_words}'") };
    format!("a trial load, in a process of its own, {ending}{words}; it was not loaded here. {advice}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_library_comes_with_the_ways_out() {
        let detail = "libmysqlclient.so.21: cannot open shared object file: No such file or directory";
        let text = unlinked(detail, &["/lib".into(), "/usr/lib".into()]);
        assert!(text.starts_with("libmysqlclient.so.21: cannot open"), "{text}");
        for word in ["/lib, /usr/lib", "/etc/ld.so.conf", "LoadFile"] {
            assert!(text.contains(word), "{text}");
        }
    }

    #[test]
    fn a_missing_symbol_comes_with_the_ways_out() {
        assert!(unlinked("undefined symbol: mysql_init", &[]).contains("LoadFile"));
        assert_eq!(unlinked("file too short", &[]), "file too short");
    }
}
