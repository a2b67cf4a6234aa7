//! What a test adds to this machine: users, groups and PAM services, created as root and removed
//! when it ends; an address of the loopback device.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use crate::config::PASSWORD_CRYPT;
use crate::process::{Done, run};
use crate::wait;

/// Whether a test can create users; if not, prints that the test is skipped.
pub fn may_make_users() -> bool {
    let root = rustix::process::getuid().is_root();
    if !root {
        eprintln!("left out: only root can make users of the system");
    }
    root
}

/// A user of this machine, whose password is [`crate::config::PASSWORD`].
pub struct SystemUser {
    /// Its name.
    pub name: String,
    /// Its number.
    pub uid: u32,
    /// Its group's number.
    pub gid: u32,
    /// Its home, a folder of its own.
    pub home: PathBuf,
}

impl SystemUser {
    /// A user with /bin/sh as its shell.
    pub fn new() -> Self {
        Self::with(&[])
    }

    /// A user made with more options of useradd(8).
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn with(options: &[&str]) -> Self {
        let name = unused_name();
        let usual = ["--create-home", "--shell", "/bin/sh", "--password", PASSWORD_CRYPT];
        patiently("useradd", &[&usual[..], options, &[name.as_str()]].concat()).ok();
        let id = |option: &str| {
            let done = run(Command::new("id").args([option, &name]), "").ok();
            done.out.trim().parse().expect("id prints a number")
        };
        let (uid, gid) = (id("-u"), id("-g"));
        let home = PathBuf::from("/home").join(&name);
        Self { name, uid, gid, home }
    }

    /// Changes the entry by usermod(8).
    ///
    /// # Panics
    /// When it cannot be changed.
    pub fn modify(&self, options: &[&str]) {
        patiently("usermod", &[options, &[self.name.as_str()]].concat()).ok();
    }

    /// Changes the password's times by chage(1).
    ///
    /// # Panics
    /// When they cannot be changed.
    pub fn age(&self, options: &[&str]) {
        patiently("chage", &[options, &[self.name.as_str()]].concat()).ok();
    }
}

impl Default for SystemUser {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for SystemUser {
    fn drop(&mut self) {
        patiently("userdel", &["--force", "--remove", &self.name]);
    }
}

/// A group of this machine.
pub struct SystemGroup {
    /// Its name.
    pub name: String,
}

impl SystemGroup {
    /// A new one.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn new() -> Self {
        let name = unused_name();
        patiently("groupadd", &[&name]).ok();
        Self { name }
    }
}

impl Default for SystemGroup {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for SystemGroup {
    fn drop(&mut self) {
        patiently("groupdel", &[&self.name]);
    }
}

/// A PAM service.
pub struct PamService {
    /// Its name.
    pub name: String,
}

impl PamService {
    /// A service with these lines.
    ///
    /// # Panics
    /// When its file cannot be written.
    pub fn new(lines: &str) -> Self {
        let name = unused_name();
        fs::write(Self::file(&name), lines).expect("root can write to /etc/pam.d");
        Self { name }
    }

    fn file(name: &str) -> PathBuf {
        Path::new("/etc/pam.d").join(name)
    }
}

impl Drop for PamService {
    fn drop(&mut self) {
        let _ = fs::remove_file(Self::file(&self.name));
    }
}

/// The processes that a process has started, and their names.
pub fn children(parent: u32) -> Vec<(u32, String)> {
    let entries = fs::read_dir("/proc").expect("/proc can be read");
    let child = |entry: fs::DirEntry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        let (before, after) = stat.rsplit_once(')')?;
        let (_, name) = before.split_once('(')?;
        let mut fields = after.split_whitespace();
        let (state, of) = (fields.next()?, fields.next()?);
        (of.parse() == Ok(parent) && state != "Z").then(|| (pid, name.to_owned()))
    };
    entries.filter_map(|entry| child(entry.ok()?)).collect()
}

/// A loopback address that no other test has, not even of another run at the same time, for ports
/// that the kernel cannot choose.
pub fn own_address() -> Ipv4Addr {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    // The first ones of 127.0.0.0/8 are in common use.
    let run = std::process::id() % (250 << 8);
    let [high, low] = [(run >> 8) + 1, run & 255].map(|part| u8::try_from(part).expect("a byte"));
    Ipv4Addr::new(127, high, low, NEXT.fetch_add(1, Ordering::Relaxed))
}

/// No two tests of this run, and of others at the same time, have the same.
fn unused_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("gt{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Runs a program that changes users. It fails while another one does that, so it is repeated.
fn patiently(program: &str, arguments: &[&str]) -> Done {
    let path = "/usr/sbin:/usr/bin:/sbin:/bin";
    let done = wait::until(wait::PATIENCE, || {
        let done = run(Command::new(program).args(arguments).env("PATH", path), "");
        (!done.err.contains("cannot lock") && !done.err.contains("try again later")).then_some(done)
    });
    done.unwrap_or_else(|| panic!("{program}: others change users all the time"))
}
