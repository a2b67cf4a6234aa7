//! A client for mod_scramble, which scrambles control and data connections. It has its own code for
//! that, so that both sides are tested.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::wire::{Answer, patient};

const HELLO: &[u8; 8] = b"SCRAMBLE";
const LONGEST: usize = 16 << 10;

/// The bytes to mix in, for one direction.
struct Keys(u64);

impl Keys {
    fn new(own: u32, other: u32) -> Self {
        Self((u64::from(own) << 32 | u64::from(other)) | 1)
    }

    fn mix(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 ^= self.0 >> 12;
            self.0 ^= self.0 << 25;
            self.0 ^= self.0 >> 27;
            *byte ^= (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 56) as u8;
        }
    }
}

/// A scrambled connection.
pub struct Scrambled {
    stream: TcpStream,
    incoming: Keys,
    outgoing: Keys,
    /// The rest of the last record.
    rest: Vec<u8>,
    ended: bool,
}

impl Scrambled {
    /// Scrambles a connection, as the client.
    ///
    /// # Errors
    /// A connection error; `InvalidData` if the server sends something else.
    pub fn open(mut stream: TcpStream) -> io::Result<Self> {
        let own = 0x1234_5678_u32;
        stream.write_all(HELLO)?;
        stream.write_all(&own.to_be_bytes())?;
        let mut hello = [0; 12];
        stream.read_exact(&mut hello)?;
        if !hello.starts_with(HELLO) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "no hello"));
        }
        let theirs = u32::from_be_bytes([hello[8], hello[9], hello[10], hello[11]]);
        let (incoming, outgoing) = (Keys::new(theirs, own), Keys::new(own, theirs));
        Ok(Self { stream, incoming, outgoing, rest: Vec::new(), ended: false })
    }

    /// Sends the last record.
    ///
    /// # Errors
    /// A connection error.
    pub fn close(&mut self) -> io::Result<()> {
        self.put(&[])
    }

    /// Whether the server's last record has arrived.
    pub fn is_ended(&self) -> bool {
        self.ended
    }

    /// The connection itself, for unscrambled data.
    pub fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut record = (bytes.len() as u16).to_be_bytes().to_vec();
        record.extend_from_slice(bytes);
        self.outgoing.mix(&mut record);
        self.stream.write_all(&record)
    }
}

impl Read for Scrambled {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() && !self.ended {
            let mut head = [0; 2];
            self.stream.read_exact(&mut head)?;
            self.incoming.mix(&mut head);
            self.rest = vec![0; usize::from(u16::from_be_bytes(head))];
            self.stream.read_exact(&mut self.rest)?;
            self.incoming.mix(&mut self.rest);
            self.ended = self.rest.is_empty();
        }
        let count = buffer.len().min(self.rest.len());
        buffer[..count].copy_from_slice(&self.rest[..count]);
        self.rest.drain(..count);
        Ok(count)
    }
}

