//! `--migrate`, which `gantry migrate` runs: what changes for Gantry in a configuration for ProFTPD, and the new files where
//! they are wanted.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use gantry_server::{Family, Images, Migration, NewFile, Source};

use crate::modules::ALWAYS_IN_PROFTPD;
use crate::show;

/// Where the new files would be, for a run that writes none.
const FOLDER: &str = "/etc/gantry";

/// Tells what changes, and writes it if a folder is given; fails if something is left to be done by hand.
pub fn run(source: &Source, images: &Images, folder: Option<&Path>) -> ExitCode {
    let place = folder.unwrap_or(Path::new(FOLDER));
    let place = std::path::absolute(place).unwrap_or_else(|_| place.to_owned());
    let made = match gantry_server::migrate(source, images, &place, &ALWAYS_IN_PROFTPD) {
        Ok(made) => made,
        Err(faults) => {
            eprintln!("{faults}");
            return ExitCode::FAILURE;
        }
    };
    show::print(&made.to_string());
    let Some(_) = folder else {
        show::print(&format!(
            "Nothing has been written. To write these files: gantry migrate {} --write {}\n",
            source.path.display(),
            place.display()
        ));
        return code(made.is_clean());
    };
    match write(&made, &place) {
        Ok(main) => code(tell(source, images, &main) && made.is_clean()),
        Err(error) => {
            eprintln!("{}: {error}", place.display());
            ExitCode::FAILURE
        }
    }
}

fn code(good: bool) -> ExitCode {
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Writes the files into a folder that has nothing yet; returns the main one.
fn write(made: &Migration, folder: &Path) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    if fs::read_dir(folder)?.next().is_some() {
        return Err(io::Error::other("is not empty: give a new folder"));
    }
    made.files.iter().try_for_each(|file| write_file(file, folder))?;
    Ok(made.files.first().map(|file| folder.join(&file.to)).unwrap_or_default())
}

/// Writes a file that may be read by those who may read the one that it is made of: it may have passwords.
fn write_file(file: &NewFile, folder: &Path) -> io::Result<()> {
    let (before, path) = (fs::metadata(&file.from)?, folder.join(&file.to));
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    made.write_all(file.text.as_bytes())?;
    // Others than root cannot give files away.
    let _ = chown(&path, Some(before.uid()), Some(before.gid()));
    made.set_permissions(fs::Permissions::from_mode(before.mode() & 0o777))
}

/// Says whether the new configuration can serve, and what to do next.
fn tell(source: &Source, images: &Images, main: &Path) -> bool {
    let new =
        Source { path: main.to_owned(), defines: source.defines.clone(), overrides: Vec::new(), family: Family::Any };
    let checked = gantry_server::check(&new, images);
    let main = main.display();
    match &checked {
        Ok(_) => show::print(&format!("{main} has been written, and is a valid configuration.\n")),
        Err(error) => show::print(&format!("{main} has been written, and cannot serve yet:\n{error}\n")),
    }
    show::print(&format!(
        "\n\
         ProFTPD's files are as they were. Next (docs/moving.md says more):\n\
         \x20 check      gantryd -t -c {main}\n\
         \x20 try        gantryd -c {main} --set Port=2121 --set PidFile=/run/gantry-trial.pid\n\
         \x20 switch     stop ProFTPD, then: gantryd -c {main}\n\
         \x20 go back    stop gantryd, then start ProFTPD\n"
    ));
    checked.is_ok()
}
