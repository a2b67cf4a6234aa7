//! Debian's ProFTPD: its configuration as the package has it, and the daemon itself, for tests of what should be the same.
//! `tests/run` unpacks the package; nothing of it is installed.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use tempfile::TempDir;

use crate::layout::test_folder;
use crate::process::run;
use crate::wait::{self, PATIENCE};
use crate::wire::Wire;

/// A file of the package, by its installed path. `None`, with a message, if the package is missing.
pub fn file(path: &str) -> Option<String> {
    let places = [test_folder().join("proftpd"), PathBuf::from("/")];
    let found = places.iter().find_map(|place| fs::read_to_string(place.join(path.trim_start_matches('/'))).ok());
    if found.is_none() {
        eprintln!("left out: Debian's package proftpd-core is not there: {path}");
    }
    found
}

/// A running ProFTPD.
pub struct ProFtpd {
    child: Child,
    address: SocketAddr,
    folder: TempDir,
}

impl ProFtpd {
    /// Starts it with these lines besides those for its own files; `None`, with a message, if it is
    /// missing.
    ///
    /// # Panics
    /// When it does not come to serve.
    pub fn start(lines: &str) -> Option<Self> {
        let program = program()?;
        // ProFTPD cannot let the kernel choose a port, and another may take the one that was free.
        let started = wait::until(PATIENCE, || Self::try_start(&program, lines));
        Some(started.expect("a free port stays free until ProFTPD has it"))
    }

    /// `None` if its port was taken meanwhile.
    fn try_start(program: &Path, lines: &str) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let port =
            TcpListener::bind(("127.0.0.1", 0)).and_then(|taken| taken.local_addr()).expect("a port is free").port();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let file = folder.path().join("conf");
        let own = format!(
            "ServerName x\nServerType standalone\nDefaultServer on\nUseIPv6 off\nDefaultAddress 127.0.0.1\nPort {port}\n\
             User nobody\nGroup nogroup\nUseReverseDNS off\nWtmpLog off\nPidFile {}\nScoreboardFile {}\nSystemLog {}\n\
             DelayEngine off\n",
            path("pid"),
            path("score"),
            path("system.log")
        );
        fs::write(&file, format!("{own}{lines}")).expect("the configuration can be written");
        let output = File::create(folder.path().join("output")).expect("a log can be made");
        let mut command = Command::new(program);
        command.arg("-n").arg("-c").arg(&file).stdout(output.try_clone().expect("a file can be shared")).stderr(output);
        let child = command.spawn().expect("it has been run before");
        let mut server = Self { child, address: SocketAddr::from(([127, 0, 0, 1], port)), folder };
        let serves = wait::until(PATIENCE, || {
            if server.child.try_wait().expect("a child can be waited for").is_some() {
                let log = server.log();
                assert!(log.contains("Address already in use"), "ProFTPD ended: {log}");
                return Some(false);
            }
            Wire::open(server.address).is_ok().then_some(true)
        });
        serves.expect("ProFTPD serves in time").then_some(server)
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A control connection, after the greeting.
    pub fn connect(&self) -> Wire {
        Wire::connect(self.address)
    }

    fn log(&self) -> String {
        ["output", "system.log"]
            .map(|name| fs::read_to_string(self.folder.path().join(name)).unwrap_or_default())
            .concat()
    }
}

impl Drop for ProFtpd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program() -> Option<PathBuf> {
    let places = [test_folder().join("proftpd/usr/sbin/proftpd"), Path::new("/usr/sbin/proftpd").to_owned()];
    // Its libraries may be missing.
    let runs = |program: &&PathBuf| program.is_file() && run(Command::new(program).arg("-v"), "").status.success();
    let found = places.iter().find(runs).cloned();
    if found.is_none() {
        eprintln!("left out: Debian's ProFTPD is not there, or lacks libraries");
    }
    found
}