impl Write for Scrambled {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(LONGEST);
        if count > 0 {
            self.put(&bytes[..count])?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A control connection, scrambled or not.
pub struct Talk {
    connection: Connection,
    address: SocketAddr,
}

enum Connection {
    Plain(TcpStream),
    Scrambled(Scrambled),
    /// In transition between the two.
    Neither,
}

impl Talk {
    /// Connects and reads the greeting, which is not scrambled.
    ///
    /// # Panics
    /// If there is none.
    #[track_caller]
    pub fn connect(address: SocketAddr) -> Self {
        let mut talk = Self { connection: Connection::Plain(patient(address)), address };
        assert_eq!(talk.reply().code, 220);
        talk
    }

    /// Connects and scrambles from the first byte.
    ///
    /// # Panics
    /// If there is no greeting.
    #[track_caller]
    pub fn implicit(address: SocketAddr) -> Self {
        let scrambled = Scrambled::open(patient(address)).expect("the server scrambles from the first byte on");
        let mut talk = Self { connection: Connection::Scrambled(scrambled), address };
        assert_eq!(talk.reply().code, 220);
        talk
    }

    /// Starts scrambling with AUTH.
    #[track_caller]
    pub fn auth(&mut self) {
        self.expect("AUTH SCRAMBLE", 234);
        let Connection::Plain(stream) = std::mem::replace(&mut self.connection, Connection::Neither) else {
            panic!("scrambled already")
        };
        self.connection = Connection::Scrambled(Scrambled::open(stream).expect("the server scrambles"));
    }

    /// Stops scrambling with CCC.
    #[track_caller]
    pub fn clear(&mut self) {
        self.expect("CCC", 200);
        let Connection::Scrambled(mut scrambled) = std::mem::replace(&mut self.connection, Connection::Neither) else {
            panic!("not scrambled")
        };
        assert_eq!(scrambled.read(&mut [0]).expect("the server's last record"), 0);
        scrambled.close().expect("the server reads");
        self.connection = Connection::Plain(scrambled.stream);
    }

    /// Logs in, with binary type.
    #[track_caller]
    pub fn login(&mut self, user: &str, password: &str) {
        self.expect(format!("USER {user}"), 331);
        self.expect(format!("PASS {password}"), 230);
        self.expect("TYPE I", 200);
    }

    /// Sends the last record of a scrambled connection.
    ///
    /// # Panics
    /// If it is not scrambled.
    #[track_caller]
    pub fn close(&mut self) {
        let Connection::Scrambled(scrambled) = &mut self.connection else { panic!("not scrambled") };
        scrambled.close().expect("the server reads");
    }

    /// Sends a line and reads the reply, which must have this code.
    ///
    /// # Panics
    /// If it has another code.
    #[track_caller]
    pub fn expect(&mut self, line: impl AsRef<str>, code: u16) -> Answer {
        self.send(line.as_ref());
        let answer = self.reply();
        assert_eq!(answer.code, code, "{} was answered: {}", line.as_ref(), answer.text());
        answer
    }

    /// Sends a line.
    ///
    /// # Panics
    /// If the server does not read.
    #[track_caller]
    pub fn send(&mut self, line: &str) {
        let line = format!("{line}\r\n");
        let sent = match &mut self.connection {
            Connection::Plain(stream) => stream.write_all(line.as_bytes()),
            Connection::Scrambled(stream) => stream.write_all(line.as_bytes()),
            Connection::Neither => panic!("no connection"),
        };
        sent.expect("the server reads commands");
    }

    /// Reads a reply.
    ///
    /// # Panics
    /// If none comes.
    #[track_caller]
    pub fn reply(&mut self) -> Answer {
        Answer::read(|| self.line()).expect("a reply")
    }

    /// The connection itself, for unscrambled data.
    ///
    /// # Panics
    /// During a transition.
    pub fn stream(&mut self) -> &mut TcpStream {
        match &mut self.connection {
            Connection::Plain(stream) => stream,
            Connection::Scrambled(scrambled) => scrambled.stream(),
            Connection::Neither => panic!("no connection"),
        }
    }

    /// A data connection by EPSV.
    #[track_caller]
    pub fn passive(&mut self) -> TcpStream {
        let port = self.expect("EPSV", 229).port();
        patient(SocketAddr::new(self.address.ip(), port))
    }

    /// Receives a command's data, scrambled, up to its orderly end.
    #[track_caller]
    pub fn fetch(&mut self, command: &str) -> Vec<u8> {
        let stream = self.passive();
        self.expect(command, 150);
        let mut data = Scrambled::open(stream).expect("the server scrambles data");
        let mut bytes = Vec::new();
        data.read_to_end(&mut bytes).expect("the server sends data");
        assert!(data.is_ended(), "the server closes in order");
        data.close().expect("the server is still there");
        drop(data);
        let answer = self.reply();
        assert_eq!(answer.code, 226, "{}", answer.text());
        bytes
    }

    /// Sends data for a command, scrambled, with an orderly end.
    #[track_caller]
    pub fn give(&mut self, command: &str, bytes: &[u8]) {
        let stream = self.passive();
        self.expect(command, 150);
        let mut data = Scrambled::open(stream).expect("the server scrambles data");
        data.write_all(bytes).expect("the server takes data");
        data.close().expect("the server takes data");
        let answer = self.reply();
        assert_eq!(answer.code, 226, "{}", answer.text());
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            let mut byte = [0];
            match &mut self.connection {
                Connection::Plain(stream) => stream.read_exact(&mut byte)?,
                Connection::Scrambled(stream) => stream.read_exact(&mut byte)?,
                Connection::Neither => panic!("no connection"),
            }
            line.push(byte[0]);
        }
        line.truncate(line.len() - 2);
        Ok(String::from_utf8_lossy(&line).into_owned())
    }
}
