//! Listening sockets: which addresses a configuration requires, which of them are open already, and
//! which server answers.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsFd;
use std::sync::Arc;

use gantry_api::ServerId;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

use crate::address::resolve;
use crate::plan::build::Plan;
use crate::plan::source::Family;
use crate::settings::Port;
use crate::system::Host;

/// The addresses that a configuration requires, each with the server that answers there.
#[derive(Debug, Clone, Default)]
pub struct Endpoints {
    /// In server order.
    pub addresses: Vec<(SocketAddr, ServerId)>,
    /// The server for addresses that no server names.
    default: Option<ServerId>,
    /// One sentence for each server that gets no clients because another one has its address.
    pub clashes: Vec<String>,
    /// TCPBacklog.
    backlog: i32,
    /// Whether other processes may listen on the ports as well (SocketOptions).
    reuse_port: bool,
}

impl Endpoints {
    /// The addresses of a plan's servers. The error names the address.
    pub fn of(plan: &Plan) -> Result<Self, String> {
        let main = plan.settings();
        let family = if main.use_ipv6 { plan.family } else { Family::V4 };
        let (backlog, reuse_port) = (main.backlog, main.sockets.options.reuseport);
        let mut wanted = Self { backlog, reuse_port, ..Self::default() };
        for (id, server, settings) in plan.servers() {
            if settings.default_server {
                wanted.default.get_or_insert(id);
            }
            let names = if id == ServerId(0) { &settings.addresses } else { &server.addresses };
            let port = match settings.port {
                Port::Off => continue,
                Port::Any => 0,
                Port::Number(number) => number,
            };
            if names.is_empty() {
                wanted.addresses.push((SocketAddr::new(everywhere(family), port), id));
            }
            for name in names {
                let found = resolve(name, port).map_err(|reason| format!("unable to resolve '{name}': {reason}"))?;
                let mut found = found;
                if family == Family::V4 {
                    found.retain(SocketAddr::is_ipv4);
                }
                if found.is_empty() {
                    return Err(format!("'{name}' has no IPv4 address, but -4 or 'UseIPv6 off' requires one"));
                }
                wanted.addresses.extend(found.into_iter().map(|address| (address, id)));
            }
        }
        wanted.clashes = wanted.clashes(plan);
        match wanted.addresses.is_empty() {
            true => Err("no server listens: Port is 0 in all of them".to_owned()),
            false => Ok(wanted),
        }
    }

    fn clashes(&self, plan: &Plan) -> Vec<String> {
        let names: HashMap<ServerId, &str> = plan.servers().map(|(id, _, own)| (id, own.name.as_str())).collect();
        let mut first = HashMap::new();
        let clash = |(address, id): &(SocketAddr, ServerId)| {
            let there = *first.entry(*address).or_insert(*id);
            let names = (there != *id).then(|| Some((names.get(id)?, names.get(&there)?))).flatten();
            names.map(|(name, there)| {
                format!(
                    "\"{name}\" address/port ({address}) already in use by \"{there}\": all clients there reach the latter"
                )
            })
        };
        self.addresses.iter().filter_map(clash).collect()
    }

    /// The server for a client that reached `local` through the socket bound to `bound`.
    pub fn server(&self, bound: SocketAddr, local: SocketAddr) -> ServerId {
        let reached = SocketAddr::new(local.ip().to_canonical(), bound.port());
        let named = self.addresses.iter().find(|(address, _)| *address == reached);
        let at_socket = || self.addresses.iter().find(|(address, _)| *address == bound);
        match (named, self.default) {
            (Some((_, id)), _) => *id,
            (None, Some(id)) => id,
            (None, None) => at_socket().map_or(ServerId(0), |(_, id)| *id),
        }
    }
}

/// The address for all interfaces: IPv6 including IPv4 if available.
fn everywhere(family: Family) -> IpAddr {
    if family == Family::V4 {
        return Ipv4Addr::UNSPECIFIED.into();
    }
    match Socket::new(Domain::IPV6, Type::STREAM, Some(Protocol::TCP)) {
        Ok(_) => Ipv6Addr::UNSPECIFIED.into(),
        Err(_) => Ipv4Addr::UNSPECIFIED.into(),
    }
}

/// The open sockets, by requested address.
#[derive(Clone, Default)]
pub struct Listeners {
    open: HashMap<SocketAddr, Arc<std::net::TcpListener>>,
}

impl Listeners {
    /// Opens the addresses in `wanted` and takes over those already open; `self` stays unchanged.
    /// `system` binds ports that the daemon itself cannot have. The error names the address.
    pub fn opened(&self, wanted: &Endpoints, system: Option<&Host>) -> Result<Self, String> {
        let mut open = HashMap::new();
        for (address, _) in &wanted.addresses {
            if open.contains_key(address) {
                continue;
            }
            let listener = match self.open.get(address) {
                Some(there) => there.clone(),
                None => Arc::new(
                    listen(*address, wanted, system).map_err(|error| format!("cannot listen on {address}: {error}"))?,
                ),
            };
            open.insert(*address, listener);
        }
        Ok(Self { open })
    }

    /// The sockets, each with the requested address.
    pub fn sockets(&self) -> impl Iterator<Item = (SocketAddr, &std::net::TcpListener)> {
        self.open.iter().map(|(address, listener)| (*address, &**listener))
    }

    /// The addresses where clients can connect; if the kernel chose a port, it is included.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.open.values().filter_map(|listener| listener.local_addr().ok()).collect()
    }
}

fn listen(address: SocketAddr, wanted: &Endpoints, system: Option<&Host>) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if wanted.reuse_port {
        socket.set_reuse_port(true)?;
    }
    if let SocketAddr::V6(v6) = address {
        socket.set_only_v6(!v6.ip().is_unspecified())?;
    }
    match (socket.bind(&address.into()), system) {
        (Err(error), Some(system)) if error.kind() == io::ErrorKind::PermissionDenied && address.port() < 1024 => {
            system.bind(socket.as_fd(), address)?;
        }
        (bound, _) => bound?,
    }
    socket.listen(wanted.backlog)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Tokio's handle of an open socket.
pub fn accepting(listener: &std::net::TcpListener) -> io::Result<TcpListener> {
    TcpListener::from_std(listener.try_clone()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_address_reached_chooses_the_server() {
        let addresses = vec![
            (address("[::]:21"), ServerId(0)),
            (address("192.0.2.1:21"), ServerId(1)),
            (address("192.0.2.1:2121"), ServerId(2)),
        ];
        let mut wanted = Endpoints { addresses, ..Endpoints::default() };
        assert_eq!(wanted.server(address("[::]:21"), address("[::ffff:192.0.2.1]:21")), ServerId(1));
        assert_eq!(wanted.server(address("[::]:21"), address("192.0.2.9:21")), ServerId(0));
        assert_eq!(wanted.server(address("192.0.2.1:2121"), address("192.0.2.1:2121")), ServerId(2));
        wanted.default = Some(ServerId(2));
        assert_eq!(wanted.server(address("[::]:21"), address("192.0.2.9:21")), ServerId(2));
    }
}
