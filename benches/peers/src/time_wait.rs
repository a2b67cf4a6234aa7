//! Ports in TIME_WAIT: each connection leaves one for a minute on the side that
//! closes first, which after a download is the server's.

use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use crate::error::{Error, Result};

/// The range that the kernel takes ports from by itself.
const RANGE: &str = "/proc/sys/net/ipv4/ip_local_port_range";
/// How many there may be in this network.
const LIMIT: &str = "/proc/sys/net/ipv4/tcp_max_tw_buckets";
/// A limit by which there are never more than a few.
const FEW: usize = 100;

/// How many there are in this network.
pub fn count() -> Result<u64> {
    let text = fs::read_to_string("/proc/thread-self/net/sockstat").map_err(Error::system("read sockstat"))?;
    let mut words = text.lines().find(|line| line.starts_with("TCP:")).unwrap_or_default().split_whitespace();
    words.find(|word| *word == "tw");
    let wrong = || Error::Text { text: text.clone(), expected: "sockstat" };
    words.next().and_then(|word| word.parse().ok()).ok_or_else(wrong)
}

/// Lets this network have few of them, or as many as come. The network must be one
/// of the run's own.
pub fn limit(few: bool) -> Result<()> {
    let limit = if few { FEW } else { 1 << 20 };
    fs::write(LIMIT, limit.to_string()).map_err(Error::system("limit TIME_WAIT"))
}

/// Puts so many ports into TIME_WAIT, on the side that listens. They are those that
/// the kernel gives listeners first: every second one of its range.
pub fn fill(among: usize) -> Result<()> {
    let text = fs::read_to_string(RANGE).map_err(Error::system("read the range of ports"))?;
    let mut words = text.split_whitespace().filter_map(|word| word.parse::<u16>().ok());
    let (Some(low), Some(high)) = (words.next(), words.next()) else {
        return Err(Error::Text { text, expected: "range of ports" });
    };
    let first_choice = (low..=high).skip(1).step_by(2);
    let second_choice = (low..=high).step_by(2);
    let mut left = among.saturating_sub(usize::try_from(count()?).unwrap_or(usize::MAX));
    for port in first_choice.chain(second_choice) {
        if left == 0 {
            return Ok(());
        }
        // A port that is in use is passed over.
        if leave(port).is_ok() {
            left -= 1;
        }
    }
    Ok(())
}

fn leave(port: u16) -> std::io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    drop(listener.accept()?);
    // Until the other side's end is here: it was the first to close.
    client.read(&mut [0]).map(|_| ())
}
