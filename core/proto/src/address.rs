//! Addresses of data connections in arguments and replies: PORT and 227 (RFC 959), EPRT, EPSV and 229 (RFC 2428).
//! The caller decides which addresses a client may name.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4};

use crate::reply::Reply;

/// What is wrong with an address. The client is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressError {
    /// It does not have the form that the command's definition requires.
    Malformed,
    /// A number is too large for its field.
    OutOfRange,
    /// The port is 0.
    NoPort,
    /// The protocol is neither 1 (IPv4) nor 2 (IPv6).
    UnsupportedProtocol,
    /// The address does not belong to the named protocol.
    WrongFamily,
}

impl AddressError {
    /// The reply code that RFC 959 and RFC 2428 require for it.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            AddressError::UnsupportedProtocol => 522,
            _ => 501,
        }
    }
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AddressError::Malformed => "Illegal address",
            AddressError::OutOfRange => "Illegal address: number out of range",
            AddressError::NoPort => "Illegal address: port 0",
            AddressError::UnsupportedProtocol => "Network protocol not supported, use (1,2)",
            AddressError::WrongFamily => "Illegal address: not of the protocol named",
        })
    }
}

impl std::error::Error for AddressError {}

/// The address family that EPRT and EPSV name by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// 1
    Ipv4,
    /// 2
    Ipv6,
}

/// The argument of EPSV.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Epsv {
    /// A port for the protocol of the control connection.
    Same,
    /// A port for this protocol.
    Protocol(Protocol),
    /// A promise that the client will use only EPSV for data connections from now on.
    All,
}

/// Reads the argument of PORT: `h1,h2,h3,h4,p1,p2`.
///
/// # Errors
///
/// [`AddressError::Malformed`] and [`AddressError::OutOfRange`].
pub fn parse_port(argument: &[u8]) -> Result<SocketAddrV4, AddressError> {
    let mut fields = [0_u8; 6];
    let mut parts = argument.split(|&b| b == b',');
    for field in &mut fields {
        let number = number(parts.next().ok_or(AddressError::Malformed)?, 3)?;
        *field = u8::try_from(number).map_err(|_| AddressError::OutOfRange)?;
    }
    if parts.next().is_some() {
        return Err(AddressError::Malformed);
    }
    let [a, b, c, d, high, low] = fields;
    let port = nonzero(u16::from_be_bytes([high, low]))?;
    Ok(SocketAddrV4::new(Ipv4Addr::new(a, b, c, d), port))
}

/// Reads the argument of EPRT: `|1|132.235.1.2|6275|` or `|2|1080::8:800:200C:417A|5282|`, with any delimiter from
/// `!` to `~`.
///
/// # Errors
///
/// Each kind of [`AddressError`].
pub fn parse_eprt(argument: &[u8]) -> Result<SocketAddr, AddressError> {
    let (&delimiter, rest) = argument.split_first().ok_or(AddressError::Malformed)?;
    if !delimiter.is_ascii_graphic() {
        return Err(AddressError::Malformed);
    }
    let parts: Vec<&[u8]> = rest.splitn(5, |&b| b == delimiter).collect();
    // As ProFTPD: the protocol is judged first.
    let protocol = parse_protocol(parts.first().copied().unwrap_or_default());
    let protocol = protocol.map_err(|_| AddressError::UnsupportedProtocol)?;
    let [_, address, port, []] = parts[..] else {
        return Err(AddressError::Malformed);
    };
    let address = std::str::from_utf8(address)
        .ok()
        .and_then(|text| text.parse::<IpAddr>().ok())
        .ok_or(AddressError::Malformed)?;
    if address.is_ipv4() != (protocol == Protocol::Ipv4) {
        return Err(AddressError::WrongFamily);
    }
    let port = u16::try_from(number(port, 5)?).map_err(|_| AddressError::OutOfRange)?;
    Ok(SocketAddr::new(address, nonzero(port)?))
}

/// Reads the argument of EPSV: nothing, `1`, `2` or `ALL`.
///
/// # Errors
///
/// [`AddressError::Malformed`] and [`AddressError::UnsupportedProtocol`].
pub fn parse_epsv(argument: &[u8]) -> Result<Epsv, AddressError> {
    if argument.is_empty() {
        return Ok(Epsv::Same);
    }
    if argument.eq_ignore_ascii_case(b"ALL") {
        return Ok(Epsv::All);
    }
    parse_protocol(argument).map(Epsv::Protocol)
}

/// The argument of PORT for this address.
#[must_use]
pub fn format_port(address: SocketAddrV4) -> String {
    let [a, b, c, d] = address.ip().octets();
    let [high, low] = address.port().to_be_bytes();
    format!("{a},{b},{c},{d},{high},{low}")
}

/// The argument of EPRT for this address; a mapped IPv4 address counts as IPv4.
#[must_use]
pub fn format_eprt(address: SocketAddr) -> String {
    let ip = address.ip().to_canonical();
    let protocol = if ip.is_ipv4() { 1 } else { 2 };
    format!("|{protocol}|{ip}|{}|", address.port())
}

/// The reply to PASV.
#[must_use]
pub fn pasv_reply(address: SocketAddrV4) -> Reply {
    let address = format_port(address);
    Reply::new(227, format!("Entering Passive Mode ({address})."))
}

