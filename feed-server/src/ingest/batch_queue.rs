//! The queue of batches and entries between the sources and the hub, bounded in bytes and in batches.
//!
//! A sender waits while the queue is full, and senders are served in the order in which they began to wait. A batch that is
//! longer than [`PIECE_BYTES`] passes in pieces, so that the hub's work on one batch is bounded.

use std::sync::Arc;

use thiserror::Error;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError, mpsc};

use crate::ingest::batch::Batch;
use crate::ingest::entry::{Entry, EntryContent};

/// A bound on the bytes that wait for a tick: 500,000 samples, a sixtieth of a second of 30 million a second.
pub const QUEUE_BYTES: usize = 4 << 20;

/// A bound on the batches that wait for a tick.
pub const QUEUE_BATCHES: usize = 4_096;

/// Longer batches are divided between rows. Four frames of raw values.
pub const PIECE_BYTES: usize = 256 << 10;

/// The least that a batch takes, so that the bound on bytes bounds the number of batches too.
const MIN_BATCH_BYTES: usize = QUEUE_BYTES / QUEUE_BATCHES;

/// The hub has ended and receives no more batches.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the stream accepts no more batches")]
pub struct Closed;

/// A new, empty queue. It closes when all senders or the receiver are dropped.
pub fn batch_queue() -> (BatchSender, BatchReceiver) {
    let room = Arc::new(Semaphore::new(QUEUE_BYTES));
    let (to_batches, batches) = mpsc::unbounded_channel();
    let (to_entries, entries) = mpsc::unbounded_channel();
    let sender = BatchSender { room: Arc::clone(&room), batches: to_batches, entries: to_entries };
    (sender, BatchReceiver { room, batches, entries })
}

/// The sources' end of the queue.
#[derive(Clone, Debug)]
pub struct BatchSender {
    room: Arc<Semaphore>,
    batches: mpsc::UnboundedSender<Queued<Batch>>,
    entries: mpsc::UnboundedSender<Queued<Entry>>,
}

/// A sender that does not keep the queue open.
#[derive(Clone, Debug)]
pub struct WeakBatchSender {
    room: Arc<Semaphore>,
    batches: mpsc::WeakUnboundedSender<Queued<Batch>>,
    entries: mpsc::WeakUnboundedSender<Queued<Entry>>,
}

/// The hub's end of the queue.
#[derive(Debug)]
pub struct BatchReceiver {
    room: Arc<Semaphore>,
    batches: mpsc::UnboundedReceiver<Queued<Batch>>,
    entries: mpsc::UnboundedReceiver<Queued<Entry>>,
}

/// The next batch of the queue, or its state if none is there.
#[derive(Clone, Debug, PartialEq)]
pub enum Received {
    Batch(Batch),
    /// No batch waits now.
    Empty,
    /// No batch waits, and none will come.
    Closed,
}

#[derive(Debug)]
struct Queued<T> {
    content: T,
    /// Returned to the queue when the content is taken.
    _room: OwnedSemaphorePermit,
}

impl BatchSender {
    /// Appends a batch, in pieces if it is long. Waits while the queue is full.
    ///
    /// # Errors
    /// [`Closed`] if the hub has ended.
    pub async fn send(&self, batch: Batch) -> Result<(), Closed> {
        // The sequencer refuses a batch whose columns differ in length.
        if batch.bytes() <= PIECE_BYTES || !batch.is_complete() {
            return self.send_piece(batch).await;
        }
        let rows_per_piece = (PIECE_BYTES / batch.row_bytes()).max(1);
        for start in (0..batch.rows()).step_by(rows_per_piece) {
            let piece = batch.slice(start..batch.rows().min(start + rows_per_piece)).to_batch();
            self.send_piece(piece).await?;
        }
        Ok(())
    }

