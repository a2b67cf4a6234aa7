//! A server that runs: started by the script `servers/NAME`, in a network of its own
//! where that is asked for.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::error::{Error, Result};
use crate::files::Files;
use crate::session::Session;
use crate::tree;

/// How long a server may take to greet.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where servers come from, and how they are started.
#[derive(Debug)]
pub struct Origin<'a> {
    /// The folder of the scripts.
    pub scripts: PathBuf,
    /// The folder with what was built or unpacked for each server, by its name.
    pub programs: PathBuf,
    /// What they serve.
    pub files: &'a Files,
    /// Whether each gets network and mounts of its own.
    pub isolate: bool,
    /// Whether they are to be attacked: few descriptors, and names are looked up.
    pub attack: bool,
}

/// A server.
#[derive(Debug)]
pub struct Server {
    name: String,
    host: Child,
    address: SocketAddr,
    network: Option<File>,
    output: PathBuf,
}

impl Server {
    /// Starts it, and waits for its greeting.
    pub fn start(name: &str, origin: &Origin<'_>) -> Result<Self> {
        let folder = origin.files.folder().join("servers").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).map_err(Error::file(&folder))?;
        let output = folder.join("output.log");
        let log = File::create(&output).map_err(Error::file(&output))?;
        let address = free_address()?;
        let mut command = host(name, origin)?;
        command.env("NAME", name).env("PROGRAMS", &origin.programs).env("FOLDER", &folder);
        command.env("PORT", address.port().to_string()).envs(origin.files.environment());
        if origin.attack {
            command.env("ATTACK", if origin.isolate { "isolated" } else { "" });
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        let mut host = command.spawn().map_err(Error::system("start a host"))?;
        if let Some(said) = host.stdout.take() {
            BufReader::new(said).read_line(&mut String::new()).map_err(Error::system("hear from the host"))?;
        }
        let mut server = Self { name: name.to_owned(), host, address, network: None, output };
        if origin.isolate {
            let path = PathBuf::from(format!("/proc/{}/ns/net", server.host.id()));
            server.network = Some(File::open(&path).map_err(Error::file(&path))?);
        }
        server.wait_for_greeting()?;
        Ok(server)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Moves this thread into its network, and those that the thread starts from now
    /// on.
    pub fn enter(&self) -> Result<()> {
        let Some(network) = &self.network else { return Ok(()) };
        move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network))
            .map_err(Error::system("enter the server's network"))
    }

    /// The time that its processes have been on a processor.
    pub fn ran(&self) -> Result<Duration> {
        tree::ran(self.host.id())
    }

    /// Its memory, in bytes.
    pub fn held(&self) -> Result<u64> {
        tree::held(self.host.id())
    }

    /// How many processes it has.
    pub fn processes(&self) -> Result<usize> {
        Ok(tree::members(self.host.id())?.len())
    }

    /// Waits until it has no more processes than that: those of sessions that have
    /// ended may take a moment.
    pub fn settle(&self, processes: usize) -> Result<()> {
        let end = Instant::now() + Duration::from_secs(2);
        while self.processes()? > processes && Instant::now() < end {
            thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    fn wait_for_greeting(&mut self) -> Result<()> {
        self.enter()?;
        let end = Instant::now() + PATIENCE;
        loop {
            if let Ok(session) = Session::connect(self.address) {
                // Whatever it says to that.
                let _ = session.quit();
                return Ok(());
            }
            if self.host.try_wait().map_err(Error::system("look after the host"))?.is_some() {
                return Err(self.failed("has ended"));
            }
            if Instant::now() > end {
                return Err(self.failed("does not greet"));
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn failed(&self, what: &'static str) -> Error {
        let output = String::from_utf8_lossy(&fs::read(&self.output).unwrap_or_default()).into_owned();
        let lines: Vec<&str> = output.lines().collect();
        let output = lines[lines.len().saturating_sub(20)..].join("\n");
        Error::Server { server: self.name.clone(), what, output }
    }
}

impl Drop for Server {
    /// The host ends the server when its standard input ends.
    fn drop(&mut self) {
        drop(self.host.stdin.take());
        let _ = self.host.wait();
    }
}

/// The command that starts a server's host.
fn host(name: &str, origin: &Origin<'_>) -> Result<Command> {
    let this = std::env::current_exe().map_err(Error::system("find this program"))?;
    let script = script(name, &origin.scripts);
    if !origin.isolate {
        let mut command = Command::new(this);
        command.arg("host").arg(script);
        return Ok(command);
    }
    let mut command = Command::new("unshare");
    command.args(["--net", "--mount", "--propagation", "private"]);
    command.arg(this).args(["host", "--loopback"]).arg(script);
    Ok(command)
}

/// `servers/NAME`, or what NAME begins with: `gantry-linked` is started by `gantry`.
fn script(name: &str, scripts: &Path) -> PathBuf {
    let exact = scripts.join(name);
    if exact.exists() {
        return exact;
    }
    let family = name.split_once('-').map_or(name, |(family, _)| family);
    scripts.join(if family == "before" { "gantry" } else { family })
}

fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    listener.and_then(|listener| listener.local_addr()).map_err(Error::system("find a free port"))
}
