//! The settings of a publisher.

use std::sync::Arc;
use std::time::Duration;

use crate::address::Address;
use crate::error::StartError;
use crate::publisher::Publisher;
use crate::sender::{self, Sender};
use crate::shared::Shared;

/// Settings of a [`Publisher`], which [`Builder::connect`] starts.
#[derive(Clone, Debug)]
pub struct Builder {
    name: String,
    token: Option<String>,
    buffer_bytes: usize,
    gauge_interval: Duration,
    linger: Duration,
}

impl Publisher {
    /// The settings of a publisher with this name: 1 to 64 letters, digits, `-`, `_` or `.`.
    ///
    /// The name stays the same over restarts of the program, and is part of the names of its groups: the group `jobs` of the
    /// publisher `queue-worker` is `queue-worker:jobs` on the page. Of two programs with one name, the server accepts the one that
    /// connected last, and the other ends.
    pub fn builder(name: &str) -> Builder {
        Builder::new(name)
    }
}

/// Room for the longest messages.
const MIN_BUFFER_BYTES: usize = 1 << 20;

impl Builder {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            token: None,
            buffer_bytes: 16 << 20,
            gauge_interval: Duration::from_millis(100),
            linger: Duration::from_secs(1),
        }
    }

    /// The token, with the role `publish`. A server without tokens accepts rows of its own machine only, and needs none.
    #[must_use]
    pub fn token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    /// The bound on rows that wait or are not known to be held, in bytes. 16 MiB by default; at least 1 MiB.
    ///
    /// A row takes eight bytes for its time and for each value until it is encoded, and fewer afterwards.
    #[must_use]
    pub fn buffer_bytes(mut self, bytes: usize) -> Self {
        self.buffer_bytes = bytes.max(MIN_BUFFER_BYTES);
        self
    }

    /// The time between two samples of each [gauge](Publisher::gauge). 100 ms by default; at least 1 ms.
    #[must_use]
    pub fn gauge_interval(mut self, interval: Duration) -> Self {
        self.gauge_interval = interval.max(Duration::from_millis(1));
        self
    }

    /// The longest time for which dropping the publisher waits until the server holds all rows. 1 s by default.
    #[must_use]
    pub const fn linger(mut self, linger: Duration) -> Self {
        self.linger = linger;
        self
    }

    /// Starts a publisher that sends to the server at `address`: `ws://HOST:PORT`, of which scheme and port may be left out.
    ///
    /// It does not wait for the connection: a server that is not there yet is tried again and again, and
    /// [`Publisher::last_error`] says why.
    ///
    /// # Errors
    /// If the address, the name or the token has an invalid form, or the system has no thread.
    pub fn connect(self, address: &str) -> Result<Publisher, StartError> {
        let address = Address::parse(address)?;
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if self.name.is_empty() || self.name.len() > 64 || !self.name.bytes().all(is_allowed) {
            return Err(StartError::Name(self.name));
        }
        if self.token.as_ref().is_some_and(|token| !token.bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err(StartError::Token);
        }
        let shared = Arc::new(Shared::new(self.buffer_bytes));
        let (name, token, gauge_interval) = (self.name, self.token, self.gauge_interval);
        let sender = Sender::new(Arc::clone(&shared), address, name, token, gauge_interval);
        sender::start(sender)?;
        Ok(Publisher::new(shared, self.linger))
    }
}
