//! The last minutes of every group, in memory, column by column.
//!
//! Each row remembers the sequence number it was sent with, so that a viewer can be given exactly what came after a
//! position it holds. Bounded twice: by age, and by bytes over all groups; what is evicted moves
//! [`History::evicted_through`] forward, and a viewer whose position lies before that is told of a gap.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use protocol::column::MISSING;
use protocol::{BlockBuffer, EncodeError, GroupId, Interval, Sequence, SeriesId, Timestamp};

use crate::ingest::batch::Batch;
use crate::stream::packing::Room;

const VALUE_BYTES: usize = size_of::<f64>();

/// A block of fewer rows packs badly.
const MIN_ROWS: usize = 128;

/// The samples of the last minutes.
#[derive(Debug)]
pub struct History {
    span: Interval,
    limit_bytes: usize,
    groups: BTreeMap<GroupId, GroupHistory>,
    evicted_through: Sequence,
}

#[derive(Debug, Default)]
struct GroupHistory {
    times: VecDeque<Timestamp>,
    columns: BTreeMap<SeriesId, SeriesHistory>,
    /// Number of the oldest row held, counted from the group's first.
    first_row: u64,
    /// Which rows came with which frame, oldest first.
    marks: VecDeque<Mark>,
}

#[derive(Debug, Default)]
struct SeriesHistory {
    values: VecDeque<f64>,
    /// One past the last row that has a value.
    last_present: u64,
}

/// Rows before `end_row` were sent with `sequence` or earlier.
#[derive(Clone, Copy, Debug)]
struct Mark {
    sequence: Sequence,
    end_row: u64,
}

/// What one viewer still has to be given of the past.
#[derive(Debug, Default)]
pub struct Backfill {
    parts: VecDeque<Part>,
}

/// What is left of one group.
#[derive(Debug)]
struct Part {
    group: GroupId,
    rows: Range<u64>,
    /// The viewer holds what came before: rows that are evicted before they could be given leave a hole.
    is_joined: bool,
}

/// What has become of a part of a backfill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filled {
    /// All of its rows are there.
    Whole,
    /// Rows before these were evicted before they could be given.
    WithHole,
}

impl Backfill {
    /// The same for a viewer that was told of a hole: what is evicted from now on leaves another.
    #[must_use]
    pub fn joined(mut self) -> Self {
        self.parts.iter_mut().for_each(|part| part.is_joined = true);
        self
    }

    /// Whether nothing is left.
    pub fn is_done(&self) -> bool {
        self.parts.is_empty()
    }
}

impl History {
    /// A history that reaches back at most `span` and holds at most `limit_bytes` bytes of samples.
    pub const fn new(span: Interval, limit_bytes: usize) -> Self {
        Self { span, limit_bytes, groups: BTreeMap::new(), evicted_through: Sequence(0) }
    }

    /// How far back it may reach.
    pub const fn span(&self) -> Interval {
        self.span
    }

    /// Bytes of samples held.
    pub fn bytes(&self) -> usize {
        self.groups.values().map(GroupHistory::bytes).sum()
    }

    /// Every row sent after this position is still held.
    pub const fn evicted_through(&self) -> Sequence {
        self.evicted_through
    }

    /// The time of the newest row of a group.
    pub fn newest(&self, group: GroupId) -> Option<Timestamp> {
        self.groups.get(&group)?.times.back().copied()
    }

    /// Appends rows that are sent with `sequence`. Their times rise above [`History::newest`].
    pub fn push(&mut self, batch: &Batch, sequence: Sequence) {
        self.groups.entry(batch.group).or_default().push(batch, sequence);
    }

    /// Drops what is older than the span, and then the oldest rows of the largest groups until the rest fits the limit.
    /// Returns the oldest time that may still be held.
    pub fn evict(&mut self, now: Timestamp) -> Timestamp {
        let oldest = now - self.span;
        for group in self.groups.values_mut() {
            let rows = group.times.partition_point(|&time| time < oldest);
            self.evicted_through = self.evicted_through.max(group.evict(rows));
        }
        let mut bytes = self.bytes();
        while bytes > self.limit_bytes {
            let Some(largest) = self.groups.values_mut().max_by_key(|group| group.bytes()) else { break };
            // A sixteenth at a time, so that a large excess does not take a pass a row.
            let rows = largest.times.len().div_ceil(16);
            self.evicted_through = self.evicted_through.max(largest.evict(rows));
            bytes = self.bytes();
        }
        oldest
    }

    /// Drops all rows of a group.
    pub fn forget(&mut self, group: GroupId) {
        if let Some(group) = self.groups.get_mut(&group) {
            self.evicted_through = self.evicted_through.max(group.evict(group.times.len()));
        }
    }

    /// Every row at or after `since`.
    pub fn since(&self, since: Timestamp) -> Backfill {
        self.backfill(|group| group.first_row + group.times.partition_point(|&time| time < since) as u64)
    }

    /// Every row that was sent after `position`.
    pub fn after(&self, position: Sequence) -> Backfill {
        self.backfill(|group| group.first_row_after(position)).joined()
    }

