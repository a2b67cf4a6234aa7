//! The clients that people use, each made to carry the same files.

mod curl;
mod ftplib;
mod lftp;
mod suppaftp;
mod tnftp;

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

pub use curl::Curl;
pub use ftplib::Ftplib;
pub use lftp::{Lftp, Listing};
pub use suppaftp::Suppaftp;
pub use tnftp::Tnftp;

use crate::process::exists;
use crate::sample::Tree;

/// How a data connection comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// PASV.
    Passive,
    /// EPSV.
    ExtendedPassive,
    /// PORT.
    Active,
    /// EPRT.
    ExtendedActive,
}

impl Mode {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Passive, Self::ExtendedPassive, Self::Active, Self::ExtendedActive];

    /// Whether the client connects.
    pub fn is_passive(self) -> bool {
        matches!(self, Self::Passive | Self::ExtendedPassive)
    }
}

/// Where a client goes, and as whom.
#[derive(Debug, Clone)]
pub struct Target {
    /// The server.
    pub address: SocketAddr,
    /// The user's name.
    pub user: String,
    /// The password.
    pub password: String,
    /// How data connections come about, as far as the client lets one choose.
    pub mode: Mode,
}

impl Target {
    /// The same with another way to data connections.
    #[must_use]
    pub fn with(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }
}

/// Whether a transfer begins at the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// All of the file.
    Start,
    /// What the receiving side lacks, by REST or APPE.
    WhatIsThere,
}

/// One file to carry.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its absolute path on this side.
    pub local: PathBuf,
    /// Its path on the server, from the user's root, without a leading slash.
    pub remote: String,
    /// From where on.
    pub from: From,
}

impl Job {
    /// All of a file.
    pub fn whole(local: impl Into<PathBuf>, remote: impl Into<String>) -> Self {
        Self { local: local.into(), remote: remote.into(), from: From::Start }
    }

    /// The rest of a file.
    pub fn rest(local: impl Into<PathBuf>, remote: impl Into<String>) -> Self {
        Self { local: local.into(), remote: remote.into(), from: From::WhatIsThere }
    }
}

/// A client. Each call is one session, and panics when the client fails.
pub trait Client {
    /// Uploads files into folders that exist.
    fn put(&self, target: &Target, jobs: &[Job]);
    /// Downloads files into folders that exist.
    fn get(&self, target: &Target, jobs: &[Job]);
    /// Uploads a tree into a new folder of the server's, making folders.
    fn put_tree(&self, target: &Target, tree: &Tree, local: &Path, remote: &str);
    /// Downloads a tree into a new folder, making folders.
    fn get_tree(&self, target: &Target, tree: &Tree, remote: &str, local: &Path);
}

/// A program of a client, without the user's own settings. None where it is
/// missing and `GANTRY_TEST_LEAVE_OUT` names it: `tests/run` says so in the end.
///
/// # Panics
/// When it is missing and nobody said that it may be.
pub fn program(name: &str, home: &Path) -> Option<Command> {
    if !exists(name) {
        let left_out = env::var("GANTRY_TEST_LEAVE_OUT").unwrap_or_default();
        assert!(
            left_out.split_whitespace().any(|word| word == name),
            "the program {name} is missing: tests/run installs it"
        );
        eprintln!("left out: {name} is missing");
        return None;
    }
    let mut command = Command::new(name);
    command.current_dir(home).env("HOME", home).env("LC_ALL", "C.UTF-8").env_remove("NETRC");
    Some(command)
}

fn jobs_of(tree: &Tree, local: &Path, remote: &str) -> Vec<Job> {
    tree.files.iter().map(|name| Job::whole(local.join(name), format!("{remote}/{name}"))).collect()
}

fn make_local_folders(tree: &Tree, local: &Path) {
    for folder in &tree.folders {
        fs::create_dir_all(local.join(folder)).expect("a folder can be made");
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the tests' paths are UTF-8")
}
