//! Limits on connections, in total, of strangers, and from one address.
//!
//! A permit is taken when a connection is accepted, before anything is read or allocated for it. It is given back when the
//! connection ends, also after an upgrade to a stream. A connection over the limit gets 503 with `Retry-After`.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::Mutex;
use prometheus_client::metrics::counter::Counter;
use tokio::net::TcpStream;
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

pub use super::connection_limits::{ConnectionLimits, LimitExceeded};
pub use super::permits::{Class, Status};
use super::permits::{PermitId, Permits};
use super::plain_response;
use super::trusted_proxies::TrustedProxies;
use crate::telemetry::{Level, LevelGuard, Telemetry};

/// Connections that are sent a refusal at the same time. Further ones are closed without a response.
const MAX_REFUSALS: usize = 64;

/// An IPv6 network of this prefix belongs to one customer, who can use any address in it.
const V6_PREFIX_BITS: u32 = 64;

/// Grants a permit for each connection within the limits. Cheap to clone: all clones count together.
#[derive(Clone, Debug)]
pub struct ConnectionLimiter {
    limits: ConnectionLimits,
    permits: Arc<Mutex<Permits>>,
    /// Many clients share the address of such a proxy, so it has no limit, and neither has this machine. `None` limits every
    /// address.
    exempt: Option<TrustedProxies>,
    granted: TaskTracker,
    refusals: Arc<Semaphore>,
    open: Level,
    refused: Counter,
}

/// Allows one connection until it is dropped.
#[derive(Debug)]
pub struct Permit {
    holder: Holder,
    _counted: LevelGuard,
    _token: TaskTrackerToken,
}

/// The connection that holds a permit, for code that does not own the permit. Every request carries it as an extension.
#[derive(Clone, Debug)]
pub struct Holder {
    permits: Arc<Mutex<Permits>>,
    id: PermitId,
    evicted: Arc<Notify>,
    refused: Counter,
}

/// A request whose response is not complete until this is dropped.
#[derive(Debug)]
pub struct OpenRequest(Option<Holder>);

impl Default for ConnectionLimiter {
    fn default() -> Self {
        Self::new(ConnectionLimits::default(), &Telemetry::default())
    }
}

impl ConnectionLimiter {
    /// Counts permits and refusals in `telemetry`.
    pub fn new(limits: ConnectionLimits, telemetry: &Telemetry) -> Self {
        let refusals = Arc::new(Semaphore::new(MAX_REFUSALS));
        let permits = Arc::new(Mutex::new(Permits::new(limits)));
        let (exempt, granted) = (Some(TrustedProxies::default()), TaskTracker::new());
        let (open, refused) = (telemetry.connections.clone(), telemetry.connections_refused.clone());
        Self { limits, permits, exempt, granted, refusals, open, refused }
    }

    /// Does not limit the connections of these proxies by their address.
    #[must_use]
    pub fn exempting(self, proxies: TrustedProxies) -> Self {
        Self { exempt: Some(proxies), ..self }
    }

    /// A permit for a connection from `peer`. Another connection may be evicted for it.
    ///
    /// # Errors
    /// [`LimitExceeded`] if no permit is free.
    pub fn admit(&self, peer: IpAddr) -> Result<Permit, LimitExceeded> {
        let refused = self.refused.clone();
        let admitted = self.permits.lock().admit(self.network(peer), Instant::now());
        let (id, evicted) = admitted.inspect_err(|_| {
            refused.inc();
        })?;
        let holder = Holder { permits: Arc::clone(&self.permits), id, evicted, refused };
        Ok(Permit { holder, _counted: self.open.enter(), _token: self.granted.token() })
    }

    /// A permit for a stream of `client`, which is not evicted.
    ///
    /// # Errors
    /// [`LimitExceeded`] if no permit is free.
    pub fn admit_stream(&self, client: IpAddr) -> Result<Permit, LimitExceeded> {
        let permit = self.admit(client)?;
        permit.holder().sign_in();
        permit.holder().decide()?;
        Ok(permit)
    }

    /// Says whether a connection from `peer` would be admitted now.
    ///
    /// # Errors
    /// [`LimitExceeded`] if no permit is free.
    pub fn room(&self, peer: IpAddr) -> Result<(), LimitExceeded> {
        self.permits.lock().room(self.network(peer))
    }

    /// A limiter with the same limits that counts separately, for the clients that proxies report. No address is exempt: a client
    /// whose report cannot be read has the proxy's address.
    #[must_use]
    pub fn for_clients(&self) -> Self {
        let permits = Arc::new(Mutex::new(Permits::new(self.limits)));
        // Each of these streams has a connection, which is counted already.
        Self { permits, exempt: None, granted: TaskTracker::new(), open: Level::default(), ..self.clone() }
    }

    /// The network that counts for the limit of an address.
    fn network(&self, peer: IpAddr) -> Option<IpAddr> {
        let network = network(peer);
        let is_exempt = |proxies: &TrustedProxies| network.is_loopback() || proxies.contains(peer);
        (!self.exempt.as_ref().is_some_and(is_exempt)).then_some(network)
    }

    /// Permits that are held.
    pub fn held(&self) -> usize {
        self.permits.lock().count()
    }

    /// Sends a peer the reason why its connection is refused.
    pub async fn refuse(&self, stream: TcpStream, reason: LimitExceeded) {
        let Ok(_under_way) = self.refusals.try_acquire() else { return };
        let text = format!("{reason}\n");
        plain_response::send(stream, "503 Service Unavailable", "retry-after: 10\r\n", &text).await;
    }

