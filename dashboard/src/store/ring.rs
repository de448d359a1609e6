//! The ring of one series: its values, or its summaries, and their pyramid.

use std::ops::Range;

use protocol::column::MISSING;
use series::{Pyramid, Summary};

/// What the rings of a group have for each row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Values,
    Summaries,
}

impl Content {
    /// Bytes of a row, without the pyramid.
    pub(super) const fn row_bytes(self) -> usize {
        match self {
            Self::Values => size_of::<f64>(),
            Self::Summaries => size_of::<Summary>(),
        }
    }
}

/// A row's place is its number modulo the capacity.
#[derive(Debug)]
pub(super) struct Ring {
    rows: Rows,
    /// Of the rows that do not change any more.
    pyramid: Pyramid,
}

#[derive(Debug)]
enum Rows {
    Values(Vec<f64>),
    Summaries(Vec<Summary>),
}

impl Ring {
    pub(super) fn new(content: Content, capacity: usize) -> Self {
        let rows = match content {
            Content::Values => Rows::Values(vec![MISSING; capacity]),
            Content::Summaries => Rows::Summaries(vec![Summary::EMPTY; capacity]),
        };
        Self { rows, pyramid: Pyramid::new(capacity) }
    }

    pub(super) const fn capacity(&self) -> usize {
        match &self.rows {
            Rows::Values(values) => values.len(),
            Rows::Summaries(summaries) => summaries.len(),
        }
    }

    /// Allocated bytes.
    pub(super) fn bytes(&self) -> usize {
        let rows = match &self.rows {
            Rows::Values(values) => size_of_val(values.as_slice()),
            Rows::Summaries(summaries) => size_of_val(summaries.as_slice()),
        };
        rows + self.pyramid.bytes()
    }

    /// The value of a row, or the last of a bucket.
    pub(super) fn value(&self, row: u64) -> f64 {
        let place = self.place(row);
        match &self.rows {
            Rows::Values(values) => values[place],
            Rows::Summaries(summaries) => summaries[place].last,
        }
    }

    /// The summary of `rows`, all of which must be held and [summarized](Self::summarize).
    pub(super) fn summary(&self, rows: Range<u64>) -> Summary {
        match &self.rows {
            Rows::Values(values) => self.pyramid.summary(values, rows),
            Rows::Summaries(summaries) => self.pyramid.summary(summaries, rows),
        }
    }

    /// The summary of a bucket; empty for a ring of values.
    pub(super) fn bucket(&self, row: u64) -> Summary {
        match &self.rows {
            Rows::Values(_) => Summary::EMPTY,
            Rows::Summaries(summaries) => summaries[self.place(row)],
        }
    }

    /// The same, to be changed; `None` for a ring of values.
    pub(super) fn bucket_mut(&mut self, row: u64) -> Option<&mut Summary> {
        let place = self.place(row);
        match &mut self.rows {
            Rows::Values(_) => None,
            Rows::Summaries(summaries) => summaries.get_mut(place),
        }
    }

    /// Calls `fill` for each of the two parts of the ring that `rows` take, with the number of rows before the part. Does nothing for a
    /// ring of summaries.
    pub(super) fn write_values(&mut self, rows: &Range<u64>, fill: impl Fn(usize, &mut [f64])) {
        let start = self.place(rows.start);
        let Rows::Values(values) = &mut self.rows else { return };
        let count = (rows.end - rows.start) as usize;
        let first = count.min(values.len() - start);
        fill(0, &mut values[start..start + first]);
        fill(first, &mut values[..count - first]);
    }

    /// Summarizes rows that have been written, and do not change any more.
    pub(super) fn summarize(&mut self, rows: Range<u64>) {
        match &self.rows {
            Rows::Values(values) => self.pyramid.append(values, rows),
            Rows::Summaries(summaries) => self.pyramid.append(summaries, rows),
        }
    }

    /// Sets the capacity and keeps `rows`, which must fit. Those from `open` on may still change.
    pub(super) fn resize(&mut self, capacity: usize, rows: &Range<u64>, open: u64) {
        match &mut self.rows {
            Rows::Values(values) => *values = moved(values, capacity, rows, MISSING),
            Rows::Summaries(summaries) => *summaries = moved(summaries, capacity, rows, Summary::EMPTY),
        }
        self.pyramid = Pyramid::new(capacity);
        self.summarize(rows.start..rows.end.min(open));
    }

    const fn place(&self, row: u64) -> usize {
        (row % self.capacity() as u64) as usize
    }
}

/// The rows of a ring in one of another capacity.
fn moved<T: Copy>(ring: &[T], capacity: usize, rows: &Range<u64>, empty: T) -> Vec<T> {
    let mut all = vec![empty; capacity];
    for row in rows.clone() {
        all[(row % capacity as u64) as usize] = ring[(row % ring.len() as u64) as usize];
    }
    all
}
