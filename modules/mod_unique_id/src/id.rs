//! An id, and its text: letters, digits, `-` and `_`.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::SystemTime;

/// What makes an id unique: no process has two sessions with one number, no host two
/// processes with one id at a time, and no two hosts have the same address.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Id {
    pub(crate) time: SystemTime,
    pub(crate) process: u32,
    pub(crate) session: u64,
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
}

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl fmt::Display for Id {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self.time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let micros = u64::try_from(since.as_micros()).unwrap_or(u64::MAX);
        let parts: [&[u8]; 6] = [
            &micros.to_be_bytes(),
            &self.process.to_be_bytes(),
            &self.session.to_be_bytes(),
            &folded(self.local.ip()),
            &folded(self.remote.ip()),
            &self.remote.port().to_be_bytes(),
        ];
        parts.concat().chunks(3).try_for_each(|bytes| write_group(bytes, out))
    }
}

/// Three bytes as four letters.
fn write_group(bytes: &[u8], out: &mut fmt::Formatter<'_>) -> fmt::Result {
    let all = (0..3).fold(0_u32, |all, at| all << 8 | u32::from(bytes.get(at).copied().unwrap_or_default()));
    // One byte needs two letters, two bytes need three.
    (0..=bytes.len()).try_for_each(|at| {
        let place = all >> (18 - 6 * at) & 63;
        let letter = usize::try_from(place).ok().and_then(|place| LETTERS.get(place)).copied().unwrap_or(b'-');
        fmt::Write::write_char(out, char::from(letter))
    })
}

/// Four bytes of an address; of a longer one all of them, put together.
fn folded(address: IpAddr) -> [u8; 4] {
    match address.to_canonical() {
        IpAddr::V4(address) => address.octets(),
        IpAddr::V6(address) => {
            let mut folded = [0; 4];
            for (at, byte) in address.octets().into_iter().enumerate() {
                if let Some(place) = folded.get_mut(at % 4) {
                    *place ^= byte;
                }
            }
            folded
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::time::Duration;

    use super::*;

    fn id() -> Id {
        Id {
            time: SystemTime::UNIX_EPOCH + Duration::from_micros(1_795_450_500_123_456),
            process: 4711,
            session: 1,
            local: "192.0.2.1:21".parse().unwrap(),
            remote: "198.51.100.7:40000".parse().unwrap(),
        }
    }

    #[test]
    fn each_part_counts() {
        let other = |change: fn(&mut Id)| {
            let mut id = id();
            change(&mut id);
            id.to_string()
        };
        let ids: HashSet<String> = [
            other(|_| {}),
            other(|id| id.time += Duration::from_micros(1)),
            other(|id| id.process += 1),
            other(|id| id.session += 1),
            other(|id| id.local = "[2001:db8::1]:21".parse().unwrap()),
            other(|id| id.remote = "[2001:db8::2]:40000".parse().unwrap()),
            other(|id| id.remote.set_port(40001)),
        ]
        .into();
        assert_eq!(ids.len(), 7);
        for id in ids {
            assert!(id.len() == 40 && id.bytes().all(|byte| LETTERS.contains(&byte)), "{id}");
        }
    }

    #[test]
    fn three_bytes_are_four_letters() {
        struct Group(&'static [u8]);
        impl fmt::Display for Group {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_group(self.0, out)
            }
        }
        assert_eq!(Group(b"Man").to_string(), "TWFu");
        assert_eq!(Group(b"Ma").to_string(), "TWE");
        assert_eq!(Group(b"M").to_string(), "TQ");
    }
}
