//! The layer: one connection's TLS, as bytes in and bytes out.

use std::io::{self, BufRead, Write};
use std::sync::Arc;
use std::time::Duration;

use gantry_api::layer::{Layer, LayerMaker, Stage};
use gantry_api::{Error, Result, Value};
use rustls::server::{AcceptedAlert, Acceptor};
use rustls::{HandshakeKind, ServerConnection};

use crate::records::Records;
use crate::session::Tls;
use crate::suites;
use crate::tickets::{Resumption, Role};

/// One connection.
pub(crate) struct TlsLayer {
    tls: Arc<Tls>,
    role: Role,
    /// What it can resume, once its server is known.
    resumption: Option<Arc<Resumption>>,
    state: State,
    stage: Stage,
    records: Records,
}

enum State {
    /// Nothing is known about the client yet: its hello selects the server.
    Hello(Box<Acceptor>),
    Running(Box<ServerConnection>),
    Failed,
}

impl TlsLayer {
    /// For the control connection.
    pub(crate) fn control(tls: Arc<Tls>) -> Self {
        Self::new(None, tls, Role::Control, State::Hello(Box::default()))
    }

    fn data(tls: Arc<Tls>) -> Result<Self> {
        let (config, resumption) = tls.data()?;
        let connection = ServerConnection::new(config);
        let connection = connection.map_err(|error| Error::system(error.to_string()))?;
        Ok(Self::new(Some(resumption), tls, Role::Data, State::Running(Box::new(connection))))
    }

    fn new(resumption: Option<Arc<Resumption>>, tls: Arc<Tls>, role: Role, state: State) -> Self {
        Self { tls, role, resumption, state, stage: Stage::Opening, records: Records::default() }
    }

    /// Takes the bytes of at most one record.
    fn take(&mut self, mut piece: &[u8], plain: &mut Vec<u8>, answer: &mut Vec<u8>) -> Result<()> {
        while !piece.is_empty() {
            match &mut self.state {
                State::Hello(acceptor) => {
                    let read = acceptor.read_tls(&mut piece);
                    if read.map_err(|error| self.failed(&error))? == 0 {
                        return Err(self.failed(&"the handshake does not end"));
                    }
                    self.accept(answer)?;
                }
                State::Running(connection) => {
                    let read = connection.read_tls(&mut piece);
                    if read.map_err(|error| self.failed(&error))? == 0 {
                        return Ok(());
                    }
                }
                State::Failed => return Err(self.failed(&"the handshake has failed")),
            }
            self.process(plain, answer)?;
        }
        Ok(())
    }

    /// Continues with the server that the client's hello names, once the hello is complete.
    fn accept(&mut self, answer: &mut Vec<u8>) -> Result<()> {
        let State::Hello(acceptor) = &mut self.state else { return Ok(()) };
        let accepted = match acceptor.accept() {
            Ok(None) => return Ok(()),
            Ok(Some(accepted)) => accepted,
            Err((error, alert)) => return Err(self.refused(&error, alert, answer)),
        };
        let (config, resumption) = self.tls.control(accepted.client_hello().server_name())?;
        self.resumption = Some(resumption);
        match accepted.into_connection(config) {
            Ok(connection) => {
                self.state = State::Running(Box::new(connection));
                Ok(())
            }
            Err((error, alert)) => Err(self.refused(&error, alert, answer)),
        }
    }

    /// Lets rustls process the received bytes.
    fn process(&mut self, plain: &mut Vec<u8>, answer: &mut Vec<u8>) -> Result<()> {
        let State::Running(connection) = &mut self.state else { return Ok(()) };
        let processed = connection.process_new_packets();
        let kind = connection.handshake_kind().filter(|_| self.stage == Stage::Opening);
        if let (Some(kind), Some(resumption)) = (kind, &self.resumption) {
            resumption.decided(kind == HandshakeKind::Resumed);
        }
        let flushed = flush(connection, answer);
        let state = processed.map_err(|error| self.failed(&error))?;
        flushed?;
        if self.stage == Stage::Opening && self.is_agreed() {
            self.opened(answer)?;
        }
        if state.plaintext_bytes_to_read() > 0 {
            plain.reserve(state.plaintext_bytes_to_read());
            self.read(plain)?;
        }
        if state.peer_has_closed() {
            self.stage = Stage::Closed;
        }
        Ok(())
    }

    fn is_agreed(&self) -> bool {
        matches!(&self.state, State::Running(connection) if !connection.is_handshaking())
    }

    /// Called after the handshake. A data connection must belong to the client of the control
    /// connection.
    fn opened(&mut self, answer: &mut Vec<u8>) -> Result<()> {
        let State::Running(connection) = &mut self.state else { return Ok(()) };
        let resumed = connection.handshake_kind() == Some(HandshakeKind::Resumed);
        match self.role {
            Role::Control => {
                if let Err(why) = self.tls.opened(connection, resumed) {
                    connection.send_close_notify();
                    flush(connection, answer)?;
                    return Err(self.failed(&why));
                }
            }
            Role::Data if resumed || self.tls.allows_any_session() => {
                self.tls.say(|| "data connection protected".to_owned())
            }
            Role::Data => {
                connection.send_close_notify();
                flush(connection, answer)?;
                self.tls.say(|| {
                    "client did not resume the TLS session of its control connection, data connection refused \
                     (TLSOptions NoSessionReuseRequired would allow it)"
                        .to_owned()
                });
                self.state = State::Failed;
                return Err(Error::client(425, "Unable to build data connection: Operation not permitted"));
            }
        }
        self.stage = Stage::Open;
        Ok(())
    }

