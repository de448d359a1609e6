//! A source's only way to the rest of the server.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use protocol::{GroupId, SeriesId};
use thiserror::Error;
use tokio::sync::mpsc;

use crate::clock;
use crate::ingest::batch::Batch;
use crate::stream::catalog::{Catalog, CatalogError, Group, Series};

/// The server stops: a source that sees this returns.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the server is stopping")]
pub struct Stopped;

/// Registers, sends, and waits on behalf of one source.
#[derive(Clone, Debug)]
pub struct Outlet {
    catalog: Catalog,
    batches: mpsc::Sender<Batch>,
    signal: Arc<Signal>,
    left_out: Arc<AtomicBool>,
}

/// Stops every source whose outlet shares its signal, when told to or dropped.
#[derive(Debug)]
pub struct Stopper(Arc<Signal>);

#[derive(Debug, Default)]
/// Shared by a stopper and its contexts.
pub struct Signal {
    stopped: Mutex<bool>,
    changed: Condvar,
}

/// A stopper, and the signal that outlets listen to.
pub fn stop_signal() -> (Stopper, Arc<Signal>) {
    let signal = Arc::new(Signal::default());
    (Stopper(Arc::clone(&signal)), signal)
}

impl Stopper {
    /// Tells every source to stop.
    pub fn stop(&self) {
        *self.0.lock() = true;
        self.0.changed.notify_all();
    }
}

impl Drop for Stopper {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Signal {
    fn lock(&self) -> MutexGuard<'_, bool> {
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outlet {
    /// An outlet that registers in `catalog` and sends to `batches` until `signal` says stop.
    pub fn new(catalog: Catalog, batches: mpsc::Sender<Batch>, signal: Arc<Signal>) -> Self {
        Self { catalog, batches, signal, left_out: Arc::default() }
    }

    /// Registers a group.
    ///
    /// # Errors
    /// As [`Catalog::add_group`].
    pub fn group(&self, group: Group) -> Result<GroupId, CatalogError> {
        self.catalog.add_group(group)
    }

    /// Registers a series.
    ///
    /// # Errors
    /// As [`Catalog::add_series`].
    pub fn series(&self, series: Series) -> Result<SeriesId, CatalogError> {
        self.catalog.add_series(series)
    }

    /// Says that something is not measured for want of room in the catalog: once, since the next reading finds it again.
    pub fn left_out(&self, error: &CatalogError) {
        if !self.left_out.swap(true, Ordering::Relaxed) {
            tracing::warn!(%error, "not everything is measured");
        }
    }

    /// Says that a series has ended. It leaves the catalog when its last sample leaves the history.
    pub fn end(&self, series: SeriesId) {
        self.catalog.end_series(series, clock::now());
    }

    /// Hands a batch to the hub. Waits for room: the hub never waits for viewers, so this is short.
    ///
    /// # Errors
    /// [`Stopped`] when the server stops.
    pub fn send(&self, batch: Batch) -> Result<(), Stopped> {
        self.batches.blocking_send(batch).map_err(|_| Stopped)
    }

    /// Waits until `due`; returns at once when that is past.
    ///
    /// # Errors
    /// [`Stopped`] when the server stops, at once.
    pub fn wait_until(&self, due: Instant) -> Result<(), Stopped> {
        let mut stopped = self.signal.lock();
        while !*stopped {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            let waited = self.signal.changed.wait_timeout(stopped, left);
            stopped = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Err(Stopped)
    }
}
