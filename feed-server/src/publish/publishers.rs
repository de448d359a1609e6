//! The publishers that the server knows: one record for each name, whatever connections it has.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use protocol::{Blocks, Entries, GroupDescriptor, SeriesDescriptor, SeriesId};
use tokio_util::sync::CancellationToken;

use super::announced::{Announcements, Omissions};
use super::limits::MAX_PUBLISHER_BYTES;
use super::position::{Message, Positions};
use super::rows::{self, MAX_AHEAD};
use super::violation::Violation;
use crate::clock;
use crate::ingest::PublishSettings;
use crate::ingest::batch_queue::{Closed, WeakBatchSender};
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

#[derive(Debug)]
struct Publisher {
    name: String,
    registrar: Registrar,
    counts: Counts,
    /// Held while a message is carried out, so that a connection takes over between two messages.
    seat: tokio::sync::Mutex<Seat>,
}

#[derive(Debug, Default)]
struct Counts {
    rows: AtomicU64,
    lost: AtomicU64,
    repeated: AtomicU64,
    is_connected: AtomicU64,
}

#[derive(Debug)]
struct Seat {
    /// The connection whose messages are accepted.
    connection: u64,
    replaced: CancellationToken,
    positions: Positions,
    announcements: Announcements,
}

/// The state of one publisher, for `/metrics`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublisherStatus {
    pub name: String,
    pub is_connected: bool,
    /// Rows that the stream has accepted.
    pub rows: u64,
    /// Rows that the publisher has lost before it sent them, by its own count.
    pub lost: u64,
    /// `Rows` messages that came again, and were not accepted again.
    pub repeated: u64,
}

/// The reason why rows are not accepted.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    #[error(transparent)]
    Violation(#[from] Violation),
    #[error(transparent)]
    Closed(#[from] Closed),
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
        let replaced = CancellationToken::new();
        let held = {
            let mut seat = publisher.seat.lock().await;
            // Of two connections that open at once, the one that came later stays.
            if seat.connection > connection {
                replaced.cancel();
            } else {
                seat.replaced.cancel();
                (seat.connection, seat.replaced) = (connection, replaced.clone());
                // Those that this connection announces begin again.
                seat.announcements.end_all(&publisher.registrar, clock::now() + MAX_AHEAD);
                publisher.counts.is_connected.store(1, Ordering::Relaxed);
                publisher.registrar.health().restarted(clock::now());
            }
            seat.positions.open(run)
        };
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
            self.sources.add(publisher.registrar.health().clone());
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
        self.sources.remove(forgotten.publisher.registrar.health());
        Ok(())
    }

    fn leave(&self, publisher: &Publisher) {
        if let Some(entry) = self.known.lock().by_name.get_mut(&publisher.name) {
            entry.connections -= 1;
        }
    }

    fn new_publisher(&self, name: &str) -> Publisher {
        let health = SourceHealth::new(&format!("publish:{name}"));
        let registrar = Registrar::new(Arc::clone(&self.registry), health, 1).merging(self.settings.merge_window());
        let seat = Seat {
            connection: 0,
            replaced: CancellationToken::new(),
            positions: Positions::default(),
            announcements: Announcements::new(self.settings.series),
        };
        Publisher { name: name.to_owned(), registrar, counts: Counts::default(), seat: tokio::sync::Mutex::new(seat) }
    }
}

impl Publisher {
    fn status(&self) -> PublisherStatus {
        let Counts { rows, lost, repeated, is_connected } = &self.counts;
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        PublisherStatus {
            name: self.name.clone(),
            is_connected: read(is_connected) == 1,
            rows: read(rows),
            lost: read(lost),
            repeated: read(repeated),
        }
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
        &self.publisher.name
    }

    /// Cancelled when another connection has opened the publisher.
    pub const fn replaced(&self) -> &CancellationToken {
        &self.replaced
    }

    pub const fn held(&self) -> protocol::Held {
        protocol::Held { run: self.run, number: self.held, dropped: 0 }
    }