/// The reply to EPSV with a port.
#[must_use]
pub fn epsv_reply(port: u16) -> Reply {
    Reply::new(229, format!("Entering Extended Passive Mode (|||{port}|)"))
}

/// The IPv4 address for PASV or PORT, even if a dual-stack socket reports it as a mapped IPv6 address.
#[must_use]
pub fn as_ipv4(address: IpAddr) -> Option<Ipv4Addr> {
    match address.to_canonical() {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    }
}

/// The address in the form for IPv6 sockets.
#[must_use]
pub fn as_ipv6(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

fn parse_protocol(text: &[u8]) -> Result<Protocol, AddressError> {
    match text {
        b"1" => Ok(Protocol::Ipv4),
        b"2" => Ok(Protocol::Ipv6),
        _ if !text.is_empty() && text.iter().all(u8::is_ascii_digit) => Err(AddressError::UnsupportedProtocol),
        _ => Err(AddressError::Malformed),
    }
}

/// Reads a decimal number of one to `max` digits. Spaces around it are allowed, because some clients send
/// `PORT 1, 2, ...`.
fn number(text: &[u8], max: usize) -> Result<u32, AddressError> {
    let text = text.trim_ascii();
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return Err(AddressError::Malformed);
    }
    if text.len() > max {
        return Err(AddressError::OutOfRange);
    }
    Ok(text.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0')))
}

fn nonzero(port: u16) -> Result<u16, AddressError> {
    match port {
        0 => Err(AddressError::NoPort),
        port => Ok(port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_takes_six_bytes() {
        assert_eq!(parse_port(b"127,0,0,1,4,1"), Ok("127.0.0.1:1025".parse().unwrap()));
        assert_eq!(parse_port(b"10, 0, 0, 1, 255, 255"), Ok("10.0.0.1:65535".parse().unwrap()));
        for bad in [&b""[..], b"1,2,3,4,5", b"1,2,3,4,5,6,7", b"1,2,3,4,5,x", b"1,2,3,4,,6", b"-1,2,3,4,5,6"] {
            assert_eq!(parse_port(bad), Err(AddressError::Malformed), "{bad:?}");
        }
        for bad in [&b"256,2,3,4,5,6"[..], b"1,2,3,4,5,99999999999999999999"] {
            assert_eq!(parse_port(bad), Err(AddressError::OutOfRange), "{bad:?}");
        }
    }

    #[test]
    fn eprt_takes_either_protocol_and_any_delimiter() {
        let v4 = "132.235.1.2:6275".parse().unwrap();
        assert_eq!(parse_eprt(b"|1|132.235.1.2|6275|"), Ok(v4));
        assert_eq!(parse_eprt(b"!1!132.235.1.2!6275!"), Ok(v4));
        let v6 = "[1080::8:800:200c:417a]:5282".parse().unwrap();
        assert_eq!(parse_eprt(b"|2|1080::8:800:200C:417A|5282|"), Ok(v6));
        assert_eq!(parse_eprt(format_eprt(v6).as_bytes()), Ok(v6));
    }

    #[test]
    fn eprt_says_what_is_wrong() {
        let error = |argument: &[u8]| parse_eprt(argument).unwrap_err();
        assert_eq!(error(b"|3|1.2.3.4|1|"), AddressError::UnsupportedProtocol);
        assert_eq!(error(b"|3|1.2.3.4|1|").code(), 522);
        assert_eq!(error(b"|2|1.2.3.4|1|"), AddressError::WrongFamily);
        assert_eq!(error(b"|1|1.2.3.4|65536|"), AddressError::OutOfRange);
        assert_eq!(error(b"|1|1.2.3.4|0|"), AddressError::NoPort);
        assert_eq!(error(b"||1.2.3.4|1|"), AddressError::UnsupportedProtocol);
        for bad in [&b""[..], b"|1|1.2.3.4|1", b"|1|1.2.3.4|1||", b"|1|host|1|", b" 1 1.2.3.4 1 "] {
            assert_eq!(error(bad), AddressError::Malformed, "{bad:?}");
            assert_eq!(error(bad).code(), 501);
        }
    }

    #[test]
    fn epsv_may_name_a_protocol_or_all() {
        assert_eq!(parse_epsv(b""), Ok(Epsv::Same));
        assert_eq!(parse_epsv(b"1"), Ok(Epsv::Protocol(Protocol::Ipv4)));
        assert_eq!(parse_epsv(b"all"), Ok(Epsv::All));
        assert_eq!(parse_epsv(b"3"), Err(AddressError::UnsupportedProtocol));
        assert_eq!(parse_epsv(b"x"), Err(AddressError::Malformed));
    }

    #[test]
    fn replies_name_the_port() {
        let reply = pasv_reply("127.0.0.1:1025".parse().unwrap());
        assert_eq!(reply.lines, [b"Entering Passive Mode (127,0,0,1,4,1)."]);
        let reply = epsv_reply(2121);
        assert_eq!(reply.lines, [b"Entering Extended Passive Mode (|||2121|)"]);
    }

    #[test]
    fn mapped_addresses_count_as_ipv4() {
        let mapped = IpAddr::V6(as_ipv6("1.2.3.4".parse().unwrap()));
        assert_eq!(as_ipv4(mapped), "1.2.3.4".parse().ok());
        assert_eq!(as_ipv4("::1".parse().unwrap()), None);
        assert_eq!(format_eprt(SocketAddr::new(mapped, 7)), "|1|1.2.3.4|7|");
    }
}