    fn read(&mut self, plain: &mut Vec<u8>) -> Result<()> {
        let State::Running(connection) = &mut self.state else { return Ok(()) };
        let mut reader = connection.reader();
        loop {
            let length = match reader.fill_buf() {
                Ok([]) => return Ok(()),
                Ok(bytes) => {
                    plain.extend_from_slice(bytes);
                    bytes.len()
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(self.failed(&error)),
            };
            reader.consume(length);
        }
    }

    fn refused(&mut self, error: &rustls::Error, mut alert: AcceptedAlert, answer: &mut Vec<u8>) -> Error {
        let _ = alert.write_all(answer);
        self.failed(error)
    }

    /// Reports an error to the log; on a data connection the client gets it, too.
    fn failed(&mut self, error: &dyn std::fmt::Display) -> Error {
        let was = if self.stage == Stage::Opening { "TLS handshake failed" } else { "TLS failed" };
        self.state = State::Failed;
        self.tls.say(|| format!("{was}: {error}"));
        match self.role {
            // Only the log shows it.
            Role::Control => Error::client(421, format!("{was}: {error}")),
            Role::Data => Error::client(425, format!("Unable to build data connection: {was}: {error}")),
        }
    }
}

/// Takes the bytes that rustls has for the wire.
fn flush(connection: &mut ServerConnection, wire: &mut Vec<u8>) -> Result<()> {
    while connection.wants_write() {
        connection.write_tls(wire).map_err(|error| Error::system(error.to_string()))?;
    }
    Ok(())
}

impl Layer for TlsLayer {
    fn receive(&mut self, wire: &[u8], plain: &mut Vec<u8>, answer: &mut Vec<u8>) -> Result<usize> {
        let mut taken = 0;
        while let Some(rest) = wire.get(taken..).filter(|rest| !rest.is_empty() && self.stage != Stage::Closed) {
            // Record by record, because bytes after the peer's close do not belong to this layer.
            let length = self.records.next(rest);
            self.take(rest.get(..length).unwrap_or(rest), plain, answer)?;
            taken += length;
        }
        Ok(taken)
    }

    fn send(&mut self, plain: &[u8], wire: &mut Vec<u8>) -> Result<()> {
        let State::Running(connection) = &mut self.state else {
            return Err(Error::client(426, "Transfer aborted. TLS has failed"));
        };
        let mut rest = plain;
        wire.reserve(plain.len() + plain.len() / 512 + 64);
        while !rest.is_empty() {
            let count = connection.writer().write(rest).map_err(|error| Error::system(error.to_string()))?;
            flush(connection, wire)?;
            rest = rest.get(count..).unwrap_or_default();
            if count == 0 {
                return Err(Error::system("TLS takes no bytes"));
            }
        }
        Ok(())
    }

    fn close(&mut self, wire: &mut Vec<u8>) -> Result<()> {
        let State::Running(connection) = &mut self.state else { return Ok(()) };
        connection.send_close_notify();
        flush(connection, wire)
    }

    fn stage(&self) -> Result<Stage> {
        Ok(self.stage)
    }

    fn time_to_open(&self) -> Option<Duration> {
        self.tls.patience()
    }

    /// Many clients end an upload without a close_notify.
    fn cut(&mut self) -> Result<()> {
        if self.role == Role::Control {
            return Ok(());
        }
        match self.tls.requires_close() {
            true => {
                self.tls.say(|| "data connection ended without close_notify: the transfer is aborted (TLSOptions CloseNotifyRequired)".to_owned());
                Err(Error::client(426, "Transfer aborted. Data connection closed without close_notify"))
            }
            false => {
                self.tls.say(|| "data connection ended without close_notify: what was received is kept".to_owned());
                Ok(())
            }
        }
    }

    fn facts(&self) -> Value {
        let State::Running(connection) = &self.state else { return Value::None };
        let mut facts = vec![("layer".to_owned(), Value::from("tls"))];
        let mut fact = |name: &str, value: Option<Value>| facts.extend(value.map(|value| (name.to_owned(), value)));
        fact("protocol", connection.protocol_version().map(|version| crate::session::version(version).into()));
        fact("cipher", connection.negotiated_cipher_suite().map(|suite| suites::name(suite).into()));
        fact("bits", connection.negotiated_cipher_suite().map(|suite| Value::Int(suites::bits(suite).into())));
        fact("group", connection.negotiated_key_exchange_group().map(|group| format!("{:?}", group.name()).into()));
        fact("server_name", connection.server_name().map(Value::from));
        fact("resumed", connection.handshake_kind().map(|kind| (kind == HandshakeKind::Resumed).into()));
        let peer = connection.peer_certificates().and_then(|chain| chain.first());
        fact("certificate", peer.map(|der| Value::Bytes(der.as_ref().to_vec())));
        Value::Map(facts)
    }
}

/// Makes the layers of a session's data connections.
pub(crate) struct Maker(pub(crate) Arc<Tls>);

impl LayerMaker for Maker {
    fn layer(&mut self) -> Result<Box<dyn Layer>> {
        TlsLayer::data(self.0.clone()).map(|layer| Box::new(layer) as Box<dyn Layer>)
    }
}

/// Refuses data connections that are not protected.
pub(crate) struct Refusing;

impl LayerMaker for Refusing {
    fn layer(&mut self) -> Result<Box<dyn Layer>> {
        Err(Error::client(522, "SSL/TLS required on the data channel"))
    }
}
