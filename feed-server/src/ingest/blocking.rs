//! Sources that block: an adapter from a thread to [`Source`].
//!
//! A source that reads files or needs a steady clock blocks, and must not do so on a worker of the runtime. It implements
//! [`BlockingSource`]; [`Blocking`] runs it on a named thread. When the server stops, the adapter wakes the thread and
//! waits for it at most [`STOP_WITHIN`]: a thread that is blocked in the kernel (by a lost file server) is abandoned and
//! does not delay the shutdown.

use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use protocol::Interval;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::ingest::batch::Batch;
use crate::ingest::batch_queue::WeakBatchSender;
use crate::ingest::context::{Registrar, SourceContext, Stopped};
use crate::ingest::entry::{Entry, EntryContent, Event, LogLine};
use crate::ingest::source::{Source, SourceError};

/// Most sources stop within milliseconds; this is the limit for a blocked thread. The server must end within 5 s.
pub const STOP_WITHIN: Duration = Duration::from_secs(4);

/// A [`Source`] that runs on its own thread.
pub trait BlockingSource: Send + 'static {
    /// See [`Source::merge_window`].
    fn merge_window(&self) -> Interval {
        Interval::ZERO
    }

    /// Registers, then sends batches until `context` reports [`Stopped`].
    ///
    /// # Errors
    /// The reason why the source ended.
    fn run(self, context: &BlockingContext) -> Result<(), SourceError>;
}

/// The [`SourceContext`] for the thread of a blocking source.
#[derive(Debug)]
pub struct BlockingContext {
    pub registrar: Registrar,
    /// Weak: an abandoned thread must not keep the stream's queue open.
    batches: WeakBatchSender,
    cancellation: CancellationToken,
    runtime: Handle,
}

impl BlockingContext {
    fn new(context: &SourceContext, runtime: Handle) -> Self {
        Self {
            registrar: context.registrar.clone(),
            batches: context.batches.downgrade(),
            cancellation: context.cancellation.child_token(),
            runtime,
        }
    }

    /// The context of a test that is no task of `runtime`.
    #[cfg(test)]
    pub(crate) fn of_test(context: &SourceContext, runtime: Handle) -> Self {
        Self::new(context, runtime)
    }

    /// See [`SourceContext::send`].
    ///
    /// # Errors
    /// [`Stopped`] if the server stops, also while the queue is full.
    pub fn send(&self, batch: Batch) -> Result<(), Stopped> {
        let (rows, newest) = (batch.rows() as u64, batch.times.last().copied());
        let batches = self.batches.upgrade().ok_or(Stopped)?;
        if self.cancellation.is_cancelled() {
            return Err(Stopped);
        }
        // Most batches have room: entering the runtime costs more than sending.
        if let Some(batch) = batches.try_send(batch).map_err(|_| Stopped)? {
            let sent = self.runtime.block_on(self.cancellation.run_until_cancelled(batches.send(batch)));
            sent.ok_or(Stopped)?.map_err(|_| Stopped)?;
        }
        self.registrar.health().delivered(rows, newest, clock::now());
        Ok(())
    }

    /// See [`SourceContext::log`].
    ///
    /// # Errors
    /// [`Stopped`] if the server stops, also while the queue is full.
    pub fn log(&self, lines: Vec<LogLine>) -> Result<(), Stopped> {
        self.send_entry(EntryContent::Logs(lines))
    }

    /// See [`SourceContext::event`].
    ///
    /// # Errors
    /// [`Stopped`] if the server stops, also while the queue is full.
    pub fn event(&self, event: Event) -> Result<(), Stopped> {
        self.send_entry(EntryContent::Event(event))
    }

    fn send_entry(&self, content: EntryContent) -> Result<(), Stopped> {
        let entry = Entry { source: self.registrar.health().source().into(), content };
        let batches = self.batches.upgrade().ok_or(Stopped)?;
        let sent = self.runtime.block_on(self.cancellation.run_until_cancelled(batches.send_entry(entry)));
        sent.ok_or(Stopped)?.map_err(|_| Stopped)
    }

