//! The files that are served, and the users' file.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};

use rustix::fs::{MemfdFlags, memfd_create};

use crate::error::{Error, Result};

/// The bytes of a big file.
pub const BIG: u64 = 128 << 20;
/// The bytes of a small file.
pub const SMALL: u64 = 4 << 10;
/// How many small files there are to be read.
pub const SMALL_FILES: usize = 1000;
/// The entries of the large folder.
pub const ENTRIES: u64 = 10_000;

/// The password `bench`, as crypt(3) has it with SHA-512 and 1,000 rounds.
const HASH: &str =
    "$6$rounds=1000$gantrypeers$BYR2iBx8t2Shx7lK4wsg7bNsLVWLeCiS7ftyDeMW9wkhn4kHoKSdqi4l5bs1uI1TKXG3SfFVQJ0yg83BgM6Hh/";
/// The user's id where root serves: nobody else's.
const ID: u32 = 60_001;

/// The files of a run, in a folder of their own.
#[derive(Debug)]
pub struct Files {
    folder: PathBuf,
    user: u32,
    group: u32,
}

impl Files {
    /// Writes them.
    pub fn write(folder: &Path) -> Result<Self> {
        let own = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
        let (user, group) = if own.0 == 0 { (ID, ID) } else { own };
        let files = Self { folder: folder.to_owned(), user, group };
        for name in ["home", "home/small", "home/many", "home/up"] {
            files.make_folder(name)?;
        }
        files.write_file("home/big", BIG)?;
        for number in 0..SMALL_FILES {
            files.write_file(&format!("home/small/{number}"), SMALL)?;
        }
        for number in 0..ENTRIES {
            files.write_file(&format!("home/many/entry-{number:05}.txt"), 0)?;
        }
        Ok(files)
    }

    /// The folder of all this.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the scripts that start servers find in their environment about these
    /// files and their user.
    pub fn environment(&self) -> [(&'static str, String); 4] {
        [
            ("FILES", self.folder.join("home").display().to_string()),
            ("USER_ID", self.user.to_string()),
            ("GROUP_ID", self.group.to_string()),
            ("HASH", HASH.to_owned()),
        ]
    }

    /// Empties the folders for what is stored, one for each session.
    pub fn renew_folders(&self, sessions: usize) -> Result<()> {
        let up = self.folder.join("home/up");
        fs::remove_dir_all(&up).map_err(Error::file(&up))?;
        self.make_folder("home/up")?;
        (0..sessions).try_for_each(|number| self.make_folder(&format!("home/up/{number}")))
    }

    fn make_folder(&self, name: &str) -> Result<()> {
        let path = self.folder.join(name);
        fs::create_dir_all(&path).and_then(|()| self.give(&path)).map_err(Error::file(&path))
    }

    fn write_file(&self, name: &str, length: u64) -> Result<()> {
        let path = self.folder.join(name);
        let written = File::create(&path).and_then(|file| fill(&file, length));
        written.and_then(|()| self.give(&path)).map_err(Error::file(&path))
    }

    fn give(&self, path: &Path) -> std::io::Result<()> {
        chown(path, Some(self.user), Some(self.group))
    }
}

/// What sessions store: a file in memory that is as long as a big one.
pub fn source() -> Result<File> {
    let made = memfd_create("source", MemfdFlags::CLOEXEC).map_err(std::io::Error::from).map(File::from);
    made.and_then(|file| fill(&file, BIG).map(|()| file)).map_err(Error::system("make a file in memory"))
}

/// Bytes that are no zeros, and no text.
fn fill(mut file: &File, length: u64) -> std::io::Result<()> {
    let block: Vec<u8> = (0..1_u32 << 16).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut rest = length;
    while rest > 0 {
        let part = usize::try_from(rest).unwrap_or(usize::MAX).min(block.len());
        file.write_all(&block[..part])?;
        rest -= part as u64;
    }
    Ok(())
}
