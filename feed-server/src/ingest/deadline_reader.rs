//! A resource that may stop answering: a file system, the list of processes.
//!
//! The thread of a source must not wait for such a resource, or everything else that it measures stops too. A
//! [`DeadlineReader`] asks the resource on a thread of [`ReaderThreads`]; the source polls for the answer. A resource that
//! does not answer within [`STUCK_AFTER`] is stuck: it is named in the health of its source and logged once, and it is not
//! asked a second time. When it answers, it is used again.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::ingest::health::{SourceHealth, StuckMark};
use crate::ingest::reader_threads::ReaderThreads;

/// Longer than a disk takes that is busy; a disk that must spin up first may be stuck for a few seconds.
pub const STUCK_AFTER: Duration = Duration::from_secs(5);

/// Reads one resource, one reading at a time.
pub struct DeadlineReader<T> {
    /// In messages, such as `disk space of /mnt/nas`.
    part: Arc<str>,
    threads: ReaderThreads,
    slot: Arc<Mutex<Slot<T>>>,
    requested: Instant,
    stuck: Option<StuckMark>,
}

type Read<T> = Box<dyn FnMut() -> T + Send>;

enum Slot<T> {
    Idle(Read<T>),
    /// The function that reads is with the thread.
    Reading,
    Answered(Read<T>, T),
    Panicked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// Nothing was requested since the last answer.
    Idle,
    Fresh(T),
    Pending,
    /// No answer within [`STUCK_AFTER`].
    Stuck,
}

impl<T: Send + 'static> DeadlineReader<T> {
    pub fn new(part: &str, threads: &ReaderThreads, read: impl FnMut() -> T + Send + 'static) -> Self {
        let slot = Arc::new(Mutex::new(Slot::Idle(Box::new(read) as Read<T>)));
        Self { part: part.into(), threads: threads.clone(), slot, requested: Instant::now(), stuck: None }
    }

    /// Requests a reading, unless one is under way. An answer that was not taken is dropped.
    pub fn request(&mut self, now: Instant) {
        let mut slot = self.slot.lock();
        let mut read = match std::mem::replace(&mut *slot, Slot::Reading) {
            Slot::Idle(read) | Slot::Answered(read, _) => read,
            under_way => {
                *slot = under_way;
                return;
            }
        };
        drop(slot);
        self.requested = now;
        let slot = Arc::clone(&self.slot);
        self.threads.run(Arc::clone(&self.part), now, move || {
            let answer = catch_unwind(AssertUnwindSafe(&mut read));
            *slot.lock() = answer.map_or(Slot::Panicked, |value| Slot::Answered(read, value));
        });
    }

    /// Takes the answer if it has arrived. Never waits.
    pub fn poll(&mut self, health: &SourceHealth, now: Instant) -> Answer<T> {
        let mut slot = self.slot.lock();
        match std::mem::replace(&mut *slot, Slot::Reading) {
            Slot::Answered(read, value) => {
                *slot = Slot::Idle(read);
                drop(slot);
                self.answered(health, now);
                Answer::Fresh(value)
            }
            Slot::Idle(read) => {
                *slot = Slot::Idle(read);
                Answer::Idle
            }
            Slot::Reading => {
                drop(slot);
                self.threads.relieve(now);
                self.unanswered(health, now)
            }
            Slot::Panicked => {
                *slot = Slot::Panicked;
                drop(slot);
                self.unanswered(health, now)
            }
        }
    }

    fn answered(&mut self, health: &SourceHealth, now: Instant) {
        if self.stuck.take().is_some() {
            let seconds = now.saturating_duration_since(self.requested).as_secs();
            tracing::info!(source = health.source(), part = &*self.part, "answers again after {seconds} s");
        }
    }

    fn unanswered(&mut self, health: &SourceHealth, now: Instant) -> Answer<T> {
        let waited = now.saturating_duration_since(self.requested);
        if waited < STUCK_AFTER {
            return Answer::Pending;
        }
        if self.stuck.is_none() {
            self.stuck = Some(health.stuck(Arc::clone(&self.part), self.requested));
            let (source, part, seconds) = (health.source(), &*self.part, waited.as_secs());
            tracing::warn!(source, part, "no answer for {seconds} s: not measured until it answers");
        }
        Answer::Stuck
    }
}