    /// The position, with the rows that were dropped because of their times.
    pub fn position(&self) -> protocol::Held {
        let dropped = self.publisher.registrar.health().status().out_of_order.dropped();
        protocol::Held { dropped, ..self.held() }
    }

    /// # Errors
    /// If the announcement breaks a rule, or another connection has opened the publisher.
    pub async fn announce(
        &self,
        groups: &Entries<'_, GroupDescriptor<'_>>,
        series: &Entries<'_, SeriesDescriptor<'_>>,
    ) -> Result<Omissions, Violation> {
        let mut seat = self.seat().await?;
        let Publisher { name, registrar, .. } = &*self.publisher;
        let omissions = seat.announcements.announce(name, registrar, groups, series)?;
        if !omissions.is_empty() {
            registrar.report(&omissions.reason);
        }
        Ok(omissions)
    }

    /// # Errors
    /// If a series was not announced, or another connection has opened the publisher.
    pub async fn end(&self, series: &Entries<'_, SeriesId>) -> Result<(), Violation> {
        let mut seat = self.seat().await?;
        seat.announcements.end(&self.publisher.registrar, series, clock::now() + MAX_AHEAD)
    }

    /// Sends rows to the stream unless they were sent before, and waits until its queue has taken all of them.
    ///
    /// # Errors
    /// If a block breaks a rule, another connection has opened the publisher, or the stream has ended. No row is held then.
    pub async fn rows(&mut self, number: u64, lost: u64, blocks: &Blocks<'_>) -> Result<(), RowsError> {
        if number == 0 {
            return Err(Violation::NumberZero.into());
        }
        let publisher = Arc::clone(&self.publisher);
        let mut seat = self.seat_of(&publisher).await?;
        if seat.positions.judge(number) == Message::Repeated {
            publisher.counts.repeated.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        }
        let now = clock::now();
        let rows::Rows { batches, accepted, dropped } = rows::read(blocks, &seat.announcements, now)?;
        let health = publisher.registrar.health();
        let newest = batches.iter().filter_map(|batch| batch.times.last().copied()).max();
        let queue = self.publishers.batches.upgrade().ok_or(Closed)?;
        for batch in batches {
            queue.send(batch).await?;
        }
        let more_lost = seat.positions.hold(number, lost);
        self.held = seat.positions.held();
        publisher.counts.rows.fetch_add(accepted, Ordering::Relaxed);
        if more_lost > 0 {
            publisher.counts.lost.fetch_add(more_lost, Ordering::Relaxed);
            tracing::warn!(publisher = publisher.name, rows = more_lost, "a publisher lost rows before it sent them");
        }
        if !dropped.is_empty() {
            health.count_out_of_order(dropped);
        }
        health.delivered(newest, now);
        Ok(())
    }

    /// Ends the series of this connection. Does nothing to those of one that has replaced it.
    pub async fn close(self) {
        let mut seat = self.publisher.seat.lock().await;
        if seat.connection == self.connection {
            let registrar = &self.publisher.registrar;
            seat.announcements.end_all(registrar, clock::now() + MAX_AHEAD);
            registrar.health().stopped();
            self.publisher.counts.is_connected.store(0, Ordering::Relaxed);
        }
        drop(seat);
        self.publishers.leave(&self.publisher);
        tracing::info!(publisher = self.publisher.name, "a publisher disconnected");
    }

    async fn seat(&self) -> Result<tokio::sync::MutexGuard<'_, Seat>, Violation> {
        self.seat_of(&self.publisher).await
    }

    /// The seat, if it still belongs to this connection.
    async fn seat_of<'p>(&self, publisher: &'p Publisher) -> Result<tokio::sync::MutexGuard<'p, Seat>, Violation> {
        let seat = publisher.seat.lock().await;
        if seat.connection == self.connection { Ok(seat) } else { Err(Violation::Replaced) }
    }
}

#[cfg(test)]
mod tests;
