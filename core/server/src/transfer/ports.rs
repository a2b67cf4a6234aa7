//! The ports for clients' passive data connections. They are chosen at random, so that a stranger
//! cannot guess the next one, and tried in turn.

use std::io;
use std::net::{self, IpAddr, SocketAddr};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, acceptfrom_with, bind, listen, socket_with, sockopt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::coop::consume_budget;

/// How many ports of a range are tried.
const TRIES: usize = 64;

/// The ports to try if PassivePorts is not set: the dynamic ones (RFC 6335 section 6). Letting the
/// kernel choose takes a millisecond when thousands of former connections are still in TIME_WAIT.
const DYNAMIC: (u16, u16) = (49152, 65535);

/// Connections waiting to be accepted.
const BACKLOG: i32 = 8;

/// Listens for a data connection. A client that has connected before its transfer command
/// comes, as most have, is accepted without an event loop and a timer.
#[derive(Debug)]
pub struct Listener {
    address: SocketAddr,
    /// Until there is a wait.
    fresh: Option<net::TcpListener>,
    waiting: Option<TcpListener>,
}

impl Listener {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next connection, and its peer.
    pub async fn accept(&mut self) -> io::Result<(Accepted, SocketAddr)> {
        // Clients that connect again and again must not block the worker.
        consume_budget().await;
        if let Some(accepted) = self.fresh.as_ref().map(accept_at_once).transpose()?.flatten() {
            let (stream, peer) = accepted;
            return Ok((Accepted::AtOnce(stream), peer));
        }
        if let Some(listener) = self.fresh.take() {
            self.waiting = Some(TcpListener::from_std(listener)?);
        }
        match &self.waiting {
            Some(listener) => {
                let (stream, peer) = listener.accept().await?;
                Ok((Accepted::Later(stream), peer))
            }
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

/// A connection that a client has made.
#[derive(Debug)]
pub enum Accepted {
    /// It existed already. It does not block.
    AtOnce(net::TcpStream),
    /// The server waited for it.
    Later(TcpStream),
}

/// Listens at an address, on a port from PassivePorts if that is set.
pub fn passive(address: IpAddr, ports: Option<(u16, u16)>) -> io::Result<Listener> {
    match (ports, listen_within(address, ports.unwrap_or(DYNAMIC))) {
        (None, Err(error)) if error.kind() == io::ErrorKind::AddrInUse => listen_at(SocketAddr::new(address, 0)),
        (_, listening) => listening,
    }
}

fn listen_within(address: IpAddr, (first, last): (u16, u16)) -> io::Result<Listener> {
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

fn listen_at(address: SocketAddr) -> io::Result<Listener> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(family, SocketType::STREAM, flags, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    bind(&socket, &address)?;
    listen(&socket, BACKLOG)?;
    let listener = net::TcpListener::from(socket);
    let address = if address.port() == 0 { listener.local_addr()? } else { address };
    Ok(Listener { address, fresh: Some(listener), waiting: None })
}

/// A connection that exists already.
fn accept_at_once(listener: &net::TcpListener) -> io::Result<Option<(net::TcpStream, SocketAddr)>> {
    match acceptfrom_with(listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC) {
        Ok((socket, peer)) => {
            let peer = peer.and_then(|peer| SocketAddr::try_from(peer).ok()).ok_or(io::ErrorKind::NotConnected)?;
            Ok(Some((socket.into(), peer)))
        }
        Err(Errno::AGAIN) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A number below `count` that a stranger cannot guess.
fn random(count: usize) -> io::Result<usize> {
    let mut bytes = [0; 4];
    rustix::rand::getrandom(&mut bytes[..], rustix::rand::GetRandomFlags::empty())?;
    Ok(u32::from_ne_bytes(bytes) as usize % count)
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::net::Ipv4Addr;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    const HOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn port(listener: &Listener) -> u16 {
        listener.address().port()
    }

    #[tokio::test]
    async fn ports_are_of_the_range_and_differ() {
        let listeners: Vec<_> = (0..8).map(|_| passive(HOST, None).unwrap()).collect();
        assert!(listeners.iter().all(|listener| port(listener) >= DYNAMIC.0));
        let neighbours = listeners.windows(2).filter(|pair| port(&pair[0]).abs_diff(port(&pair[1])) == 1).count();
        assert!(neighbours < 7, "ports are chosen independently");
    }

    #[tokio::test]
    async fn a_busy_range_is_an_error_and_the_next_free_port_is_found() {
        let busy = passive(HOST, None).unwrap();
        let at = port(&busy);
        let error = passive(HOST, Some((at, at))).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        let (first, last) = (at.saturating_sub(8), at.saturating_add(8));
        assert_ne!(port(&passive(HOST, Some((first, last))).unwrap()), at);
    }

    #[tokio::test]
    async fn clients_are_accepted_that_came_before_and_that_come_later() {
        let mut listener = passive(HOST, None).unwrap();
        let before = net::TcpStream::connect(listener.address()).unwrap();
        let (accepted, peer) = listener.accept().await.unwrap();
        assert_eq!(peer, before.local_addr().unwrap());
        assert!(matches!(accepted, Accepted::AtOnce(_)) && listener.fresh.is_some(), "nobody was waited for");
        let address = listener.address();
        let mut accepting = pin!(listener.accept());
        assert!(accepting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let later = net::TcpStream::connect(address).unwrap();
        let (accepted, peer) = accepting.await.unwrap();
        assert!(matches!(accepted, Accepted::Later(_)));
        assert_eq!(peer, later.local_addr().unwrap());
    }
}
