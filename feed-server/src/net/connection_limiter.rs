//! Limits on connections, in total and from one address.
//!
//! A permit is taken when a connection is accepted, before anything is read or allocated for it. It is given back when the
//! connection ends, also after an upgrade to a stream. A connection over the limit gets 503 with `Retry-After`, and open
//! connections are not affected.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::Mutex;
use prometheus_client::metrics::counter::Counter;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::plain_response;
use super::trusted_proxies::TrustedProxies;

/// Connections that are sent a refusal at the same time. Further ones are closed without a response.
const MAX_REFUSALS: usize = 64;

/// An IPv6 network of this prefix belongs to one customer, who can use any address in it.
const V6_PREFIX_BITS: u32 = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    pub connections: usize,
    /// From one address, or from one /64 network of IPv6. Connections from this machine and from trusted proxies are not counted.
    pub per_address: usize,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self { connections: 1_024, per_address: 32 }
    }
}

/// The limit that a connection would exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LimitExceeded {
    #[error("too many connections to this server (limit {0}): try again later")]
    Server(usize),
    #[error("too many connections from this address (limit {0}): close some")]
    Address(usize),
}

/// Grants a permit for each connection within the limits. Cheap to clone: all clones count together.
#[derive(Clone, Debug)]
pub struct ConnectionLimiter {
    limits: ConnectionLimits,
    /// Through these many clients share one address.
    proxies: TrustedProxies,
    held: Arc<Mutex<Held>>,
    permits: TaskTracker,
    refusals: Arc<Semaphore>,
    refused: Counter,
}

#[derive(Debug, Default)]
struct Held {
    all: usize,
    /// Without connections from this machine and from trusted proxies.
    by_network: HashMap<IpAddr, usize>,
}

/// Allows one connection until it is dropped.
#[derive(Debug)]
pub struct Permit {
    held: Arc<Mutex<Held>>,
    /// `None` if only the total is limited.
    network: Option<IpAddr>,
    _token: TaskTrackerToken,
}

impl Default for ConnectionLimiter {
    fn default() -> Self {
        Self::new(ConnectionLimits::default(), Counter::default())
    }
}

impl ConnectionLimiter {
    /// Counts the connections over the limits in `refused`.
    pub fn new(limits: ConnectionLimits, refused: Counter) -> Self {
        let refusals = Arc::new(Semaphore::new(MAX_REFUSALS));
        let proxies = TrustedProxies::default();
        Self { limits, proxies, held: Arc::default(), permits: TaskTracker::new(), refusals, refused }
    }

    /// Does not limit the connections of these proxies by their address.
    #[must_use]
    pub fn exempting(self, proxies: TrustedProxies) -> Self {
        Self { proxies, ..self }
    }

    /// A permit for a connection from `peer`.
    ///
    /// # Errors
    /// [`LimitExceeded`] if no permit is free.
    pub fn admit(&self, peer: IpAddr) -> Result<Permit, LimitExceeded> {
        self.count(peer).inspect_err(|_| {
            self.refused.inc();
        })
    }

    /// Says whether a connection from `peer` would be admitted now.
    ///
    /// # Errors
    /// [`LimitExceeded`] if no permit is free.
    pub fn room(&self, peer: IpAddr) -> Result<(), LimitExceeded> {
        self.count(peer).map(drop)
    }

    /// A limiter with the same limits that counts separately, for the clients of proxies. A client that a proxy does not report
    /// has the proxy's address, so proxies are exempt here too.
    #[must_use]
    pub fn for_clients(&self) -> Self {
        Self::new(self.limits, self.refused.clone()).exempting(self.proxies.clone())
    }

    fn count(&self, peer: IpAddr) -> Result<Permit, LimitExceeded> {
        let network = Some(network(peer)).filter(|network| !network.is_loopback() && !self.proxies.contains(peer));
        let mut held = self.held.lock();
        if held.all >= self.limits.connections {
            return Err(LimitExceeded::Server(self.limits.connections));
        }
        if let Some(network) = network {
            let from_network = held.by_network.entry(network).or_default();
            if *from_network >= self.limits.per_address {
                return Err(LimitExceeded::Address(self.limits.per_address));
            }
            *from_network += 1;
        }
        held.all += 1;
        Ok(Permit { held: Arc::clone(&self.held), network, _token: self.permits.token() })
    }

