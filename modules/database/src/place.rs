//! SQLConnectInfo's first word for servers: `database[@host][:port]`.

use std::net::Ipv6Addr;
use std::path::PathBuf;

use crate::error::DatabaseError;

/// Where a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its name.
    pub database: String,
    /// Its server, if one is named.
    pub host: Option<Host>,
    /// The port, if one is given.
    pub port: Option<u16>,
}

/// A server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// Its name or address.
    Name(String),
    /// The path of a Unix socket, or of the folder of one.
    Path(PathBuf),
}

impl Place {
    /// Reads the word. An IPv6 address with a port is in brackets.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(word: &str) -> Result<Self, DatabaseError> {
        let fault =
            |what: &str| DatabaseError::Configuration(format!("'{word}' {what}: expected database[@host][:port]"));
        let (database, host, port) = match word.split_once('@') {
            Some((database, server)) => {
                let (host, port) = split(server);
                if host.is_empty() {
                    return Err(fault("names no host"));
                }
                (database, Some(host), port)
            }
            None => match word.rsplit_once(':') {
                Some((database, port)) => (database, None, Some(port)),
                None => (word, None, None),
            },
        };
        if database.is_empty() {
            return Err(fault("names no database"));
        }
        if word.contains('\0') {
            return Err(fault("contains a NUL"));
        }
        let port = match port {
            Some(port) => Some(port.parse().ok().filter(|port| *port > 0).ok_or_else(|| fault("has no valid port"))?),
            None => None,
        };
        let host = host.map(|host| match host.starts_with('/') {
            true => Host::Path(host.into()),
            false => Host::Name(host.to_owned()),
        });
        Ok(Self { database: database.to_owned(), host, port })
    }
}

/// A host and its port.
fn split(server: &str) -> (&str, Option<&str>) {
    if let Some((host, rest)) = server.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (host, rest.strip_prefix(':').or((!rest.is_empty()).then_some(rest)));
    }
    if server.parse::<Ipv6Addr>().is_ok() {
        return (server, None);
    }
    match server.rsplit_once(':') {
        // A socket's path may have a colon.
        Some((_, port)) if server.starts_with('/') && port.contains(|letter: char| !letter.is_ascii_digit()) => {
            (server, None)
        }
        Some((host, port)) => (host, Some(port)),
        None => (server, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_the_manual_says() {
        let name = |name: &str| Some(Host::Name(name.to_owned()));
        let path = |path: &str| Some(Host::Path(path.into()));
        for (word, database, host, port) in [
            ("ftpusers", "ftpusers", None, None),
            ("ftpusers@foo.com", "ftpusers", name("foo.com"), None),
            ("ftpusers:3000", "ftpusers", None, Some(3000)),
            ("ftpusers@foo.com:3000", "ftpusers", name("foo.com"), Some(3000)),
            ("ftp@/run/mysqld/mysqld.sock", "ftp", path("/run/mysqld/mysqld.sock"), None),
            ("ftp@/run/postgresql:5433", "ftp", path("/run/postgresql"), Some(5433)),
            ("ftp@/run/a:b", "ftp", path("/run/a:b"), None),
            ("ftp@[::1]:3306", "ftp", name("::1"), Some(3306)),
            ("ftp@[::1]", "ftp", name("::1"), None),
            ("ftp@::1", "ftp", name("::1"), None),
        ] {
            assert_eq!(Place::read(word).unwrap(), Place { database: database.to_owned(), host, port }, "{word}");
        }
        for word in ["", "@host", "ftp@", "ftp:", "ftp:x", "ftp@host:0", "ftp@host:65536", "ftp@[::1]x", "ftp@:3306"] {
            assert!(Place::read(word).is_err(), "{word}");
        }
    }
}
