//! Ports below 1024, which only root can bind. A socket that the keeper has bound is bound for the daemon, too.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use rustix::net::sockopt::{socket_domain, socket_type};
use rustix::net::{AddressFamily, SocketType, bind as bind_socket};

/// Binds a TCP socket that the daemon has made. The keeper refuses all other sockets and ports.
pub(super) fn bind(socket: Option<OwnedFd>, address: SocketAddr) -> io::Result<()> {
    let refused = |why: &str| io::Error::new(io::ErrorKind::InvalidInput, why.to_owned());
    let socket = socket.ok_or_else(|| refused("no socket came with the request"))?;
    if !(1..1024).contains(&address.port()) {
        return Err(refused("the port is not below 1024"));
    }
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    if socket_type(&socket)? != SocketType::STREAM || socket_domain(&socket)? != family {
        return Err(refused("it is not a TCP socket of that family"));
    }
    Ok(bind_socket(&socket, &address)?)
}

#[cfg(test)]
mod tests {
    use rustix::net::socket;

    use super::*;

    #[test]
    fn only_tcp_sockets_get_low_ports() {
        let made = |family, kind| socket(family, kind, None).ok();
        let refused = |socket, address: &str| bind(socket, address.parse().unwrap()).unwrap_err().to_string();
        let low = "127.0.0.1:21";
        assert!(refused(None, low).contains("no socket"));
        assert!(refused(made(AddressFamily::INET, SocketType::STREAM), "127.0.0.1:0").contains("below 1024"));
        assert!(refused(made(AddressFamily::INET, SocketType::STREAM), "127.0.0.1:1024").contains("below 1024"));
        for (family, kind) in [
            (AddressFamily::INET, SocketType::DGRAM),
            (AddressFamily::INET6, SocketType::STREAM),
            (AddressFamily::UNIX, SocketType::STREAM),
        ] {
            assert!(refused(made(family, kind), low).contains("not a TCP socket") || made(family, kind).is_none());
        }
    }
}
