//! The thread of the ticker: ticks do not wait for a worker of the runtime, whatever runs there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::clock;
use crate::deliver::ticker::{TICK, Tick, Ticker};

/// Linux shows 15 characters.
const NAME: &str = "hub";

/// A running ticker. It ends when its queue is closed, or when [`TickerThread::end`] requests it.
#[derive(Debug)]
pub struct TickerThread {
    is_end_requested: Arc<AtomicBool>,
    thread: Thread,
    /// Closed when the thread has ended.
    ended: oneshot::Receiver<()>,
}

/// How the thread ended.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Complete,
    Panicked,
    /// It runs on, or is blocked. It has been left behind.
    LeftBehind,
}

/// Starts the thread.
///
/// # Errors
/// If the system has no room for a thread.
pub fn start(mut ticker: Ticker) -> std::io::Result<TickerThread> {
    let is_end_requested = Arc::new(AtomicBool::new(false));
    let end_requested = Arc::clone(&is_end_requested);
    spawn(is_end_requested, move || {
        let started = Instant::now();
        while !end_requested.load(Ordering::Relaxed) {
            let due = Instant::now() + TICK;
            match ticker.tick(started.elapsed(), clock::now()) {
                Tick::Complete => wait_until(due, &end_requested),
                Tick::Behind => {}
                Tick::Ended => return,
            }
        }
    })
}

/// Ticks that were missed are not made up.
#[expect(clippy::disallowed_methods, reason = "on the hub's thread")]
fn wait_until(due: Instant, end_requested: &AtomicBool) {
    loop {
        let left = due.saturating_duration_since(Instant::now());
        if left.is_zero() || end_requested.load(Ordering::Relaxed) {
            return;
        }
        thread::park_timeout(left);
    }
}

fn spawn(is_end_requested: Arc<AtomicBool>, run: impl FnOnce() + Send + 'static) -> std::io::Result<TickerThread> {
    let (ended, end) = oneshot::channel();
    let body = move || {
        let report = ReportPanic;
        run();
        drop(report);
        let _nobody_waits = ended.send(());
    };
    let thread = thread::Builder::new().name(NAME.to_owned()).spawn(body)?;
    Ok(TickerThread { is_end_requested, thread: thread.thread().clone(), ended: end })
}

/// Logs a panic. The queue closes with the ticker, so that every source fails and readiness with them.
struct ReportPanic;

impl Drop for ReportPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            tracing::error!("the hub panicked: no more samples are delivered; restart the server");
        }
    }
}

impl TickerThread {
    /// Waits for the end of the thread: half of the time for the last batches of its queue, then for the current tick.
    pub async fn end(mut self, within: Duration) -> End {
        let mut ended = tokio::time::timeout(within / 2, &mut self.ended).await;
        if ended.is_err() {
            self.is_end_requested.store(true, Ordering::Relaxed);
            self.thread.unpark();
            ended = tokio::time::timeout(within / 2, &mut self.ended).await;
        }
        match ended {
            Ok(Ok(())) => End::Complete,
            Ok(Err(_)) => End::Panicked,
            Err(_) => {
                tracing::error!(thread = NAME, "thread did not end within {within:?}; it is left behind");
                End::LeftBehind
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use protocol::{GroupId, Interval, SeriesId, Timestamp};

    use super::*;
    use crate::deliver::hub::{Bounds, Hub};
    use crate::ingest::batch::Batch;
    use crate::ingest::batch_queue::{BatchSender, Closed, batch_queue};
    use crate::telemetry::Telemetry;

    /// More than a busy machine needs.
    const LONG: Duration = Duration::from_mins(1);

    fn running() -> (Arc<Hub>, BatchSender, TickerThread) {
        let bounds =
            Bounds { history: Interval::from_secs(60), history_bytes: 1 << 20, ring_bytes: 1 << 20, series: 1 };
        let hub = Arc::new(Hub::new("test".to_owned(), bounds, Telemetry::default()));
        let (sender, batches) = batch_queue();
        let thread = start(Ticker::new(Arc::clone(&hub), batches)).expect("a thread");
        (hub, sender, thread)
    }

    fn row(time: i64) -> Batch {
        Batch::row(GroupId(1), Timestamp::from_micros(time), [(SeriesId(1), 0.0)])
    }

    #[test]
    fn ticks_go_on_while_every_worker_of_the_runtime_is_blocked() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("one");
        let (hub, sender, thread) = runtime.block_on(async { running() });
        let (blocked, is_blocked) = mpsc::channel();
        let (release, released): (Vec<_>, Vec<_>) = (0..2).map(|_| mpsc::channel::<()>()).unzip();
        for released in released {
            let blocked = blocked.clone();
            runtime.spawn(async move {
                let _test_waits = blocked.send(());
                let _test_ended = released.recv();
            });
        }
        for _ in 0..2 {
            is_blocked.recv_timeout(LONG).expect("a worker takes the task");
        }
        for time in 1..=3 {
            futures_util::FutureExt::now_or_never(sender.send(row(time))).expect("has room").expect("open");
            let began = Instant::now();
            while hub.telemetry.rows.get() < time as u64 {
                assert!(began.elapsed() < LONG, "no tick");
                thread::sleep(Duration::from_millis(1));
            }
        }
        drop((sender, release));
        assert_eq!(runtime.block_on(thread.end(LONG)), End::Complete);
    }

    #[tokio::test]
    async fn the_thread_ends_on_request_although_its_queue_is_open() {
        let (_hub, sender, thread) = running();
        assert_eq!(thread.end(Duration::from_secs(2)).await, End::Complete);
        assert_eq!(sender.send(row(1)).await, Err(Closed));
    }

    #[tokio::test]
    async fn a_panic_closes_the_queue_and_is_reported_at_the_end() {
        let (sender, batches) = batch_queue();
        let thread = spawn(Arc::default(), move || {
            let _queue = batches;
            panic!("a planted panic");
        });
        assert_eq!(thread.expect("a thread").end(LONG).await, End::Panicked);
        assert_eq!(sender.send(row(1)).await, Err(Closed));
    }

    #[tokio::test]
    async fn a_thread_that_does_not_end_is_left_behind() {
        let (release, released) = mpsc::channel::<()>();
        let hangs = move || {
            let _test_ended = released.recv();
        };
        let thread = spawn(Arc::default(), hangs).expect("a thread");
        assert_eq!(thread.end(Duration::from_millis(2)).await, End::LeftBehind);
        drop(release);
    }
}
