//! One publisher: its counts, and the seat that one of its connections holds.

use std::sync::atomic::{AtomicU64, Ordering};

use protocol::{Blocks, Entries, GroupDescriptor, SeriesDescriptor, SeriesId};
use tokio::sync::{Mutex, MutexGuard};
use tokio_util::sync::CancellationToken;

use super::announced::Announcements;
use super::omissions::Omissions;
use super::position::{Message, Positions};
use super::rows::{self, MAX_AHEAD};
use super::violation::Violation;
use crate::clock;
use crate::ingest::batch_queue::{Closed, WeakBatchSender};
use crate::ingest::context::Registrar;

#[derive(Debug)]
pub struct Publisher {
    name: String,
    registrar: Registrar,
    counts: Counts,
    /// Held while a message is carried out, so that a connection takes over between two messages.
    seat: Mutex<Seat>,
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
    /// The connection whose messages are accepted. The number of a later connection is higher.
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

/// A `Rows` message.
#[derive(Clone, Copy, Debug)]
pub struct RowsMessage<'a> {
    pub number: u64,
    pub lost: u64,
    pub blocks: Blocks<'a>,
}

impl Publisher {
    pub fn new(name: &str, registrar: Registrar, max_series: usize) -> Self {
        let seat = Seat {
            connection: 0,
            replaced: CancellationToken::new(),
            positions: Positions::default(),
            announcements: Announcements::new(max_series),
        };
        Self { name: name.to_owned(), registrar, counts: Counts::default(), seat: Mutex::new(seat) }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub const fn registrar(&self) -> &Registrar {
        &self.registrar
    }

    pub fn status(&self) -> PublisherStatus {
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

    /// Gives the seat to a connection, unless a later one has it. Waits while another carries out a message. Returns the number that
    /// is held of `run`, and a token that is cancelled when another connection has the seat.
    pub async fn take_seat(&self, connection: u64, run: u64) -> (u64, CancellationToken) {
        let replaced = CancellationToken::new();
        let mut seat = self.seat.lock().await;
        if seat.connection > connection {
            replaced.cancel();
            return (0, replaced);
        }
        seat.replaced.cancel();
        (seat.connection, seat.replaced) = (connection, replaced.clone());
        // Those that this connection announces begin again.
        seat.announcements.end_all(&self.registrar, clock::now() + MAX_AHEAD);
        self.counts.is_connected.store(1, Ordering::Relaxed);
        self.registrar.health().restarted(clock::now());
        (seat.positions.open(run), replaced)
    }

    /// # Errors
    /// If the announcement breaks a rule, or another connection has the seat.
    pub async fn announce(
        &self,
        connection: u64,
        groups: &Entries<'_, GroupDescriptor<'_>>,
        series: &Entries<'_, SeriesDescriptor<'_>>,
    ) -> Result<Omissions, Violation> {
        let mut seat = self.seat_of(connection).await?;
        let omissions = seat.announcements.announce(&self.name, &self.registrar, groups, series)?;
        if !omissions.is_empty() {
            self.registrar.report(&omissions.reason);
        }
        Ok(omissions)
    }

    /// # Errors
    /// If a series was not announced, or another connection has the seat.
    pub async fn end(&self, connection: u64, series: &Entries<'_, SeriesId>) -> Result<(), Violation> {
        let mut seat = self.seat_of(connection).await?;
        seat.announcements.end(&self.registrar, series, clock::now() + MAX_AHEAD)
    }

    /// Sends rows to the stream unless they were sent before, and waits until its queue has taken all of them. Returns the number
    /// that is held then.
    ///
    /// # Errors
    /// If a block breaks a rule, another connection has the seat, or the stream has ended. The message is not held then.
    pub async fn rows(
        &self,
        connection: u64,
        queue: &WeakBatchSender,
        message: RowsMessage<'_>,
    ) -> Result<u64, RowsError> {
        let RowsMessage { number, lost, blocks } = message;
        if number == 0 {
            return Err(Violation::NumberZero.into());
        }
        let mut seat = self.seat_of(connection).await?;
        if seat.positions.judge(number) == Message::Repeated {
            self.counts.repeated.fetch_add(1, Ordering::Relaxed);
            return Ok(seat.positions.held());
        }
        let now = clock::now();
        let rows::Rows { batches, accepted, dropped } = rows::read(&blocks, &seat.announcements, now)?;
        let newest = batches.iter().filter_map(|batch| batch.times.last().copied()).max();
        let queue = queue.upgrade().ok_or(Closed)?;
        for batch in batches {
            queue.send(batch).await?;
        }
        let more_lost = seat.positions.hold(number, lost);
        self.counts.rows.fetch_add(accepted, Ordering::Relaxed);
        if more_lost > 0 {
            self.counts.lost.fetch_add(more_lost, Ordering::Relaxed);
            tracing::warn!(publisher = self.name, rows = more_lost, "a publisher lost rows before it sent them");
        }
        let health = self.registrar.health();
        if !dropped.is_empty() {
            health.count_out_of_order(dropped);
        }
        health.delivered(accepted, newest, now);
        Ok(seat.positions.held())
    }

    /// Ends the series of a connection, if it has the seat.
    pub async fn leave_seat(&self, connection: u64) {
        let mut seat = self.seat.lock().await;
        if seat.connection == connection {
            seat.announcements.end_all(&self.registrar, clock::now() + MAX_AHEAD);
            self.registrar.health().stopped();
            self.counts.is_connected.store(0, Ordering::Relaxed);
        }
    }

    async fn seat_of(&self, connection: u64) -> Result<MutexGuard<'_, Seat>, Violation> {
        let seat = self.seat.lock().await;
        if seat.connection == connection { Ok(seat) } else { Err(Violation::Replaced) }
    }
}
