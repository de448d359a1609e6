//! The publishers that the server knows: one record for each name, whatever connections it has.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use protocol::{Entries, GroupDescriptor, Held, SeriesDescriptor, SeriesId};
use tokio_util::sync::CancellationToken;

use super::limits::MAX_PUBLISHER_BYTES;
use super::omissions::Omissions;
use super::publisher::{Publisher, PublisherStatus, RowsError, RowsMessage};
use super::violation::Violation;
use crate::ingest::PublishSettings;
use crate::ingest::batch_queue::WeakBatchSender;
use crate::ingest::context::Registrar;
use crate::ingest::health::{SourceHealth, Sources};
use crate::ingest::registry::Registry;

/// All publishers of a server.
#[derive(Debug)]
pub struct Publishers {
    settings: PublishSettings,
    registry: Arc<dyn Registry>,
    batches: WeakBatchSender,
    /// Each publisher is listed as a source.
    sources: Sources,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    by_name: HashMap<String, Entry>,
    opened: u64,
}

#[derive(Debug)]
struct Entry {
    publisher: Arc<Publisher>,
    connections: usize,
    /// Rises with each opening.
    last_opened: u64,
}

impl Publishers {
    /// Publishers that register in `registry` and send to `batches`. Each is listed in `sources`.
    pub fn new(
        settings: PublishSettings,
        registry: Arc<dyn Registry>,
        batches: WeakBatchSender,
        sources: Sources,
    ) -> Self {
        Self { settings, registry, batches, sources, known: Mutex::default() }
    }

    /// Opens a publisher on a new connection, which replaces its earlier one. Waits while that one carries out a message.
    ///
    /// # Errors
    /// If the name is not allowed, or too many publishers are connected.
    pub async fn open(self: &Arc<Self>, name: &str, run: u64) -> Result<Opened, Violation> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if name.is_empty() || name.len() > MAX_PUBLISHER_BYTES || !name.bytes().all(is_allowed) {
            return Err(Violation::Name { found: name.chars().take(MAX_PUBLISHER_BYTES).collect() });
        }
        let (publisher, connection) = self.enter(name)?;
        let (held, replaced) = publisher.take_seat(connection, run).await;
        tracing::info!(publisher = name, held, "a publisher connected");
        Ok(Opened { publishers: Arc::clone(self), publisher, connection, run, held, replaced })
    }

    pub fn statuses(&self) -> Vec<PublisherStatus> {
        let known = self.known.lock();
        let mut statuses: Vec<_> = known.by_name.values().map(|entry| entry.publisher.status()).collect();
        statuses.sort_by(|one, other| one.name.cmp(&other.name));
        statuses
    }

    /// The publisher, and the number of a new connection of it. Forgets the one that was opened longest ago, if there are too many.
    fn enter(&self, name: &str) -> Result<(Arc<Publisher>, u64), Violation> {
        let known = &mut *self.known.lock();
        if !known.by_name.contains_key(name) {
            if known.by_name.len() >= self.settings.publishers {
                self.forget_oldest(known)?;
            }
            let publisher = Arc::new(self.new_publisher(name));
            self.sources.add(publisher.registrar().health().clone());
            known.by_name.insert(name.to_owned(), Entry { publisher, connections: 0, last_opened: 0 });
        }
        known.opened += 1;
        let entry = known.by_name.get_mut(name).ok_or(Violation::Replaced)?;
        entry.connections += 1;
        entry.last_opened = known.opened;
        Ok((Arc::clone(&entry.publisher), known.opened))
    }

    fn forget_oldest(&self, known: &mut Known) -> Result<(), Violation> {
        let idle = known.by_name.iter().filter(|(_, entry)| entry.connections == 0);
        let oldest = idle.min_by_key(|(_, entry)| entry.last_opened).map(|(name, _)| name.clone());
        let forgotten = oldest.and_then(|name| known.by_name.remove(&name));
        let forgotten = forgotten.ok_or(Violation::TooManyPublishers { limit: self.settings.publishers })?;
        self.sources.remove(forgotten.publisher.registrar().health());
        Ok(())
    }

    fn leave(&self, publisher: &Publisher) {
        if let Some(entry) = self.known.lock().by_name.get_mut(publisher.name()) {
            entry.connections -= 1;
        }
    }

    fn new_publisher(&self, name: &str) -> Publisher {
        let health = SourceHealth::new(&format!("publish:{name}"));
        let registrar = Registrar::new(Arc::clone(&self.registry), health, 1).merging(self.settings.merge_window());
        Publisher::new(name, registrar, self.settings.series)
    }
}

/// A publisher, as one connection has opened it. [`Opened::close`] must be called at the end.
#[derive(Debug)]
pub struct Opened {
    publishers: Arc<Publishers>,
    publisher: Arc<Publisher>,
    connection: u64,
    run: u64,
    /// The number that the stream holds of the run.
    held: u64,
    replaced: CancellationToken,
}

impl Opened {
    pub fn name(&self) -> &str {
        self.publisher.name()
    }

    /// Cancelled when another connection has opened the publisher.
    pub const fn replaced(&self) -> &CancellationToken {
        &self.replaced
    }

    /// The number that the stream holds.
    pub const fn held_number(&self) -> u64 {
        self.held
    }

    pub fn held(&self) -> Held {
        let dropped = self.publisher.registrar().health().status().out_of_order.dropped();
        Held { run: self.run, number: self.held, dropped }
    }

    /// # Errors
    /// If the announcement breaks a rule, or another connection has opened the publisher.
    pub async fn announce(
        &self,
        groups: &Entries<'_, GroupDescriptor<'_>>,
        series: &Entries<'_, SeriesDescriptor<'_>>,
    ) -> Result<Omissions, Violation> {
        self.publisher.announce(self.connection, groups, series).await
    }

    /// # Errors
    /// If a series was not announced, or another connection has opened the publisher.
    pub async fn end(&self, series: &Entries<'_, SeriesId>) -> Result<(), Violation> {
        self.publisher.end(self.connection, series).await
    }

    /// Waits until the stream has taken the rows.
    ///
    /// # Errors
    /// The errors of [`Publisher::rows`].
    pub async fn rows(&mut self, message: RowsMessage<'_>) -> Result<(), RowsError> {
        self.held = self.publisher.rows(self.connection, &self.publishers.batches, message).await?;
        Ok(())
    }

    /// Ends the series of this connection. Does nothing to those of one that has replaced it.
    pub async fn close(self) {
        self.publisher.leave_seat(self.connection).await;
        self.publishers.leave(&self.publisher);
        tracing::info!(publisher = self.name(), "a publisher disconnected");
    }
}

#[cfg(test)]
mod tests;
