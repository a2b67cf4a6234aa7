//! An FTP session that does as little as a client can: the same commands and the
//! same waits for every server.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::stream::Stream;

/// The room for bytes that are discarded; nothing is ever written to it.
const DISCARD: usize = 1 << 20;

/// Whoever logs in.
#[derive(Debug, Clone, Copy)]
pub struct Login {
    /// The name.
    pub user: &'static str,
    /// The password.
    pub password: &'static str,
}

/// Bytes that came on a data connection.
#[derive(Debug, Clone, Copy)]
pub struct Received {
    /// How many.
    pub bytes: u64,
    /// From the transfer's command until the first of them.
    pub first: Duration,
}

/// A session.
#[derive(Debug)]
pub struct Session {
    control: Stream,
    server: SocketAddr,
    buffer: Vec<u8>,
    room: Vec<u8>,
}

impl Session {
    /// Connects, and reads the greeting.
    pub fn connect(server: SocketAddr) -> Result<Self> {
        let control = Stream::connect(server).map_err(Error::system("connect"))?;
        let mut session = Self { control, server, buffer: Vec::new(), room: Vec::new() };
        session.expect("the connection", b'2')?;
        Ok(session)
    }

    /// Logs in.
    pub fn login(&mut self, login: Login) -> Result<()> {
        self.command(&format!("USER {}", login.user), b'3')?;
        self.command(&format!("PASS {}", login.password), b'2')
    }

    /// Ends the session, and waits until the server closes.
    pub fn quit(mut self) -> Result<()> {
        self.command("QUIT", b'2')?;
        while self.control.discard(&mut [0; 256]).map_err(Error::system("read after QUIT"))? > 0 {}
        Ok(())
    }

    /// Sends a line, and reads the reply, whose code begins with this digit.
    pub fn command(&mut self, line: &str, digit: u8) -> Result<()> {
        self.send(line)?;
        self.expect(line, digit)
    }

    /// Has the server send a file or a listing, and discards its bytes.
    pub fn receive(&mut self, line: &str) -> Result<Received> {
        let mut room = std::mem::take(&mut self.room);
        room.resize(DISCARD, 0);
        let received = self.receive_with(line, |data| data.discard(&mut room));
        self.room = room;
        received
    }

    /// The same, and the lines that came.
    pub fn receive_lines(&mut self, line: &str) -> Result<u64> {
        let (mut buffer, mut lines) = (vec![0; 1 << 16], 0);
        self.receive_with(line, |data| {
            let read = data.read(&mut buffer)?;
            lines += buffer[..read].iter().filter(|byte| **byte == b'\n').count();
            Ok(read)
        })?;
        Ok(lines as u64)
    }

    /// Receives a file at so many bytes a second, and says how many came.
    pub fn receive_at(&mut self, line: &str, pace: u64) -> Result<u64> {
        let mut room = vec![0; 256 << 10];
        let (began, mut bytes) = (Instant::now(), 0);
        let received = self.receive_with(line, |data| {
            let due = Duration::from_secs_f64(bytes as f64 / pace as f64);
            thread::sleep(due.saturating_sub(began.elapsed()));
            let read = data.read(&mut room)?;
            bytes += read as u64;
            Ok(read)
        })?;
        Ok(received.bytes)
    }

    /// Receives a file byte by byte, as long as that is wanted.
    pub fn receive_slowly(mut self, line: &str, goes_on: impl Fn() -> bool) -> Result<()> {
        self.receive_with(line, |data| {
            thread::sleep(Duration::from_millis(50));
            if goes_on() { data.read(&mut [0]) } else { Ok(0) }
        })
        .map(|_| ())
    }

    /// Sends a command without a pause and discards the replies, as long as that is wanted.
    pub fn flood(mut self, line: &str, goes_on: impl Fn() -> bool) -> Result<()> {
        let lines = format!("{line}\r\n").repeat(100);
        let mut room = vec![0; 1 << 16];
        while goes_on() {
            self.control.send(lines.as_bytes()).map_err(Error::system("flood"))?;
            self.control.discard(&mut room).map_err(Error::system("read replies"))?;
        }
        Ok(())
    }

    /// Sends the first bytes of a file to the server.
    pub fn store(&mut self, line: &str, file: &File, length: u64) -> Result<()> {
        let mut data = self.passive()?;
        self.command(line, b'1')?;
        data.send_file(file, length).and_then(|()| data.finish()).map_err(Error::system("send a file"))?;
        self.expect(line, b'2')
    }

    fn receive_with(&mut self, line: &str, mut read: impl FnMut(&mut Stream) -> io::Result<usize>) -> Result<Received> {
        let mut data = self.passive()?;
        let began = Instant::now();
        self.command(line, b'1')?;
        let mut received = Received { bytes: 0, first: Duration::ZERO };
        loop {
            let count = read(&mut data).map_err(Error::system("receive"))?;
            if received.bytes == 0 {
                received.first = began.elapsed();
            }
            if count == 0 {
                break;
            }
            received.bytes += count as u64;
        }
        drop(data);
        self.expect(line, b'2')?;
        Ok(received)
    }

    /// A data connection (RFC 2428, EPSV).
    fn passive(&mut self) -> Result<Stream> {
        self.send("EPSV")?;
        let reply = self.reply()?;
        let port = reply.strip_prefix("229").and_then(|text| text.split('|').nth(3)).and_then(|port| port.parse().ok());
        let port = port.ok_or_else(|| Error::Reply { command: "EPSV".to_owned(), reply: reply.clone() })?;
        Stream::connect(SocketAddr::new(self.server.ip(), port)).map_err(Error::system("open a data connection"))
    }

    fn send(&mut self, line: &str) -> Result<()> {
        self.control.send(format!("{line}\r\n").as_bytes()).map_err(Error::system("send a command"))
    }

    fn expect(&mut self, line: &str, digit: u8) -> Result<()> {
        let reply = self.reply()?;
        if reply.as_bytes().first() == Some(&digit) {
            return Ok(());
        }
        Err(Error::Reply { command: line.to_owned(), reply })
    }

    /// The last line of the next reply (RFC 959, 4.2).
    fn reply(&mut self) -> Result<String> {
        loop {
            while let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                let has_code = line.len() > 3 && line[..3].iter().all(u8::is_ascii_digit);
                if has_code && line[3] == b' ' {
                    return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
                }
            }
            let mut room = [0; 1024];
            match self.control.read(&mut room).map_err(Error::system("read a reply"))? {
                0 => return Err(Error::system("read a reply")(io::Error::from(io::ErrorKind::UnexpectedEof))),
                read => self.buffer.extend_from_slice(&room[..read]),
            }
        }
    }
}
