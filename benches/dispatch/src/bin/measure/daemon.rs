//! A running `gantryd` in its own folder; its log is read as it is written.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::error::{Error, Result};
use crate::memory::{self, MemoryUse};

/// The control socket's name in the daemon's folder.
const SOCKET: &str = "control";

/// How long to wait for a line of the log.
const PATIENCE: Duration = Duration::from_secs(60);

/// The daemon.
pub struct Daemon {
    child: Child,
    log: Receiver<String>,
    address: SocketAddr,
    generation: u32,
    folder: TempDir,
}

impl Daemon {
    /// Starts one, and returns also how long it took until clients could connect. `configure` gets
    /// the folder and returns lines to add after the usual ones.
    pub fn start(gantryd: &Path, configure: impl FnOnce(&Path) -> Result<String>) -> Result<(Self, Duration)> {
        let folder = tempfile::Builder::new().prefix("gantry-bench-").tempdir()?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let path = folder.path().join("gantryd.conf");
        let text = format!(
            "ServerName bench\nDefaultAddress 127.0.0.1\nPort any\nUseReverseDNS off\nRequireValidShell off\n\
             TransferLog none\n{}",
            configure(folder.path())?
        );
        fs::write(&path, &text)?;
        let mut command = Command::new(gantryd);
        command.arg("-n").arg("-c").arg(&path).current_dir(folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let began = Instant::now();
        let mut child = command.spawn().map_err(Error::of(gantryd))?;
        let (send, log) = channel();
        if let Some(errors) = child.stderr.take() {
            thread::spawn(move || {
                BufReader::new(errors).lines().map_while(std::result::Result::ok).try_for_each(|line| send.send(line))
            });
        }
        let mut daemon = Self { child, log, address: SocketAddr::from(([127, 0, 0, 1], 0)), generation: 1, folder };
        let line = daemon.wait_for("listening on 127.0.0.1:")?;
        let took = began.elapsed();
        let address = line.split("listening on ").nth(1).and_then(|rest| rest.split_whitespace().next());
        let address = address.and_then(|text| text.trim_end_matches([',', '.']).parse().ok());
        daemon.address = address.ok_or_else(|| Error::new(format!("no address in '{line}'")))?;
        Ok((daemon, took))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Makes it reload its configuration, and returns the time until new sessions got the new
    /// generation. The old one has retired when this returns.
    pub fn reload(&mut self) -> Result<Duration> {
        let began = Instant::now();
        self.signal(Signal::HUP)?;
        let old = self.generation;
        self.generation += 1;
        self.wait_for(&format!("generation {} serves new sessions", self.generation))?;
        let took = began.elapsed();
        self.wait_for(&format!("generation {old} retired"))?;
        Ok(took)
    }

    /// Swaps one module over the control socket that `controlled` enables, and returns the time
    /// until the answer. The old build has retired when this returns.
    pub fn swap(&mut self, module: &str) -> Result<Duration> {
        let began = Instant::now();
        let mut socket = UnixStream::connect(self.folder.path().join(SOCKET))?;
        socket.set_read_timeout(Some(PATIENCE))?;
        writeln!(socket, r#"{{"action":"swap","arguments":["{module}"]}}"#)?;
        let mut answer = String::new();
        BufReader::new(socket).read_line(&mut answer)?;
        let took = began.elapsed();
        if !answer.contains(r#""ok":true"#) {
            return Err(Error::new(format!("{module} was not swapped: {answer}")));
        }
        let old = self.generation;
        self.generation += 1;
        self.wait_for(&format!("generation {old} retired"))?;
        Ok(took)
    }

    /// Its memory.
    pub fn memory(&self) -> Result<MemoryUse> {
        memory::held(self.child.id())
    }

    /// The processor time of its threads, in nanoseconds.
    pub fn ran(&self) -> Result<u64> {
        memory::ran(self.child.id())
    }

    /// Ends it.
    pub fn end(mut self) -> Result<()> {
        self.signal(Signal::TERM)?;
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { Err(Error::new(format!("gantryd ended with {status}"))) }
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| Error::new("a child without a process id"))?;
        Ok(kill_process(pid, signal).map_err(std::io::Error::from)?)
    }

    fn wait_for(&mut self, text: &str) -> Result<String> {
        let mut seen = Vec::new();
        let end = Instant::now() + PATIENCE;
        while let Ok(line) = self.log.recv_timeout(end.saturating_duration_since(Instant::now())) {
            if line.contains(text) {
                return Ok(line);
            }
            seen.push(line);
        }
        Err(Error::new(format!("gantryd does not say '{text}':\n{}", seen.join("\n"))))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines that open the control socket in a folder.
pub fn controlled(folder: &Path) -> String {
    let (socket, user) = (folder.join(SOCKET), rustix::process::getuid().as_raw());
    format!("ControlsEngine on\nControlsSocket {}\nModuleControlsACLs swap allow user {user}\n", socket.display())
}

/// The lines that load modules from a prefix's folder.
pub fn loading(prefix: &Path, modules: &[String]) -> String {
    let folder = prefix.join("libexec");
    let lines: String = modules.iter().map(|module| format!("LoadModule {module}.c\n")).collect();
    if modules.is_empty() { lines } else { format!("ModulePath {}\n{lines}", folder.display()) }
}

/// The modules of a prefix's folder, by name.
pub fn modules(prefix: &Path) -> Result<Vec<String>> {
    let folder = prefix.join("libexec");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).map_err(Error::of(&folder))? {
        let path: PathBuf = entry?.path();
        names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}
