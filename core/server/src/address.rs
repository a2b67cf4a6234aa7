//! Resolves addresses by name.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

/// `address`, `address:port`, `[address]:port` or a name. The error is the
/// system's reason.
pub fn resolve(name: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    if let Ok(address) = name.parse::<SocketAddr>() {
        return Ok(vec![address]);
    }
    // Without the number, and without the name of the system call.
    let reason = |error: io::Error| error.to_string().replace("failed to lookup address information: ", "");
    (name, port).to_socket_addrs().map(Iterator::collect).map_err(reason)
}
