//! The interface that a source implements.

use futures_util::future::BoxFuture;
use protocol::Interval;
use thiserror::Error;

use crate::ingest::context::{SourceContext, Stopped};
use crate::ingest::registry::RegisterError;

/// Measures until the server stops. Its future must not block: a source that blocks implements
/// [`BlockingSource`](crate::ingest::blocking::BlockingSource) in place of this trait.
pub trait Source: Send {
    /// A row may be older than the newest of its group by at most this: the source receives rows that others measured. Older
    /// ones are dropped and counted. Zero for a source that measures.
    fn merge_window(&self) -> Interval {
        Interval::ZERO
    }

    /// Registers, then sends batches until `context` reports [`Stopped`].
    fn run(self: Box<Self>, context: SourceContext) -> BoxFuture<'static, Result<(), SourceError>>;
}

/// The reason why a source ended.
#[derive(Debug, Error)]
pub enum SourceError {
    #[error(transparent)]
    Stopped(#[from] Stopped),
    #[error(transparent)]
    Register(#[from] RegisterError),
    #[error("cannot start the thread of the source: {0}")]
    NoThread(std::io::Error),
    #[error("the source panicked")]
    Panicked,
    #[error("the source did not stop within {0:?}: its thread is abandoned")]
    Stuck(std::time::Duration),
    #[error(transparent)]
    Other(#[from] Box<dyn std::error::Error + Send + Sync>),
}
