//! The configurations that Debian ships with ProFTPD: each can be read, or the report
//! says exactly what is not supported. The test reads the installed package's files, and
//! says so if the package is not installed.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Fault, Problem};
use crate::reader::{Options, parse_text};
use crate::testing::Shelf;

const FOLDERS: [&str; 2] = ["/usr/share/proftpd/templates", "/usr/share/doc/proftpd-core/sample-configurations"];

fn samples() -> Vec<PathBuf> {
    let entries = FOLDERS.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.retain(|path| {
        let name = path.to_string_lossy();
        name.ends_with(".conf") || name.ends_with(".conf.gz")
    });
    files.sort();
    files
}

fn text(path: &Path) -> io::Result<String> {
    if path.extension().is_some_and(|ending| ending == "gz") {
        let unpacked = Command::new("gzip").arg("-dc").arg(path).output()?;
        return Ok(String::from_utf8_lossy(&unpacked.stdout).into_owned());
    }
    std::fs::read_to_string(path)
}

/// Whether a fault only says that Gantry lacks something of ProFTPD's.
fn is_precise(fault: &Fault) -> bool {
    match &fault.problem {
        Problem::Unknown(_) => {
            fault.help.iter().any(|line| line.starts_with("known to ProFTPD's ") || line.contains(" provides it: "))
        }
        Problem::Load { .. } => true,
        // The catalogue of these tests does not have this folder.
        Problem::Value { name, .. } => name == "ModulePath",
        _ => false,
    }
}

#[test]
fn debians_samples_are_read_or_told_what_is_missing() -> io::Result<()> {
    let samples = samples();
    if samples.is_empty() {
        eprintln!("skipped: proftpd-core is not installed");
        return Ok(());
    }
    for path in samples {
        let name = path.display().to_string();
        let read = parse_text(&name, &text(&path)?, &mut Shelf::default(), &Options::default());
        for fault in read.err().map(|faults| faults.0).unwrap_or_default() {
            assert!(is_precise(&fault), "{fault}");
        }
    }
    Ok(())
}
