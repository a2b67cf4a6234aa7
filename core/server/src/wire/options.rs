//! Options of a connection's socket, from SocketOptions and TCPNoDelay. None is essential: a client
//! is served without them, too.

use std::os::fd::AsFd;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};

use crate::settings::SocketOptions;

/// How long a connection is idle before it is probed, unless SocketOptions says otherwise.
const IDLE: Duration = Duration::from_secs(120);

/// Sets all options.
pub fn set(stream: &impl AsFd, no_delay: bool, options: &SocketOptions) {
    set_sizes(stream, no_delay, options);
    set_probes(stream, options);
}

/// Sets the options that matter from the first byte.
pub fn set_sizes(stream: &impl AsFd, no_delay: bool, options: &SocketOptions) {
    let socket = SockRef::from(stream);
    // Off is the default of a new connection.
    if no_delay {
        let _ = socket.set_tcp_nodelay(true);
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

/// Sets the options that matter while nothing happens.
pub fn set_probes(stream: &impl AsFd, options: &SocketOptions) {
    if options.silent {
        return;
    }
    let probes = TcpKeepalive::new();
    let _ = SockRef::from(stream).set_tcp_keepalive(&match options.probes {
        None => probes.with_time(IDLE),
        Some((idle, count, interval)) => {
            probes.with_time(Duration::from_secs(idle)).with_retries(count).with_interval(Duration::from_secs(interval))
        }
    });
}
