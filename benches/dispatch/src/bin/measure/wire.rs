//! A control connection for measuring: the simplest possible client.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::error::{Error, Result};

/// The time limit for a reply.
const PATIENCE: Duration = Duration::from_secs(20);

/// The connection.
pub struct Wire {
    stream: TcpStream,
    buffer: [u8; 1024],
}

impl Wire {
    /// Connects, and reads the greeting.
    pub fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut wire = Self { stream, buffer: [0; 1024] };
        wire.expect(b"220")?;
        Ok(wire)
    }

    /// Sends a line including its end, and reads a reply of one line.
    pub fn command(&mut self, line: &[u8], code: &[u8; 3]) -> Result<()> {
        self.stream.write_all(line)?;
        self.expect(code)
    }

    /// Waits until the server closes.
    pub fn close(mut self) -> Result<()> {
        self.stream.write_all(b"QUIT\r\n")?;
        while self.stream.read(&mut self.buffer)? > 0 {}
        Ok(())
    }

    fn expect(&mut self, code: &[u8; 3]) -> Result<()> {
        let mut length = 0;
        loop {
            let room = &mut self.buffer[length..];
            let read = self.stream.read(room)?;
            length += read;
            let reply = &self.buffer[..length];
            if reply.ends_with(b"\r\n") {
                let last = reply[..length - 2].rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
                if last.starts_with(code) && last.get(3) == Some(&b' ') {
                    return Ok(());
                }
                if last.get(3) == Some(&b' ') {
                    return Err(Error::new(format!("not {code:?}: {}", String::from_utf8_lossy(reply))));
                }
            }
            if read == 0 || length == self.buffer.len() {
                return Err(Error::new("the server closed the connection, or sent too much"));
            }
        }
    }
}
