//! The limits on connections, and the refusal of one that exceeds them.

use thiserror::Error;

/// The part of the permits that only peers that have signed in may hold: an eighth, and at least one.
const RESERVE_DIVISOR: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    pub connections: usize,
    /// From one address, or from one /64 network of IPv6. Connections from this machine are not counted.
    pub per_address: usize,
    /// Permits that strangers may not hold. None on a server that needs no token.
    pub reserved: usize,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self { connections: 1_024, per_address: 32, reserved: 0 }
    }
}

impl ConnectionLimits {
    /// The same limits with a reserve for peers that have signed in.
    #[must_use]
    pub fn with_reserve(self) -> Self {
        let reserved = (self.connections / RESERVE_DIVISOR).max(1).min(self.connections.saturating_sub(1));
        Self { reserved, ..self }
    }
}

/// The limit that a connection would exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LimitExceeded {
    #[error("too many connections to this server (limit {0}): try again later")]
    Server(usize),
    #[error("too many connections from this address (limit {0}): close some")]
    Address(usize),
    #[error("too many connections that are not signed in (limit {0}): sign in, or try again later")]
    Strangers(usize),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_is_an_eighth_and_leaves_a_permit_for_strangers() {
        let reserved = |connections| ConnectionLimits { connections, ..Default::default() }.with_reserve().reserved;
        assert_eq!([1, 2, 3, 20, 1_024].map(reserved), [0, 1, 1, 2, 128]);
    }
}