    /// Waits until `due`, as exactly as the system allows. Returns at once if `due` is past.
    ///
    /// # Errors
    /// [`Stopped`] as soon as the server stops.
    #[expect(clippy::disallowed_methods, reason = "on the thread of the source")]
    pub fn wait_until(&self, due: Instant) -> Result<(), Stopped> {
        while !self.cancellation.is_cancelled() {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            thread::park_timeout(left);
        }
        Err(Stopped)
    }
}

/// Runs a blocking source on a thread.
#[derive(Debug)]
pub struct Blocking<S> {
    thread_name: String,
    source: S,
}

impl<S: BlockingSource> Blocking<S> {
    /// Linux shows 15 characters of the thread's name.
    pub fn new(thread_name: impl Into<String>, source: S) -> Self {
        Self { thread_name: thread_name.into(), source }
    }
}

impl<S: BlockingSource> Source for Blocking<S> {
    fn merge_window(&self) -> Interval {
        self.source.merge_window()
    }

    fn run(self: Box<Self>, context: SourceContext) -> BoxFuture<'static, Result<(), SourceError>> {
        Box::pin(run(*self, context, STOP_WITHIN))
    }
}

async fn run<S: BlockingSource>(
    blocking: Blocking<S>,
    context: SourceContext,
    stop_within: Duration,
) -> Result<(), SourceError> {
    let Blocking { thread_name, source } = blocking;
    let blocking_context = BlockingContext::new(&context, Handle::current());
    let cancellation = blocking_context.cancellation.clone();
    let (ended, mut end) = oneshot::channel();
    let thread = thread::Builder::new()
        .name(thread_name)
        .spawn(move || drop(ended.send(source.run(&blocking_context))))
        .map_err(SourceError::NoThread)?;
    let stop = StopOnDrop { cancellation: cancellation.clone(), thread: thread.thread().clone() };
    // A closed channel without a result: the thread has panicked.
    let result = |end: Result<_, oneshot::error::RecvError>| end.unwrap_or(Err(SourceError::Panicked));
    tokio::select! {
        end = &mut end => return result(end),
        () = cancellation.cancelled() => drop(stop),
    }
    tokio::time::timeout(stop_within, end).await.map_or(Err(SourceError::Stuck(stop_within)), result)
}

/// Cancels and wakes the thread, also if the future that waits for it is dropped.
struct StopOnDrop {
    cancellation: CancellationToken,
    thread: Thread,
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.cancellation.cancel();
        self.thread.unpark();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc as std_mpsc;

    use super::*;
    use crate::ingest::batch_queue::{BatchReceiver, batch_queue};
    use crate::ingest::test_registry::TestRegistry;

    /// Does not check its context until it is released, and then reports the context's answer.
    struct Hangs {
        released: std_mpsc::Receiver<()>,
        said: std_mpsc::Sender<Result<(), Stopped>>,
    }

    impl BlockingSource for Hangs {
        fn run(self, context: &BlockingContext) -> Result<(), SourceError> {
            let _sender_dropped = self.released.recv();
            let said = context.send(Batch::row(protocol::GroupId(1), protocol::Timestamp::default(), []));
            let _test_ended = self.said.send(said);
            Ok(said?)
        }
    }

    struct Stage {
        context: SourceContext,
        batches: BatchReceiver,
        source: Blocking<Hangs>,
        release: std_mpsc::Sender<()>,
        says: std_mpsc::Receiver<Result<(), Stopped>>,
    }

    fn stage() -> Stage {
        let (sender, batches) = batch_queue();
        let ((release, released), (said, says)) = (std_mpsc::channel(), std_mpsc::channel());
        let source = Blocking::new("hangs", Hangs { released, said });
        Stage { context: Arc::new(TestRegistry::default()).context(sender), batches, source, release, says }
    }

