//! One series of a group: its description, a ring of its values, and the pyramid beside it.

use std::ops::Range;

use protocol::column::{MISSING, Values};
use protocol::{SeriesDescriptor, SeriesId, SeriesKind};

use series::{Pyramid, Summary};

/// One series of a group.
#[derive(Debug)]
pub struct Series {
    /// What a legend shows.
    pub name: String,
    /// How its values are to be read.
    pub kind: SeriesKind,
    /// Key and value pairs that tell it from its siblings.
    pub labels: Vec<(String, String)>,
    /// Its id in the current epoch; `None` once it has ended.
    pub id: Option<SeriesId>,
    values: Vec<f64>,
    pyramid: Pyramid,
    /// One past the last row that has a value.
    last_present: u64,
}

impl Series {
    /// A series that has no value up to row `row`, in rings of `capacity` rows.
    pub(super) fn new(descriptor: &SeriesDescriptor<'_>, capacity: usize, row: u64) -> Self {
        let mut series = Self {
            name: descriptor.name.to_owned(),
            kind: descriptor.kind,
            labels: Vec::new(),
            id: None,
            values: vec![MISSING; capacity],
            pyramid: Pyramid::new(capacity),
            last_present: row,
        };
        series.describe(descriptor);
        series
    }

    /// Takes over what a catalog says.
    pub(super) fn describe(&mut self, descriptor: &SeriesDescriptor<'_>) {
        self.id = Some(descriptor.id);
        self.kind = descriptor.kind;
        self.labels = descriptor.labels.iter().map(|label| (label.key.to_owned(), label.value.to_owned())).collect();
    }

    /// One past the last row that has a value.
    pub const fn last_present(&self) -> u64 {
        self.last_present
    }

    /// Bytes of memory for values and summaries, in use or not.
    pub fn bytes(&self) -> usize {
        size_of_val(self.values.as_slice()) + self.pyramid.bytes()
    }

    /// The values, each at its row's place.
    pub(super) fn values(&self) -> &[f64] {
        &self.values
    }

    /// What the values in `rows` come to, all of which must be held.
    pub(super) fn summary(&self, rows: Range<u64>) -> Summary {
        self.pyramid.summary(&self.values, rows)
    }

    /// Writes rows from the column's row `skip` on.
    ///
    /// Hot: once a series and block; the copies inside, once a sample.
    pub(super) fn write(&mut self, rows: Range<u64>, column: Values<'_>, skip: usize) {
        self.write_by(rows, |row, values| column.from_row(skip + row).copy_to(values));
    }

    /// Writes rows of values that the page itself has computed.
    pub(super) fn write_values(&mut self, rows: Range<u64>, column: &[f64]) {
        self.write_by(rows, |row, values| values.copy_from_slice(&column[row..row + values.len()]));
    }

    /// Has the ring's two parts filled, each from a row of the column on.
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

    /// Forgets the rows from `row` on.
    pub(super) fn truncate(&mut self, row: u64) {
        self.last_present = self.last_present.min(row);
    }

    /// Gives the rings another length and keeps `rows`, which must fit.
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
