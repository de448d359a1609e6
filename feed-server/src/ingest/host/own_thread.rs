//! A subject whose reading takes longer than the thread of all readers may wait: it is read on a thread of its own.

use std::time::{Duration, Instant};

use crate::ingest::deadline_reader::{Answer, DeadlineReader};
use crate::ingest::health::SourceHealth;
use crate::ingest::reader_threads::ReaderThreads;

pub(super) struct OwnThread<T> {
    readings: DeadlineReader<T>,
    /// The time after which an answer that is not there is asked for again.
    pause: Duration,
    awaits: Option<Duration>,
}

impl<T: Send + 'static> OwnThread<T> {
    /// `part` is the name in messages. Linux shows 15 characters of `thread`.
    pub(super) fn new(
        part: &str,
        thread: &'static str,
        pause: Duration,
        read: impl FnMut() -> T + Send + 'static,
    ) -> Self {
        let readings = DeadlineReader::new(part, &ReaderThreads::new(thread, 1), read);
        Self { readings, pause, awaits: None }
    }

    /// Requests a reading in the first call of a turn, and returns it in the call in which it is there. Never waits.
    pub(super) fn take(&mut self, health: &SourceHealth, now: Instant) -> Option<T> {
        let mut answer = self.readings.poll(health, now);
        if matches!(answer, Answer::Idle) {
            self.readings.request(now);
            answer = Answer::Pending;
        }
        self.awaits = matches!(answer, Answer::Pending).then_some(self.pause);
        match answer {
            Answer::Fresh(reading) => Some(reading),
            Answer::Idle | Answer::Pending | Answer::Stuck => None,
        }
    }

    /// See [`Reader::awaits`](crate::ingest::host::reader::Reader::awaits).
    pub(super) const fn awaits(&self) -> Option<Duration> {
        self.awaits
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::ingest::deadline_reader::STUCK_AFTER;

    #[test]
    fn a_turn_has_one_reading_and_one_that_does_not_answer_ends_the_turn() {
        let (answer, answers) = mpsc::channel();
        let (health, start) = (SourceHealth::new("test"), Instant::now());
        let pause = Duration::from_millis(1);
        let mut own = OwnThread::new("slow sensors", "test", pause, move || answers.recv().unwrap_or(0));
        assert_eq!((own.take(&health, start), own.awaits()), (None, Some(pause)));
        answer.send(7).expect("is read");
        while own.awaits().is_some() {
            if let Some(reading) = own.take(&health, start) {
                assert_eq!((reading, own.awaits()), (7, None));
            }
        }
        assert_eq!(own.take(&health, start), None);
        assert_eq!((own.take(&health, start + STUCK_AFTER), own.awaits()), (None, None));
        assert_eq!(&*health.status().stuck[0].part, "slow sensors");
        answer.send(8).expect("is read");
        while own.take(&health, start + STUCK_AFTER) != Some(8) {}
        assert_eq!(health.status().stuck, []);
    }
}
