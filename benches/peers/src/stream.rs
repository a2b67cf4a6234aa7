//! A connection, control or data: all that the load does with one. With TLS, its
//! handshake and its bytes belong here, and nothing else changes.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use rustix::fs::sendfile;
use rustix::net::{RecvFlags, recv};

/// How long the server may be silent.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection.
#[derive(Debug)]
pub struct Stream {
    socket: TcpStream,
}

impl Stream {
    /// Connects.
    pub fn connect(address: SocketAddr) -> io::Result<Self> {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { socket })
    }

    /// Reads some bytes; 0 at the end.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.read(buffer)
    }

    /// Takes bytes off the socket, as many as `room` has, without copying them: a
    /// client that copies would be what limits the server. 0 at the end.
    pub fn discard(&mut self, room: &mut [u8]) -> io::Result<usize> {
        Ok(recv(&self.socket, room, RecvFlags::TRUNC)?.1)
    }

    /// Sends these bytes.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.socket.write_all(bytes)
    }

    /// Sends the first `length` bytes of a file, without copying them.
    pub fn send_file(&mut self, file: &File, length: u64) -> io::Result<()> {
        let mut offset = 0;
        while offset < length {
            let rest = usize::try_from(length - offset).unwrap_or(usize::MAX);
            if sendfile(&self.socket, file, Some(&mut offset), rest)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }

    /// Says that no more bytes follow.
    pub fn finish(self) -> io::Result<()> {
        self.socket.shutdown(Shutdown::Write)
    }
}
