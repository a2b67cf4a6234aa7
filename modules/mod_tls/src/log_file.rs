//! TLSLog: lines about handshakes. The daemon writes them like those of all logs.

use std::fmt::{self, Display};
use std::net::SocketAddr;
use std::time::SystemTime;

use gantry_api::prelude::*;
use gantry_api::proto::text::Escaped;
use gantry_api::{LogOutput, LogTarget};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// An open TLSLog.
#[derive(Debug)]
pub(crate) struct Log(LogOutput);

/// The connection that a line is about.
#[derive(Debug, Clone)]
pub(crate) struct About {
    session: u64,
    /// The client's address.
    pub(crate) remote: SocketAddr,
}

impl About {
    /// For a session.
    pub(crate) fn of(session: &Session) -> Self {
        Self { session: session.id, remote: session.remote }
    }
}

/// As it appears in the daemon's log.
impl Display for About {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "session {} from {}", self.session, self.remote.ip())
    }
}

impl Log {
    /// Opens or creates it.
    pub(crate) fn open(target: &LogTarget) -> Result<Self> {
        log::open(target).map(Self).map_err(|error| error.context("TLSLog"))
    }

    /// Writes a line. Data of the client, such as names in its certificate, cannot forge another
    /// line.
    pub(crate) fn write(&self, about: &About, text: &str) {
        let (now, version) = (timestamp(SystemTime::now()), env!("CARGO_PKG_VERSION"));
        let text = Escaped(text.as_bytes());
        let line = format!("{now} mod_tls/{version}[{}]: {}: {text}", about.session, about.remote.ip());
        self.0.write(line.as_bytes());
    }
}

fn timestamp(now: SystemTime) -> String {
    let now = Timestamp::try_from(now).unwrap_or_default();
    TimeZone::system().to_datetime(now).strftime("%Y-%m-%d %H:%M:%S").to_string()
}
