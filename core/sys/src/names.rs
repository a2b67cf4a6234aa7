//! Host names by address, for `UseReverseDNS`. A look-up may take seconds, so call it on
//! a thread for blocking work.

use std::ffi::CStr;
use std::net::{IpAddr, ToSocketAddrs};

/// The maximum length of a name (NI_MAXHOST).
const NAME_LIMIT: usize = 1025;

/// The name of an address; `None` if it has none, or one that is not a valid host name or does not have this address.
#[must_use]
pub fn host_name(address: IpAddr) -> Option<String> {
    let mut name = [0_u8; NAME_LIMIT];
    let failed = match address {
        IpAddr::V4(address) => {
            let raw = libc::sockaddr_in {
                sin_family: libc::AF_INET as libc::sa_family_t,
                sin_port: 0,
                sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(address.octets()) },
                sin_zero: [0; 8],
            };
            look_up(&raw, &mut name)
        }
        IpAddr::V6(address) => {
            let raw = libc::sockaddr_in6 {
                sin6_family: libc::AF_INET6 as libc::sa_family_t,
                sin6_port: 0,
                sin6_flowinfo: 0,
                sin6_addr: libc::in6_addr { s6_addr: address.octets() },
                sin6_scope_id: 0,
            };
            look_up(&raw, &mut name)
        }
    };
    if failed != 0 {
        return None;
    }
    let name = CStr::from_bytes_until_nul(&name).ok()?.to_str().ok()?;
    (is_host_name(name) && leads_back(name, address, addresses)).then(|| name.to_owned())
}

/// Whether a name has an address. Whoever controls the address's DNS can call it by any name; only the owner of the name
/// can give it the address.
fn leads_back<A: IntoIterator<Item = IpAddr>>(name: &str, address: IpAddr, addresses: impl Fn(&str) -> A) -> bool {
    addresses(name).into_iter().any(|found| found.to_canonical() == address.to_canonical())
}

fn addresses(name: &str) -> Vec<IpAddr> {
    let found = (name, 0).to_socket_addrs();
    found.map(|found| found.map(|socket| socket.ip()).collect()).unwrap_or_default()
}

fn look_up<T>(address: &T, name: &mut [u8; NAME_LIMIT]) -> libc::c_int {
    // SAFETY: `address` is a socket address of the family in its first field and of the
    // given length; `name` has the given size. Both outlive the call, which keeps
    // neither.
    unsafe {
        libc::getnameinfo(
            std::ptr::from_ref(address).cast(),
            size_of::<T>() as libc::socklen_t,
            name.as_mut_ptr().cast(),
            NAME_LIMIT as libc::socklen_t,
            std::ptr::null_mut(),
            0,
            libc::NI_NAMEREQD,
        )
    }
}

/// Whether a name is a valid host name. Whoever controls the address's DNS can return
/// anything, and only valid names may get into logs.
fn is_host_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_letters_of_hosts_make_a_name() {
        assert!(is_host_name("ftp-1.example.org"));
        for bad in ["", "a b", "x'; DROP TABLE", "a\nb", "%s"] {
            assert!(!is_host_name(bad), "{bad}");
        }
    }

    #[test]
    fn an_address_without_a_name_has_none() {
        assert_eq!(host_name(IpAddr::from([192, 0, 2, 1])).filter(|name| name.is_empty()), None);
    }

    #[test]
    fn a_name_counts_only_if_it_leads_back() {
        let (client, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let leads = |found: &[IpAddr]| leads_back("trusted.example.com", client, |_| found.to_vec());
        assert!(leads(&[other, client]) && leads(&["::ffff:192.0.2.1".parse().unwrap()]));
        assert!(!leads(&[]) && !leads(&[other]));
        // No resolver is asked for these.
        assert!(leads_back("192.0.2.1", client, addresses) && !leads_back("192.0.2.1", other, addresses));
    }
}
