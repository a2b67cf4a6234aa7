//! Packets on a pair of sockets (SOCK_SEQPACKET): each comes whole or not at all.

use std::io;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use zeroize::Zeroizing;

use crate::protocol::{Answer, PACKET};

/// What a socket had.
pub(crate) enum Packet {
    Whole(Zeroizing<Vec<u8>>),
    /// It was longer than a packet can be.
    Cut,
    /// The other side has gone.
    End,
}

/// The next packet.
pub(crate) fn receive(socket: &OwnedFd) -> io::Result<Packet> {
    let mut packet = Zeroizing::new(Vec::with_capacity(PACKET));
    packet.resize(PACKET, 0);
    let length = loop {
        match recv(socket, &mut packet[..], RecvFlags::TRUNC) {
            Err(Errno::INTR) => {}
            // It has gone and left something unread.
            Err(Errno::CONNRESET | Errno::PIPE) => return Ok(Packet::End),
            done => break done?.1,
        }
    };
    match length {
        0 => Ok(Packet::End),
        length if length > PACKET => Ok(Packet::Cut),
        length => {
            packet.truncate(length);
            Ok(Packet::Whole(packet))
        }
    }
}

/// Sends an answer.
pub(crate) fn speak(socket: &OwnedFd, answer: &Answer) -> io::Result<()> {
    let packet = answer.encode();
    loop {
        match send(socket, &packet, SendFlags::NOSIGNAL) {
            Err(Errno::INTR) => {}
            // The other side has gone, which the next poll tells.
            Err(Errno::PIPE | Errno::CONNRESET) => return Ok(()),
            done => return done.map(drop).map_err(Into::into),
        }
    }
}