    /// Appends a batch without waiting. Returns it if it must wait, or must be divided.
    ///
    /// # Errors
    /// [`Closed`] if the hub has ended.
    pub fn try_send(&self, batch: Batch) -> Result<Option<Batch>, Closed> {
        if batch.bytes() > PIECE_BYTES {
            return Ok(Some(batch));
        }
        match Arc::clone(&self.room).try_acquire_many_owned(room_of(batch.heap_bytes())) {
            Ok(room) => {
                let queued = Queued { content: batch, _room: room };
                self.batches.send(queued).map(|()| None).map_err(|_| Closed)
            }
            Err(TryAcquireError::NoPermits) => Ok(Some(batch)),
            Err(TryAcquireError::Closed) => Err(Closed),
        }
    }

    async fn send_piece(&self, batch: Batch) -> Result<(), Closed> {
        let room = self.room(batch.heap_bytes()).await?;
        self.batches.send(Queued { content: batch, _room: room }).map_err(|_| Closed)
    }

    /// Appends lines or an event. Waits while the queue is full. Lines that take more than [`PIECE_BYTES`] pass in pieces.
    ///
    /// # Errors
    /// [`Closed`] if the hub has ended.
    pub async fn send_entry(&self, entry: Entry) -> Result<(), Closed> {
        let Entry { source, content } = entry;
        let lines = match content {
            EntryContent::Logs(lines) => lines,
            event @ EntryContent::Event(_) => return self.send_entry_piece(Entry { source, content: event }).await,
        };
        let (mut piece, mut bytes) = (Vec::new(), 0);
        for line in lines {
            bytes += line.bytes();
            piece.push(line);
            if bytes >= PIECE_BYTES {
                let content = EntryContent::Logs(std::mem::take(&mut piece));
                self.send_entry_piece(Entry { source: Arc::clone(&source), content }).await?;
                bytes = 0;
            }
        }
        if piece.is_empty() {
            return Ok(());
        }
        self.send_entry_piece(Entry { source, content: EntryContent::Logs(piece) }).await
    }

    async fn send_entry_piece(&self, entry: Entry) -> Result<(), Closed> {
        let room = self.room(entry.bytes()).await?;
        self.entries.send(Queued { content: entry, _room: room }).map_err(|_| Closed)
    }

    async fn room(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Closed> {
        Arc::clone(&self.room).acquire_many_owned(room_of(bytes)).await.map_err(|_| Closed)
    }

    pub fn downgrade(&self) -> WeakBatchSender {
        let (batches, entries) = (self.batches.downgrade(), self.entries.downgrade());
        WeakBatchSender { room: Arc::clone(&self.room), batches, entries }
    }
}

/// The part of the queue that something of so many bytes takes.
fn room_of(bytes: usize) -> u32 {
    bytes.clamp(MIN_BATCH_BYTES, QUEUE_BYTES) as u32
}

impl WeakBatchSender {
    /// `None` if the queue is closed.
    pub fn upgrade(&self) -> Option<BatchSender> {
        let (batches, entries) = (self.batches.upgrade()?, self.entries.upgrade()?);
        Some(BatchSender { room: Arc::clone(&self.room), batches, entries })
    }
}

impl BatchReceiver {
    /// Takes the oldest batch, without waiting.
    pub fn take(&mut self) -> Received {
        match self.batches.try_recv() {
            Ok(queued) => Received::Batch(queued.content),
            Err(TryRecvError::Empty) => Received::Empty,
            Err(TryRecvError::Disconnected) => Received::Closed,
        }
    }

    /// Takes the oldest entry, without waiting.
    pub fn take_entry(&mut self) -> Option<Entry> {
        self.entries.try_recv().ok().map(|queued| queued.content)
    }

