//! Limits the history that viewers are sent, so that requests for much of it do not delay the live frames of the others.
//!
//! A session sends the messages that are made for its viewer alone, catalog and history, in turns of a few frames.
//!
//! | limit | of | waits |
//! | --- | --- | --- |
//! | turns at once | one for each processor | in the order of request |
//! | overall budget | all turns | the first in the queue, and with it those behind |
//! | a viewer's budget | what the viewer has been sent already, and requests again | before it joins the queue |
//!
//! Answers to queries are made in turns of their own, with an overall budget of their own.
//!
//! A viewer above a limit waits; it is not closed. The first fill of a viewer and the frames that it has missed are not
//! taken from its own budget: each row is sent to it once. Their first turn does not wait at all, and a resumption needs no
//! more: a thousand viewers that resume together would otherwise wait for each other's tasks.

use std::sync::Arc;
use std::thread::available_parallelism;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

use crate::deliver::byte_budget::{ByteBudget, ByteRate};
use crate::deliver::history_blocks::HistoryBlocks;

/// More would only wait for the hub's lock.
const MAX_TURNS_AT_ONCE: usize = 4;

/// The cost of a turn: three full frames, or more of smaller ones. Below a millisecond; with one frame a turn, a viewer on a
/// busy machine falls behind faster than it is sent history.
const TURN_COST: usize = 192 << 10;

/// The cost of a turn that waited for the overall budget, one full frame: a thousand viewers that wait in the queue get one
/// each within three seconds, before a page takes the silence for a lost connection.
const SHORT_TURN_COST: usize = 32 << 10;

/// The most scans of queries at once: each holds up to 300 KB of buckets, a copy of the open rows of its group, and segments that it
/// shares with the history.
const MAX_SCANS_AT_ONCE: usize = 16;

/// Limits of history. A value counts as a byte beside its encoded bytes, since values that take few bytes take time too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackfillLimits {
    pub turns_at_once: usize,
    pub overall: ByteRate,
    pub viewer: ByteRate,
    /// All answers to queries.
    pub queries: ByteRate,
}

impl Default for BackfillLimits {
    fn default() -> Self {
        Self {
            // So live frames wait for one turn, not for a queue of them.
            turns_at_once: available_parallelism().map_or(1, usize::from).min(MAX_TURNS_AT_ONCE),
            // An eighth of a processor: 3 ms for a million. The burst fills several pages at once, each with a minute at 1 kHz.
            overall: ByteRate { bytes_per_second: 32 << 20, burst_bytes: 128 << 20 },
            // A page whose window or layout changes requests the summaries of all charts on screen, which are made of their rows:
            // 24 million values for 400 series at 1 kHz over a minute.
            viewer: ByteRate { bytes_per_second: 4 << 20, burst_bytes: 48 << 20 },
            // Their own, so that they do not delay the first fill of a viewer. Six hours of 48 series cost about a million.
            queries: ByteRate { bytes_per_second: 16 << 20, burst_bytes: 64 << 20 },
        }
    }
}

/// Shared by all sessions.
#[derive(Debug)]
pub struct BackfillLimiter {
    limits: BackfillLimits,
    turns: Arc<Semaphore>,
    scans: Arc<Semaphore>,
    query_turns: Arc<Semaphore>,
    queries: Mutex<ByteBudget>,
    overall: Mutex<ByteBudget>,
    /// Buffers for the next turns, at most [`MAX_TURNS_AT_ONCE`].
    buffers: Mutex<Vec<HistoryBlocks>>,
}

/// The right to encode a few frames. Must not be held while its session waits.
#[derive(Debug)]
pub struct BackfillTurn {
    limiter: Arc<BackfillLimiter>,
    room: usize,
    blocks: HistoryBlocks,
    _permit: Option<OwnedSemaphorePermit>,
}

impl BackfillLimiter {
    pub fn new(limits: BackfillLimits) -> Self {
        Self {
            limits,
            turns: Arc::new(Semaphore::new(limits.turns_at_once.max(1))),
            scans: Arc::new(Semaphore::new(MAX_SCANS_AT_ONCE)),
            query_turns: Arc::new(Semaphore::new(limits.turns_at_once.saturating_sub(1).max(1))),
            queries: Mutex::new(ByteBudget::full(limits.queries, Instant::now())),
            overall: Mutex::new(ByteBudget::full(limits.overall, Instant::now())),
            buffers: Mutex::default(),
        }
    }

    /// The budget of one viewer.
    pub fn viewer_budget(&self) -> ByteBudget {
        ByteBudget::full(self.limits.viewer, Instant::now())
    }

    /// Waits for a turn, in the order of the calls. The place in the queue is lost when the future is dropped; it must be
    /// polled until then, because the turn may be its own already.
    pub async fn turn(self: Arc<Self>) -> BackfillTurn {
        let Ok(permit) = Arc::clone(&self.turns).acquire_owned().await else {
            unreachable!("the semaphore is never closed")
        };
        let mut room = TURN_COST;
        // The permit is held meanwhile: those behind in the queue wait for the same budget.
        loop {
            let ready = self.overall.lock().ready_at();
            if ready <= Instant::now() {
                break;
            }
            room = SHORT_TURN_COST;
            sleep_until(ready).await;
        }
        self.start(Some(permit), room)
    }

    /// Waits for the right to hold what a query has read, in the order of the calls. Its holder must wait for nothing but turns.
    pub async fn scan(self: Arc<Self>) -> OwnedSemaphorePermit {
        let Ok(permit) = Arc::clone(&self.scans).acquire_owned().await else {
            unreachable!("the semaphore is never closed")
        };
        permit
    }

