//! The ports for clients' passive data connections. They are chosen at random, so that a stranger
//! cannot guess the next one, and tried in turn.

use std::io;
use std::net::{IpAddr, SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

/// How many ports of a range are tried.
const TRIES: usize = 64;

/// The ports to try if PassivePorts is not set: the dynamic ones (RFC 6335 section 6). Letting the
/// kernel choose takes a millisecond when thousands of former connections are still in TIME_WAIT.
const DYNAMIC: (u16, u16) = (49152, 65535);

/// Listens at an address, on a port from PassivePorts if that is set.
pub fn listen(address: IpAddr, ports: Option<(u16, u16)>) -> io::Result<TcpListener> {
    match (ports, listen_within(address, ports.unwrap_or(DYNAMIC))) {
        (None, Err(error)) if error.kind() == io::ErrorKind::AddrInUse => listen_at(SocketAddr::new(address, 0)),
        (_, listening) => listening,
    }
}

fn listen_within(address: IpAddr, (first, last): (u16, u16)) -> io::Result<TcpListener> {
    let count = usize::from(last.saturating_sub(first)) + 1;
    let start = random(count)?;
    let mut error = io::Error::from(io::ErrorKind::AddrInUse);
    for step in 0..count.min(TRIES) {
        let port = first + ((start + step) % count) as u16;
        match listen_at(SocketAddr::new(address, port)) {
            Err(busy) if busy.kind() == io::ErrorKind::AddrInUse => error = busy,
            done => return done,
        }
    }
    Err(error)
}

fn listen_at(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(8)
}

/// A number below `count` that a stranger cannot guess.
fn random(count: usize) -> io::Result<usize> {
    let mut bytes = [0; 4];
    rustix::rand::getrandom(&mut bytes[..], rustix::rand::GetRandomFlags::empty())?;
    Ok(u32::from_ne_bytes(bytes) as usize % count)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn port(listener: &TcpListener) -> u16 {
        listener.local_addr().unwrap().port()
    }

    #[tokio::test]
    async fn ports_are_of_the_range_and_differ() {
        let listeners: Vec<_> = (0..8).map(|_| listen(HOST, None).unwrap()).collect();
        assert!(listeners.iter().all(|listener| port(listener) >= DYNAMIC.0));
        let neighbours = listeners.windows(2).filter(|pair| port(&pair[0]).abs_diff(port(&pair[1])) == 1).count();
        assert!(neighbours < 7, "ports are chosen independently");
    }

    #[tokio::test]
    async fn a_busy_range_is_an_error_and_the_next_free_port_is_found() {
        let busy = listen(HOST, None).unwrap();
        let at = port(&busy);
        let error = listen(HOST, Some((at, at))).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        let (first, last) = (at.saturating_sub(8), at.saturating_add(8));
        assert_ne!(port(&listen(HOST, Some((first, last))).unwrap()), at);
    }
}
