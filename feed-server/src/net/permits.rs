//! Which connections hold a permit, and which of them are evicted for others. No I/O and no clock.
//!
//! The class of a newcomer is not known before its first request has arrived. Until then it is undecided, and may hold one of
//! a few permits beyond the limit, so that a sign-in with the first request is accepted while the server is full.
//! Then it counts against the limit: strangers may not use the reserve. Connections that wait for a request are evicted when
//! a permit is needed: first those of strangers, and undecided ones only for other undecided ones. Peers that have
//! signed in are never evicted.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::connection_limits::{ConnectionLimits, LimitExceeded};

/// Undecided connections beyond the limit.
const UNDECIDED: usize = 32;

/// Whether the peer of a connection has signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Its first request has not been checked.
    Undecided,
    /// It has not signed in.
    Stranger,
    /// It has signed in, or the connection has become a stream.
    SignedIn,
    /// Its first request was refused, because the limit was reached. The connection is being closed.
    Refused,
}

/// The state of a connection before it becomes a stream.
#[derive(Clone, Copy, Debug)]
pub struct Status {
    pub class: Class,
    pub requests: u32,
    /// The time since which the next request is awaited; `None` while one is answered.
    pub waiting_since: Option<Instant>,
}

pub type PermitId = u64;

#[derive(Debug)]
pub struct Permits {
    limits: ConnectionLimits,
    next: PermitId,
    held: HashMap<PermitId, Held>,
    /// How many of them are strangers or have signed in.
    decided: usize,
    /// Those that may be evicted, in the order of their eviction.
    waiting: BTreeSet<Rank>,
    /// Without connections from this machine and from trusted proxies.
    by_network: HashMap<IpAddr, usize>,
}

/// The place of a connection in the order of eviction: among those of one class, the one that has waited longest is first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    class: RankClass,
    since: Instant,
    id: PermitId,
}

/// Strangers precede undecided connections, since a newcomer that signs in with its first request is undecided until that has
/// arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum RankClass {
    Refused,
    Stranger,
    Undecided,
}

#[derive(Debug)]
struct Held {
    /// `None` if it does not count for the limit of an address.
    network: Option<IpAddr>,
    status: Status,
    /// Requests whose response is not complete.
    open: u32,
    /// The limit of its class has been checked. The connection may have been refused.
    is_decided: bool,
    evicted: Arc<Notify>,
}

impl Permits {
    pub fn new(limits: ConnectionLimits) -> Self {
        Self { limits, next: 0, held: HashMap::new(), decided: 0, waiting: BTreeSet::new(), by_network: HashMap::new() }
    }

    /// Admits a newcomer. The second value is notified when the newcomer is evicted.
    ///
    /// # Errors
    /// [`LimitExceeded`] if no permit is free and no connection can be evicted.
    pub fn admit(&mut self, network: Option<IpAddr>, now: Instant) -> Result<(PermitId, Arc<Notify>), LimitExceeded> {
        self.check_network(network)?;
        if self.held.len() >= self.limits.connections.saturating_add(UNDECIDED) && !self.evict_first() {
            return Err(LimitExceeded::Server(self.limits.connections));
        }
        if let Some(network) = network {
            *self.by_network.entry(network).or_default() += 1;
        }
        let (id, evicted) = (self.next, Arc::new(Notify::new()));
        self.next += 1;
        let status = Status { class: Class::Undecided, requests: 0, waiting_since: Some(now) };
        self.held.insert(id, Held { network, status, open: 0, is_decided: false, evicted: Arc::clone(&evicted) });
        self.waiting.extend(status.rank(id));
        Ok((id, evicted))
    }

    /// Checks whether another connection of this network would be refused now.
    ///
    /// # Errors
    /// [`LimitExceeded`] if no permit is free and no connection can be evicted.
    pub fn room(&self, network: Option<IpAddr>) -> Result<(), LimitExceeded> {
        self.check_network(network)?;
        if self.decided >= self.limits.connections && self.waiting.is_empty() {
            return Err(LimitExceeded::Server(self.limits.connections));
        }
        Ok(())
    }

    fn check_network(&self, network: Option<IpAddr>) -> Result<(), LimitExceeded> {
        let count = network.and_then(|network| self.by_network.get(&network)).copied().unwrap_or_default();
        if count >= self.limits.per_address { Err(LimitExceeded::Address(self.limits.per_address)) } else { Ok(()) }
    }

    /// A request has arrived.
    pub fn begin(&mut self, id: PermitId) {
        let Some(held) = self.held.get_mut(&id) else { return };
        held.status.requests = held.status.requests.saturating_add(1);
        held.open += 1;
        if let Some(rank) = held.status.rank(id) {
            self.waiting.remove(&rank);
        }
        held.status.waiting_since = None;
    }

