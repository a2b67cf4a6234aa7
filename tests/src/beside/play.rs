//! Plays a script against one server.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use crate::beside::case::{Case, bytes};
use crate::beside::disk;
use crate::beside::same::Sameness;
use crate::beside::stage::Stage;
use crate::config::PASSWORD;
use crate::wire::port;

/// How long a server may be silent. A server that should have answered fails the comparison after that.
const PATIENCE: Duration = Duration::from_secs(10);

/// One step, and all that the server said to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The script's line.
    pub step: String,
    /// What came: replies, data, the end of a connection.
    pub text: String,
}

/// How data connections are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Epsv,
    Pasv,
    Eprt,
    Port,
}

/// A data connection.
enum Data {
    None,
    Listening(TcpListener),
    Open(TcpStream),
}

struct Control {
    stream: BufReader<TcpStream>,
    data: Data,
    manner: Manner,
}

struct Player<'a> {
    address: SocketAddr,
    stage: &'a Stage,
    controls: BTreeMap<String, Control>,
    current: String,
    heard: Vec<u8>,
}

/// Plays a case: an event for the login, each line, the end, and the files that are left.
///
/// # Panics
/// If a line of the script cannot be understood.
pub fn play(case: &Case, address: SocketAddr, stage: &Stage, sameness: &Sameness) -> Vec<Event> {
    let mut player = Player { address, stage, controls: BTreeMap::new(), current: String::new(), heard: Vec::new() };
    let mut events = Vec::new();
    let strange = case.lines.first().is_some_and(|line| line == ".stranger");
    let start = [".connection 1"].into_iter().chain((!strange).then_some(".login alice"));
    let lines = start.map(str::to_owned).chain(case.lines.iter().skip(usize::from(strange)).cloned());
    for step in lines.chain([".quit".to_owned()]) {
        player.step(&step);
        let text = sameness.of(&std::mem::take(&mut player.heard));
        events.push(Event { step, text });
    }
    drop(player);
    events.push(Event { step: "files".to_owned(), text: disk::contents(&stage.home(), sameness) });
    events
}

