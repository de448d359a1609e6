//! A source's connection to the rest of the server.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use protocol::{GroupId, Interval, SeriesId, Timestamp};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::ingest::batch::Batch;
use crate::ingest::batch_queue::BatchSender;
use crate::ingest::entry::{Entry, EntryContent, Event, LogLine};
use crate::ingest::health::SourceHealth;
use crate::ingest::inlet::Inlets;
use crate::ingest::registry::{Group, GroupSource, RegisterError, Registry, Series};

/// The server is stopping. A source that receives this error returns it.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the server is stopping")]
pub struct Stopped;

/// Longer errors are cut.
const MAX_ERROR_CHARS: usize = 1_000;

/// Registers the groups and series of one source.
#[derive(Clone, Debug)]
pub struct Registrar {
    registry: Arc<dyn Registry>,
    health: SourceHealth,
    instance: u32,
    merge_window: Interval,
}

impl Registrar {
    /// `instance` counts the sources of one kind from 1. From the second on, its number is part of each group's name:
    /// two sources of one kind have separate groups.
    pub fn new(registry: Arc<dyn Registry>, health: SourceHealth, instance: u32) -> Self {
        Self { registry, health, instance, merge_window: Interval::ZERO }
    }

    /// The same for a source whose rows may be older than the newest of their group by up to `window`.
    #[must_use]
    pub const fn merging(mut self, window: Interval) -> Self {
        self.merge_window = window;
        self
    }

    pub const fn health(&self) -> &SourceHealth {
        &self.health
    }

    /// # Errors
    /// The errors of [`Registry::register_group`].
    pub fn group(&self, mut group: Group) -> Result<GroupId, RegisterError> {
        if self.instance > 1 {
            group.name = format!("{}-{}", group.name, self.instance);
            group.title = format!("{} ({})", group.title, self.instance);
        }
        self.health.expect_every(group.interval);
        let id = self.registry.register_group(group)?;
        let source = GroupSource { health: self.health.clone(), merge_window: self.merge_window };
        self.registry.set_source(id, source);
        Ok(id)
    }

    /// # Errors
    /// The errors of [`Registry::register_series`].
    pub fn series(&self, series: Series) -> Result<SeriesId, RegisterError> {
        let id = self.registry.register_series(series)?;
        self.health.registered(id);
        Ok(id)
    }

    /// Records and logs an error that does not end the source. An error that repeats is logged once.
    pub fn report(&self, error: &impl fmt::Display) {
        // Other programs decide what is quoted.
        let text: String = error.to_string().chars().take(MAX_ERROR_CHARS).collect();
        if self.health.error(&text) {
            tracing::warn!(source = self.health.source(), error = text);
        }
    }

    pub fn end(&self, series: SeriesId) {
        self.end_at(series, clock::now());
    }

    /// Ends a series whose last row may be as late as `time`.
    pub fn end_at(&self, series: SeriesId, time: Timestamp) {
        self.health.ended(series);
        self.registry.end_series(series, time);
    }
}

/// The interface of a source to the server: register, send, wait, observe cancellation.
#[derive(Clone, Debug)]
pub struct SourceContext {
    pub registrar: Registrar,
    pub batches: BatchSender,
    /// Cancelled when the server stops.
    pub cancellation: CancellationToken,
    /// For requests that the HTTP server receives for this source.
    pub inlets: Inlets,
}

impl SourceContext {
    pub fn new(registrar: Registrar, batches: BatchSender, cancellation: CancellationToken) -> Self {
        Self { registrar, batches, cancellation, inlets: Inlets::default() }
    }

    /// The same with the inlets of a server.
    #[must_use]
    pub fn with_inlets(self, inlets: Inlets) -> Self {
        Self { inlets, ..self }
    }

    /// Sends a batch to the stream. Waits while the queue is full: the stream never waits for viewers, so this is short.
    ///
    /// # Errors
    /// [`Stopped`] if the server stops.
    pub async fn send(&self, batch: Batch) -> Result<(), Stopped> {
        let (rows, newest) = (batch.rows() as u64, batch.times.last().copied());
        tokio::select! {
            biased;
            () = self.cancellation.cancelled() => return Err(Stopped),
            sent = self.batches.send(batch) => sent.map_err(|_| Stopped)?,
        }
        self.registrar.health.delivered(rows, newest, clock::now());
        Ok(())
    }

    /// Sends lines of a log to the stream. Waits while the queue is full.
    ///
    /// # Errors
    /// [`Stopped`] if the server stops.
    pub async fn log(&self, lines: Vec<LogLine>) -> Result<(), Stopped> {
        self.send_entry(EntryContent::Logs(lines)).await
    }

    /// Sends an event to the stream. Waits while the queue is full.
    ///
    /// # Errors
    /// [`Stopped`] if the server stops.
    pub async fn event(&self, event: Event) -> Result<(), Stopped> {
        self.send_entry(EntryContent::Event(event)).await
    }

    async fn send_entry(&self, content: EntryContent) -> Result<(), Stopped> {
        let entry = Entry { source: self.registrar.health().source().into(), content };
        tokio::select! {
            biased;
            () = self.cancellation.cancelled() => Err(Stopped),
            sent = self.batches.send_entry(entry) => sent.map_err(|_| Stopped),
        }
    }

    /// Waits until `due`, to the millisecond. Returns at once if `due` is past.
    ///
    /// # Errors
    /// [`Stopped`] as soon as the server stops.
    pub async fn wait_until(&self, due: Instant) -> Result<(), Stopped> {
        tokio::select! {
            biased;
            () = self.cancellation.cancelled() => Err(Stopped),
            () = tokio::time::sleep_until(due.into()) => Ok(()),
        }
    }
}
