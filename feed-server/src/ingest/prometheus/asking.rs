//! What all requests of a source have in common.

use std::sync::Arc;
use std::time::Duration;

use hyper::header::HeaderValue;
use rustls::ClientConfig;
use tokio::sync::Semaphore;

use super::answer::BodyRoom;

#[derive(Clone, Debug)]
pub(super) struct Asking {
    pub(super) timeout: Duration,
    pub(super) body_bytes: usize,
    pub(super) room: BodyRoom,
    pub(super) authorization: Option<HeaderValue>,
    pub(super) tls: Option<Arc<ClientConfig>>,
    /// Bounds the lookups of names that have not ended, each of which holds a thread.
    pub(super) lookups: Arc<Semaphore>,
}