    /// Permits that are held.
    pub fn held(&self) -> usize {
        self.held.lock().all
    }

    /// Sends a peer the reason why its connection is refused.
    pub async fn refuse(&self, stream: TcpStream, reason: LimitExceeded) {
        let Ok(_under_way) = self.refusals.try_acquire() else { return };
        let text = format!("{reason}\n");
        plain_response::send(stream, "503 Service Unavailable", "retry-after: 10\r\n", &text).await;
    }

    /// Waits until no permit is held. None may be granted meanwhile.
    pub async fn all_ended(&self) {
        self.permits.close();
        self.permits.wait().await;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut held = self.held.lock();
        held.all -= 1;
        let Some(network) = self.network else { return };
        if let Some(from_network) = held.by_network.get_mut(&network) {
            *from_network -= 1;
            if *from_network == 0 {
                held.by_network.remove(&network);
            }
        }
    }
}

/// The network that an address is counted with.
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

    fn limiter(limits: ConnectionLimits) -> ConnectionLimiter {
        ConnectionLimiter::new(limits, Counter::default())
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn connections_over_the_limit_are_refused_and_counted() {
        let limiter = limiter(ConnectionLimits { connections: 3, per_address: 2 });
        let first = limiter.admit(address("192.0.2.1")).expect("a permit");
        let _second = limiter.admit(address("192.0.2.1")).expect("a permit");
        assert_eq!(limiter.admit(address("192.0.2.1")).expect_err("limit reached"), LimitExceeded::Address(2));
        let _third = limiter.admit(address("192.0.2.2")).expect("another address");
        assert_eq!(limiter.admit(address("192.0.2.3")).expect_err("limit reached"), LimitExceeded::Server(3));
        drop(first);
        let _again = limiter.admit(address("192.0.2.1")).expect("given back");
        assert_eq!((limiter.held(), limiter.refused.get()), (3, 2));
    }

    #[test]
    fn connections_from_this_machine_have_no_limit_per_address() {
        let limiter = limiter(ConnectionLimits { connections: 10, per_address: 1 });
        let permits: Vec<_> =
            ["127.0.0.1", "127.0.0.1", "::1", "::1", "::ffff:127.0.0.1"].map(|own| limiter.admit(address(own))).into();
        assert!(permits.iter().all(Result::is_ok));
        assert_eq!(limiter.held(), 5);
    }

    #[test]
    fn connections_from_a_trusted_proxy_have_no_limit_per_address() {
        let proxies = TrustedProxies::new(vec!["2001:db8::1".parse().expect("an address")]);
        let limiter = limiter(ConnectionLimits { connections: 5, per_address: 1 }).exempting(proxies);
        let permits: Vec<_> = (0..3).map(|_| limiter.admit(address("2001:db8::1")).expect("a permit")).collect();
        let _other = limiter.admit(address("2001:db8::2")).expect("another address of the network");
        drop(permits);
        assert_eq!(limiter.admit(address("2001:db8::2")).expect_err("limit reached"), LimitExceeded::Address(1));
        let clients = limiter.for_clients();
        let _permits = [(); 2].map(|()| clients.admit(address("2001:db8::1")).expect("clients that are not reported"));
    }

    #[test]
    fn addresses_of_one_v6_network_are_counted_together() {
        let limiter = limiter(ConnectionLimits { connections: 10, per_address: 1 });
        let _permit = limiter.admit(address("2001:db8:1:2::1")).expect("a permit");
        assert!(limiter.admit(address("2001:db8:1:2:ffff::9")).is_err(), "the same /64");
        let _other = limiter.admit(address("2001:db8:1:3::1")).expect("another /64");
        let _v4 = limiter.admit(address("192.0.2.1")).expect("a permit");
        assert!(limiter.admit(address("::ffff:192.0.2.1")).is_err(), "the same, mapped");
    }

    #[test]
    fn addresses_without_a_connection_are_forgotten() {
        let limiter = ConnectionLimiter::default();
        for host in 0..100 {
            drop(limiter.admit(IpAddr::from([10, 0, 0, host])).expect("a permit"));
        }
        assert_eq!((limiter.held(), limiter.held.lock().by_network.len()), (0, 0));
    }
}