    fn backfill(&self, first_row: impl Fn(&GroupHistory) -> u64) -> Backfill {
        let part = |(&id, group): (&GroupId, &GroupHistory)| Part {
            group: id,
            rows: first_row(group)..group.end_row(),
            is_joined: false,
        };
        Backfill { parts: self.groups.iter().map(part).filter(|part| !part.rows.is_empty()).collect() }
    }

    /// Moves the next frame's worth of `backfill` into `blocks`.
    ///
    /// # Errors
    /// Only what the encoder refuses, which would be a defect here.
    pub fn fill(&self, backfill: &mut Backfill, blocks: &mut BlockBuffer) -> Result<Filled, EncodeError> {
        let mut filled = Filled::Whole;
        blocks.start(Timestamp::default());
        let mut room = Room::of_a_frame();
        let mut times = Vec::new();
        let mut values = Vec::new();
        while let Some(Part { group: id, rows, is_joined }) = backfill.parts.front_mut() {
            let Some(group) = self.groups.get(id) else {
                backfill.parts.pop_front();
                continue;
            };
            if rows.start < group.first_row {
                rows.start = group.first_row;
                if *is_joined {
                    filled = Filled::WithHole;
                }
            }
            let columns = group.columns.len();
            let left = rows.end.saturating_sub(rows.start) as usize;
            let count = room.rows(columns).min(left);
            // Packed, a block leaves most of the room that it might have taken; the last of it is not worth a block.
            if count < left.min(MIN_ROWS) && !blocks.is_empty() || count == 0 && left > 0 {
                return Ok(filled);
            }
            if blocks.is_empty() {
                blocks.start(group.times.get((rows.start - group.first_row) as usize).copied().unwrap_or_default());
            }
            let chunk = rows.start..rows.start + count as u64;
            rows.start = chunk.end;
            *is_joined |= count > 0;
            group.append_block(*id, chunk, &mut times, &mut values, blocks)?;
            room.take(blocks.len(), columns.max(1) * count);
            if rows.start >= rows.end {
                backfill.parts.pop_front();
            }
        }
        Ok(filled)
    }
}

impl GroupHistory {
    fn end_row(&self) -> u64 {
        self.first_row + self.times.len() as u64
    }

    fn bytes(&self) -> usize {
        self.times.len() * (self.columns.len() + 1) * VALUE_BYTES
    }

    fn push(&mut self, batch: &Batch, sequence: Sequence) {
        let held = self.times.len();
        self.times.extend(&batch.times);
        let end_row = self.end_row();
        for column in &batch.columns {
            let series = self.columns.entry(column.series).or_default();
            series.values.resize(held, MISSING);
            series.values.extend(&column.values);
            series.last_present = end_row;
        }
        for series in self.columns.values_mut() {
            series.values.resize(self.times.len(), MISSING);
        }
        self.marks.push_back(Mark { sequence, end_row });
    }

    /// Drops the oldest `rows` rows and returns the last sequence of which any was dropped.
    fn evict(&mut self, rows: usize) -> Sequence {
        let rows = rows.min(self.times.len());
        if rows == 0 {
            return Sequence(0);
        }
        self.times.drain(..rows);
        self.first_row += rows as u64;
        let first_row = self.first_row;
        for series in self.columns.values_mut() {
            series.values.drain(..rows);
        }
        self.columns.retain(|_, series| series.last_present > first_row);
        let mut evicted = Sequence(0);
        while let Some(&mark) = self.marks.front() {
            evicted = mark.sequence;
            if mark.end_row > first_row {
                break;
            }
            self.marks.pop_front();
            if mark.end_row == first_row {
                break;
            }
        }
        evicted
    }

    fn first_row_after(&self, position: Sequence) -> u64 {
        let held = self.marks.partition_point(|mark| mark.sequence <= position);
        match held.checked_sub(1).and_then(|last| self.marks.get(last)) {
            Some(mark) => mark.end_row.max(self.first_row),
            None => self.first_row,
        }
    }