    /// Waits until no permit is held. None may be granted meanwhile.
    pub async fn all_ended(&self) {
        self.granted.close();
        self.granted.wait().await;
    }
}

impl Permit {
    pub const fn holder(&self) -> &Holder {
        &self.holder
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.holder.permits.lock().release(self.holder.id);
    }
}

impl Holder {
    /// A request has arrived on this connection.
    pub fn begin_request(&self) -> OpenRequest {
        self.permits.lock().begin(self.id);
        OpenRequest(Some(self.clone()))
    }

    /// The kernel has taken all bytes that were written.
    pub fn flushed(&self) {
        self.permits.lock().flushed(self.id, Instant::now());
    }

    /// The peer has signed in: it may use the reserve, and the bounds of strangers do not apply.
    pub fn sign_in(&self) {
        self.permits.lock().sign_in(self.id);
    }

    /// Checks the limit of the connection's class, once. Without a sign-in until then, it is a stranger's.
    ///
    /// # Errors
    /// [`LimitExceeded`] if the limit is reached.
    pub fn decide(&self) -> Result<(), LimitExceeded> {
        self.permits.lock().decide(self.id).inspect_err(|_| {
            self.refused.inc();
        })
    }

    /// `None` after an eviction.
    pub fn status(&self) -> Option<Status> {
        self.permits.lock().status(self.id)
    }

    pub fn is_signed_in(&self) -> bool {
        self.status().is_some_and(|status| status.class == Class::SignedIn)
    }

    /// Waits until the permit has been given to another connection. For one task at a time.
    pub async fn evicted(&self) {
        self.evicted.notified().await;
    }
}

impl OpenRequest {
    /// The connection has become a stream, and no further request arrives.
    pub fn upgraded(mut self) {
        self.0 = None;
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        if let Some(holder) = &self.0 {
            holder.permits.lock().answered(holder.id);
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
        ConnectionLimiter::new(limits, &Telemetry::default())
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn connections_over_the_limit_are_refused_and_counted() {
        let limiter = limiter(ConnectionLimits { connections: 3, per_address: 2, reserved: 0 });
        let decide = |permit: &Permit| {
            let _open = permit.holder().begin_request();
            permit.holder().decide()
        };
        let first = limiter.admit(address("192.0.2.1")).expect("a permit");
        let second = limiter.admit(address("192.0.2.1")).expect("a permit");
        assert_eq!(limiter.admit(address("192.0.2.1")).expect_err("limit reached"), LimitExceeded::Address(2));
        let third = limiter.admit(address("192.0.2.2")).expect("another address");
        for permit in [&first, &second, &third] {
            decide(permit).expect("within the limit");
        }
        let fourth = limiter.admit(address("192.0.2.3")).expect("undecided");
        assert_eq!(decide(&fourth), Err(LimitExceeded::Server(3)));
        drop((first, fourth));
        let _again = limiter.admit(address("192.0.2.1")).expect("given back");
        assert_eq!((limiter.held(), limiter.refused.get()), (3, 2));
    }

    #[test]
    fn connections_from_this_machine_have_no_limit_per_address() {
        let limiter = limiter(ConnectionLimits { connections: 10, per_address: 1, reserved: 0 });
        let permits: Vec<_> =
            ["127.0.0.1", "127.0.0.1", "::1", "::1", "::ffff:127.0.0.1"].map(|own| limiter.admit(address(own))).into();
        assert!(permits.iter().all(Result::is_ok));
        assert_eq!(limiter.held(), 5);
    }

    #[test]
    fn connections_from_a_trusted_proxy_have_no_limit_per_address() {
        let proxies = TrustedProxies::new(vec!["2001:db8::1".parse().expect("an address")]);
        let limiter = limiter(ConnectionLimits { connections: 5, per_address: 1, reserved: 0 }).exempting(proxies);
        let permits: Vec<_> = (0..3).map(|_| limiter.admit(address("2001:db8::1")).expect("a permit")).collect();
        let _other = limiter.admit(address("2001:db8::2")).expect("another address of the network");
        drop(permits);
        assert_eq!(limiter.admit(address("2001:db8::2")).expect_err("limit reached"), LimitExceeded::Address(1));
    }

    #[test]
    fn streams_of_clients_with_the_address_of_a_proxy_or_of_this_machine_are_limited() {
        let proxies = TrustedProxies::new(vec!["192.0.2.1".parse().expect("an address")]);
        let limiter = limiter(ConnectionLimits { connections: 10, per_address: 1, reserved: 0 }).exempting(proxies);
        let clients = limiter.for_clients();
        for own in ["192.0.2.1", "127.0.0.1", "::1"].map(address) {
            let _permit = clients.admit_stream(own).expect("a permit");
            assert_eq!(clients.admit_stream(own).expect_err("limit reached"), LimitExceeded::Address(1), "{own}");
            assert_eq!(clients.room(own), Err(LimitExceeded::Address(1)), "{own}");
        }
    }

    #[test]
    fn addresses_of_one_v6_network_are_counted_together() {
        let limiter = limiter(ConnectionLimits { connections: 10, per_address: 1, reserved: 0 });
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
        assert_eq!((limiter.held(), limiter.permits.lock().networks()), (0, 0));
    }
}
