//! The last minutes of every group, in memory, column by column.
//!
//! Each row keeps the sequence number with which it was sent, so that a viewer is sent exactly the rows after its
//! position. There are two bounds: age, and bytes over all groups. Eviction increases [`History::evicted_through`]; a
//! viewer whose position is before that is sent a gap.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use protocol::column::MISSING;
use protocol::{GroupId, Interval, Sequence, SeriesId, Timestamp};

use crate::ingest::batch::Batch;

const VALUE_BYTES: usize = size_of::<f64>();

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
    /// The frame of each row, as ranges of rows, oldest first.
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

/// The part of the history that one viewer still has to be sent.
#[derive(Debug, Default)]
pub struct Backfill {
    parts: VecDeque<Part>,
    continuity: Continuity,
}

/// The rest of one group.
#[derive(Debug)]
struct Part {
    group: GroupId,
    rows: Range<u64>,
    /// The viewer holds the rows before these: rows that are evicted before they could be sent leave a hole.
    is_joined: bool,
}

/// The rows that a backfill reads next, all of one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextRows {
    pub rows: usize,
    /// Columns of the group, of which a chunk may have fewer.
    pub columns: usize,
    pub first_time: Timestamp,
}

/// Continuity of a backfill: rows between the viewer's last row and the next one may have been evicted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Continuity {
    #[default]
    Unbroken,
    RowsEvicted,
}

/// Rows of one group, copied out of the history. Reused from chunk to chunk.
#[derive(Debug, Default)]
pub struct RowChunk {
    pub times: Vec<Timestamp>,
    /// Series that have a value in these rows.
    series: Vec<SeriesId>,
    /// The columns, one after another.
    values: Vec<f64>,
}

impl RowChunk {
    /// A column for each series that has a value in these rows.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = (SeriesId, &[f64])> {
        self.series.iter().copied().zip(self.values.chunks_exact(self.times.len().max(1)))
    }
}

impl Backfill {
    /// The same for a viewer that was sent a gap: rows that are evicted from now on leave another gap.
    #[must_use]
    pub fn joined(mut self) -> Self {
        self.parts.iter_mut().for_each(|part| part.is_joined = true);
        self
    }

    pub fn is_done(&self) -> bool {
        self.parts.is_empty()
    }

    /// Returns whether rows that the viewer misses were evicted since the last call.
    pub fn take_continuity(&mut self) -> Continuity {
        std::mem::take(&mut self.continuity)
    }
}

impl History {
    /// A history that reaches back at most `span` and holds at most `limit_bytes` bytes of samples.
    pub const fn new(span: Interval, limit_bytes: usize) -> Self {
        Self { span, limit_bytes, groups: BTreeMap::new(), evicted_through: Sequence(0) }
    }

    /// The bound on the age of samples.
    pub const fn span(&self) -> Interval {
        self.span
    }

    pub fn bytes(&self) -> usize {
        self.groups.values().map(GroupHistory::bytes).sum()
    }

    /// The position after which every row is still held.
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