    /// Waits for a turn to read for a query. There is one fewer at once than for history, so that queries do not occupy all
    /// processors.
    pub async fn query_turn(self: Arc<Self>) -> QueryTurn {
        let Ok(permit) = Arc::clone(&self.query_turns).acquire_owned().await else {
            unreachable!("the semaphore is never closed")
        };
        loop {
            let ready = self.queries.lock().ready_at();
            if ready <= Instant::now() {
                break;
            }
            sleep_until(ready).await;
        }
        QueryTurn { limiter: self, _permit: permit }
    }

    /// A turn without waiting.
    pub fn turn_at_once(self: Arc<Self>) -> BackfillTurn {
        self.start(None, TURN_COST)
    }

    fn start(self: Arc<Self>, permit: Option<OwnedSemaphorePermit>, room: usize) -> BackfillTurn {
        let blocks = self.buffers.lock().pop().unwrap_or_default();
        BackfillTurn { limiter: self, room, blocks, _permit: permit }
    }
}

/// The right to read for a query. Must not be held while its session waits.
#[derive(Debug)]
pub struct QueryTurn {
    limiter: Arc<BackfillLimiter>,
    _permit: OwnedSemaphorePermit,
}

impl QueryTurn {
    /// About the cost of the turn.
    pub const fn room(&self) -> usize {
        TURN_COST
    }

    /// Takes the cost of the turn from the budget of all queries.
    pub fn spend(&self, cost: usize, now: Instant) {
        self.limiter.queries.lock().spend(cost, now);
    }
}

impl BackfillTurn {
    /// About the cost of the turn.
    pub const fn room(&self) -> usize {
        self.room
    }

    /// Buffers for the frames.
    pub const fn blocks(&mut self) -> &mut HistoryBlocks {
        &mut self.blocks
    }

    /// Takes the cost of the turn from the overall budget.
    pub fn spend(&self, bytes: usize, now: Instant) {
        self.limiter.overall.lock().spend(bytes, now);
    }
}

impl Drop for BackfillTurn {
    fn drop(&mut self) {
        let mut buffers = self.limiter.buffers.lock();
        // A turn that does not wait needs no permit: there may have been many at a time.
        if buffers.len() < MAX_TURNS_AT_ONCE {
            buffers.push(std::mem::take(&mut self.blocks));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::task::yield_now;

    use super::*;

    const PLENTY: ByteRate = ByteRate { bytes_per_second: 1 << 30, burst_bytes: 1 << 30 };

    fn limiter(turns_at_once: usize, overall: ByteRate) -> Arc<BackfillLimiter> {
        Arc::new(BackfillLimiter::new(BackfillLimits { turns_at_once, overall, viewer: PLENTY, queries: PLENTY }))
    }

    #[tokio::test(start_paused = true)]
    async fn turns_are_taken_in_the_order_of_request() {
        const VIEWERS: usize = 9;
        const TURNS: usize = 5;
        let limiter = limiter(1, PLENTY);
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut viewers = tokio::task::JoinSet::new();
        for viewer in 0..VIEWERS {
            let (limiter, order) = (Arc::clone(&limiter), Arc::clone(&order));
            viewers.spawn(async move {
                for _ in 0..TURNS {
                    let turn = Arc::clone(&limiter).turn().await;
                    order.lock().push(viewer);
                    // The others join the queue meanwhile.
                    yield_now().await;
                    drop(turn);
                }
            });
        }
        viewers.join_all().await;
        let expected: Vec<_> = (0..TURNS).flat_map(|_| 0..VIEWERS).collect();
        assert_eq!(*order.lock(), expected);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_turns_are_taken_at_once_than_allowed() {
        let limiter = limiter(2, PLENTY);
        let turns = (Arc::clone(&limiter).turn().await, Arc::clone(&limiter).turn().await);
        let mut third = Box::pin(Arc::clone(&limiter).turn());
        assert!(futures_util::poll!(&mut third).is_pending());
        drop(turns.0);
        third.await;
    }

    #[tokio::test(start_paused = true)]
    async fn all_viewers_together_keep_to_the_overall_rate_after_its_burst() {
        let limiter = limiter(2, ByteRate { bytes_per_second: 100_000, burst_bytes: 200_000 });
        let start = Instant::now();
        let mut viewers = tokio::task::JoinSet::new();
        for _ in 0..10 {
            let limiter = Arc::clone(&limiter);
            viewers.spawn(async move {
                for _ in 0..20 {
                    let turn = Arc::clone(&limiter).turn().await;
                    turn.spend(10_000, Instant::now());
                }
            });
        }
        viewers.join_all().await;
        // 2,000,000 bytes, of which the burst took no time.
        let took = start.elapsed();
        assert!((Duration::from_secs(17)..=Duration::from_secs(19)).contains(&took), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_in_the_queue_that_is_given_up_delays_nobody() {
        let limiter = limiter(1, PLENTY);
        let first = Arc::clone(&limiter).turn().await;
        let mut given_up = Box::pin(Arc::clone(&limiter).turn());
        let mut next = Box::pin(Arc::clone(&limiter).turn());
        assert!(futures_util::poll!(&mut given_up).is_pending());
        assert!(futures_util::poll!(&mut next).is_pending());
        drop(first);
        // It was the turn of the one that gives up.
        drop(given_up);
        assert!(futures_util::poll!(&mut next).is_ready());
    }
}
