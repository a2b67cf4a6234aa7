//! The addresses of the machine's network devices, for MasqueradeAddress.

use std::ffi::CStr;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The addresses of a device, such as `eth0`: those of IPv4 first. None if there is no such device, or it has none.
///
/// # Errors
/// The kernel's.
pub fn addresses(device: &str) -> io::Result<Vec<IpAddr>> {
    let mut list: *mut libc::ifaddrs = std::ptr::null_mut();
    // SAFETY: getifaddrs writes a pointer to `list`, which outlives the call.
    if unsafe { libc::getifaddrs(&raw mut list) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let mut found = Vec::new();
    let mut next = list;
    // SAFETY: each entry of the list is valid until freeifaddrs, and nothing of it is kept beyond that.
    while let Some(entry) = unsafe { next.as_ref() } {
        // SAFETY: the name of an entry is a C string that lives as long as the entry.
        let name = unsafe { CStr::from_ptr(entry.ifa_name) };
        if name.to_bytes() == device.as_bytes() {
            found.extend(address(entry));
        }
        next = entry.ifa_next;
    }
    // SAFETY: `list` came from getifaddrs and is freed once; no reference into it is left.
    unsafe { libc::freeifaddrs(list) };
    found.sort_by_key(IpAddr::is_ipv6);
    Ok(found)
}

fn address(entry: &libc::ifaddrs) -> Option<IpAddr> {
    // SAFETY: an entry's address is null, or points to a socket address of the family in its first field.
    let family = i32::from(unsafe { entry.ifa_addr.as_ref() }?.sa_family);
    match family {
        libc::AF_INET => {
            // SAFETY: the family says that it is a sockaddr_in.
            let address = unsafe { &*entry.ifa_addr.cast::<libc::sockaddr_in>() };
            Some(Ipv4Addr::from(address.sin_addr.s_addr.to_ne_bytes()).into())
        }
        libc::AF_INET6 => {
            // SAFETY: the family says that it is a sockaddr_in6.
            let address = unsafe { &*entry.ifa_addr.cast::<libc::sockaddr_in6>() };
            Some(Ipv6Addr::from(address.sin6_addr.s6_addr).into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_has_its_address() {
        assert_eq!(addresses("lo").unwrap().first(), Some(&Ipv4Addr::LOCALHOST.into()));
        assert!(addresses("no such device").unwrap().is_empty());
    }
}
