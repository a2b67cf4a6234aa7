//! Prepares and opens data connections (RFC 959 section 3.2, RFC 2428). The server connects to and
//! accepts from the control connection's peer only, which prevents FTP bounce and stolen passive
//! ports.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gantry_api::data::{Data, DataLink, Family};
use gantry_api::layer::LayerMaker;
use gantry_api::proto::address::as_ipv4;
use gantry_api::transfer::Transfer;
use gantry_api::{Error, Reply, Result, Session, async_trait};
use gantry_config::Class;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::caught::caught;
use crate::settings::SocketOptions;
use crate::transfer::channel::Channel;
use crate::transfer::link::Link;
use crate::transfer::meters::Meters;
use crate::transfer::patience::{Patience, cut};
use crate::transfer::ports::{self, Accepted, Listener};
use crate::transfer::preparation::{NextConnection, Preparation};
use crate::transfer::progress::Progress;
use crate::transfer::socket::DataSocket;
use crate::wire::connection::Connection;
use crate::wire::stack::Stack;

/// The time limit for opening a connection, in either direction.
const OPEN_WAIT: Duration = Duration::from_secs(30);

/// The configuration for data connections.
#[derive(Debug, Clone)]
pub struct DataSettings {
    /// PassivePorts.
    pub ports: Option<(u16, u16)>,
    /// MasqueradeAddress.
    pub masquerade: Option<IpAddr>,
    /// TimeoutStalled.
    pub stalled: Option<Duration>,
    /// TCPNoDelay.
    pub no_delay: bool,
    /// SocketOptions.
    pub options: SocketOptions,
    /// Which other addresses may be at the other end.
    pub foreign: ForeignPeers,
    /// Whether the client may name an address (RootRevoke).
    pub active: bool,
}

/// Which addresses besides the client's a data connection may have (AllowForeignAddress).
#[derive(Debug, Clone)]
pub enum ForeignPeers {
    /// None.
    Nobody,
    /// All.
    Anybody,
    /// Those in a class.
    OfClass(Class),
}

impl ForeignPeers {
    /// Whether it includes this address.
    fn include(&self, address: IpAddr) -> bool {
        match self {
            Self::Nobody => false,
            Self::Anybody => true,
            Self::OfClass(class) => class.contains(address, &address.to_string()),
        }
    }
}

/// The current settings for a session's data connections; its login may change them.
#[derive(Debug, Clone)]
pub struct Holding(Arc<Mutex<Arc<DataSettings>>>);

impl Holding {
    /// The initial settings.
    pub fn new(settings: DataSettings) -> Self {
        Self(Arc::new(Mutex::new(settings.into())))
    }

    /// Changes the settings from here on.
    pub fn set(&self, settings: DataSettings) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = settings.into();
    }

    /// The current settings.
    pub fn settings(&self) -> Arc<DataSettings> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The data connections of a session.
pub struct SessionData {
    local: IpAddr,
    remote: IpAddr,
    settings: Holding,
    progress: Arc<Progress>,
    control: Connection,
    prepared: NextConnection<Listener>,
    protecting: Option<Box<dyn LayerMaker>>,
    encoding: Option<Box<dyn LayerMaker>>,
}

impl SessionData {
    /// For a control connection between two addresses.
    pub fn new(
        (local, remote): (IpAddr, IpAddr),
        settings: Holding,
        progress: Arc<Progress>,
        control: Connection,
    ) -> Self {
        let (prepared, protecting, encoding) = (NextConnection::default(), None, None);
        Self { local, remote, settings, progress, control, prepared, protecting, encoding }
    }

    /// What is prepared for the next transfer.
    pub fn prepared(&self) -> NextConnection<Listener> {
        self.prepared.clone()
    }

    fn address(&self, family: Family) -> Result<IpAddr> {
        match (family, self.local) {
            (Family::Same, local) => Ok(local),
            (Family::V4, local) => as_ipv4(local).map(IpAddr::V4).ok_or_else(|| unsupported(2)),
            (Family::V6, IpAddr::V6(local)) => Ok(IpAddr::V6(local)),
            (Family::V6, IpAddr::V4(_)) => Err(unsupported(1)),
        }
    }

    /// The layers of the next connection; the one that protects is closest to the wire.
    fn layers(&mut self) -> Result<Option<Stack>> {
        let makers = [&mut self.protecting, &mut self.encoding].into_iter().flatten();
        Ok(Stack::new(makers.map(|maker| maker.layer()).collect::<Result<_>>()?))
    }

