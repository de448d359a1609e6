//! One series of a group: its description, and the ring of its rows.

use std::ops::Range;

use protocol::column::{MISSING, Values};
use protocol::{SeriesDescriptor, SeriesId, SeriesKind};

use super::ring::{Content, Ring};
use series::Summary;

/// One series of a group.
#[derive(Debug)]
pub struct Series {
    pub name: String,
    pub kind: SeriesKind,
    pub labels: Vec<(String, String)>,
    /// In the current epoch; `None` if the series has ended.
    pub id: Option<SeriesId>,
    /// Of the series of its group, in the order in which they were added: it stays when the place changes, because another series leaves.
    pub number: usize,
    ring: Ring,
    /// One past the last row that has a value.
    last_present: u64,
}

pub(super) fn labels_of(descriptor: &SeriesDescriptor<'_>) -> Vec<(String, String)> {
    descriptor.labels.iter().map(|label| (label.key.to_owned(), label.value.to_owned())).collect()
}

impl Series {
    /// A series without a value before row `row`, with a ring of `capacity` rows.
    pub(super) fn new(
        descriptor: &SeriesDescriptor<'_>,
        number: usize,
        content: Content,
        capacity: usize,
        row: u64,
    ) -> Self {
        let mut series = Self::computed(descriptor.name, number, capacity, row);
        series.ring = Ring::new(content, capacity);
        series.describe(descriptor);
        series
    }

    /// The same without labels and id, with a ring of values.
    pub(super) fn computed(name: &str, number: usize, capacity: usize, row: u64) -> Self {
        Self {
            name: name.to_owned(),
            kind: SeriesKind::Gauge,
            labels: Vec::new(),
            id: None,
            number,
            ring: Ring::new(Content::Values, capacity),
            last_present: row,
        }
    }

    /// Updates the description from a catalog. Returns true if the name, the labels or the kind changed.
    pub(super) fn describe(&mut self, descriptor: &SeriesDescriptor<'_>) -> bool {
        self.id = Some(descriptor.id);
        let labels = labels_of(descriptor);
        let is_changed = self.name != descriptor.name || self.kind != descriptor.kind || self.labels != labels;
        if is_changed {
            descriptor.name.clone_into(&mut self.name);
            self.kind = descriptor.kind;
            self.labels = labels;
        }
        is_changed
    }

    /// One past the last row that has a value.
    pub const fn last_present(&self) -> u64 {
        self.last_present
    }

    /// Allocated bytes of rows and summaries.
    pub fn bytes(&self) -> usize {
        self.ring.bytes()
    }

    /// The value in a row, or the last value of a bucket.
    pub(super) fn value(&self, row: u64) -> f64 {
        self.ring.value(row)
    }

    /// The summary of `rows`, all of which must be held, and of which none may be the open bucket.
    pub(super) fn summary(&self, rows: Range<u64>) -> Summary {
        self.ring.summary(rows)
    }

    /// The summary of one bucket, which may be open.
    pub(super) fn bucket(&self, row: u64) -> Summary {
        self.ring.bucket(row)
    }

    /// Writes `rows` from a column, without its first `skip` rows.
    ///
    /// Hot: once a series and block; the copies inside, once a sample.
    pub(super) fn write(&mut self, rows: Range<u64>, column: Values<'_>, skip: usize) {
        self.write_by(rows, |row, values| column.from_row(skip + row).copy_to(values));
    }

    pub(super) fn write_values(&mut self, rows: Range<u64>, column: &[f64]) {
        self.write_by(rows, |row, values| values.copy_from_slice(&column[row..row + values.len()]));
    }

    fn write_by(&mut self, rows: Range<u64>, fill: impl Fn(usize, &mut [f64])) {
        self.last_present = rows.end;
        self.ring.write_values(&rows, fill);
        self.ring.summarize(rows);
    }

    /// Writes rows in which the series has no value.
    pub(super) fn skip(&mut self, rows: Range<u64>) {
        let last_present = self.last_present;
        self.write(rows, Values::Constant(MISSING), 0);
        self.last_present = last_present;
    }

    /// Writes closed buckets, one for each of `rows`.
    pub(super) fn write_buckets(&mut self, rows: Range<u64>, summaries: impl Iterator<Item = Summary>) {
        for (row, summary) in rows.clone().zip(summaries) {
            if let Some(bucket) = self.ring.bucket_mut(row) {
                *bucket = summary;
            }
            if !summary.is_empty() {
                self.last_present = self.last_present.max(row + 1);
            }
        }
        self.ring.summarize(rows);
    }

    /// Begins an open bucket without values.
    pub(super) fn begin_bucket(&mut self, row: u64) {
        self.truncate(row);
        if let Some(bucket) = self.ring.bucket_mut(row) {
            *bucket = Summary::EMPTY;
        }
    }

    /// Changes the open bucket.
    ///
    /// Hot: once a series and update of its group.
    pub(super) fn set_bucket(&mut self, row: u64, summary: Summary) {
        if let Some(bucket) = self.ring.bucket_mut(row) {
            *bucket = summary;
            self.last_present = row + 1;
        }
    }

    /// Closes a bucket: it does not change any more.
    pub(super) fn close_bucket(&mut self, row: u64) {
        self.ring.summarize(row..row + 1);
    }

    /// Sets the row after the last that has a value, where [`write_values`](Self::write_values) wrote missing ones.
    pub(super) const fn set_last_present(&mut self, row: u64) {
        self.last_present = row;
    }

    /// Drops the rows from `row` on.
    pub(super) fn truncate(&mut self, row: u64) {
        self.last_present = self.last_present.min(row);
    }

    /// Drops all rows before `row`, the next one, and holds others.
    pub(super) fn restart(&mut self, content: Content, capacity: usize, row: u64) {
        self.ring = Ring::new(content, capacity);
        self.last_present = row;
    }

    /// Sets the length of the ring and keeps `rows`, which must fit. Those from `open` on may still change.
    pub(super) fn resize(&mut self, capacity: usize, rows: &Range<u64>, open: u64) {
        self.ring.resize(capacity, rows, open);
    }
}