    /// Waits for the next batch; `None` if the queue is empty and closed.
    pub async fn recv(&mut self) -> Option<Batch> {
        Some(self.batches.recv().await?.content)
    }
}

impl Drop for BatchReceiver {
    /// Ends the wait of all senders.
    fn drop(&mut self) {
        self.room.close();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use protocol::{GroupId, SeriesId, Timestamp};

    use super::*;
    use crate::ingest::batch::BatchColumn;

    fn batch(rows: usize, columns: u32) -> Batch {
        let columns = (1..=columns)
            .map(|series| BatchColumn { series: SeriesId(series), values: (0..rows).map(|row| row as f64).collect() });
        let times = (0..rows).map(|row| Timestamp::from_micros(row as i64)).collect();
        Batch { group: GroupId(1), times, columns: columns.collect() }
    }

    /// Sends such batches until the queue is full, and returns how many fit.
    fn fill(sender: &BatchSender, batch: &Batch) -> usize {
        let mut sent = 0;
        while let Some(result) = sender.send(batch.clone()).now_or_never() {
            result.expect("open");
            sent += 1;
            assert!(sent <= QUEUE_BATCHES, "the queue has a bound");
        }
        sent
    }

    #[test]
    fn the_queue_is_bounded_in_bytes_and_in_batches() {
        let (sender, mut received) = batch_queue();
        let long = batch(1_000, 31);
        let fits = fill(&sender, &long);
        assert_eq!(fits, QUEUE_BYTES / long.heap_bytes());
        assert_eq!(received.take(), Received::Batch(long.clone()));
        assert_eq!(sender.send(long).now_or_never(), Some(Ok(())), "taking a batch makes room");

        let (sender, _received) = batch_queue();
        assert_eq!(fill(&sender, &batch(1, 1)), QUEUE_BATCHES);
    }

    #[test]
    fn a_batch_is_returned_if_it_must_wait_or_be_divided() {
        let (sender, mut received) = batch_queue();
        let (short, long) = (batch(1, 1), batch(1_000, 40));
        assert_eq!(sender.try_send(short.clone()), Ok(None));
        assert_eq!(sender.try_send(long.clone()), Ok(Some(long)), "it passes in pieces");
        while let Ok(None) = sender.try_send(short.clone()) {}
        assert_eq!(sender.try_send(short.clone()), Ok(Some(short.clone())), "the queue is full");
        assert_eq!(received.take(), Received::Batch(short.clone()));
        assert_eq!(sender.try_send(short.clone()), Ok(None));
        drop(received);
        assert_eq!(sender.try_send(short), Err(Closed));
    }

    #[test]
    fn a_batch_longer_than_the_queue_passes_in_pieces_and_every_row_arrives() {
        let (sender, mut received) = batch_queue();
        let whole = batch(1_000, 2_000);
        assert!(whole.bytes() > 3 * QUEUE_BYTES);
        let mut sending = Box::pin(sender.send(whole.clone()));
        let mut joined: Option<Batch> = None;
        loop {
            let is_sent = sending.as_mut().now_or_never().is_some();
            while let Received::Batch(piece) = received.take() {
                assert!(piece.bytes() <= PIECE_BYTES);
                match &mut joined {
                    None => joined = Some(piece),
                    Some(joined) => joined.append(piece).expect("the same columns"),
                }
            }
            if is_sent {
                break;
            }
        }
        assert_eq!(joined, Some(whole));
    }

    #[test]
    fn a_long_batch_whose_columns_differ_in_length_passes_whole() {
        let (sender, mut received) = batch_queue();
        let mut incomplete = batch(1_000, 100);
        incomplete.columns[7].values.truncate(3);
        assert!(incomplete.bytes() > PIECE_BYTES);
        assert_eq!(sender.send(incomplete.clone()).now_or_never(), Some(Ok(())));
        assert_eq!(received.take(), Received::Batch(incomplete));
    }

    #[test]
    fn a_row_wider_than_the_queue_passes_alone() {
        let (sender, mut received) = batch_queue();
        let wide = batch(1, 100_000);
        assert!(wide.heap_bytes() > QUEUE_BYTES);
        assert_eq!(fill(&sender, &wide), 1);
        assert_eq!(received.take(), Received::Batch(wide));
    }

    #[tokio::test]
    async fn senders_that_wait_end_with_the_receiver_and_the_receiver_with_the_senders() {
        let (sender, received) = batch_queue();
        let long = batch(1_000, 31);
        fill(&sender, &long);
        let waiting = tokio::spawn(async move { sender.send(long).await });
        tokio::task::yield_now().await;
        drop(received);
        assert_eq!(waiting.await.expect("does not panic"), Err(Closed));

        let (sender, mut received) = batch_queue();
        let weak = sender.downgrade();
        drop(sender);
        assert_eq!((received.take(), weak.upgrade().is_none()), (Received::Closed, true));
    }
}
