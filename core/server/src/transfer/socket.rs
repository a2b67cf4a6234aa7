//! The socket of a data connection. It is registered with the event loop, and gets keepalive
//! probes, only when something has to wait for it: most small files are sent without a wait.

use std::io;
use std::net;
use std::os::fd::{AsFd, BorrowedFd};

use tokio::io::Interest;
use tokio::net::TcpStream;

use crate::settings::SocketOptions;
use crate::wire::options;

/// The socket of an open data connection.
#[derive(Debug)]
pub struct DataSocket(State);

#[derive(Debug)]
enum State {
    /// Nothing has waited for it yet. Some options are not set yet.
    Fresh(net::TcpStream, SocketOptions),
    Registered(TcpStream),
    /// The event loop could not take it.
    Lost,
}

impl DataSocket {
    /// Takes a socket that does not block, and sets what TCPNoDelay and SocketOptions say.
    pub fn fresh(stream: net::TcpStream, no_delay: bool, options: &SocketOptions) -> Self {
        options::set_sizes(&stream, no_delay, options);
        Self(State::Fresh(stream, *options))
    }

    /// Takes a socket that is registered already, and sets the same options.
    pub fn registered(stream: TcpStream, no_delay: bool, options: &SocketOptions) -> Self {
        options::set(&stream, no_delay, options);
        Self(State::Registered(stream))
    }

    /// Runs an operation when the socket is ready for it; tries it at once if nothing has waited
    /// yet.
    pub async fn when<T>(
        &mut self,
        interest: Interest,
        mut act: impl FnMut(BorrowedFd<'_>) -> io::Result<T>,
    ) -> io::Result<T> {
        if let State::Fresh(stream, _) = &self.0 {
            match act(stream.as_fd()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return done,
            }
        }
        let stream = self.stream()?;
        stream.async_io(interest, || act(stream.as_fd())).await
    }

    /// The socket, registered.
    pub fn stream(&mut self) -> io::Result<&TcpStream> {
        if let State::Fresh(..) = self.0
            && let State::Fresh(stream, options) = std::mem::replace(&mut self.0, State::Lost)
        {
            options::set_probes(&stream, &options);
            self.0 = State::Registered(TcpStream::from_std(stream)?);
        }
        match &self.0 {
            State::Registered(stream) => Ok(stream),
            State::Fresh(..) | State::Lost => Err(lost()),
        }
    }

    /// Its descriptor.
    pub fn descriptor(&self) -> io::Result<BorrowedFd<'_>> {
        match &self.0 {
            State::Fresh(stream, _) => Ok(stream.as_fd()),
            State::Registered(stream) => Ok(stream.as_fd()),
            State::Lost => Err(lost()),
        }
    }
}

fn lost() -> io::Error {
    io::ErrorKind::NotConnected.into()
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, TcpListener};

    use rustix::net::{RecvFlags, SendFlags, recv, send};

    use super::*;

    #[tokio::test]
    async fn a_socket_is_registered_at_its_first_wait() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let mut peer = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        stream.set_nonblocking(true).unwrap();
        let mut socket = DataSocket::fresh(stream, true, &SocketOptions::default());
        let send = |fd: BorrowedFd<'_>| Ok(send(fd, b"out", SendFlags::NOSIGNAL)?);
        assert_eq!(socket.when(Interest::WRITABLE, send).await.unwrap(), 3);
        assert!(matches!(socket.0, State::Fresh(..)), "nobody had to wait");
        let mut read = [0; 3];
        peer.read_exact(&mut read).unwrap();

        let receive = |fd: BorrowedFd<'_>| Ok(recv(fd, &mut [0; 8], RecvFlags::empty())?.1);
        let (received, ()) = tokio::join!(socket.when(Interest::READABLE, receive), async {
            tokio::task::yield_now().await;
            peer.write_all(b"in").unwrap();
        });
        assert_eq!(received.unwrap(), 2);
        assert!(matches!(socket.0, State::Registered(_)));
        let keepalive = socket2::SockRef::from(socket.stream().unwrap()).keepalive().unwrap();
        assert!(keepalive && socket.descriptor().is_ok());
    }
}
