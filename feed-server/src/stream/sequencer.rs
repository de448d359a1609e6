//! Assigns sequence numbers to rows, keeps them in the history, and chooses the start of each viewer's stream.
//!
//! No I/O: the caller passes the time, encodes, and counts.

use bytes::Bytes;
use protocol::limits::MAX_GROUP_SERIES;
use protocol::{Epoch, Gap, GapCause, GapContent, GroupId, Interval, Sequence, Start, Timestamp};

use crate::ingest::batch::{Batch, BatchSlice};
use crate::ingest::row_order::OutOfOrder;
use crate::stream::backfill::Backfill;
use crate::stream::batches::JoinedBatches;
use crate::stream::entry_log::{EntryCursor, EntryKind, EntryLog};
use crate::stream::frame_cutter::FrameCutter;
use crate::stream::group_sources::GroupSources;
use crate::stream::history::History;
use crate::stream::late_rows::{LateValues, divide};
use crate::stream::selected_series::SelectedSeries;

/// Rows further ahead of the clock than this were measured before the clock was set back. They are dropped, since no later
/// row could follow them. For smaller steps, rows are dropped until the clock catches up.
const MAX_AHEAD: Interval = Interval::from_secs(5);

/// A row further ahead of the clock than this is dropped if the rows before it are not: later rows would not rise above it. Of a
/// group with a merge window, whose rows may come from several clocks, the window is the limit, or [`MAX_AHEAD`].
const MAX_JUMP: Interval = Interval::from_secs(600);

/// One epoch of the stream.
#[derive(Debug)]
pub struct Sequencer {
    epoch: Epoch,
    sequence: Sequence,
    history: History,
    entries: EntryLog,
}

/// The ordered batches of one tick, with the counts of the ordering.
#[derive(Debug)]
pub struct Accepted {
    /// Cut into frames, each of which [`Sequencer::commit`] numbers.
    pub frames: FrameCutter,
    pub rows: usize,
    pub values: usize,
    /// Rows out of the order of time, by group.
    pub out_of_order: Vec<(GroupId, OutOfOrder)>,
    /// Groups of which the history was cleared, because the clock was set back, and the time of the first row since.
    pub cleared: Vec<(GroupId, Timestamp)>,
    /// Groups of batches that were dropped: a column without a value for each row, or too many columns. A defect of a source.
    pub defective: Vec<GroupId>,
}

/// The start of a viewer's stream.
#[derive(Debug)]
pub struct Beginning {
    /// Sent before the backfill.
    pub gap: Option<Gap>,
    /// Sent after the gap.
    pub entries: EntryCursor,
    pub backfill: Backfill,
    /// The position that the viewer holds before the backfill; 0 for none.
    pub held: Sequence,
    /// The position that the viewer holds after the backfill.
    pub position: Sequence,
}

impl Sequencer {
    pub fn new(epoch: Epoch, history: History) -> Self {
        let entries = EntryLog::new(history.span(), history.limit_bytes());
        Self { epoch, sequence: Sequence(0), history, entries }
    }

    /// The number of the last frame of rows or entries; 0 before the first.
    pub const fn sequence(&self) -> Sequence {
        self.sequence
    }

    pub const fn history(&self) -> &History {
        &self.history
    }

    pub const fn history_mut(&mut self) -> &mut History {
        &mut self.history
    }

