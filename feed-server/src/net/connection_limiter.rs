//! How many connections there may be, in all and from one address.
//!
//! A place is taken as a connection is accepted, before anything is read or allocated for it, and is given back when the
//! connection ends, whether it had become a stream by then or not. Who finds no place is told so, with 503 and
//! `Retry-After`: those who are served already go on as before.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use thiserror::Error;
use tokio::net::TcpStream;
use tokio::sync::{Notify, Semaphore};

use super::plain_response;

/// Connections that are told that there is no place, at the same time. More than that are cut off without a word.
const REFUSALS: usize = 64;

/// An IPv6 network this long is one customer's: addresses in it cost nothing.
const V6_PREFIX_BITS: u32 = 64;

/// How many connections there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// In all.
    pub connections: usize,
    /// From one address, or from one /64 network of IPv6. This machine's own are not counted.
    pub per_address: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 1_024, per_address: 32 }
    }
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Full {
    /// The server has as many connections as it may have.
    #[error("this server has as many viewers as it may have ({0}): try again later")]
    Server(usize),
    /// That address has as many as one may have.
    #[error("your address has as many connections here as one may have ({0}): close some")]
    Address(usize),
}

/// Hands out places.
#[derive(Debug)]
pub struct Reception {
    limits: Limits,
    taken: Mutex<Taken>,
    refusals: Semaphore,
    /// Rung when the last connection has ended.
    empty: Notify,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    /// Those of this machine are not in it.
    by_network: HashMap<IpAddr, usize>,
}

/// A connection's place. Dropping it gives it back.
#[derive(Debug)]
pub struct Place {
    reception: Arc<Reception>,
    network: IpAddr,
}

impl Reception {
    /// With all places free.
    pub fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self { limits, taken: Mutex::default(), refusals: Semaphore::new(REFUSALS), empty: Notify::new() })
    }

    /// A place for a connection from `peer`.
    ///
    /// # Errors
    /// [`Full`].
    pub fn admit(self: &Arc<Self>, peer: IpAddr) -> Result<Place, Full> {
        let network = network(peer);
        let mut taken = self.lock();
        if taken.all >= self.limits.connections {
            return Err(Full::Server(self.limits.connections));
        }
        if !network.is_loopback() {
            let from_there = taken.by_network.entry(network).or_default();
            if *from_there >= self.limits.per_address {
                return Err(Full::Address(self.limits.per_address));
            }
            *from_there += 1;
        }
        taken.all += 1;
        Ok(Place { reception: Arc::clone(self), network })
    }

    /// Connections that have a place.
    pub fn taken(&self) -> usize {
        self.lock().all
    }

    /// Tells a peer that there is no place.
    pub async fn refuse(&self, stream: TcpStream, full: Full) {
        let Ok(_under_way) = self.refusals.try_acquire() else { return };
        plain_response::answer(stream, "503 Service Unavailable", "retry-after: 10\r\n", &format!("{full}\n")).await;
    }

    /// Waits until every connection has ended. Nobody must be admitted meanwhile.
    pub async fn emptied(&self) {
        while self.taken() > 0 {
            self.empty.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.reception.lock();
        taken.all -= 1;
        if taken.all == 0 {
            self.reception.empty.notify_one();
        }
        if let Some(from_there) = taken.by_network.get_mut(&self.network) {
            *from_there -= 1;
            if *from_there == 0 {
                taken.by_network.remove(&self.network);
            }
        }
    }
}

/// What an address is counted as.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) if !v6.is_loopback() => {
            Ipv6Addr::from_bits(v6.to_bits() >> (128 - V6_PREFIX_BITS) << (128 - V6_PREFIX_BITS)).into()
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn there_are_so_many_places_and_no_more() {
        let reception = Reception::new(Limits { connections: 3, per_address: 2 });
        let first = reception.admit(address("192.0.2.1")).expect("a place");
        let _second = reception.admit(address("192.0.2.1")).expect("a place");
        assert_eq!(reception.admit(address("192.0.2.1")).expect_err("two of two taken"), Full::Address(2));
        let _third = reception.admit(address("192.0.2.2")).expect("another address");
        assert_eq!(reception.admit(address("192.0.2.3")).expect_err("three of three taken"), Full::Server(3));
        drop(first);
        let _again = reception.admit(address("192.0.2.1")).expect("given back");
        assert_eq!(reception.taken(), 3);
    }

    #[test]
    fn this_machines_own_are_counted_in_all_only() {
        let reception = Reception::new(Limits { connections: 10, per_address: 1 });
        let places: Vec<_> = ["127.0.0.1", "127.0.0.1", "::1", "::1", "::ffff:127.0.0.1"]
            .map(|own| reception.admit(address(own)))
            .into();
        assert!(places.iter().all(Result::is_ok));
        assert_eq!(reception.taken(), 5);
    }

    #[test]
    fn a_network_of_addresses_is_one() {
        let reception = Reception::new(Limits { connections: 10, per_address: 1 });
        let _place = reception.admit(address("2001:db8:1:2::1")).expect("a place");
        assert!(reception.admit(address("2001:db8:1:2:ffff::9")).is_err(), "the same /64");
        let _other = reception.admit(address("2001:db8:1:3::1")).expect("another /64");
        let _v4 = reception.admit(address("192.0.2.1")).expect("a place");
        assert!(reception.admit(address("::ffff:192.0.2.1")).is_err(), "the same, mapped");
    }

    #[test]
    fn who_has_left_is_forgotten() {
        let reception = Reception::new(Limits::default());
        for host in 0..100 {
            drop(reception.admit(IpAddr::from([10, 0, 0, host])).expect("a place"));
        }
        assert_eq!((reception.taken(), reception.lock().by_network.len()), (0, 0));
    }
}
