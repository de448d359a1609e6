//! The position that the server holds of each run of a publisher: which `Rows` messages are new, which are repeated, and how many
//! rows the publisher has lost. No I/O, no clock.

use std::collections::VecDeque;

/// Runs that are remembered of one publisher: those of programs that share its name by mistake, and of restarts during an outage.
const MAX_RUNS: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    New,
    /// Its rows are already in the stream.
    Repeated,
}

/// The positions in the runs of one publisher.
#[derive(Debug, Default)]
pub struct Positions {
    /// The newest last.
    runs: VecDeque<Position>,
}

#[derive(Debug)]
struct Position {
    run: u64,
    number: u64,
    lost: u64,
}

impl Positions {
    /// Makes `run` the current one, and returns the number that is held of it. Forgets the run that was opened longest ago.
    pub fn open(&mut self, run: u64) -> u64 {
        let known = self.runs.iter().position(|known| known.run == run);
        let known = known.and_then(|place| self.runs.remove(place)).unwrap_or(Position { run, number: 0, lost: 0 });
        let number = known.number;
        self.runs.push_back(known);
        if self.runs.len() > MAX_RUNS {
            self.runs.pop_front();
        }
        number
    }

    /// The number that is held of the current run; 0 before the first.
    pub fn held(&self) -> u64 {
        self.runs.back().map_or(0, |run| run.number)
    }

    pub fn judge(&self, number: u64) -> Message {
        if number > self.held() { Message::New } else { Message::Repeated }
    }

    /// Holds the message with this number, whose rows are in the stream. `lost` is what the publisher has lost in this run so far.
    /// Returns how many rows of these were not known.
    pub fn hold(&mut self, number: u64, lost: u64) -> u64 {
        let Some(run) = self.runs.back_mut() else { return 0 };
        run.number = run.number.max(number);
        let more = lost.saturating_sub(run.lost);
        run.lost += more;
        more
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_run_that_returns_continues_at_its_number_and_the_oldest_is_forgotten() {
        let mut positions = Positions::default();
        assert_eq!(positions.open(1), 0);
        positions.hold(7, 0);
        for run in 2..=MAX_RUNS as u64 {
            assert_eq!(positions.open(run), 0);
        }
        assert_eq!(positions.open(1), 7);
        assert_eq!(positions.open(100), 0, "run 2 is forgotten");
        positions.hold(3, 0);
        assert_eq!(positions.open(1), 7);
        assert_eq!(positions.runs.len(), MAX_RUNS);
    }

    #[test]
    fn lost_rows_are_counted_once_and_a_smaller_count_changes_nothing() {
        let mut positions = Positions::default();
        positions.open(1);
        assert_eq!(positions.hold(1, 5), 5);
        assert_eq!(positions.hold(4, 8), 3);
        assert_eq!(positions.hold(5, 2), 0);
        assert_eq!(positions.hold(6, u64::MAX), u64::MAX - 8);
    }

    /// What happens to a publisher.
    #[derive(Clone, Debug)]
    enum Step {
        /// A row is measured and gets a number.
        Measure,
        /// The first unsent message reaches the server.
        Send,
        /// The answer with the held number reaches the publisher.
        Answer,
        /// The connection is lost, with what is on its way. The next one is opened.
        Cut,
        /// The program starts again: what it had not sent is gone.
        Restart,
        /// The server starts again.
        ServerRestart,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            8 => Just(Step::Measure),
            8 => Just(Step::Send),
            4 => Just(Step::Answer),
            2 => Just(Step::Cut),
            1 => Just(Step::Restart),
            1 => Just(Step::ServerRestart),
        ]
    }

    /// A publisher whose buffer holds this many messages of one row.
    const BUFFER: usize = 4;

    #[derive(Default)]
    struct Model {
        run: u64,
        next: u64,
        lost: u64,
        /// Numbers that are not known to be held.
        buffer: VecDeque<u64>,
        /// Those up to this one were sent on this connection.
        sent: u64,
    }

    impl Model {
        fn measure(&mut self) {
            self.next += 1;
            self.buffer.push_back(self.next);
            if self.buffer.len() > BUFFER {
                self.buffer.pop_front();
                self.lost += 1;
            }
        }

        fn forget_held(&mut self, number: u64) {
            self.buffer.retain(|&waits| waits > number);
            self.sent = self.sent.max(number);
        }

        fn next_unsent(&self) -> Option<u64> {
            self.buffer.iter().copied().find(|&waits| waits > self.sent)
        }
    }

    proptest! {
        /// Every row of a run is in the stream exactly once, and in order, or is counted as lost. While the buffer drops a message that
        /// was sent and whose answer is on its way, its row is counted although it arrived: never the reverse.
        #[test]
        fn every_row_is_accepted_once_or_counted_as_lost(steps in vec(step(), 0..200)) {
            let (mut server, mut publisher) = (Positions::default(), Model { run: 1, ..Model::default() });
            let mut accepted: Vec<(u64, u64)> = Vec::new();
            let mut of_dead_servers = 0;
            let open = |server: &mut Positions, publisher: &mut Model| {
                publisher.sent = 0;
                let held = server.open(publisher.run);
                publisher.forget_held(held);
            };
            open(&mut server, &mut publisher);
            for step in steps.into_iter().chain(std::iter::repeat_n(Step::Send, BUFFER)) {
                match step {
                    Step::Measure => publisher.measure(),
                    Step::Send => {
                        let Some(number) = publisher.next_unsent() else { continue };
                        publisher.sent = number;
                        // On the other connection of a doubled publisher the same message may arrive again.
                        for _ in 0..2 {
                            if server.judge(number) == Message::New {
                                accepted.push((publisher.run, number));
                                server.hold(number, publisher.lost);
                            }
                        }
                    }
                    Step::Answer => publisher.forget_held(server.held()),
                    Step::Cut => open(&mut server, &mut publisher),
                    Step::Restart => {
                        publisher = Model { run: publisher.run + 1, ..Model::default() };
                        (accepted, of_dead_servers) = (Vec::new(), 0);
                        open(&mut server, &mut publisher);
                    }
                    Step::ServerRestart => {
                        // Its memory, and with it what it had accepted, is gone: that is the epoch's gap of its viewers.
                        of_dead_servers += accepted.len() as u64;
                        (server, accepted) = (Positions::default(), Vec::new());
                        open(&mut server, &mut publisher);
                    }
                }
                prop_assert!(accepted.is_sorted_by(|earlier, later| earlier < later), "{accepted:?}");
            }
            let counted = accepted.len() as u64 + of_dead_servers + publisher.lost;
            prop_assert!(counted >= publisher.next, "{} of {} rows are accounted for", counted, publisher.next);
        }
    }
}