    /// Joins batches of the same columns, and drops rows that come after the merge window of their source or lie too far ahead.
    /// After the clock was set back, drops the rows ahead of it instead.
    pub fn accept(
        &mut self,
        batches: impl IntoIterator<Item = Batch>,
        sources: &GroupSources,
        now: Timestamp,
    ) -> Accepted {
        let is_ahead = |time: Option<Timestamp>| time.is_some_and(|time| time > now + MAX_AHEAD);
        let (mut joined, mut late) = (JoinedBatches::default(), JoinedBatches::default());
        let mut late_values = LateValues::default();
        let (mut rows, mut values, mut out_of_order) = (0, 0, Vec::new());
        let (mut cleared, mut defective) = (Vec::new(), Vec::new());
        for mut batch in batches {
            if !batch.is_complete() || batch.columns.len() > MAX_GROUP_SERIES {
                defective.push(batch.group);
                continue;
            }
            if batch.rows() == 0 {
                continue;
            }
            batch.sort_columns();
            rows += batch.rows();
            values += batch.values();
            let group = batch.group;
            let window = self.merge_window(group, sources);
            let mut counts = OutOfOrder::default();
            if window > Interval::ZERO {
                counts.repeated = batch.sort_rows() as u64;
            }
            let of_history = self.history.newest(group);
            let mut newest = joined.newest_time(group).or(of_history);
            let limit = now + if window == Interval::ZERO { MAX_JUMP } else { MAX_AHEAD.max(window) };
            if newest.is_some_and(|newest| newest <= limit) {
                counts.ahead = batch.drop_after(limit) as u64;
            }
            // A row that is newer, or late, follows the rows before it, however far ahead their clock is.
            let last = batch.times.last().copied();
            let is_before = last.zip(newest).is_some_and(|(last, newest)| last < newest - window);
            if is_before && is_ahead(newest) && !is_ahead(last) {
                joined.forget(group);
                late.forget(group);
                late_values.forget(group);
                newest = of_history.filter(|_| !is_ahead(of_history));
                if newest.is_none() {
                    cleared.push((group, batch.times[0]));
                    self.history.clear(group);
                }
            }
            let oldest = newest.filter(|_| window > Interval::ZERO).map(|newest| newest - window);
            let oldest = oldest.max(self.history.evicted_before(group).filter(|_| oldest.is_some()));
            let divided = divide(batch, newest, oldest, |time, row| {
                self.history.drop_held(group, time, row);
                joined.drop_held(group, time, row);
                late_values.drop_held(group, time, row);
            });
            counts += divided.out_of_order;
            if !counts.is_empty() {
                out_of_order.push((group, counts));
            }
            if divided.rising.rows() > 0 {
                joined.push(divided.rising);
            }
            if let Some(rows) = divided.late {
                late_values.add(&rows);
                late.push(rows);
            }
        }
        let frames = FrameCutter::new(joined.into_batches(), late.into_batches());
        Accepted { frames, rows, values, out_of_order, cleared, defective }
    }

    fn merge_window(&mut self, group: GroupId, sources: &GroupSources) -> Interval {
        self.history.merge_window(group).unwrap_or_else(|| {
            let window = sources.merge_window(group);
            self.history.set_merge_window(group, window)
        })
    }

