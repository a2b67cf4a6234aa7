//! Clients by address, network or host name, in the syntax of Allow, Deny and From.

use std::net::IpAddr;

use gantry_api::ParseError;
use gantry_api::proto::glob;

/// The limit on matching steps for one client: none, because a rule that is not found
/// would not protect. The work is at most the product of the lengths of name and pattern.
const STEPS: u64 = u64::MAX;

/// A set of clients.
#[derive(Debug, Clone, PartialEq)]
pub struct Hosts(Vec<Host>);

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Host {
    All,
    None,
    Address(IpAddr),
    /// An address and the number of bits that count.
    Network(IpAddr, u32),
    /// `10.0.0.`: the start of an address.
    Beginning(String),
    /// `.example.com`: the end of a host name, in lower case.
    Domain(String),
    /// A host name in lower case, maybe with wildcards; one with wildcards is also
    /// matched with the address.
    Name(String),
}

impl Hosts {
    /// Reads `[from] all|none|host|network ...`, separated by spaces or commas.
    pub(crate) fn read(words: &[&str]) -> Result<Self, ParseError> {
        let words = match words {
            [first, rest @ ..] if first.eq_ignore_ascii_case("from") => rest,
            words => words,
        };
        let entries = words.iter().flat_map(|word| word.split(',')).filter(|entry| !entry.is_empty());
        let hosts = entries.map(|entry| match entry.strip_prefix('!') {
            // ProFTPD accepts it, but its rule then matches nobody.
            Some(_) => Err(ParseError::new(format!("'{entry}': use a <Class> to exclude hosts")).at(entry)),
            None => Host::read(entry),
        });
        let hosts: Vec<Host> = hosts.collect::<Result<_, _>>()?;
        if hosts.is_empty() {
            return Err("syntax: [from] [all|none]|host|network[,...]".into());
        }
        Ok(Self(hosts))
    }

    /// Whether any of them needs the client's host name.
    pub(crate) fn have_names(&self) -> bool {
        self.0.iter().any(Host::is_name)
    }

    /// Whether a client is in the set.
    pub(crate) fn contain(&self, address: IpAddr, name: &str) -> bool {
        self.0.iter().any(|host| host.is(address, name))
    }
}

impl Host {
    /// Whether it needs the client's host name; `10.0.*` and `fe80:*` match addresses.
    pub(crate) fn is_name(&self) -> bool {
        match self {
            Self::Domain(_) => true,
            Self::Name(name) => name.contains(char::is_alphabetic) && !name.contains(':'),
            _ => false,
        }
    }

    pub(crate) fn read(entry: &str) -> Result<Self, ParseError> {
        let bad = || ParseError::new(format!("bad ACL definition '{entry}': Invalid argument")).at(entry);
        if let Some((address, bits)) = entry.split_once('/') {
            let address: IpAddr = address.parse().map_err(|_| bad())?;
            let bits: u32 = bits.parse().map_err(|_| bad())?;
            return network(address, bits).ok_or_else(bad);
        }
        if let Ok(address) = entry.parse::<IpAddr>() {
            return Ok(Self::Address(address.to_canonical()));
        }
        let lower = entry.to_ascii_lowercase();
        Ok(match () {
            () if lower == "all" => Self::All,
            () if lower == "none" => Self::None,
            () if is_numbers(&lower) && !begins_address(&lower) => return Err(no_address(entry)),
            () if lower.ends_with(['.', ':']) && lower.starts_with(|first: char| first.is_ascii_hexdigit()) => {
                Self::Beginning(lower)
            }
            () if lower.starts_with('.') => Self::Domain(lower),
            () => Self::Name(lower),
        })
    }

    pub(crate) fn is(&self, address: IpAddr, name: &str) -> bool {
        let address = address.to_canonical();
        match self {
            Self::All => true,
            Self::None => false,
            Self::Address(own) => *own == address,
            Self::Network(network, bits) => within(address, *network, *bits),
            Self::Beginning(beginning) => address.to_string().starts_with(beginning.as_str()),
            Self::Domain(domain) => name.to_ascii_lowercase().ends_with(domain.as_str()),
            Self::Name(pattern) if glob::is_pattern(pattern.as_bytes()) => {
                fits(pattern, &name.to_ascii_lowercase()) || fits(pattern, &address.to_string())
            }
            Self::Name(own) => own.eq_ignore_ascii_case(name),
        }
    }
}

/// Whether a word is meant as an address: it cannot be a host name.
fn is_numbers(entry: &str) -> bool {
    entry.starts_with(|first: char| first.is_ascii_digit())
        && entry.chars().all(|character| character.is_ascii_digit() || character == '.')
}

/// `10.`, `10.0.`, `10.0.0.`.
fn begins_address(entry: &str) -> bool {
    let numbers = entry.strip_suffix('.').map(|beginning| beginning.split('.').map(str::parse::<u8>));
    numbers.is_some_and(|mut numbers| numbers.clone().count() <= 3 && numbers.all(|number| number.is_ok()))
}

fn no_address(entry: &str) -> ParseError {
    let text = format!(
        "bad ACL definition '{entry}': an address has four numbers up to 255; '10.0.0.' and '10.0.0.0/24' are networks"
    );
    ParseError::new(text).at(entry)
}

fn fits(pattern: &str, text: &str) -> bool {
    glob::matches(pattern.as_bytes(), text.as_bytes(), &mut glob::Budget::new(STEPS)).unwrap_or(false)
}

fn network(address: IpAddr, bits: u32) -> Option<Host> {
    let canonical = address.to_canonical();
    // ::ffff:10.0.0.0/104 is 10.0.0.0/8.
    let bits = if canonical == address { bits } else { bits.checked_sub(96)? };
    let most = if canonical.is_ipv4() { 32 } else { 128 };
    (bits <= most).then_some(Host::Network(canonical, bits))
}

fn within(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let differing = (address.to_bits() ^ network.to_bits()).leading_zeros();
            differing >= bits
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let differing = (address.to_bits() ^ network.to_bits()).leading_zeros();
            differing >= bits
        }
        _ => false,
    }
}
