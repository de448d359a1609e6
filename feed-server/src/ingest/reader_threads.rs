//! Threads for readings that may block, as many as are blocked and one more.
//!
//! A file system whose server is lost blocks the thread that asks it, and no call can end that. Readings wait in a queue; a
//! thread takes one after another. If the first of the queue waits for more than 50 ms, the threads are blocked and one
//! more is started, up to a limit. A thread that has nothing to do ends if another one is idle.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// A reading takes microseconds to milliseconds: a queue that does not move for this long is blocked.
const PATIENCE: Duration = Duration::from_millis(50);
/// The time that threads have to end with their pool. A thread that is not blocked needs less.
const END_WITHIN: Duration = Duration::from_millis(200);

/// Cheap to clone. When the last clone is dropped, idle threads end, and blocked ones are logged and left behind.
#[derive(Clone, Debug)]
pub struct ReaderThreads(Arc<Pool>);

#[derive(Debug)]
struct Pool {
    name: &'static str,
    limit: usize,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Notified when a reading is added, when the pool closes, and when a thread ends.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Reading>,
    started: u64,
    /// The number of each thread, and what it reads.
    threads: BTreeMap<u64, Option<Arc<str>>>,
    is_limit_logged: bool,
    is_closed: bool,
}

struct Reading {
    part: Arc<str>,
    queued: Instant,
    read: Box<dyn FnOnce() + Send>,
}

impl ReaderThreads {
    /// Linux shows 15 characters of `name`. At most `limit` threads exist at a time.
    pub fn new(name: &'static str, limit: usize) -> Self {
        Self(Arc::new(Pool { name, limit, shared: Arc::default() }))
    }

    /// Runs `read` on a thread as soon as one is free. `part` is its name in messages.
    pub(super) fn run(&self, part: Arc<str>, now: Instant, read: impl FnOnce() + Send + 'static) {
        let mut state = self.0.shared.state.lock();
        state.queue.push_back(Reading { part, queued: now, read: Box::new(read) });
        if state.threads.is_empty() {
            self.0.start_thread(&mut state);
        }
        self.0.shared.changed.notify_one();
    }

    /// Starts a thread if the queue does not move. Called while an answer is awaited.
    pub(super) fn relieve(&self, now: Instant) {
        let mut state = self.0.shared.state.lock();
        let is_late = state.queue.front().is_some_and(|first| now.saturating_duration_since(first.queued) > PATIENCE);
        // A thread that has not begun takes the first reading as soon as it runs.
        if !is_late || state.threads.values().any(Option::is_none) {
            return;
        }
        if state.threads.len() < self.0.limit {
            self.0.start_thread(&mut state);
            return;
        }
        if !std::mem::replace(&mut state.is_limit_logged, true) {
            let (limit, waiting) = (self.0.limit, state.queue.len());
            tracing::warn!(
                threads = self.0.name,
                "all {limit} threads, the limit, are blocked, and {waiting} more reading(s) wait for one of them to answer"
            );
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.shared.state.lock().threads.len()
    }
}

impl Pool {
    fn start_thread(&self, state: &mut State) {
        let number = state.started;
        let shared = Arc::clone(&self.shared);
        match thread::Builder::new().name(self.name.to_owned()).spawn(move || shared.work(number)) {
            Ok(_detached) => {
                state.started += 1;
                state.threads.insert(number, None);
            }
            // Tried again while the queue does not move.
            Err(error) if !std::mem::replace(&mut state.is_limit_logged, true) => {
                tracing::warn!(threads = self.name, %error, "cannot start a thread: its readings wait for another one");
            }
            Err(_) => {}
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock();
        state.is_closed = true;
        state.queue.clear();
        self.shared.changed.notify_all();
        let end = Instant::now() + END_WITHIN;
        while !state.threads.is_empty() && !self.shared.changed.wait_until(&mut state, end).timed_out() {}
        for part in state.threads.values().flatten() {
            tracing::warn!(threads = self.name, part = &**part, "no answer: its thread is left behind");
        }
    }
}

impl Shared {
    fn work(&self, number: u64) {
        let mut state = self.state.lock();
        loop {
            if let Some(reading) = state.queue.pop_front() {
                state.threads.insert(number, Some(Arc::clone(&reading.part)));
                drop(state);
                (reading.read)();
                state = self.state.lock();
                state.threads.insert(number, None);
                continue;
            }
            state.is_limit_logged = false;
            let idle = state.threads.values().filter(|reading| reading.is_none()).count();
            if state.is_closed || idle > 1 {
                break;
            }
            self.changed.wait(&mut state);
        }
        state.threads.remove(&number);
        self.changed.notify_all();
    }
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading").field("part", &self.part).field("queued", &self.queued).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn part(name: &str) -> Arc<str> {
        name.into()
    }

    /// Queues a reading that blocks until the sender is dropped, and waits until a thread has taken it.
    fn block(threads: &ReaderThreads) -> mpsc::Sender<()> {
        let ((release, released), (began, begins)) = (mpsc::channel::<()>(), mpsc::channel());
        threads.run(part("blocked"), Instant::now(), move || {
            let _test_ended = began.send(());
            let _dropped = released.recv();
        });
        while begins.try_recv().is_err() {
            threads.relieve(Instant::now());
            thread::yield_now();
        }
        release
    }

    fn until(condition: impl Fn() -> bool) {
        while !condition() {
            thread::yield_now();
        }
    }

    #[test]
    fn readings_that_answer_share_one_thread() {
        let threads = ReaderThreads::new("test", 8);
        let (sender, answers) = mpsc::channel();
        for number in 0..100 {
            let sender = sender.clone();
            threads.run(part("quick"), Instant::now(), move || sender.send(number).expect("the test waits"));
        }
        assert_eq!(answers.iter().take(100).collect::<Vec<_>>(), (0..100).collect::<Vec<_>>());
        assert_eq!(threads.len(), 1);
    }

    #[test]
    fn each_blocked_reading_takes_a_thread_and_the_others_continue_up_to_the_limit() {
        let threads = ReaderThreads::new("test", 3);
        let releases = [(); 3].map(|()| block(&threads));
        let (sender, answers) = mpsc::channel();
        threads.run(part("waits"), Instant::now(), move || sender.send(()).expect("the test waits"));
        threads.relieve(Instant::now() + 2 * PATIENCE);
        assert_eq!(threads.len(), 3, "no more than the limit");
        assert!(answers.try_recv().is_err());
        drop(releases);
        answers.recv().expect("read when a thread is free");
        until(|| threads.len() == 1);
    }

    #[test]
    fn threads_end_with_their_pool_and_a_blocked_one_does_not_delay_it() {
        let threads = ReaderThreads::new("test", 2);
        let release = block(&threads);
        let shared = Arc::clone(&threads.0.shared);
        drop(threads);
        assert_eq!(shared.state.lock().threads.len(), 1, "the blocked one is left behind");
        drop(release);
        until(|| shared.state.lock().threads.is_empty());
    }
}
