//! One series of a group: its description, the ring of its values, and their pyramid.

use std::ops::Range;

use protocol::column::{MISSING, Values};
use protocol::{SeriesDescriptor, SeriesId, SeriesKind};

use series::{Pyramid, Summary};

/// One series of a group.
#[derive(Debug)]
pub struct Series {
    pub name: String,
    pub kind: SeriesKind,
    pub labels: Vec<(String, String)>,
    /// In the current epoch; `None` if the series has ended.
    pub id: Option<SeriesId>,
    values: Vec<f64>,
    pyramid: Pyramid,
    /// One past the last row that has a value.
    last_present: u64,
}

pub(super) fn labels_of(descriptor: &SeriesDescriptor<'_>) -> Vec<(String, String)> {
    descriptor.labels.iter().map(|label| (label.key.to_owned(), label.value.to_owned())).collect()
}

impl Series {
    /// A series without a value before row `row`, with a ring of `capacity` rows.
    pub(super) fn new(descriptor: &SeriesDescriptor<'_>, capacity: usize, row: u64) -> Self {
        let mut series = Self::computed(descriptor.name, capacity, row);
        series.describe(descriptor);
        series
    }

    /// The same without labels and id.
    pub(super) fn computed(name: &str, capacity: usize, row: u64) -> Self {
        Self {
            name: name.to_owned(),
            kind: SeriesKind::Gauge,
            labels: Vec::new(),
            id: None,
            values: vec![MISSING; capacity],
            pyramid: Pyramid::new(capacity),
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

    /// Allocated bytes of values and summaries.
    pub fn bytes(&self) -> usize {
        size_of_val(self.values.as_slice()) + self.pyramid.bytes()
    }

    /// The ring of values.
    pub(super) fn values(&self) -> &[f64] {
        &self.values
    }

    /// The summary of `rows`, all of which must be held.
    pub(super) fn summary(&self, rows: Range<u64>) -> Summary {
        self.pyramid.summary(&self.values, rows)
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

    /// Calls `fill` for each of the two parts of the ring, with the row of the column at which the part begins.
    fn write_by(&mut self, rows: Range<u64>, fill: impl Fn(usize, &mut [f64])) {
        let count = (rows.end - rows.start) as usize;
        let start = self.place(rows.start);
        let first = count.min(self.values.len() - start);
        fill(0, &mut self.values[start..start + first]);
        fill(first, &mut self.values[..count - first]);
        self.pyramid.append(&self.values, rows.clone());
        self.last_present = rows.end;
    }

    /// Writes rows in which the series has no value.
    pub(super) fn skip(&mut self, rows: Range<u64>) {
        let last_present = self.last_present;
        self.write(rows, Values::Constant(MISSING), 0);
        self.last_present = last_present;
    }

    /// Sets the row after the last that has a value, where [`write_values`](Self::write_values) wrote missing ones.
    pub(super) const fn set_last_present(&mut self, row: u64) {
        self.last_present = row;
    }

    /// Drops the rows from `row` on.
    pub(super) fn truncate(&mut self, row: u64) {
        self.last_present = self.last_present.min(row);
    }

    /// Sets the length of the ring and keeps `rows`, which must fit.
    pub(super) fn resize(&mut self, capacity: usize, rows: Range<u64>) {
        let mut values = vec![MISSING; capacity];
        for row in rows.clone() {
            values[(row % capacity as u64) as usize] = self.values[self.place(row)];
        }
        self.values = values;
        self.pyramid = Pyramid::new(capacity);
        self.pyramid.append(&self.values, rows);
    }

    fn place(&self, row: u64) -> usize {
        (row % self.values.len() as u64) as usize
    }
}