    /// Numbers one frame's rows and keeps them.
    pub fn commit(&mut self, rows: &[BatchSlice<'_>]) -> Sequence {
        self.sequence = self.sequence.next();
        for rows in rows {
            self.history.push(rows.clone(), self.sequence);
        }
        self.sequence
    }

    pub const fn entries(&self) -> &EntryLog {
        &self.entries
    }

    /// Numbers an entry and keeps its frame, which was encoded with the number after [`sequence`](Self::sequence).
    pub fn commit_entry(&mut self, kind: EntryKind, now: Timestamp, frame: Bytes) -> Sequence {
        self.sequence = self.sequence.next();
        self.entries.push(kind, self.sequence, now, frame);
        self.entries.evict(now);
        self.sequence
    }

    /// Evicts rows and entries beyond the history's bounds, of which `more_bytes` are held elsewhere. Returns the oldest time that
    /// may still be held.
    pub fn evict(&mut self, now: Timestamp, more_bytes: usize) -> Timestamp {
        self.entries.evict(now);
        self.history.evict(now, more_bytes + self.entries.bytes())
    }

    /// The start of the stream of a viewer that asks for `start` of `selected`. It does not hold all rows of `added`, which are sent
    /// from its window on.
    pub fn begin(&self, start: Start, selected: &SelectedSeries, added: &SelectedSeries, now: Timestamp) -> Beginning {
        let since = |window| self.history.since(now - window).of(selected);
        let entries_since = |window| self.entries.since(now - window, self.sequence);
        let (gap, entries, backfill) = match start {
            Start::Window(window) => (None, entries_since(window), since(window)),
            Start::After { epoch, sequence, window, .. } => {
                let evicted_through = self.history.evicted_through_of(selected);
                let cause = self.gap_cause(epoch, sequence, evicted_through);
                let backfill = match cause {
                    None | Some(GapCause::HistoryExpired) => {
                        self.history.after(sequence).of(selected).with_added(added, since(window))
                    }
                    Some(GapCause::UnknownPosition) => since(window).joined(),
                    // The viewer has no rows of this epoch yet.
                    Some(GapCause::EpochChanged) => since(window),
                };
                let entries = match cause {
                    None | Some(GapCause::HistoryExpired) => self.entries.after(sequence, self.sequence),
                    Some(GapCause::UnknownPosition | GapCause::EpochChanged) => entries_since(window),
                };
                let (until, content) = (evicted_through.next(), GapContent::Rows);
                (cause.map(|cause| Gap { after: sequence, until, cause, content }), entries, backfill)
            }
        };
        let held = match start {
            Start::After { epoch, sequence, .. } if epoch == self.epoch && sequence <= self.sequence => sequence,
            Start::After { .. } | Start::Window(_) => Sequence(0),
        };
        Beginning { gap, entries, backfill, held, position: self.sequence }
    }

    /// The reason why a viewer with this position misses rows; `None` if the history has all of them.
    fn gap_cause(&self, epoch: Epoch, sequence: Sequence, evicted_through: Sequence) -> Option<GapCause> {
        if epoch != self.epoch {
            Some(GapCause::EpochChanged)
        } else if sequence > self.sequence {
            Some(GapCause::UnknownPosition)
        } else {
            (sequence < evicted_through).then_some(GapCause::HistoryExpired)
        }
    }

    /// The gap to send when rows after `held` were evicted before they could be sent.
    pub fn gap_of_evicted_rows(&self, held: Sequence) -> Gap {
        let (until, content) = (self.history.evicted_through().next(), GapContent::Rows);
        Gap { after: held, until, cause: GapCause::HistoryExpired, content }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::health::SourceHealth;
    use crate::ingest::registry::GroupSource;
    use protocol::{GroupId, Revision, SeriesId};

    fn sequencer() -> Sequencer {
        Sequencer::new(Epoch(7), History::new(Interval::from_secs(10), 1 << 20))
    }

    fn row(group: u32, second: i64) -> Batch {
        Batch::row(GroupId(group), Timestamp::from_micros(second * 1_000_000), [(SeriesId(1), 1.0)])
    }

    /// Returns the rows of each block of each frame.
    fn publish(sequencer: &mut Sequencer, batches: Vec<Batch>, second: i64) -> Vec<Vec<usize>> {
        let mut frames =
            sequencer.accept(batches, &GroupSources::default(), Timestamp::from_micros(second * 1_000_000)).frames;
        let mut blocks = Vec::new();
        while let Some(rows) = frames.next_frame() {
            sequencer.commit(&rows);
            blocks.push(rows.iter().map(BatchSlice::rows).collect());
        }
        sequencer.evict(Timestamp::from_micros(second * 1_000_000), 0);
        blocks
    }

    #[test]
    fn batches_of_one_tick_become_one_numbered_frame() {
        let mut sequencer = sequencer();
        let frames = publish(&mut sequencer, vec![row(1, 1), row(2, 1), row(1, 2)], 2);
        assert_eq!(frames, [[2, 1]]);
        assert_eq!(sequencer.sequence(), Sequence(1));
        let late = sequencer.accept([row(1, 2)], &GroupSources::default(), Timestamp::from_micros(2_000_000));
        assert_eq!((late.rows, late.values), (1, 1));
        assert_eq!(late.out_of_order, [(GroupId(1), OutOfOrder { too_late: 1, ..OutOfOrder::default() })]);
    }

    #[test]
    fn a_row_far_ahead_of_the_clock_is_dropped_and_does_not_restart_its_group() {
        let mut sequencer = sequencer();
        publish(&mut sequencer, vec![row(1, 100)], 100);
        let sources = GroupSources::default();
        let ahead = sequencer.accept([row(1, 101 + 601)], &sources, Timestamp::from_micros(101_000_000));
        assert_eq!(ahead.out_of_order, [(GroupId(1), OutOfOrder { ahead: 1, ..OutOfOrder::default() })]);
        let accepted = sequencer.accept([row(1, 101)], &sources, Timestamp::from_micros(101_000_000));
        assert_eq!((accepted.cleared, accepted.out_of_order), (vec![], vec![]));
    }

    #[test]
    fn rows_that_are_all_too_far_ahead_do_not_clear_a_group_whose_clock_is_ahead() {
        let mut sequencer = sequencer();
        publish(&mut sequencer, vec![row(1, 130)], 100);
        let accepted = sequencer.accept([row(1, 3_700)], &GroupSources::default(), Timestamp::from_micros(100_000_000));
        assert_eq!(accepted.cleared, []);
        assert_eq!(accepted.out_of_order, [(GroupId(1), OutOfOrder { ahead: 1, ..OutOfOrder::default() })]);
        assert_eq!(sequencer.history().newest(GroupId(1)), Some(Timestamp::from_micros(130_000_000)));
    }

    #[test]
    fn of_several_clocks_one_that_is_ahead_by_more_than_the_window_is_dropped_and_the_others_go_on() {
        let (mut sequencer, sources) = (sequencer(), GroupSources::default());
        let (health, merge_window) = (SourceHealth::new("test"), Interval::from_secs(2));
        sources.set(GroupId(1), GroupSource { health, merge_window });
        let mut accept = |seconds: &[i64]| {
            let now = Timestamp::from_micros(100_000_000);
            let mut accepted = sequencer.accept(seconds.iter().map(|&second| row(1, second)), &sources, now);
            while let Some(rows) = accepted.frames.next_frame() {
                sequencer.commit(&rows);
            }
            (accepted.cleared, accepted.out_of_order.into_iter().map(|(_, rows)| rows).collect::<Vec<_>>())
        };
        assert_eq!(accept(&[99]), (vec![], vec![]));
        assert_eq!(accept(&[130, 100]), (vec![], vec![OutOfOrder { ahead: 1, ..OutOfOrder::default() }]));
        let merged = OutOfOrder { merged: 1, ..OutOfOrder::default() };
        let repeated = OutOfOrder { repeated: 1, ..OutOfOrder::default() };
        assert_eq!(accept(&[104, 102, 102]), (vec![], vec![merged, repeated]), "in one tick");
        assert_eq!(accept(&[102]), (vec![], vec![repeated]), "and in the next");
    }

    #[test]
    fn a_source_whose_clock_is_ahead_by_the_limit_does_not_restart_its_groups() {
        let mut sequencer = sequencer();
        publish(&mut sequencer, vec![row(1, 105)], 100);
        publish(&mut sequencer, vec![row(1, 107)], 101);
        let accepted = sequencer.accept([row(1, 108)], &GroupSources::default(), Timestamp::from_micros(103_000_000));
        assert_eq!((accepted.cleared, accepted.out_of_order), (vec![], vec![]));
        assert_eq!(sequencer.history().newest(GroupId(1)), Some(Timestamp::from_micros(107_000_000)));
    }

    #[test]
    fn a_batch_without_rows_changes_nothing() {
        let mut sequencer = sequencer();
        publish(&mut sequencer, vec![row(1, 100)], 100);
        let empty = Batch { group: GroupId(1), times: Vec::new(), columns: Vec::new() };
        let accepted = sequencer.accept([empty], &GroupSources::default(), Timestamp::from_micros(50_000_000));
        assert_eq!((accepted.cleared, accepted.rows), (vec![], 0));
        assert!(sequencer.history().newest(GroupId(1)).is_some());
    }

    #[test]
    fn a_batch_with_too_few_values_or_too_many_columns_is_dropped_and_others_are_accepted() {
        let mut sequencer = sequencer();
        let mut short = row(1, 1);
        short.columns[0].values.clear();
        let wide = (0..=MAX_GROUP_SERIES).map(|series| (SeriesId(series as u32), 0.0));
        let wide = Batch::row(GroupId(2), Timestamp::from_micros(1_000_000), wide);
        let accepted =
            sequencer.accept([short, wide, row(3, 1)], &GroupSources::default(), Timestamp::from_micros(1_000_000));
        assert_eq!((accepted.defective, accepted.rows), (vec![GroupId(1), GroupId(2)], 1));
    }

    #[test]
    fn a_gap_is_declared_for_another_epoch_an_unknown_position_and_evicted_rows_only() {
        let mut sequencer = sequencer();
        for second in 1..=40 {
            publish(&mut sequencer, vec![row(1, second)], second);
        }
        let begin = |epoch, sequence| {
            let start = Start::After {
                epoch: Epoch(epoch),
                sequence: Sequence(sequence),
                window: Interval::ZERO,
                revision: Revision(0),
            };
            let (all, none) = (SelectedSeries::Everything, SelectedSeries::default());
            let beginning = sequencer.begin(start, &all, &none, Timestamp::from_micros(40_000_000));
            (beginning.gap.map(|gap| gap.cause), beginning.held)
        };
        assert_eq!(begin(7, 20), (None, Sequence(20)));
        assert_eq!(begin(7, 40), (None, Sequence(40)));
        assert_eq!(begin(7, 3), (Some(GapCause::HistoryExpired), Sequence(3)));
        assert_eq!(begin(7, 41), (Some(GapCause::UnknownPosition), Sequence(0)));
        assert_eq!(begin(6, 15), (Some(GapCause::EpochChanged), Sequence(0)));
        // A part whose groups have lost nothing has no gap.
        let start =
            Start::After { epoch: Epoch(7), sequence: Sequence(3), window: Interval::ZERO, revision: Revision(0) };
        let gap = |groups: &[GroupId]| {
            let selected = SelectedSeries::of_groups(groups);
            let now = Timestamp::from_micros(40_000_000);
            sequencer.begin(start, &selected, &SelectedSeries::default(), now).gap.map(|gap| gap.cause)
        };
        assert_eq!((gap(&[GroupId(2)]), gap(&[])), (None, None));
        assert_eq!(gap(&[GroupId(1), GroupId(2)]), Some(GapCause::HistoryExpired));
    }
}
