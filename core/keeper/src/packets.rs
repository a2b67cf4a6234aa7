//! Packets on a pair of sockets (SOCK_SEQPACKET). Each arrives complete or not at all.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::cmsg_space;
use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, send, sendmsg,
};
use zeroize::Zeroizing;

use crate::protocol::{Answer, PACKET};

/// What was read from a socket.
pub(crate) enum Packet {
    Whole(Zeroizing<Vec<u8>>),
    /// It was longer than a packet can be.
    Cut,
    /// The other side has gone.
    End,
}

/// The next packet; a descriptor that came with it is closed.
pub(crate) fn receive(socket: &OwnedFd) -> io::Result<Packet> {
    receive_all(socket).map(|(packet, _)| packet)
}

/// The next packet, and the descriptor that came with it.
pub(crate) fn receive_all(socket: &OwnedFd) -> io::Result<(Packet, Option<OwnedFd>)> {
    let mut packet = Zeroizing::new(Vec::with_capacity(PACKET));
    packet.resize(PACKET, 0);
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let length = loop {
        let mut slices = [IoSliceMut::new(&mut packet)];
        match recvmsg(socket, &mut slices, &mut control, RecvFlags::TRUNC | RecvFlags::CMSG_CLOEXEC) {
            Err(Errno::INTR) => {}
            // It has ended and left something unread.
            Err(Errno::CONNRESET | Errno::PIPE) => return Ok((Packet::End, None)),
            done => break done?.bytes,
        }
    };
    let mut came = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    let descriptor = came.next();
    let packet = match length {
        0 => Packet::End,
        length if length > PACKET => Packet::Cut,
        length => {
            packet.truncate(length);
            Packet::Whole(packet)
        }
    };
    Ok((packet, descriptor))
}

/// Sends a packet without waiting, and a descriptor with it.
pub(crate) fn send_all(socket: &OwnedFd, packet: &[u8], descriptor: Option<BorrowedFd<'_>>) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let descriptors = descriptor.map(|descriptor| [descriptor]);
    if let Some(descriptors) = &descriptors
        && !control.push(SendAncillaryMessage::ScmRights(descriptors))
    {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    loop {
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        match sendmsg(socket.as_fd(), &[IoSlice::new(packet)], &mut control, flags) {
            Err(Errno::INTR) => {}
            done => return done.map(drop).map_err(Into::into),
        }
    }
}

/// Sends an answer.
pub(crate) fn speak(socket: &OwnedFd, answer: &Answer) -> io::Result<()> {
    let packet = answer.encode();
    loop {
        match send(socket, &packet, SendFlags::NOSIGNAL) {
            Err(Errno::INTR) => {}
            // The other side has gone, as the next poll will show.
            Err(Errno::PIPE | Errno::CONNRESET) => return Ok(()),
            done => return done.map(drop).map_err(Into::into),
        }
    }
}
