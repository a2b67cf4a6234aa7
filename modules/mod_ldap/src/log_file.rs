//! LDAPLog: lines of look-ups and of passwords that were checked. The daemon writes them, as it does those of all logs.

use std::net::IpAddr;
use std::time::SystemTime;

use gantry_api::proto::text::Escaped;
use gantry_api::service::LoginRequest;
use gantry_api::{LogOutput, LogTarget, Result, log};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A log.
#[derive(Debug)]
pub(crate) struct Log(LogOutput);

impl Log {
    /// Opens or creates it.
    pub(crate) fn open(target: &LogTarget) -> Result<Self> {
        log::open(target).map(Self).map_err(|error| error.context("LDAPLog"))
    }

    /// Writes a line about a login. What a client or the directory has sent cannot forge another.
    pub(crate) fn write(&self, request: &LoginRequest, text: &str) {
        self.0.write(line(SystemTime::now(), request.session, request.address, &request.user, text).as_bytes());
    }
}

fn line(now: SystemTime, session: u64, address: IpAddr, user: &str, text: &str) -> String {
    let now = Timestamp::try_from(now).unwrap_or_default();
    let now = TimeZone::system().to_datetime(now).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let (version, user, text) = (env!("CARGO_PKG_VERSION"), Escaped(user.as_bytes()), Escaped(text.as_bytes()));
    format!("{now} mod_ldap/{version}[{session}]: {address}: user '{user}': {text}")
}
