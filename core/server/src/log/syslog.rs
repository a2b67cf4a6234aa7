//! The system's log: RFC 3164's lines for the local socket, as the C library writes them.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::sync::atomic::{AtomicU8, Ordering};

use gantry_api::Severity;
use jiff::ZonedDateTime;

use super::style::program;

/// The socket of the system's log.
const SOCKET: &str = "/dev/log";
/// The facility for daemons.
const DAEMON: u8 = 3;

/// SyslogFacility.
static FACILITY: AtomicU8 = AtomicU8::new(DAEMON);

/// Sets the facility; by default that for daemons.
pub fn set_facility(facility: Option<u8>) {
    FACILITY.store(facility.unwrap_or(DAEMON), Ordering::Relaxed);
}

/// A non-blocking socket for the system's log.
#[derive(Debug)]
pub struct Syslog(UnixDatagram);

impl Syslog {
    /// Makes a socket; a receiver is not needed yet.
    ///
    /// # Errors
    /// The system's: there is no socket to be had.
    pub fn new() -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        Ok(Self(socket))
    }

    /// Another handle of the same socket.
    pub fn again(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }

    /// Sends a line.
    ///
    /// # Errors
    /// The system's: nobody hears, or too much waits already.
    pub fn send(&self, severity: Severity, line: &[u8]) -> io::Result<()> {
        let packet = packet(severity, &ZonedDateTime::now(), line);
        self.0.send_to(&packet, SOCKET).map(drop)
    }
}

/// The most bytes of a line; rsyslog cuts there, too.
const MOST: usize = 8192;

/// A line with its priority, time and name. The system's log adds the host.
pub fn packet(severity: Severity, time: &ZonedDateTime, line: &[u8]) -> Vec<u8> {
    let priority = FACILITY.load(Ordering::Relaxed) << 3 | severity as u8;
    let time = time.strftime("%b %e %H:%M:%S");
    let begin = format!("<{priority}>{time} {}[{}]: ", program(), std::process::id());
    [begin.as_bytes(), line.get(..MOST).unwrap_or(line)].concat()
}
