//! A thread for calls that may block for long, such as reads from a file server.
//!
//! Calls run in order, and one that panics ends only itself. A caller waits for a limited time only, and a limited number
//! of calls wait: a call that hangs takes this thread and nothing else. When the last owner is dropped the thread ends;
//! one that hangs then is left behind.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use thiserror::Error;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// Calls that may wait: more than a page has files.
const MAX_WAITING: usize = 64;

type Call = Box<dyn FnOnce() + Send>;

/// The thread is started by the first call.
#[derive(Debug)]
pub struct BlockingThread {
    name: &'static str,
    calls: Mutex<Option<SyncSender<Call>>>,
}

/// The reason why a call has no result.
#[derive(Debug, Error)]
pub enum NotDone {
    #[error("{MAX_WAITING} calls, the limit, wait for {thread}")]
    Busy { thread: &'static str },
    #[error("{thread} did not answer within {within:?}")]
    Late { thread: &'static str, within: Duration },
    #[error("cannot start the thread for {thread}: {error}")]
    NoThread { thread: &'static str, error: io::Error },
    #[error("a call of {thread} panicked")]
    Panicked { thread: &'static str },
}

impl BlockingThread {
    /// `name` says what the calls wait for. Linux shows 15 characters of it.
    pub const fn new(name: &'static str) -> Self {
        Self { name, calls: Mutex::new(None) }
    }

    /// Runs `call` on the thread, and waits for its result at most for `within`. A call that has not begun by then is left
    /// out.
    ///
    /// # Errors
    /// [`NotDone`] at once if too many calls wait or there is no thread; later if the time is over.
    pub async fn call<T: Send + 'static>(
        &self,
        within: Duration,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotDone> {
        let thread = self.name;
        let (result, done) = oneshot::channel();
        self.start(move || {
            if !result.is_closed() {
                let _too_late = result.send(call());
            }
        })?;
        match timeout(within, done).await {
            Ok(result) => result.map_err(|_panicked| NotDone::Panicked { thread }),
            Err(_elapsed) => Err(NotDone::Late { thread, within }),
        }
    }

    /// Runs `call` on the thread, without waiting for it.
    ///
    /// # Errors
    /// [`NotDone`] if too many calls wait or there is no thread.
    pub fn start(&self, call: impl FnOnce() + Send + 'static) -> Result<(), NotDone> {
        let mut calls = self.calls.lock();
        let sender = match &*calls {
            Some(sender) => sender,
            None => calls.insert(spawn(self.name).map_err(|error| NotDone::NoThread { thread: self.name, error })?),
        };
        // The thread ends only after its sender.
        sender.try_send(Box::new(call)).map_err(|_full| NotDone::Busy { thread: self.name })
    }
}

fn spawn(name: &str) -> io::Result<SyncSender<Call>> {
    let (sender, calls) = sync_channel::<Call>(MAX_WAITING);
    let run = move || {
        for call in calls {
            // The panic hook has logged it, and the caller finds its result missing.
            let _panicked = catch_unwind(AssertUnwindSafe(call));
        }
    };
    thread::Builder::new().name(name.to_owned()).spawn(run)?;
    Ok(sender)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const TEST_DEADLINE: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn a_call_that_hangs_delays_its_callers_for_a_limited_time_and_the_thread_then_continues() {
        let thread = BlockingThread::new("test");
        let (release, released) = mpsc::channel::<()>();
        let (begun, begins) = mpsc::channel();
        let hangs = move || {
            begun.send(()).expect("the test waits");
            let _released = released.recv();
        };
        thread.start(hangs).expect("room");
        begins.recv_timeout(TEST_DEADLINE).expect("the call has begun");
        let (ran, runs) = mpsc::channel();
        let within = Duration::from_millis(1);
        assert!(matches!(thread.call(within, move || ran.send(())).await, Err(NotDone::Late { .. })));
        for _ in 1..MAX_WAITING {
            thread.start(|| ()).expect("room");
        }
        assert!(matches!(thread.call(within, || ()).await, Err(NotDone::Busy { .. })));
        release.send(()).expect("the call waits");
        let answer = loop {
            match thread.call(TEST_DEADLINE, || 7).await {
                Err(NotDone::Busy { .. }) => tokio::task::yield_now().await,
                answer => break answer.expect("the thread continues"),
            }
        };
        assert_eq!(answer, 7);
        assert!(runs.recv().is_err(), "a call whose caller has left is left out");
    }

    #[tokio::test]
    async fn a_call_that_panics_ends_neither_the_caller_nor_later_calls() {
        let thread = BlockingThread::new("test");
        let panicked = thread.call(TEST_DEADLINE, || panic!("a panic on purpose")).await;
        assert!(matches!(panicked, Err(NotDone::Panicked { .. })), "{panicked:?}");
        assert_eq!(thread.call(TEST_DEADLINE, || 7).await.expect("the thread continues"), 7);
    }
}
