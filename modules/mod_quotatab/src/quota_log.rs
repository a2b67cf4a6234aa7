//! QuotaLog: lines that the daemon writes, as it does those of all logs.

use std::time::SystemTime;

use gantry_api::prelude::*;
use gantry_api::proto::text::Escaped;
use gantry_api::{LogOutput, LogTarget};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A log.
pub(crate) struct QuotaLog {
    output: LogOutput,
    zone: TimeZone,
}

impl QuotaLog {
    /// Opens or makes it.
    pub(crate) fn open(target: &LogTarget) -> Result<Self> {
        let output = log::open(target).map_err(|error| error.context("QuotaLog"))?;
        Ok(Self { output, zone: TimeZone::system() })
    }

    /// Writes a line. No name that a client has sent can forge another.
    pub(crate) fn write(&self, session: &Session, text: &str) {
        let now = Timestamp::try_from(SystemTime::now()).unwrap_or_default();
        let now = self.zone.to_datetime(now).strftime("%Y-%m-%d %H:%M:%S");
        let (version, text) = (env!("CARGO_PKG_VERSION"), Escaped(text.as_bytes()));
        self.output.write(format!("{now} mod_quotatab/{version}[{}]: {text}", session.id).as_bytes());
    }
}