    fn append_block(
        &self,
        id: GroupId,
        rows: Range<u64>,
        times: &mut Vec<Timestamp>,
        values: &mut Vec<f64>,
        blocks: &mut BlockBuffer,
    ) -> Result<(), EncodeError> {
        let held = (rows.start - self.first_row) as usize..(rows.end - self.first_row) as usize;
        let count = held.len();
        if count == 0 {
            return Ok(());
        }
        times.clear();
        times.extend(self.times.range(held.clone()));
        values.clear();
        let mut present = Vec::with_capacity(self.columns.len());
        for (&series, column) in &self.columns {
            let start = values.len();
            values.extend(column.values.range(held.clone()));
            if values[start..].iter().all(|value| value.to_bits() == MISSING.to_bits()) {
                values.truncate(start);
            } else {
                present.push(series);
            }
        }
        blocks.push(id, times, present.into_iter().zip(values.chunks_exact(count)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    const GROUP: GroupId = GroupId(1);

    fn row(second: i64, value: f64) -> Batch {
        Batch::row(GROUP, Timestamp::from_micros(second * 1_000_000), [(SeriesId(1), value)])
    }

    /// Times (in seconds) and values of series 1 that a backfill gives, over as many frames as it takes.
    fn drain(history: &History, mut backfill: Backfill) -> Vec<(i64, f64)> {
        let mut out = Vec::new();
        let mut blocks = BlockBuffer::default();
        while !backfill.is_done() {
            let filled = history.fill(&mut backfill, &mut blocks).expect("encodes");
            assert_eq!(filled, Filled::Whole, "nothing is evicted meanwhile");
            assert!(blocks.len() <= crate::stream::packing::FRAME_ROOM_BYTES);
            for block in &blocks.blocks() {
                let mut values = vec![MISSING; block.rows as usize];
                for column in block.columns.iter().filter(|column| column.series == SeriesId(1)) {
                    column.values().expect("known").copy_to(&mut values);
                }
                out.extend(block.times.iter().map(|t| t.micros() / 1_000_000).zip(values));
            }
        }
        out
    }

    fn filled(rows: i64) -> History {
        let mut history = History::new(Interval::from_secs(60), 1 << 20);
        for second in 1..=rows {
            history.push(&row(second, second as f64), Sequence(second as u64));
        }
        history
    }

    #[test]
    fn a_viewer_gets_what_was_sent_after_its_position() {
        let history = filled(10);
        let missed = drain(&history, history.after(Sequence(7)));
        assert_eq!(missed, [(8, 8.0), (9, 9.0), (10, 10.0)]);
        assert!(history.after(Sequence(10)).is_done());
        assert_eq!(drain(&history, history.after(Sequence(0))).len(), 10);
    }

    #[test]
    fn a_window_is_cut_by_time() {
        let history = filled(10);
        let window = drain(&history, history.since(Timestamp::from_micros(8_500_000)));
        assert_eq!(window, [(9, 9.0), (10, 10.0)]);
    }

    #[test]
    fn what_is_too_old_goes_and_the_position_says_so() {
        let mut history = filled(100);
        history.evict(Timestamp::from_micros(100_000_000));
        assert_eq!(drain(&history, history.after(Sequence(0))).first(), Some(&(40, 40.0)));
        assert_eq!(history.evicted_through(), Sequence(39));
    }

    #[test]
    fn memory_is_bounded_whatever_the_span() {
        let mut history = History::new(Interval::from_secs(1_000_000), 1_600);
        for second in 1..=1_000 {
            history.push(&row(second, 0.5), Sequence(second as u64));
            history.evict(Timestamp::from_micros(second * 1_000_000));
            assert!(history.bytes() <= 1_600);
        }
        assert!(history.bytes() > 1_200);
    }

    #[test]
    fn a_long_backfill_spans_frames_and_loses_nothing() {
        let mut history = History::new(Interval::from_secs(1_000_000), 1 << 30);
        for second in 1..=20_000 {
            history.push(&row(second, (second as f64).sqrt()), Sequence(second as u64));
        }
        let all = drain(&history, history.after(Sequence(0)));
        assert_eq!(all.len(), 20_000);
        assert!(all.iter().all(|&(second, value)| value.to_bits() == (second as f64).sqrt().to_bits()));
    }

    #[test]
    fn rows_evicted_before_they_were_given_are_a_hole_where_rows_before_them_are_held() {
        type Begin = fn(&History) -> Backfill;
        let mut blocks = BlockBuffer::default();
        let evicted_while = |begin: Begin, given_first: bool, blocks: &mut BlockBuffer| {
            let mut history = History::new(Interval::from_secs(1_000_000), 1 << 30);
            for second in 1..=20_000 {
                history.push(&row(second, (second as f64).sqrt()), Sequence(second as u64));
            }
            let mut backfill = begin(&history);
            if given_first {
                history.fill(&mut backfill, blocks).expect("encodes");
            }
            history.span = Interval::from_secs(10);
            history.evict(Timestamp::from_micros(20_000_000_000));
            history.fill(&mut backfill, blocks).expect("encodes")
        };
        let (window, after): (Begin, Begin) =
            (|history| history.since(Timestamp::default()), |history| history.after(Sequence(100)));
        assert_eq!(evicted_while(window, false, &mut blocks), Filled::Whole, "a shorter window is no hole");
        assert_eq!(evicted_while(window, true, &mut blocks), Filled::WithHole);
        assert_eq!(evicted_while(after, false, &mut blocks), Filled::WithHole);
    }

    #[test]
    fn series_that_come_and_go_leave_holes_not_values() {
        let mut history = filled(2);
        let other = Batch::row(GROUP, Timestamp::from_micros(3_000_000), [(SeriesId(2), 7.0)]);
        history.push(&other, Sequence(3));
        history.push(&row(4, 4.0), Sequence(4));
        let bits: Vec<u64> = drain(&history, history.after(Sequence(0))).iter().map(|row| row.1.to_bits()).collect();
        assert_eq!(bits, [1.0, 2.0, MISSING, 4.0].map(f64::to_bits));
        history.evict(Timestamp::from_micros(63_500_000));
        assert_eq!(history.groups[&GROUP].columns.len(), 1, "a series without values is forgotten");
    }
}
