//! The variables of ProFTPD's page on Display files.

use std::net::IpAddr;
use std::time::Duration;

use gantry_api::variable::{Out, Subject};
use gantry_api::{IDENT_USER, Value};
use gantry_format::Pattern;
use jiff::tz::TimeZone;

use crate::facts::Facts;
use crate::text::{Write, with_unit};

/// How long a look-up of the server's own name may take.
const NAME_WAIT: Duration = Duration::from_secs(2);

/// What the variables show.
pub(crate) struct Values<'a> {
    pub(crate) subject: Subject<'a>,
    pub(crate) facts: &'a Facts,
    /// How many bytes the file system has room for.
    pub(crate) available: Option<u64>,
    /// The server's own name, if it is shown.
    pub(crate) host: &'a str,
}

/// The name of the address that a client reached, or the address.
pub(crate) async fn host_name(address: IpAddr) -> String {
    let address = address.to_canonical();
    let asked = tokio::task::spawn_blocking(move || gantry_sys::names::host_name(address));
    let name = tokio::time::timeout(NAME_WAIT, asked).await.ok().and_then(Result::ok).flatten();
    name.unwrap_or_else(|| address.to_string())
}

impl Values<'_> {
    /// The clients counted by a directive of the server's.
    fn count(&self, directive: &str, of: &str) -> u64 {
        let session = self.subject.session;
        session.census.count(&format!("{directive} {} {of}", session.server_key))
    }

    fn class(&self) -> &str {
        self.subject.session.class.as_deref().unwrap_or("(unknown)")
    }

    fn most(&self) -> u64 {
        self.facts.clients.as_ref().map_or(0, |limit| limit.most)
    }

    /// As ProFTPD, the limit on all clients where the class has none.
    fn most_of_class(&self) -> u64 {
        let class = self.subject.session.class.as_deref();
        let lines = self.facts.classes.iter().rev();
        let own = lines.filter(|line| Some(line.class.as_str()) == class).find_map(|line| line.limit.as_ref());
        own.map_or_else(|| self.most(), |limit| limit.most)
    }

    fn time(&self, format: &str, out: &mut Vec<u8>) -> bool {
        let pattern = Pattern::parse(format, &TimeZone::system());
        pattern.map(|pattern| pattern.write(self.subject.now, out)).is_ok()
    }
}

impl Write for Values<'_> {
    fn letter(&self, letter: u8, out: &mut Vec<u8>) -> bool {
        let session = self.subject.session;
        let (bytes_in, bytes_out) = session.bytes;
        let (files_in, files_out) = session.files;
        let bytes = bytes_in.saturating_add(bytes_out);
        let text = match letter {
            b'C' if session.account.is_none() => "(none)".to_owned(),
            b'C' => {
                out.extend_from_slice(session.cwd.as_bytes());
                return true;
            }
            b'E' => match &self.facts.admin {
                Some(admin) => admin.clone(),
                None => format!("root@{}", session.local.ip().to_canonical()),
            },
            b'F' => (self.available.unwrap_or(0) / 1024).to_string(),
            b'f' => with_unit(self.available.unwrap_or(0)),
            b'i' => files_in.to_string(),
            b'K' => (bytes / 1024).to_string(),
            b'k' => with_unit(bytes),
            b'L' => self.host.to_owned(),
            b'M' => self.most().to_string(),
            b'N' => self.count("MaxClients", "").to_string(),
            b'o' => files_out.to_string(),
            b'R' => session.remote_host.clone(),
            b'T' => return self.time("%a %b %e %H:%M:%S %Y", out),
            b't' => files_in.saturating_add(files_out).to_string(),
            b'U' => session.user.clone().unwrap_or_default(),
            b'u' => match session.notes.get(IDENT_USER) {
                Some(Value::Text(user)) => user.clone(),
                _ => "UNKNOWN".to_owned(),
            },
            b'V' => session.server_name.to_string(),
            b'x' => self.class().to_owned(),
            b'y' => self.count("MaxClientsPerClass", self.class()).to_string(),
            b'z' => self.most_of_class().to_string(),
            _ => return false,
        };
        out.extend_from_slice(text.as_bytes());
        true
    }

    fn name(&self, name: &str, out: &mut Vec<u8>) -> bool {
        let session = self.subject.session;
        let number = match name {
            "total_bytes_in" => session.bytes.0,
            "total_bytes_out" => session.bytes.1,
            "total_bytes_xfer" => session.bytes.0.saturating_add(session.bytes.1),
            "total_files_in" => session.files.0,
            "total_files_out" => session.files.1,
            "total_files_xfer" => session.files.0.saturating_add(session.files.1),
            // A module's variable that is a note of the session.
            _ if name.starts_with("mod_") => {
                Out::new(out).value(session.notes.get(name));
                return session.notes.get(name).is_some();
            }
            _ => {
                if let Some(format) = name.strip_prefix("time:") {
                    return self.time(format, out);
                }
                let value = name.strip_prefix("env:").filter(|name| !name.is_empty() && !name.contains(['=', '\0']));
                let value = value.and_then(|name| self.facts.variable(name));
                value.iter().for_each(|value| out.extend_from_slice(value.as_bytes()));
                return value.is_some();
            }
        };
        out.extend_from_slice(number.to_string().as_bytes());
        true
    }
}