impl<T> fmt::Debug for DeadlineReader<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadlineReader").field("part", &self.part).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    /// A resource that answers with what it is sent, and blocks until then.
    fn resource(name: &str, threads: &ReaderThreads) -> (DeadlineReader<u32>, mpsc::Sender<u32>) {
        let (sender, answers) = mpsc::channel();
        (DeadlineReader::new(name, threads, move || answers.recv().unwrap_or_default()), sender)
    }

    fn until_fresh(reader: &mut DeadlineReader<u32>, health: &SourceHealth) -> u32 {
        loop {
            if let Answer::Fresh(value) = reader.poll(health, Instant::now()) {
                return value;
            }
            thread::yield_now();
        }
    }

    fn stuck(health: &SourceHealth) -> Vec<String> {
        health.status().stuck.iter().map(|stuck| stuck.part.to_string()).collect()
    }

    #[test]
    fn an_answer_is_returned_once() {
        let (threads, health) = (ReaderThreads::new("test", 2), SourceHealth::new("test"));
        let (mut reader, answers) = resource("a", &threads);
        assert_eq!(reader.poll(&health, Instant::now()), Answer::Idle);
        for value in [7, 8] {
            reader.request(Instant::now());
            assert_eq!(reader.poll(&health, Instant::now()), Answer::Pending);
            answers.send(value).expect("is read");
            assert_eq!(until_fresh(&mut reader, &health), value);
            assert_eq!(reader.poll(&health, Instant::now()), Answer::Idle);
        }
    }

    #[test]
    fn a_blocked_reading_is_stuck_and_named_until_it_answers_and_others_continue() {
        let (threads, health) = (ReaderThreads::new("test", 2), SourceHealth::new("test"));
        let (mut blocked, answers) = resource("disk space of /mnt/nas", &threads);
        let (mut quick, quick_answers) = resource("disk space of /", &threads);
        let requested = Instant::now();
        blocked.request(requested);
        assert_eq!(blocked.poll(&health, requested), Answer::Pending);
        assert_eq!(stuck(&health), [""; 0]);
        for value in 0..3 {
            quick_answers.send(value).expect("is read");
            quick.request(Instant::now());
            assert_eq!(until_fresh(&mut quick, &health), value);
            assert_eq!(blocked.poll(&health, requested + STUCK_AFTER), Answer::Stuck);
            blocked.request(Instant::now());
            assert!(threads.len() <= 2, "a stuck resource is not asked again");
        }
        assert_eq!(stuck(&health), ["disk space of /mnt/nas"]);
        answers.send(9).expect("is read");
        assert_eq!(until_fresh(&mut blocked, &health), 9);
        assert_eq!(stuck(&health), [""; 0]);
        answers.send(10).expect("is read");
        blocked.request(Instant::now());
        assert_eq!(until_fresh(&mut blocked, &health), 10);
    }

    #[test]
    fn a_stuck_resource_that_is_no_longer_read_is_no_longer_named() {
        let (threads, health) = (ReaderThreads::new("test", 2), SourceHealth::new("test"));
        let (mut reader, _answers) = resource("gone", &threads);
        reader.request(Instant::now());
        assert_eq!(reader.poll(&health, Instant::now() + STUCK_AFTER), Answer::Stuck);
        assert_eq!(stuck(&health), ["gone"]);
        drop(reader);
        assert_eq!(stuck(&health), [""; 0]);
    }

    #[test]
    fn a_name_with_a_line_feed_makes_no_line_of_the_log() {
        let (lines, log) = std::io::pipe().expect("a pipe");
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(Arc::new(log)).finish();
        // With one dispatcher alone, a test without a log that is first at a call site would disable it for all.
        let _second_dispatcher = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
        tracing::subscriber::with_default(subscriber, || {
            let (threads, health) = (ReaderThreads::new("test", 1), SourceHealth::new("test"));
            let ((began, begins), (answers, answered)) = (mpsc::channel(), mpsc::channel::<u32>());
            let mut reader = DeadlineReader::new("disk space of /mnt/a\nERROR forged", &threads, move || {
                let _test_ended = began.send(());
                answered.recv().unwrap_or_default()
            });
            reader.request(Instant::now());
            begins.recv().expect("begins");
            assert_eq!(reader.poll(&health, Instant::now() + STUCK_AFTER), Answer::Stuck);
            answers.send(1).expect("is read");
            until_fresh(&mut reader, &health);
            reader.request(Instant::now());
            begins.recv().expect("begins");
            // The thread of the second reading is left behind.
            drop((reader, threads));
            drop(answers);
        });
        let log = std::io::read_to_string(lines).expect("UTF-8");
        assert_eq!(log.matches(r"/mnt/a\nERROR forged").count(), 3, "{log}");
        assert!(log.lines().all(|line| !line.starts_with("ERROR")), "{log}");
    }

    #[test]
    fn a_reading_that_panics_is_stuck_and_its_thread_continues() {
        let (threads, health) = (ReaderThreads::new("test", 1), SourceHealth::new("test"));
        let mut panics = DeadlineReader::<u32>::new("panics", &threads, || panic!("a planted panic"));
        panics.request(Instant::now());
        let (mut reader, answers) = resource("a", &threads);
        answers.send(1).expect("is read");
        reader.request(Instant::now());
        assert_eq!(until_fresh(&mut reader, &health), 1);
        assert_eq!(panics.poll(&health, Instant::now() + STUCK_AFTER), Answer::Stuck);
        assert_eq!(stuck(&health), ["panics"]);
    }
}
