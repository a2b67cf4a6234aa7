//! Options of a connection's socket, as SocketOptions and TCPNoDelay say. Each is a wish: a client without it is served
//! as well.

use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

use crate::settings::SocketOptions;

/// How long a connection is idle before it is probed, unless SocketOptions says otherwise.
const IDLE: Duration = Duration::from_secs(120);

/// Sets them.
pub fn set(stream: &TcpStream, no_delay: bool, options: &SocketOptions) {
    let socket = SockRef::from(stream);
    // Off is what a connection begins with.
    if no_delay {
        let _ = stream.set_nodelay(true);
    }
    if !options.silent {
        let probes = TcpKeepalive::new();
        let _ = socket.set_tcp_keepalive(&match options.probes {
            None => probes.with_time(IDLE),
            Some((idle, count, interval)) => probes
                .with_time(Duration::from_secs(idle))
                .with_retries(count)
                .with_interval(Duration::from_secs(interval)),
        });
    }
    if let Some(bytes) = options.rcvbuf {
        let _ = socket.set_recv_buffer_size(bytes);
    }
    if let Some(bytes) = options.sndbuf {
        let _ = socket.set_send_buffer_size(bytes);
    }
    if let Some(bytes) = options.maxseg {
        let _ = socket.set_tcp_mss(bytes);
    }
}
