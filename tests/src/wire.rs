//! The protocol by hand (RFC 959, 2428), for what real clients never send.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use rustix::net::{AddressFamily, SocketType, bind, connect, socket};

use crate::wait::PATIENCE;

/// A reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its code.
    pub code: u16,
    /// Its lines without the line ends: the first and the last with the code.
    pub lines: Vec<String>,
}

impl Answer {
    /// All lines.
    pub fn text(&self) -> String {
        self.lines.join("\n")
    }

    /// The lines between the first and the last.
    pub fn inner(&self) -> &[String] {
        self.lines.get(1..self.lines.len().saturating_sub(1)).unwrap_or_default()
    }

    /// The port in a reply to EPSV.
    ///
    /// # Panics
    /// If it names none.
    #[track_caller]
    pub fn port(&self) -> u16 {
        let text = self.text();
        let port = text.rsplit('|').nth(1).and_then(|port| port.parse().ok());
        port.unwrap_or_else(|| panic!("no port: {text}"))
    }

    /// Reads a reply line by line (RFC 959 section 4.2: `123-` until `123 `).
    pub(crate) fn read(mut line: impl FnMut() -> io::Result<String>) -> io::Result<Self> {
        let mut lines = vec![line()?];
        let code = lines[0].get(..3).and_then(|code| code.parse().ok());
        let code: u16 = code.ok_or_else(|| io::Error::other(format!("no reply: {:?}", lines[0])))?;
        if lines[0].as_bytes().get(3) == Some(&b'-') {
            let last = format!("{code:03} ");
            while !lines.last().is_some_and(|line| line.starts_with(&last)) {
                lines.push(line()?);
            }
        }
        Ok(Self { code, lines })
    }
}

/// A control connection.
pub struct Wire {
    stream: BufReader<TcpStream>,
    address: SocketAddr,
    greeting: Answer,
}

impl Wire {
    /// Connects and reads the greeting.
    ///
    /// # Panics
    /// If the server does not greet with 220.
    #[track_caller]
    pub fn connect(address: SocketAddr) -> Self {
        let wire = Self::open(address).unwrap_or_else(|error| panic!("no greeting: {error}"));
        assert_eq!(wire.greeting.code, 220, "{}", wire.greeting.text());
        wire
    }