    /// Drops rows older than the span, and then the oldest rows of the largest groups until the rest fits the bound.
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
        let parts = self.groups.iter().map(part).filter(|part| !part.rows.is_empty()).collect();
        Backfill { parts, continuity: Continuity::Unbroken }
    }

    /// Finds the next rows of `backfill`, after those that were evicted; `None` at its end.
    pub fn next_rows(&self, backfill: &mut Backfill) -> Option<NextRows> {
        while let Some(Part { group, rows, is_joined }) = backfill.parts.front_mut() {
            if let Some(group) = self.groups.get(group) {
                if rows.start < group.first_row {
                    rows.start = group.first_row;
                    if *is_joined {
                        backfill.continuity = Continuity::RowsEvicted;
                    }
                }
                if let Some(&first_time) = group.times.get((rows.start - group.first_row) as usize)
                    && !rows.is_empty()
                {
                    let (rows, columns) = ((rows.end - rows.start) as usize, group.columns.len());
                    return Some(NextRows { rows, columns, first_time });
                }
            }
            backfill.parts.pop_front();
        }
        None
    }

    /// Copies the next `count` rows of `backfill` into `chunk` and returns their group; `None` at its end. `count` is at
    /// most the number that [`History::next_rows`] returned just before.
    pub fn take_rows(&self, backfill: &mut Backfill, count: usize, chunk: &mut RowChunk) -> Option<GroupId> {
        let part = backfill.parts.front_mut()?;
        let (id, group) = (part.group, self.groups.get(&part.group)?);
        let rows = part.rows.start..part.rows.start + count as u64;
        part.rows.start = rows.end;
        part.is_joined |= count > 0;
        if part.rows.is_empty() {
            backfill.parts.pop_front();
        }
        group.copy_rows(rows, chunk);
        Some(id)
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

    fn copy_rows(&self, rows: Range<u64>, chunk: &mut RowChunk) {
        let held = (rows.start - self.first_row) as usize..(rows.end - self.first_row) as usize;
        let RowChunk { times, series, values } = chunk;
        times.clear();
        times.extend(self.times.range(held.clone()));
        series.clear();
        values.clear();
        for (&id, column) in &self.columns {
            let start = values.len();
            values.extend(column.values.range(held.clone()));
            if values[start..].iter().all(|value| value.to_bits() == MISSING.to_bits()) {
                values.truncate(start);
            } else {
                series.push(id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    const GROUP: GroupId = GroupId(1);

    fn row(second: i64, value: f64) -> Batch {
        Batch::row(GROUP, Timestamp::from_micros(second * 1_000_000), [(SeriesId(1), value)])
    }

    /// Times (in seconds) and values of series 1 in all frames of a backfill.
    fn drain(history: &History, mut backfill: Backfill) -> Vec<(i64, f64)> {
        let mut out = Vec::new();
        let mut chunk = RowChunk::default();
        while let Some(next) = history.next_rows(&mut backfill) {
            history.take_rows(&mut backfill, next.rows.min(300), &mut chunk).expect("rows are left");
            let missing = vec![MISSING; chunk.times.len()];
            let values = chunk.columns().find(|column| column.0 == SeriesId(1)).map_or(&missing[..], |column| column.1);
            out.extend(chunk.times.iter().map(|t| t.micros() / 1_000_000).zip(values.iter().copied()));
        }
        assert_eq!(backfill.take_continuity(), Continuity::Unbroken, "no row is evicted meanwhile");
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
    fn rows_after_a_position_are_returned_in_order() {
        let history = filled(10);
        let missed = drain(&history, history.after(Sequence(7)));
        assert_eq!(missed, [(8, 8.0), (9, 9.0), (10, 10.0)]);
        assert!(history.after(Sequence(10)).is_done());
        assert_eq!(drain(&history, history.after(Sequence(0))).len(), 10);
    }

    #[test]
    fn a_window_returns_the_rows_since_its_start() {
        let history = filled(10);
        let window = drain(&history, history.since(Timestamp::from_micros(8_500_000)));
        assert_eq!(window, [(9, 9.0), (10, 10.0)]);
    }

    #[test]
    fn rows_older_than_the_span_are_evicted_and_the_position_moves() {
        let mut history = filled(100);
        history.evict(Timestamp::from_micros(100_000_000));
        assert_eq!(drain(&history, history.after(Sequence(0))).first(), Some(&(40, 40.0)));
        assert_eq!(history.evicted_through(), Sequence(39));
    }

    #[test]
    fn bytes_stay_below_the_bound_for_any_span() {
        let mut history = History::new(Interval::from_secs(1_000_000), 1_600);
        for second in 1..=1_000 {
            history.push(&row(second, 0.5), Sequence(second as u64));
            history.evict(Timestamp::from_micros(second * 1_000_000));
            assert!(history.bytes() <= 1_600);
        }
        assert!(history.bytes() > 1_200);
    }

    #[test]
    fn a_long_backfill_in_chunks_returns_every_row() {
        let mut history = History::new(Interval::from_secs(1_000_000), 1 << 30);
        for second in 1..=20_000 {
            history.push(&row(second, (second as f64).sqrt()), Sequence(second as u64));
        }
        let all = drain(&history, history.after(Sequence(0)));
        assert_eq!(all.len(), 20_000);
        assert!(all.iter().all(|&(second, value)| value.to_bits() == (second as f64).sqrt().to_bits()));
    }

    #[test]
    fn rows_evicted_during_a_backfill_break_continuity_only_after_rows_that_the_viewer_holds() {
        let evicted_while = |begin: fn(&History) -> Backfill, sent_before: usize| {
            let mut history = filled(50);
            let mut backfill = begin(&history);
            if sent_before > 0 {
                history.next_rows(&mut backfill).expect("rows are left");
                history.take_rows(&mut backfill, sent_before, &mut RowChunk::default()).expect("rows are left");
            }
            history.span = Interval::from_secs(10);
            history.evict(Timestamp::from_micros(50_000_000));
            history.next_rows(&mut backfill).expect("rows are left");
            backfill.take_continuity()
        };
        assert_eq!(evicted_while(|history| history.since(Timestamp::default()), 0), Continuity::Unbroken);
        assert_eq!(evicted_while(|history| history.since(Timestamp::default()), 5), Continuity::RowsEvicted);
        assert_eq!(evicted_while(|history| history.after(Sequence(10)), 0), Continuity::RowsEvicted);
    }

    #[test]
    fn absent_series_have_missing_values() {
        let mut history = filled(2);
        let other = Batch::row(GROUP, Timestamp::from_micros(3_000_000), [(SeriesId(2), 7.0)]);
        history.push(&other, Sequence(3));
        history.push(&row(4, 4.0), Sequence(4));
        let bits: Vec<u64> = drain(&history, history.after(Sequence(0))).iter().map(|row| row.1.to_bits()).collect();
        assert_eq!(bits, [1.0, 2.0, MISSING, 4.0].map(f64::to_bits));
        history.evict(Timestamp::from_micros(63_500_000));
        assert_eq!(history.groups[&GROUP].columns.len(), 1, "a series without values is dropped");
    }
}
