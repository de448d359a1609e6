//! Requests of other programs, from the HTTP server to the source that they are for.
//!
//! A source opens its inlet when it starts; the server passes requests to it and waits for its reply. What waits is bounded in bytes and in
//! number: a request that has no room is refused, and its sender tries again.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::RwLock;
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

/// A limit on the bodies that are received or wait.
const QUEUE_BYTES: usize = 64 << 20;
const QUEUE_REQUESTS: usize = 256;

/// The source that a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum InletKind {
    RemoteWrite,
}

/// A request, as its source needs it.
#[derive(Debug)]
pub struct Delivery {
    pub content_type: String,
    pub content_encoding: String,
    pub body: Bytes,
    /// Room for the body.
    pub room: OwnedSemaphorePermit,
    pub reply: oneshot::Sender<Reply>,
}

/// What the source answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub text: String,
}

/// The reason why a request is not passed on.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum InletError {
    #[error("too many requests wait: try again")]
    Full,
    #[error("the source has not replied in time: try again")]
    Late,
    #[error("the source has ended")]
    Closed,
}

/// The inlets of a server's sources. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Inlets(Arc<RwLock<BTreeMap<InletKind, Inlet>>>);

/// The server's end of one inlet.
#[derive(Clone, Debug)]
pub struct Inlet {
    room: Arc<Semaphore>,
    requests: mpsc::Sender<Delivery>,
}

impl Inlets {
    /// Opens the inlet of a source, in place of an earlier one.
    pub fn open(&self, kind: InletKind) -> mpsc::Receiver<Delivery> {
        let (requests, received) = mpsc::channel(QUEUE_REQUESTS);
        self.0.write().insert(kind, Inlet { room: Arc::new(Semaphore::new(QUEUE_BYTES)), requests });
        received
    }

    /// The inlet of a source that has opened one.
    pub fn get(&self, kind: InletKind) -> Option<Inlet> {
        self.0.read().get(&kind).cloned()
    }
}

impl Inlet {
    /// Room for bytes of a body that are about to be received.
    ///
    /// # Errors
    /// [`InletError::Full`] if there is none.
    pub fn room(&self, bytes: usize) -> Result<OwnedSemaphorePermit, InletError> {
        let permits = u32::try_from(bytes).map_err(|_| InletError::Full)?;
        Arc::clone(&self.room).try_acquire_many_owned(permits).map_err(|_| InletError::Full)
    }

    /// Passes a request on, and waits for the reply.
    ///
    /// # Errors
    /// [`InletError`] if it is not passed on, or the source ends first.
    pub async fn deliver(
        &self,
        content_type: String,
        content_encoding: String,
        body: Bytes,
        room: OwnedSemaphorePermit,
    ) -> Result<Reply, InletError> {
        let (reply, replied) = oneshot::channel();
        let delivery = Delivery { content_type, content_encoding, body, room, reply };
        self.requests.try_send(delivery).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => InletError::Full,
            mpsc::error::TrySendError::Closed(_) => InletError::Closed,
        })?;
        replied.await.map_err(|_| InletError::Closed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply() -> Reply {
        Reply { status: 204, headers: Vec::new(), text: String::new() }
    }

    #[tokio::test]
    async fn a_request_gets_the_reply_of_its_source_and_what_waits_is_bounded() {
        let inlets = Inlets::default();
        assert!(inlets.get(InletKind::RemoteWrite).is_none());
        let mut requests = inlets.open(InletKind::RemoteWrite);
        let inlet = inlets.get(InletKind::RemoteWrite).expect("open");
        let answering = tokio::spawn(async move {
            let delivery = requests.recv().await.expect("a request");
            delivery.reply.send(reply()).expect("the server waits");
            requests
        });
        let deliver = |room| inlet.deliver("t".to_owned(), String::new(), Bytes::new(), room);
        assert_eq!(deliver(inlet.room(1).expect("room")).await, Ok(reply()));
        let requests = answering.await.expect("answers");
        let all = inlet.room(QUEUE_BYTES).expect("room");
        assert!(inlet.room(1).is_err());
        drop(all);
        drop(requests);
        assert_eq!(deliver(inlet.room(1).expect("room")).await, Err(InletError::Closed));
    }
}
