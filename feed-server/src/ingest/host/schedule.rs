//! Which reader is due when. Knows no clock: time is an argument.

use std::time::{Duration, Instant};

/// How often something is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// On a beat that keeps its phase: a late reading does not move the ones after it.
    Steady(Duration),
    /// With at least so much time from reading to reading.
    Spaced(Duration),
}

impl Pace {
    /// As intended, from reading to reading.
    pub(super) const fn interval(self) -> Duration {
        match self {
            Self::Steady(interval) | Self::Spaced(interval) => interval,
        }
    }
}

/// Everyone's next turn.
#[derive(Debug)]
pub(super) struct Schedule {
    turns: Vec<Turn>,
}

#[derive(Debug)]
struct Turn {
    pace: Pace,
    due: Instant,
}

impl Schedule {
    /// All are due at `start`, in the order given.
    pub(super) fn new(start: Instant, paces: impl IntoIterator<Item = Pace>) -> Self {
        Self { turns: paces.into_iter().map(|pace| Turn { pace, due: start }).collect() }
    }

    /// Who is next, and when. Of those due together, the first.
    pub(super) fn next(&self) -> Option<(usize, Instant)> {
        let turns = self.turns.iter().enumerate();
        turns.min_by_key(|(_, turn)| turn.due).map(|(reader, turn)| (reader, turn.due))
    }

    /// Says that the reader's turn is over. Beats that it missed meanwhile are skipped, not made up for.
    pub(super) fn done(&mut self, reader: usize, now: Instant) {
        let Some(turn) = self.turns.get_mut(reader) else { return };
        turn.due = match turn.pace {
            Pace::Spaced(interval) => now + interval,
            Pace::Steady(interval) => {
                let past_beat = now.saturating_duration_since(turn.due).as_nanos() % interval.as_nanos().max(1);
                let to_next_beat = interval.saturating_sub(Duration::from_nanos(past_beat as u64));
                now.max(turn.due) + to_next_beat
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
    fn all_have_their_first_turn_in_order_before_any_has_a_second() {
        let start = Instant::now();
        let mut schedule = Schedule::new(start, [Pace::Steady(ms(10)), Pace::Steady(ms(1000)), Pace::Spaced(ms(200))]);
        for reader in 0..3 {
            assert_eq!(schedule.next(), Some((reader, start)));
            // Each turn takes longer than the fastest beat.
            schedule.done(reader, start + ms(15 * (reader as u64 + 1)));
        }
        assert_eq!(schedule.next(), Some((0, start + ms(20))));
    }

    #[test]
    fn a_late_reading_leaves_the_beat_where_it_was() {
        let start = Instant::now();
        let mut schedule = Schedule::new(start, [Pace::Steady(ms(100))]);
        schedule.done(0, start + ms(3));
        assert_eq!(schedule.next(), Some((0, start + ms(100))));
        schedule.done(0, start + ms(199));
        assert_eq!(schedule.next(), Some((0, start + ms(200))));
    }

    #[test]
    fn after_a_stall_missed_beats_are_skipped() {
        let start = Instant::now();
        let mut schedule = Schedule::new(start, [Pace::Steady(ms(100))]);
        schedule.done(0, start + ms(5_042));
        assert_eq!(schedule.next(), Some((0, start + ms(5_100))));
        schedule.done(0, start + ms(5_200));
        assert_eq!(schedule.next(), Some((0, start + ms(5_300))), "a turn that ends on a beat waits for the one after");
    }

    #[test]
    fn a_spaced_reader_is_never_read_too_soon() {
        let start = Instant::now();
        let mut schedule = Schedule::new(start, [Pace::Spaced(ms(200))]);
        schedule.done(0, start + ms(150));
        assert_eq!(schedule.next(), Some((0, start + ms(350))));
    }

    #[test]
    fn nobody_is_next_when_nobody_reads() {
        assert_eq!(Schedule::new(Instant::now(), []).next(), None);
    }
}
