//! RatioFile: one line for each user, `name|files up|Kb up|files down|Kb down`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use gantry_sys::as_daemon_in_folder;
use gantry_sys::file_lock::{FileLock, try_lock};

use crate::credit::{Counts, KILO};

/// The size limit of the file, in bytes.
const MOST: u64 = 64 << 20;
/// How long a file that another process has locked is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// The pause before it is tried again.
const PAUSE: Duration = Duration::from_millis(5);
/// O_NONBLOCK: opening a pipe must not wait for its other end.
const NONBLOCK: i32 = 0o4000;

/// A user's counts, in bytes that are whole Kb. Zeros if there is no file, or no line of this user.
pub(crate) fn read(path: &Path, user: &str) -> io::Result<Counts> {
    let text = match as_daemon_in_folder(path, || OpenOptions::new().read(true).custom_flags(NONBLOCK).open(path)) {
        Ok(file) => contents(&file)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    let mut lines = text.split(|byte| *byte == b'\n');
    lines.find_map(|line| of_user(line, user)).transpose().map(Option::unwrap_or_default)
}

/// Adds to a user's counts, in whole Kb. The file is replaced in one step.
pub(crate) fn add(path: &Path, temporary: &Path, user: &str, change: Counts) -> io::Result<()> {
    if user.contains(['|', '\n', '\r', '\0']) {
        return Err(wrong("the name cannot be in such a file"));
    }
    // Locked until it is closed.
    let file = locked(path)?;
    let (text, mode) = (contents(&file)?, file.metadata()?.mode() & 0o777);
    let mut new = Vec::with_capacity(text.len() + 64);
    let mut found = false;
    for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        match of_user(line, user).filter(|_| !found) {
            Some(counts) => {
                found = true;
                write_line(&mut new, user, counts?.plus(change));
            }
            None => {
                new.extend_from_slice(line);
                new.push(b'\n');
            }
        }
    }
    if !found {
        write_line(&mut new, user, change);
    }
    as_daemon_in_folder(path, || {
        let _ = fs::remove_file(temporary);
        let mut out = OpenOptions::new().write(true).create_new(true).mode(mode).open(temporary)?;
        out.write_all(&new)?;
        fs::rename(temporary, path)
    })
}

/// Opens and locks the file that has the name when it is locked.
fn locked(path: &Path) -> io::Result<File> {
    let began = Instant::now();
    let open = || {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(NONBLOCK).open(path)
    };
    loop {
        let file = as_daemon_in_folder(path, open)?;
        while !try_lock(&file, FileLock::Exclusive)? {
            if began.elapsed() >= PATIENCE {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "another process keeps it locked"));
            }
            std::thread::sleep(PAUSE);
        }
        let (own, named) = (file.metadata()?, as_daemon_in_folder(path, || fs::metadata(path)));
        if named.is_ok_and(|named| (named.dev(), named.ino()) == (own.dev(), own.ino())) {
            return Ok(file);
        }
    }
}

fn contents(mut file: &File) -> io::Result<Vec<u8>> {
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() > MOST {
        return Err(wrong("it is no file of ratios"));
    }
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    Ok(text)
}

/// The counts of a line, if it is the user's.
fn of_user(line: &[u8], user: &str) -> Option<io::Result<Counts>> {
    let rest = line.strip_prefix(user.as_bytes())?.strip_prefix(b"|")?;
    let numbers = std::str::from_utf8(rest).ok().map(|rest| rest.trim_end().split('|').map(str::parse));
    let numbers: Option<Result<Vec<i64>, _>> = numbers.map(Iterator::collect);
    Some(match numbers {
        Some(Ok(numbers)) => match numbers[..] {
            [files_up, up, files_down, down] => Ok(Counts {
                files_up,
                bytes_up: up.saturating_mul(KILO),
                files_down,
                bytes_down: down.saturating_mul(KILO),
            }),
            _ => Err(wrong("the user's line does not have four numbers")),
        },
        _ => Err(wrong("the user's line does not have four numbers")),
    })
}

fn write_line(out: &mut Vec<u8>, user: &str, counts: Counts) {
    let (up, down) = (counts.bytes_up / KILO, counts.bytes_down / KILO);
    out.extend(format!("{user}|{}|{up}|{}|{down}\n", counts.files_up, counts.files_down).into_bytes());
}

fn wrong(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_users_line_changes_and_all_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let (path, temporary) = (folder.path().join("ratios"), folder.path().join("new"));
        assert_eq!(read(&path, "joe").unwrap(), Counts::default());
        fs::write(&path, "jo|1|2|3|4\njoe|5|6|7|8\nodd line\n").unwrap();
        let counts = Counts { files_up: 5, bytes_up: 6 * KILO, files_down: 7, bytes_down: 8 * KILO };
        assert_eq!(read(&path, "joe").unwrap(), counts);
        let change = Counts { files_up: 1, bytes_up: 2 * KILO, ..Counts::default() };
        add(&path, &temporary, "joe", change).unwrap();
        add(&path, &temporary, "ann", change).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "jo|1|2|3|4\njoe|6|8|7|8\nodd line\nann|1|2|0|0\n");
        assert!(!temporary.exists());
    }

    #[test]
    fn what_is_damaged_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let (path, temporary) = (folder.path().join("ratios"), folder.path().join("new"));
        fs::write(&path, "joe|5|6|7\nann|1|2|3|x\n").unwrap();
        assert!(read(&path, "joe").is_err() && read(&path, "ann").is_err());
        assert!(add(&path, &temporary, "joe", Counts::default()).is_err());
        assert!(add(&path, &temporary, "a|b", Counts::default()).is_err());
        assert!(read(folder.path(), "joe").is_err());
    }
}