    #[tokio::test]
    async fn a_blocked_thread_is_abandoned_and_does_not_keep_the_queue_open() {
        let Stage { context, mut batches, source, release, says } = stage();
        context.cancellation.cancel();
        let ended = run(source, context, Duration::from_millis(1)).await;
        assert!(matches!(ended, Err(SourceError::Stuck(_))), "{ended:?}");
        assert_eq!(batches.recv().await, None);
        release.send(()).expect("the thread still waits");
        assert_eq!(says.recv().expect("the thread ends"), Err(Stopped));
    }

    #[tokio::test]
    async fn a_source_that_waits_for_room_in_the_queue_stops_at_once() {
        /// Sends to a queue that nobody reads.
        struct Fills;

        impl BlockingSource for Fills {
            fn run(self, context: &BlockingContext) -> Result<(), SourceError> {
                loop {
                    context.send(Batch::row(protocol::GroupId(1), clock::now(), []))?;
                }
            }
        }

        let (sender, batches) = batch_queue();
        let context = Arc::new(TestRegistry::default()).context(sender);
        let (cancellation, health) = (context.cancellation.clone(), context.registrar.health().clone());
        let running = tokio::spawn(run(Blocking::new("fills", Fills), context, Duration::from_mins(1)));
        while health.status().last_delivery.is_none() {
            tokio::task::yield_now().await;
        }
        // Long enough for the queue to be full. If it is not yet, the test passes all the same.
        tokio::time::sleep(Duration::from_millis(50)).await;
        cancellation.cancel();
        let ended = running.await.expect("does not panic");
        assert!(matches!(ended, Err(SourceError::Stopped(Stopped))), "{ended:?}");
        drop(batches);
    }

    #[tokio::test]
    async fn a_thread_is_cancelled_when_its_future_is_dropped() {
        /// Waits for longer than any test.
        struct Waits(std_mpsc::Sender<Result<(), Stopped>>);

        impl BlockingSource for Waits {
            fn run(self, context: &BlockingContext) -> Result<(), SourceError> {
                let _started = self.0.send(Ok(()));
                let _test_ended = self.0.send(context.wait_until(Instant::now() + Duration::from_hours(1)));
                Ok(())
            }
        }

        let Stage { context, .. } = stage();
        let (said, says) = std_mpsc::channel();
        let running = tokio::spawn(Box::new(Blocking::new("waits", Waits(said))).run(context));
        tokio::task::yield_now().await;
        let says = tokio::task::spawn_blocking(move || says.recv().map(|_| says)).await.expect("does not panic");
        running.abort();
        let waited = tokio::task::spawn_blocking(move || says.expect("started").recv());
        assert_eq!(waited.await.expect("does not panic"), Ok(Err(Stopped)));
    }

    #[tokio::test]
    async fn a_blocking_source_sends_lines_and_events() {
        /// Sends a line and an event.
        struct Talks;

        impl BlockingSource for Talks {
            fn run(self, context: &BlockingContext) -> Result<(), SourceError> {
                let (time, text, labels) = (clock::now(), "said".to_owned(), Vec::new());
                let severity = protocol::Severity::Info;
                context.log(vec![LogLine { time, severity, text: text.clone(), labels: labels.clone() }])?;
                Ok(context.event(Event { time, kind: protocol::EventKind::Annotation, text, labels })?)
            }
        }

        let (sender, mut batches) = batch_queue();
        let context = Arc::new(TestRegistry::default()).context(sender);
        run(Blocking::new("talks", Talks), context, Duration::from_mins(1)).await.expect("does not fail");
        let entries: Vec<Entry> = std::iter::from_fn(|| batches.take_entry()).collect();
        let [lines, event] = &entries[..] else { panic!("found {entries:?}") };
        assert!(matches!(&lines.content, EntryContent::Logs(lines) if lines[0].text == "said"));
        assert!(matches!(&event.content, EntryContent::Event(event) if event.text == "said"));
    }
}
