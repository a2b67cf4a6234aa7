//! The daemon's end: starts the keeper and exchanges packets with it. The daemon keeps track of who waits for which
//! answer.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use gantry_sys::background::keep_descriptors;
use rustix::net::{AddressFamily, Shutdown, SocketFlags, SocketType, shutdown, socketpair};
use thiserror::Error;

use crate::packets::{Packet, receive, send_all};
use crate::process::ARGUMENT;
use crate::protocol::{Answer, Fault, Request};

/// The only folders where PAM modules find programs.
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// The daemon's connection to the keeper. Dropping it ends the keeper.
pub struct Link {
    socket: Arc<OwnedFd>,
    pid: u32,
}

/// Receives the answers; for one thread that does nothing else.
pub struct Receiver {
    socket: Arc<OwnedFd>,
    process: Child,
}

/// The keeper has ended, and how.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct KeeperExit(String);

/// A request that did not reach the keeper.
#[derive(Debug, Error)]
pub enum SendError {
    /// It cannot be encoded.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The keeper has ended, or accepts nothing now.
    #[error("the keeper cannot be reached: {0}")]
    System(#[from] io::Error),
}

impl Link {
    /// Starts the keeper as this process's user: the same executable, with an empty environment and
    /// one socket. The executable's `main` must begin with [`crate::answer`].
    ///
    /// # Errors
    /// No process can be started.
    pub fn start() -> io::Result<(Self, Receiver)> {
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        // The keeper does not need what it would inherit.
        let _ = keep_descriptors();
        // Not by its path, which may lead to another build by now.
        let process = Command::new("/proc/self/exe")
            .arg0("gantryd")
            .arg(ARGUMENT)
            .env_clear()
            .env("PATH", PATH)
            .current_dir("/")
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        let socket = Arc::new(ours);
        let pid = process.id();
        Ok((Self { socket: socket.clone(), pid }, Receiver { socket, process }))
    }

    /// The keeper's process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Sends a request with its descriptor, without waiting.
    ///
    /// # Errors
    /// The request cannot be sent, or the keeper does not take it.
    pub fn send(&self, request: &Request, descriptor: Option<BorrowedFd<'_>>) -> Result<(), SendError> {
        let packet = request.encode()?;
        Ok(send_all(&self.socket, &packet, descriptor)?)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // This wakes those who wait for an answer.
        let _ = shutdown(&*self.socket, Shutdown::Both);
    }
}

impl Receiver {
    /// Waits for the next answer.
    ///
    /// # Errors
    /// The keeper has gone, or this side has ended it.
    pub fn receive(&mut self) -> Result<Answer, KeeperExit> {
        loop {
            let why = match receive(&self.socket) {
                Ok(Packet::Whole(packet)) => match Answer::decode(&packet) {
                    Ok(answer) => return Ok(answer),
                    // The caller gives up.
                    Err(_) => continue,
                },
                Ok(Packet::Cut) => continue,
                Ok(Packet::End) => None,
                Err(error) => Some(error),
            };
            let _ = shutdown(&*self.socket, Shutdown::Both);
            return Err(KeeperExit(match (why, self.process.wait()) {
                (Some(error), _) | (None, Err(error)) => error.to_string(),
                (None, Ok(status)) => status.to_string(),
            }));
        }
    }
}
