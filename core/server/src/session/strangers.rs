//! Clients that have not logged in (MaxUnauthenticatedPerHost). Their number per address is
//! limited, so that a client that only connects cannot keep others out.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::names::network;

/// The clients that have not logged in, by address.
#[derive(Debug, Default)]
pub struct Strangers {
    counts: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// A place among them, until dropped.
#[derive(Debug)]
pub struct Stranger {
    counts: Arc<Mutex<HashMap<IpAddr, usize>>>,
    from: IpAddr,
}

impl Strangers {
    /// A place for a client; `None` if its address has no more.
    pub fn enter(&self, address: IpAddr, most: Option<usize>) -> Option<Stranger> {
        let from = place(address);
        let mut counts = locked(&self.counts);
        let count = counts.entry(from).or_insert(0);
        if most.is_some_and(|most| *count >= most) {
            return None;
        }
        *count += 1;
        Some(Stranger { counts: self.counts.clone(), from })
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let mut counts = locked(&self.counts);
        match counts.get_mut(&self.from) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(counts.remove(&self.from)),
        }
    }
}

fn locked(counts: &Mutex<HashMap<IpAddr, usize>>) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What counts as one address: one of IPv4, or a /64 of IPv6, since a client may have a whole one.
fn place(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(_) => network(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_strangers_come_from_one_place() {
        let strangers = Strangers::default();
        let enter = |address: &str| strangers.enter(address.parse().unwrap(), Some(2));
        let held = [enter("192.0.2.1"), enter("192.0.2.1"), enter("192.0.2.2")];
        assert!(held.iter().all(Option::is_some));
        assert!(enter("192.0.2.1").is_none());
        let of_network = [enter("2001:db8::1"), enter("2001:db8::2")];
        assert!(of_network.iter().all(Option::is_some) && enter("2001:db8::3").is_none());
        assert!(enter("2001:db8:0:1::1").is_some());
        drop((held, of_network));
        assert!(enter("192.0.2.1").is_some());
        assert!(locked(&strangers.counts).is_empty());
    }
}
