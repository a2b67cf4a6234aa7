//! What a case left on the disk: names, modes, owners, sizes, times, contents.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use crate::beside::same::{Sameness, visible};

/// The most bytes of a file that are shown.
const MOST: usize = 60;

/// A line for each file below a folder.
///
/// # Panics
/// When it cannot be read.
pub fn contents(folder: &Path, sameness: &Sameness) -> String {
    let found = fs::symlink_metadata(folder).expect("root can look at everything");
    let time = sameness.time(found.mtime());
    let mut lines = vec![format!(".: {:o} {}:{} {time}", found.mode(), found.uid(), found.gid())];
    walk(folder, folder, sameness, &mut lines);
    lines.sort();
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn walk(root: &Path, folder: &Path, sameness: &Sameness, lines: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("root can read everything") {
        let path = entry.expect("a folder can be read").path();
        let found = fs::symlink_metadata(&path).expect("root can look at everything");
        let name = path.strip_prefix(root).expect("it is below");
        let kind = found.file_type();
        let inside = match () {
            () if kind.is_symlink() => {
                let target = fs::read_link(&path).expect("a link can be read");
                format!(" -> {}", sameness.of(target.as_os_str().as_bytes()))
            }
            () if kind.is_file() => {
                let bytes = fs::read(&path).expect("root can read everything");
                let (shown, sum) =
                    (&bytes[..bytes.len().min(MOST)], bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>());
                format!(" {} bytes, sum {sum}: {:?}", bytes.len(), visible(shown))
            }
            () if kind.is_fifo() || kind.is_socket() => " special".to_owned(),
            () => "/".to_owned(),
        };
        lines.push(format!(
            "{}: {:o} {}:{} {}{inside}",
            sameness.of(name.as_os_str().as_bytes()),
            found.mode(),
            found.uid(),
            found.gid(),
            sameness.time(found.mtime()),
        ));
        if kind.is_dir() {
            walk(root, &path, sameness, lines);
        }
    }
}
