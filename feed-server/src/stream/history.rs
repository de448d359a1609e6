//! The last minutes of every group, in memory, column by column.
//!
//! Each row keeps the sequence number with which it was sent, so that a viewer is sent exactly the rows after its
//! position. There are two bounds: age, and bytes over all groups. Eviction increases [`History::evicted_through`]; a
//! viewer whose position is before that is sent a gap.
//!
//! The rows of a group are held in slabs of fixed size. The bound on bytes counts allocated memory, and the oldest slab of the
//! largest group is evicted first.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;

use protocol::{GroupId, Interval, Sequence, Timestamp};

use crate::ingest::batch::BatchSlice;
use crate::stream::group_history::GroupHistory;
pub use crate::stream::group_history::RowChunk;

/// Of the bound on bytes this part is left to the allocator, which cannot use all memory between slabs. Measured: 3 to 11 % of
/// the slabs' memory, the most with many narrow groups.
const UNUSABLE_PART: usize = 16;

/// The samples of the last minutes.
#[derive(Debug)]
pub struct History {
    span: Interval,
    limit_bytes: usize,
    groups: BTreeMap<GroupId, GroupHistory>,
    /// Bytes of all groups.
    bytes: usize,
    by_bytes: BTreeSet<(usize, GroupId)>,
    /// The groups that have rows, by the time of the oldest.
    by_oldest: BTreeSet<(Timestamp, GroupId)>,
    evicted_through: Sequence,
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
    /// Columns of these rows, of which a chunk may have fewer.
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
    /// A history that reaches back at most `span` and takes at most `limit_bytes` bytes of memory.
    pub const fn new(span: Interval, limit_bytes: usize) -> Self {
        Self {
            span,
            limit_bytes,
            groups: BTreeMap::new(),
            bytes: 0,
            by_bytes: BTreeSet::new(),
            by_oldest: BTreeSet::new(),
            evicted_through: Sequence(0),
        }
    }

    /// The bound on the age of samples.
    pub const fn span(&self) -> Interval {
        self.span
    }

    /// The bound on bytes.
    pub const fn limit_bytes(&self) -> usize {
        self.limit_bytes
    }

    /// Bytes of memory: allocated, not only used.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The position after which every row is still held.
    pub const fn evicted_through(&self) -> Sequence {
        self.evicted_through
    }

    /// The time of the newest row of a group.
    pub fn newest(&self, group: GroupId) -> Option<Timestamp> {
        self.groups.get(&group)?.newest()
    }

    /// Appends rows that are sent with `sequence`. Their times rise above [`History::newest`], and their series rise.
    pub fn push<'a>(&mut self, rows: impl Into<BatchSlice<'a>>, sequence: Sequence) {
        let rows = rows.into();
        self.change(rows.group(), |group| group.push(&rows, sequence));
    }

    /// Drops rows older than the span, and then the oldest slabs of the largest groups until the rest, with `more_bytes` that
    /// are held elsewhere, fits the bound. Returns the oldest time that may still be held. The work is proportional to what is
    /// evicted.
    pub fn evict(&mut self, now: Timestamp, more_bytes: usize) -> Timestamp {
        let oldest = now - self.span;
        while let Some(&(time, group)) = self.by_oldest.first()
            && time < oldest
        {
            let evicted = self.change(group, |group| group.evict_before(oldest));
            self.record_evicted(evicted);
        }
        let limit = (self.limit_bytes - self.limit_bytes / UNUSABLE_PART).saturating_sub(more_bytes);
        while self.bytes > limit
            && let Some(&(_, largest)) = self.by_bytes.last()
        {
            let evicted = self.change(largest, GroupHistory::evict_slab);
            if evicted.is_none() {
                break;
            }
            self.record_evicted(evicted);
        }
        oldest
    }

    /// Drops all rows of a group.
    pub fn forget(&mut self, group: GroupId) {
        if self.groups.contains_key(&group) {
            let evicted = self.change(group, GroupHistory::clear);
            self.record_evicted(evicted);
        }
    }

    fn record_evicted(&mut self, evicted: Option<Sequence>) {
        self.evicted_through = self.evicted_through.max(evicted.unwrap_or_default());
    }

    /// Changes one group, and its places in the orders by bytes and by time.
    fn change<T>(&mut self, id: GroupId, change: impl FnOnce(&mut GroupHistory) -> T) -> T {
        let Self { groups, by_bytes, by_oldest, .. } = self;
        let group = groups.entry(id).or_insert_with(|| {
            let group = GroupHistory::default();
            by_bytes.insert((group.bytes(), id));
            self.bytes += group.bytes();
            group
        });
        let (bytes, oldest) = (group.bytes(), group.oldest());
        let changed = change(group);
        if group.bytes() != bytes {
            by_bytes.remove(&(bytes, id));
            by_bytes.insert((group.bytes(), id));
            self.bytes = self.bytes - bytes + group.bytes();
        }
        if group.oldest() != oldest {
            oldest.map(|time| by_oldest.remove(&(time, id)));
            group.oldest().map(|time| by_oldest.insert((time, id)));
        }
        changed
    }

    /// Every row at or after `since`.
    pub fn since(&self, since: Timestamp) -> Backfill {
        self.backfill(|group| group.first_row_since(since))
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

    /// Finds the next rows of `backfill` that one block can have, after those that were evicted; `None` at its end.
    pub fn next_rows(&self, backfill: &mut Backfill) -> Option<NextRows> {
        while let Some(Part { group, rows, is_joined }) = backfill.parts.front_mut() {
            if let Some(group) = self.groups.get(group) {
                if rows.start < group.first_row() {
                    rows.start = group.first_row();
                    if *is_joined {
                        backfill.continuity = Continuity::RowsEvicted;
                    }
                }
                if let Some(first_time) = group.time(rows.start)
                    && !rows.is_empty()
                {
                    let (rows, columns) = group.block(rows);
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
        group.copy_rows(&rows, chunk);
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use protocol::SeriesId;
    use protocol::column::MISSING;

    use super::*;
    use crate::ingest::batch::Batch;

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
        history.evict(Timestamp::from_micros(100_000_000), 0);
        assert_eq!(drain(&history, history.after(Sequence(0))).first(), Some(&(40, 40.0)));
        assert_eq!(history.evicted_through(), Sequence(39));
    }

    #[test]
    fn bytes_stay_below_the_bound_for_any_span() {
        let mut history = History::new(Interval::from_secs(1_000_000), 100_000);
        for second in 1..=20_000 {
            history.push(&row(second, 0.5), Sequence(second as u64));
            history.evict(Timestamp::from_micros(second * 1_000_000), 0);
            assert!(history.bytes() <= 100_000);
        }
        assert!(history.bytes() > 80_000, "found {}", history.bytes());
        history.evict(Timestamp::from_micros(20_000_000_000), 60_000);
        assert!(history.bytes() <= 40_000, "bytes that are held elsewhere count");
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
            history.evict(Timestamp::from_micros(50_000_000), 0);
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
        history.evict(Timestamp::from_micros(63_500_000), 0);
        let next = history.next_rows(&mut history.after(Sequence(0))).expect("a row is left");
        assert_eq!((next.rows, next.columns), (1, 2));
    }
}