    /// Connects and reads the greeting, whatever it contains.
    ///
    /// # Errors
    /// If there is no connection or no reply.
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        Self::over(TcpStream::connect(address)?, address)
    }

    /// The same from another address of this machine.
    ///
    /// # Errors
    /// As [`Wire::open`].
    pub fn open_from(local: Ipv4Addr, address: SocketAddr) -> io::Result<Self> {
        Self::over(patient_from(local, address)?, address)
    }

    fn over(stream: TcpStream, address: SocketAddr) -> io::Result<Self> {
        be_patient(&stream);
        stream.set_nodelay(true)?;
        let mut wire =
            Self { stream: BufReader::new(stream), address, greeting: Answer { code: 0, lines: Vec::new() } };
        wire.greeting = wire.try_reply()?;
        Ok(wire)
    }

    /// The connection itself, for what is no dialogue.
    ///
    /// # Panics
    /// When it cannot be shared.
    pub fn stream(&self) -> TcpStream {
        self.stream.get_ref().try_clone().expect("a socket can be shared")
    }

    /// The server's greeting.
    pub fn greeting(&self) -> &Answer {
        &self.greeting
    }

    /// The address of this end.
    pub fn local(&self) -> SocketAddr {
        self.stream.get_ref().local_addr().expect("a connected socket has an address")
    }

    /// Logs in.
    ///
    /// # Panics
    /// If the server does not reply with 331 and 230.
    #[track_caller]
    pub fn login(&mut self, user: &str, password: &str) {
        self.expect(format!("USER {user}"), 331);
        self.expect(format!("PASS {password}"), 230);
    }

    /// Sends a line.
    #[track_caller]
    pub fn send(&mut self, line: impl AsRef<[u8]>) {
        let mut bytes = line.as_ref().to_vec();
        bytes.extend_from_slice(b"\r\n");
        self.send_raw(&bytes).expect("the server reads commands");
    }

    /// Sends bytes unchanged.
    ///
    /// # Errors
    /// If the server has closed the connection or does not read.
    pub fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Reads a reply.
    ///
    /// # Panics
    /// If none comes.
    #[track_caller]
    pub fn reply(&mut self) -> Answer {
        self.try_reply().unwrap_or_else(|error| panic!("no reply: {error}"))
    }

    /// Reads a reply.
    ///
    /// # Errors
    /// If the connection ends or nothing comes in time.
    pub fn try_reply(&mut self) -> io::Result<Answer> {
        Answer::read(|| self.line())
    }

    /// Sends a line and reads the reply.
    #[track_caller]
    pub fn ask(&mut self, line: impl AsRef<[u8]>) -> Answer {
        self.send(line);
        self.reply()
    }

    /// Sends a line and returns the reply, which must have this code.
    ///
    /// # Panics
    /// If it has another code.
    #[track_caller]
    pub fn expect(&mut self, line: impl AsRef<[u8]>, code: u16) -> Answer {
        let answer = self.ask(&line);
        assert_eq!(answer.code, code, "{} was answered: {}", String::from_utf8_lossy(line.as_ref()), answer.text());
        answer
    }

    /// Stops sending, and reads what the server sends until it closes.
    ///
    /// # Errors
    /// If the server is silent for `limit` before it closes.
    pub fn hang_up(&mut self, limit: Duration) -> io::Result<String> {
        let _ = self.stream.get_ref().shutdown(Shutdown::Write);
        self.stream.get_ref().set_read_timeout(Some(limit))?;
        self.until_closed()
    }

    /// Reads until the server closes, and returns what came before.
    pub fn until_closed(&mut self) -> io::Result<String> {
        until_closed(&mut self.stream).map(|rest| String::from_utf8_lossy(&rest).into_owned())
    }

    /// Starts an upload of a few bytes, and returns the code of the first reply.
    pub fn store(&mut self, name: &str) -> u16 {
        let mut stream = self.passive();
        let code = self.ask(format!("STOR {name}")).code;
        if code == 150 {
            stream.write_all(b"new").unwrap();
            drop(stream);
            assert_eq!(self.reply().code, 226);
        }
        code
    }

    /// A data connection by EPSV.
    #[track_caller]
    pub fn passive(&mut self) -> TcpStream {
        let port = self.expect("EPSV", 229).port();
        patient(SocketAddr::new(self.address.ip(), port))
    }

    /// A data connection by PASV.
    #[track_caller]
    pub fn old_passive(&mut self) -> TcpStream {
        let answer = self.expect("PASV", 227).text();
        let inner = answer
            .split_once('(')
            .and_then(|(_, rest)| rest.split_once(')'))
            .unwrap_or_else(|| panic!("no address: {answer}"))
            .0;
        let parts: Vec<u8> = inner.split(',').map(|part| part.parse().expect("a byte")).collect();
        let [a, b, c, d, high, low] = parts[..] else { panic!("no address: {answer}") };
        patient(SocketAddr::from((Ipv4Addr::new(a, b, c, d), u16::from_be_bytes([high, low]))))
    }

    /// Listens for a data connection, announced by PORT.
    #[track_caller]
    pub fn old_active(&mut self) -> TcpListener {
        let (listener, address) = self.listen();
        self.expect(port(address), 200);
        listener
    }

    /// Listens for a data connection, announced by EPRT.
    #[track_caller]
    pub fn active(&mut self) -> TcpListener {
        let (listener, address) = self.listen();
        let family = if address.is_ipv4() { 1 } else { 2 };
        self.expect(format!("EPRT |{family}|{}|{}|", address.ip(), address.port()), 200);
        listener
    }

    /// Receives what a command sends on a passive data connection, up to its end.
    #[track_caller]
    pub fn fetch(&mut self, command: impl AsRef<[u8]>) -> Vec<u8> {
        let mut stream = self.passive();
        self.expect(command, 150);
        let bytes = read_all(&mut stream);
        drop(stream);
        let answer = self.reply();
        assert_eq!(answer.code, 226, "{}", answer.text());
        bytes
    }

    /// The same as text, line by line.
    #[track_caller]
    pub fn list(&mut self, command: &str) -> Vec<String> {
        let text = String::from_utf8(self.fetch(command)).expect("a listing is UTF-8");
        text.split("\r\n").filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    /// Sends bytes for a command on a passive data connection.
    #[track_caller]
    pub fn give(&mut self, command: impl AsRef<[u8]>, bytes: &[u8]) {
        let mut stream = self.passive();
        self.expect(command, 150);
        stream.write_all(bytes).expect("the server takes data");
        drop(stream);
        let answer = self.reply();
        assert_eq!(answer.code, 226, "{}", answer.text());
    }

    fn listen(&self) -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind(SocketAddr::new(self.local().ip(), 0)).expect("the kernel has a port");
        let address = listener.local_addr().expect("a listener has an address");
        (listener, address)
    }

    fn line(&mut self) -> io::Result<String> {
        let mut bytes = Vec::new();
        self.stream.read_until(b'\n', &mut bytes)?;
        if !bytes.ends_with(b"\r\n") {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("the connection ended behind {:?}", String::from_utf8_lossy(&bytes)),
            ));
        }
        bytes.truncate(bytes.len() - 2);
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// The PORT command for an address.
///
/// # Panics
/// If it is not of IPv4.
#[track_caller]
pub fn port(address: SocketAddr) -> String {
    let SocketAddr::V4(address) = address else { panic!("PORT is of IPv4 alone") };
    let ([a, b, c, d], [high, low]) = (address.ip().octets(), address.port().to_be_bytes());
    format!("PORT {a},{b},{c},{d},{high},{low}")
}

