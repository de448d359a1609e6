//! The times at which readers are due. Time is an argument.

use std::time::{Duration, Instant};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cadence {
    /// At fixed times: a late reading does not delay the next.
    Steady(Duration),
    /// At least this long after the last reading.
    #[cfg_attr(target_os = "linux", allow(dead_code, reason = "of readers of other systems, and of tests"))]
    Spaced(Duration),
}

impl Cadence {
    /// Intended time from reading to reading.
    pub(super) const fn interval(self) -> Duration {
        match self {
            Self::Steady(interval) | Self::Spaced(interval) => interval,
        }
    }
}

#[derive(Debug)]
pub(super) struct Schedule {
    turns: Vec<Turn>,
}

#[derive(Debug)]
struct Turn {
    cadence: Cadence,
    due: Instant,
    /// The turn is not over: the reader is due then, not at `due`.
    again: Option<Instant>,
}

impl Turn {
    fn next(&self) -> Instant {
        self.again.unwrap_or(self.due)
    }
}

impl Schedule {
    /// All are due at `start`, in the order given.
    pub(super) fn new(start: Instant, cadences: impl IntoIterator<Item = Cadence>) -> Self {
        Self { turns: cadences.into_iter().map(|cadence| Turn { cadence, due: start, again: None }).collect() }
    }

    /// Returns the next reader and its time; of several readers due at one time, the first.
    pub(super) fn next(&self) -> Option<(usize, Instant)> {
        let turns = self.turns.iter().enumerate();
        turns.min_by_key(|(_, turn)| turn.next()).map(|(reader, turn)| (reader, turn.next()))
    }

    /// Calls the reader once more in this turn, at `at`: it waits for an answer.
    pub(super) fn again(&mut self, reader: usize, at: Instant) {
        if let Some(turn) = self.turns.get_mut(reader) {
            turn.again = Some(at);
        }
    }

    /// Sets the time of the reader's next turn. Turns that it missed are skipped.
    pub(super) fn done(&mut self, reader: usize, now: Instant) {
        let Some(turn) = self.turns.get_mut(reader) else { return };
        turn.again = None;
        turn.due = match turn.cadence {
            Cadence::Spaced(interval) => now + interval,
            Cadence::Steady(interval) => {
                let late_by = now.saturating_duration_since(turn.due).as_nanos() % interval.as_nanos().max(1);
                let to_next = interval.saturating_sub(Duration::from_nanos(late_by as u64));
                now.max(turn.due) + to_next
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn every_reader_has_its_first_turn_before_any_has_a_second() {
        let start = Instant::now();
        let mut schedule =
            Schedule::new(start, [Cadence::Steady(ms(10)), Cadence::Steady(ms(1000)), Cadence::Spaced(ms(200))]);
        for reader in 0..3 {
            assert_eq!(schedule.next(), Some((reader, start)));
            // Each turn takes longer than the shortest interval.
            schedule.done(reader, start + ms(15 * (reader as u64 + 1)));
        }
        assert_eq!(schedule.next(), Some((0, start + ms(20))));
    }

    #[test]
    fn a_late_reading_does_not_delay_the_next() {
        let start = Instant::now();
        let mut schedule = Schedule::new(start, [Cadence::Steady(ms(100))]);
        schedule.done(0, start + ms(3));
        assert_eq!(schedule.next(), Some((0, start + ms(100))));
        schedule.done(0, start + ms(199));
        assert_eq!(schedule.next(), Some((0, start + ms(200))));
    }

    #[test]
    fn turns_missed_in_a_stall_are_skipped() {
        let start = Instant::now();
        let mut schedule = Schedule::new(start, [Cadence::Steady(ms(100))]);
        schedule.done(0, start + ms(5_042));
        assert_eq!(schedule.next(), Some((0, start + ms(5_100))));
        schedule.done(0, start + ms(5_200));
        assert_eq!(
            schedule.next(),
            Some((0, start + ms(5_300))),
            "a turn that ends when the next is due waits for the one after"
        );
    }

    #[test]
    fn a_spaced_reader_is_never_read_too_soon() {
        let start = Instant::now();
        let mut schedule = Schedule::new(start, [Cadence::Spaced(ms(200))]);
        schedule.done(0, start + ms(150));
        assert_eq!(schedule.next(), Some((0, start + ms(350))));
    }

    #[test]
    fn a_reader_that_waits_for_an_answer_keeps_its_times() {
        let start = Instant::now();
        let mut schedule = Schedule::new(start, [Cadence::Steady(ms(100)), Cadence::Steady(ms(30))]);
        schedule.again(0, start + ms(20));
        assert_eq!(schedule.next(), Some((1, start)), "others do not wait");
        schedule.done(1, start + ms(1));
        assert_eq!(schedule.next(), Some((0, start + ms(20))));
        schedule.done(0, start + ms(22));
        assert_eq!(schedule.next(), Some((1, start + ms(30))));
        schedule.done(1, start + ms(110));
        assert_eq!(schedule.next(), Some((0, start + ms(100))));
    }

    #[test]
    fn a_schedule_without_readers_has_no_next() {
        assert_eq!(Schedule::new(Instant::now(), []).next(), None);
    }
}