impl Player<'_> {
    fn step(&mut self, line: &str) {
        let home = self.stage.home().display().to_string();
        let line = line.replace("$HOME", &home);
        let Some(directive) = line.strip_prefix('.') else {
            let (command, data) = line.split_once(" << ").unwrap_or((&line, ""));
            return self.command(&bytes(command), &bytes(data));
        };
        let (word, rest) = directive.split_once(' ').unwrap_or((directive, ""));
        match word {
            "connection" => self.connect(rest),
            "login" => {
                self.ask(format!("USER {rest}").as_bytes());
                self.ask(format!("PASS {PASSWORD}").as_bytes());
            }
            "raw" => {
                self.send(&bytes(rest));
                self.hear();
            }
            "send" => self.send(&[&bytes(rest)[..], b"\r\n"].concat()),
            "send-raw" => self.send(&bytes(rest)),
            "reply" => self.hear(),
            "plain" => self.ask(&bytes(rest)),
            "epsv" => self.control().manner = Manner::Epsv,
            "pasv" => self.control().manner = Manner::Pasv,
            "eprt" => self.control().manner = Manner::Eprt,
            "port" => self.control().manner = Manner::Port,
            "open" => self.open(),
            "read" => self.read(),
            "write" => self.write(&bytes(rest)),
            "close" => self.control().data = Data::None,
            "hang-up" => {
                let _ = self.control().stream.get_ref().shutdown(Shutdown::Both);
            }
            "end" => self.end(),
            "quit" => self.quit(),
            _ => panic!("the line {line:?} means nothing"),
        }
    }

    fn control(&mut self) -> &mut Control {
        self.controls.get_mut(&self.current).expect("it was opened")
    }

    /// Takes another control connection; opens it where it is new.
    fn connect(&mut self, name: &str) {
        self.current = name.to_owned();
        if !self.controls.contains_key(name) {
            let stream = TcpStream::connect(self.address).expect("the server accepts");
            be_patient(&stream);
            let control = Control { stream: BufReader::new(stream), data: Data::None, manner: Manner::Epsv };
            self.controls.insert(name.to_owned(), control);
            self.hear();
        }
    }

    /// A command as a client would send it that copes with every reply: with a data connection where one belongs to it.
    fn command(&mut self, line: &[u8], data: &[u8]) {
        let verb = line.split(|byte| *byte == b' ').next().unwrap_or_default().to_ascii_uppercase();
        let upload = matches!(verb.as_slice(), b"STOR" | b"APPE" | b"STOU");
        if !upload && !matches!(verb.as_slice(), b"LIST" | b"NLST" | b"MLSD" | b"RETR") {
            return self.ask(line);
        }
        self.open();
        self.send(&[line, b"\r\n"].concat());
        let code = self.reply();
        if code.is_some_and(|code| (100..200).contains(&code)) {
            match upload {
                true => {
                    self.write(data);
                    self.control().data = Data::None;
                }
                false => {
                    let from = self.heard.len();
                    self.read();
                    if matches!(verb.as_slice(), b"NLST" | b"MLSD") {
                        self.sort(from);
                    }
                }
            }
            self.hear();
        }
        self.control().data = Data::None;
    }

    fn ask(&mut self, line: &[u8]) {
        self.send(&[line, b"\r\n"].concat());
        self.hear();
    }

    fn send(&mut self, bytes: &[u8]) {
        if let Err(error) = self.control().stream.get_mut().write_all(bytes) {
            self.note(&format!("(cannot send: {:?})", error.kind()));
        }
    }

    fn hear(&mut self) {
        self.reply();
    }

    /// Reads a reply, and tells its code.
    fn reply(&mut self) -> Option<u16> {
        let mut code = None;
        loop {
            let mut line = Vec::new();
            let read = self.control().stream.read_until(b'\n', &mut line);
            self.heard.extend_from_slice(&line);
            match read {
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => self.note("(closed)"),
                Err(_) => self.note("(silent)"),
                Ok(_) if line.last() != Some(&b'\n') => self.note("(closed)"),
                Ok(_) => {
                    let number =
                        std::str::from_utf8(line.get(..3).unwrap_or_default()).ok().and_then(|code| code.parse().ok());
                    code = code.or(number);
                    let ends = line.get(3) != Some(&b'-');
                    if code.is_none() || (ends && number == code) {
                        return code;
                    }
                    continue;
                }
            }
            return None;
        }
    }

    fn open(&mut self) {
        let manner = self.control().manner;
        let local = self.control().stream.get_ref().local_addr().expect("a connected socket has an address");
        match manner {
            Manner::Epsv | Manner::Pasv => {
                let from = self.heard.len();
                self.ask(if manner == Manner::Epsv { b"EPSV" } else { b"PASV" });
                let text = String::from_utf8_lossy(&self.heard[from..]).into_owned();
                let address = if manner == Manner::Epsv { epsv(&text, self.address) } else { pasv(&text) };
                self.control().data = match address.map(TcpStream::connect) {
                    Some(Ok(stream)) => {
                        be_patient(&stream);
                        Data::Open(stream)
                    }
                    _ => Data::None,
                };
            }
            Manner::Eprt | Manner::Port => {
                let listener = TcpListener::bind(SocketAddr::new(local.ip(), 0)).expect("the kernel has a port");
                let at = listener.local_addr().expect("a listener has an address");
                let line = match manner {
                    Manner::Port => port(at),
                    _ => format!("EPRT |1|{}|{}|", at.ip(), at.port()),
                };
                self.control().data = Data::Listening(listener);
                self.ask(line.as_bytes());
            }
        }
    }

    /// The data connection; of an active one, once the server has made it.
    fn data(&mut self) -> Option<&mut TcpStream> {
        let data = std::mem::replace(&mut self.control().data, Data::None);
        let stream = match data {
            Data::Listening(listener) => {
                listener.set_nonblocking(true).expect("a listener can be made not to block");
                let (stream, _) = crate::wait::until(PATIENCE, || listener.accept().ok())?;
                stream.set_nonblocking(false).expect("a stream can be made to block");
                be_patient(&stream);
                stream
            }
            Data::Open(stream) => stream,
            Data::None => return None,
        };
        self.control().data = Data::Open(stream);
        match &mut self.control().data {
            Data::Open(stream) => Some(stream),
            _ => None,
        }
    }

    fn read(&mut self) {
        let Some(stream) = self.data() else { return self.note("(no data connection)") };
        let mut bytes = Vec::new();
        let read = stream.read_to_end(&mut bytes);
        let end = match read {
            Ok(_) => "(end of data)",
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => "(data reset)",
            Err(_) => "(data goes on)",
        };
        if bytes.len() > 20_000 {
            let sum: u64 = bytes.iter().map(|byte| u64::from(*byte)).sum();
            bytes = format!("({} bytes, sum {sum})", bytes.len()).into_bytes();
        }
        self.heard.extend(bytes);
        self.note(end);
        self.control().data = Data::None;
    }

    /// Sorts lines by their names: ProFTPD has them in the order of the folder.
    fn sort(&mut self, from: usize) {
        let lines = self.heard.split_off(from);
        let mut lines: Vec<&[u8]> = lines.split_inclusive(|byte| *byte == b'\n').collect();
        lines.sort_by_key(|line| {
            let name = line.windows(2).position(|pair| pair == b"; ").map_or(0, |at| at + 2);
            (line.starts_with(b"("), line.get(name..))
        });
        self.heard.extend(lines.concat());
    }

    fn write(&mut self, bytes: &[u8]) {
        match self.data() {
            // The server may have ended it.
            Some(stream) => drop(stream.write_all(bytes)),
            None => self.note("(no data connection)"),
        }
    }

    /// What comes before the server closes.
    fn end(&mut self) {
        let mut rest = Vec::new();
        let read = self.control().stream.read_to_end(&mut rest);
        self.heard.extend(rest);
        match read {
            Err(error) if error.kind() != std::io::ErrorKind::ConnectionReset => self.note("(silent)"),
            _ => self.note("(closed)"),
        }
    }

    /// Leaves on every connection, and waits until the server has closed it.
    fn quit(&mut self) {
        for name in self.controls.keys().cloned().collect::<Vec<_>>() {
            self.current = name;
            self.control().data = Data::None;
            let gone = self.control().stream.get_mut().write_all(b"QUIT\r\n").is_err();
            if !gone {
                self.end();
            }
        }
    }

    fn note(&mut self, words: &str) {
        if self.heard.last().is_some_and(|last| *last != b'\n') {
            self.heard.extend_from_slice(b"\r\n");
        }
        self.heard.extend_from_slice(words.as_bytes());
        self.heard.extend_from_slice(b"\r\n");
    }
}

fn be_patient(stream: &TcpStream) {
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket takes a timeout");
    stream.set_write_timeout(Some(PATIENCE)).expect("a socket takes a timeout");
    stream.set_nodelay(true).expect("a socket can be made quick");
}

fn epsv(text: &str, server: SocketAddr) -> Option<SocketAddr> {
    let port = text.starts_with("229").then(|| text.rsplit('|').nth(1)?.parse().ok())??;
    Some(SocketAddr::new(server.ip(), port))
}

fn pasv(text: &str) -> Option<SocketAddr> {
    let inner = text.starts_with("227").then(|| text.split_once('(')?.1.split_once(')'))??.0;
    let parts: Vec<u8> = inner.split(',').filter_map(|part| part.parse().ok()).collect();
    let [a, b, c, d, high, low] = parts[..] else { return None };
    Some(SocketAddr::from((Ipv4Addr::new(a, b, c, d), u16::from_be_bytes([high, low]))))
}