    /// The response to a request is complete. It may not have been sent yet.
    pub fn answered(&mut self, id: PermitId) {
        if let Some(held) = self.held.get_mut(&id) {
            held.open -= 1;
        }
    }

    /// The kernel has taken all bytes that were written.
    pub fn flushed(&mut self, id: PermitId, now: Instant) {
        let Some(held) = self.held.get_mut(&id) else { return };
        if held.open > 0 || held.status.waiting_since.is_some() {
            return;
        }
        held.status.waiting_since = Some(now);
        self.waiting.extend(held.status.rank(id));
    }

    pub fn sign_in(&mut self, id: PermitId) {
        self.set_class(id, Class::SignedIn);
    }

    /// Checks the limit of the class of a connection, once. To be called when its first request has been checked, and before
    /// the response: without a sign-in until then, the connection is a stranger's.
    ///
    /// # Errors
    /// [`LimitExceeded`] if the limit is reached and no stranger can be evicted.
    pub fn decide(&mut self, id: PermitId) -> Result<(), LimitExceeded> {
        let Some(held) = self.held.get_mut(&id) else { return Ok(()) };
        if std::mem::replace(&mut held.is_decided, true) {
            return Ok(());
        }
        let ConnectionLimits { connections, reserved, .. } = self.limits;
        let (limit, exceeded) = match held.status.class {
            Class::Undecided if reserved > 0 => {
                (connections - reserved, LimitExceeded::Strangers(connections - reserved))
            }
            _ => (connections, LimitExceeded::Server(connections)),
        };
        if held.status.class == Class::Undecided {
            self.set_class(id, Class::Stranger);
        }
        while self.decided > limit {
            if !self.evict_stranger() {
                self.set_class(id, Class::Refused);
                return Err(exceeded);
            }
        }
        Ok(())
    }

    fn set_class(&mut self, id: PermitId, class: Class) {
        let Some(held) = self.held.get_mut(&id) else { return };
        if let Some(rank) = held.status.rank(id) {
            self.waiting.remove(&rank);
        }
        self.decided += usize::from(class.counts());
        self.decided -= usize::from(held.status.class.counts());
        held.status.class = class;
        self.waiting.extend(held.status.rank(id));
    }

    /// `None` after an eviction.
    pub fn status(&self, id: PermitId) -> Option<Status> {
        self.held.get(&id).map(|held| held.status)
    }

    pub fn count(&self) -> usize {
        self.held.len()
    }

    /// Networks with a connection.
    #[cfg(test)]
    pub fn networks(&self) -> usize {
        self.by_network.len()
    }

    /// Takes a permit back. Does nothing after an eviction.
    pub fn release(&mut self, id: PermitId) {
        let Some(held) = self.held.remove(&id) else { return };
        self.decided -= usize::from(held.status.class.counts());
        if let Some(rank) = held.status.rank(id) {
            self.waiting.remove(&rank);
        }
        let Some(network) = held.network else { return };
        if let Some(from_network) = self.by_network.get_mut(&network) {
            *from_network -= 1;
            if *from_network == 0 {
                self.by_network.remove(&network);
            }
        }
    }

    /// Evicts the first connection that waits for a request. Returns false if none waits.
    fn evict_first(&mut self) -> bool {
        let first = self.waiting.first().copied();
        first.map(|rank| self.evict(rank)).is_some()
    }

    /// Evicts a stranger's connection that waits for a request. Returns false if none waits.
    fn evict_stranger(&mut self) -> bool {
        let stranger = self.waiting.iter().find(|rank| rank.class == RankClass::Stranger).copied();
        stranger.map(|rank| self.evict(rank)).is_some()
    }

    fn evict(&mut self, rank: Rank) {
        if let Some(held) = self.held.get(&rank.id) {
            held.evicted.notify_one();
        }
        self.release(rank.id);
    }
}

impl Class {
    /// Returns true for connections that count against the limit.
    const fn counts(self) -> bool {
        matches!(self, Self::Stranger | Self::SignedIn)
    }
}

impl Status {
    /// `None` if the connection may not be evicted.
    fn rank(&self, id: PermitId) -> Option<Rank> {
        let class = match self.class {
            Class::Undecided => RankClass::Undecided,
            Class::Stranger => RankClass::Stranger,
            Class::Refused => RankClass::Refused,
            Class::SignedIn => return None,
        };
        Some(Rank { class, since: self.waiting_since?, id })
    }
}

#[cfg(test)]
mod tests;