/// What comes before the other side closes, in order or by a reset.
///
/// # Errors
/// If it does not close in time.
pub fn until_closed(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Err(error) if error.kind() != io::ErrorKind::ConnectionReset => Err(error),
        _ => Ok(rest),
    }
}

/// Accepts one data connection.
///
/// # Panics
/// If none comes.
#[track_caller]
pub fn accept(listener: &TcpListener) -> TcpStream {
    listener.set_nonblocking(true).expect("a listener can be made not to block");
    let accepted = crate::wait::until(PATIENCE, || listener.accept().ok());
    let (stream, _) = accepted.expect("the server connects");
    stream.set_nonblocking(false).expect("a stream can be made to block");
    be_patient(&stream);
    stream
}

/// All bytes up to the end.
///
/// # Panics
/// If they do not come in time.
#[track_caller]
pub fn read_all(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("the server sends data");
    let _ = stream.shutdown(Shutdown::Both);
    bytes
}

/// A connection whose other side may be silent for as long as tests wait.
///
/// # Panics
/// If there is none.
#[track_caller]
pub fn patient(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap_or_else(|error| panic!("no connection to {address}: {error}"));
    be_patient(&stream);
    stream
}

/// The same from another address of this machine.
///
/// # Errors
/// If there is no connection.
pub fn patient_from(local: Ipv4Addr, address: SocketAddr) -> io::Result<TcpStream> {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None)?;
    bind(&socket, &SocketAddr::from((local, 0)))?;
    connect(&socket, &address)?;
    let stream = TcpStream::from(socket);
    be_patient(&stream);
    Ok(stream)
}

fn be_patient(stream: &TcpStream) {
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket takes a timeout");
    stream.set_write_timeout(Some(PATIENCE)).expect("a socket takes a timeout");
}
