//! The part of the history that one viewer still has to be sent.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use protocol::{BlockMode, EncodedRows, GroupId, Sequence};

use crate::stream::group_history::Arrival;
use crate::stream::selected_series::{Columns, SelectedSeries};
use crate::stream::slab::Slab;

/// The part of the history that one viewer still has to be sent.
#[derive(Debug, Default)]
pub struct Backfill {
    pub(super) parts: VecDeque<Part>,
    pub(super) continuity: Continuity,
}

/// The rest of one track.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) group: GroupId,
    pub(super) arrival: Arrival,
    pub(super) rows: Range<u64>,
    /// Of the next block.
    pub(super) mode: BlockMode,
    /// The viewer holds the rows before these: rows that are evicted before they could be sent leave a hole.
    pub(super) is_joined: bool,
    pub(super) columns: Columns,
}

/// The rows that a backfill sends next.
#[derive(Clone, Debug)]
pub struct NextRows {
    pub group: GroupId,
    pub arrival: Arrival,
    /// Their numbers in their track.
    pub rows: Range<u64>,
    pub mode: BlockMode,
    /// The sequence of the last of them: late rows may be added to open ones without a new number.
    pub through: Sequence,
    pub content: NextContent,
    /// The columns that are sent.
    pub columns: Columns,
}

#[derive(Clone, Debug)]
pub enum NextContent {
    Sealed(EncodedRows),
    Closed(Arc<Slab>),
    /// More rows may be added to these: [`History::open_rows`](super::history::History::open_rows) copies them. They include rows that arrived since the backfill
    /// began, since late ones lie between the others.
    Open,
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

    /// The part of it that has selected series.
    #[must_use]
    pub fn of(mut self, selected: &SelectedSeries) -> Self {
        self.parts.retain_mut(|part| {
            let Some(columns) = selected.of_group(part.group) else { return false };
            part.columns = columns.clone();
            true
        });
        self
    }

    /// Adds the rows of `window` of the series `added`, of which the viewer does not hold all rows.
    #[must_use]
    pub fn with_added(mut self, added: &SelectedSeries, window: Self) -> Self {
        let is_new = |part: &Part| added.of_group(part.group).is_some_and(|added| added.includes(&part.columns));
        let missed: BTreeMap<_, _> =
            self.parts.iter().map(|part| ((part.group, part.arrival), part.rows.start)).collect();
        let of_window: BTreeSet<_> = window.parts.iter().map(|part| (part.group, part.arrival)).collect();
        let is_of_window = |part: &Part| of_window.contains(&(part.group, part.arrival));
        self.parts.retain(|part| !is_new(part) || !is_of_window(part));
        for mut part in window.parts {
            let Some(columns) = added.of_group(part.group) else { continue };
            if is_new(&part) {
                // Also if the viewer was away for longer than its window.
                let missed = missed.get(&(part.group, part.arrival)).copied();
                part.rows.start = missed.map_or(part.rows.start, |missed| missed.min(part.rows.start));
            } else {
                // The viewer holds other series of the group.
                let Some(columns) = part.columns.of(columns) else { continue };
                (part.columns, part.mode) = (columns, part.arrival.mode());
            }
            self.parts.push_back(part);
        }
        self
    }

    /// Removes the parts of a group that `is_taken` chooses. Returns the group, and the number of the first row, of each.
    pub fn take_groups(&mut self, is_taken: impl Fn(GroupId) -> bool) -> Vec<(GroupId, Arrival, u64)> {
        let (taken, kept): (VecDeque<Part>, _) =
            std::mem::take(&mut self.parts).into_iter().partition(|part| is_taken(part.group));
        self.parts = kept;
        taken.into_iter().map(|part| (part.group, part.arrival, part.rows.start)).collect()
    }

    pub fn is_done(&self) -> bool {
        self.parts.is_empty()
    }

    /// Returns whether rows that the viewer misses were evicted since the last call.
    pub fn take_continuity(&mut self) -> Continuity {
        std::mem::take(&mut self.continuity)
    }

    /// Records that these rows, which [`History::next_rows`](super::history::History::next_rows) returned last, have none of the selected series.
    pub fn passed(&mut self, next: &NextRows) {
        let mode = self.parts.front().map(|part| part.mode);
        self.sent(next);
        let is_same = |part: &Part| (part.group, part.arrival) == (next.group, next.arrival);
        if let Some((part, mode)) = self.parts.front_mut().zip(mode).filter(|(part, _)| is_same(part)) {
            part.mode = mode;
        }
    }

    /// Records that the viewer was sent these rows, which [`History::next_rows`](super::history::History::next_rows) returned last.
    pub fn sent(&mut self, next: &NextRows) {
        if let Some(part) = self.parts.front_mut() {
            (part.rows.start, part.mode, part.is_joined) = (next.rows.end, part.arrival.mode(), true);
            if part.rows.is_empty() {
                self.parts.pop_front();
            }
        }
        // The late rows of the group lie between these.
        if let Some(late) = self.parts.iter_mut().take(2).find(|part| part.group == next.group) {
            late.is_joined = true;
        }
    }
}