    /// Opens the prepared connection.
    async fn open(&self, prepared: Preparation<Listener>) -> Result<Accepted> {
        let opening = async {
            match prepared {
                Preparation::Passive(listener, _) => self.accept(listener).await,
                Preparation::Active(address) => self.connect(address).await.map(Accepted::Later),
                Preparation::Nothing => Err(io::ErrorKind::NotConnected.into()),
            }
        };
        let opened = tokio::select! {
            opened = timeout(OPEN_WAIT, opening) => opened.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())),
            () = self.progress.given_up() => return Err(cut("Data connection closed; transfer aborted")),
        };
        opened.map_err(|error| match error.kind() {
            // As ProFTPD, which tries the client's own port then (RFC 959 section 3.3).
            io::ErrorKind::NotConnected => Error::client(425, "Unable to build data connection: Connection refused"),
            _ => Error::client(425, format!("Unable to build data connection: {}", plain(&error))),
        })
    }

    /// Accepts the client's connection. Strangers are turned away, and the wait continues.
    async fn accept(&self, mut listener: Listener) -> io::Result<Accepted> {
        loop {
            let (stream, peer) = listener.accept().await?;
            let peer = peer.ip().to_canonical();
            if peer == self.remote || self.settings.settings().foreign.include(peer) {
                return Ok(stream);
            }
        }
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        if self.local.is_ipv4() == address.is_ipv4() {
            socket.bind(SocketAddr::new(self.local, 0))?;
        }
        socket.connect(address).await
    }
}

#[async_trait]
impl Data for SessionData {
    async fn passive(&mut self, family: Family) -> Result<SocketAddr> {
        // The port that it no longer waits for may be the only free one.
        drop(self.prepared.take());
        let address = self.address(family)?;
        let settings = self.settings.settings();
        let failed =
            |error: io::Error| Error::system(format!("cannot listen for a data connection: {error}")).with_code(425);
        let listener = ports::passive(address, settings.ports).map_err(failed)?;
        let port = listener.address().port();
        self.prepared.listen(listener);
        Ok(SocketAddr::new(settings.masquerade.unwrap_or(address), port))
    }

    fn active(&mut self, address: SocketAddr) -> Result<()> {
        let ip = address.ip().to_canonical();
        let settings = self.settings.settings();
        if !settings.active {
            return Err(Error::client(500, "Unrecognized or unsupported command: active transfers are disabled"));
        }
        let known = ip == self.remote || settings.foreign.include(ip);
        if !known || address.port() < 1024 {
            return Err(Error::client(500, "Illegal PORT command"));
        }
        self.prepared.connect(SocketAddr::new(ip, address.port()));
        Ok(())
    }

    fn protect(&mut self, maker: Option<Box<dyn LayerMaker>>) {
        self.protecting = maker;
    }

    fn encode(&mut self, maker: Option<Box<dyn LayerMaker>>) {
        self.encoding = maker;
    }

    async fn begin(&mut self, session: &mut Session, transfer: Transfer, opening: Reply) -> Result<Box<dyn DataLink>> {
        let prepared = self.prepared.take();
        // The server's, or the client's that is connected to.
        let port = match &prepared {
            Preparation::Passive(listener, _) => listener.address().port(),
            Preparation::Active(address) => address.port(),
            Preparation::Nothing => 0,
        };
        let transfer = Transfer { port, ..transfer };
        // ABOR works from here on.
        self.progress.begin(transfer.direction);
        caught(async {
            let layers = self.layers()?;
            let opened = self.open(prepared).await?;
            let settings = self.settings.settings();
            let socket = match opened {
                Accepted::AtOnce(stream) => DataSocket::fresh(stream, settings.no_delay, &settings.options),
                Accepted::Later(stream) => DataSocket::registered(stream, settings.no_delay, &settings.options),
            };
            let meters = Meters::new(std::mem::take(&mut session.meters), transfer.direction);
            let patience = Patience::new(self.progress.clone(), settings.stalled);
            let mut channel = Channel::new(socket, layers, patience);
            channel.open_early().await?;
            let link = Link::new(channel, &transfer, meters, self.progress.clone());
            self.progress.record(session, transfer);
            self.control.tell(&opening).await?;
            Ok(Box::new(link) as Box<dyn DataLink>)
        })
        .await
    }
}

fn unsupported(protocol: u8) -> Error {
    Error::client(522, format!("Network protocol not supported, use ({protocol})"))
}

fn plain(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::TimedOut => "Connection timed out",
        io::ErrorKind::ConnectionRefused => "Connection refused",
        _ => "Operation failed",
    }
}
