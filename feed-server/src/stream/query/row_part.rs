//! Rows of a track that are read.

use std::ops::Range;
use std::sync::Arc;

use protocol::{EncodedRows, SeriesId, Timestamp};

use crate::stream::slab::Slab;

/// The cost of a segment, and of a column that is not read, in values.
pub const SEGMENT_COST: usize = 64;
pub const COLUMN_COST: usize = 4;

/// Consecutive rows of a track. Those that are numbered below `first_row` are passed over.
#[derive(Clone, Debug)]
pub struct RowPart {
    pub first_row: u64,
    pub rows: Range<u64>,
    /// The time of the first of them, and the newest time of its track up to the last.
    pub times: (Timestamp, Timestamp),
    pub content: RowContent,
}

#[derive(Clone, Debug)]
pub enum RowContent {
    Sealed(EncodedRows),
    Slab(Arc<Slab>),
}

impl RowPart {
    fn passed_over(&self) -> usize {
        usize::try_from(self.first_row.saturating_sub(self.rows.start)).unwrap_or(usize::MAX)
    }

    /// The cost to look at it without reading values, in values.
    pub fn cost(&self) -> usize {
        let columns = match &self.content {
            RowContent::Sealed(rows) => rows.columns(),
            RowContent::Slab(slab) => slab.series().len(),
        };
        SEGMENT_COST + self.rows.end.saturating_sub(self.rows.start) as usize + columns * COLUMN_COST
    }

    /// The times of its rows.
    pub fn times(&self) -> Vec<Timestamp> {
        let all: Vec<Timestamp> = match &self.content {
            RowContent::Sealed(rows) => rows.block().map(|block| block.times.iter().collect()).unwrap_or_default(),
            RowContent::Slab(slab) => slab.times().to_vec(),
        };
        all.get(self.passed_over()..).unwrap_or_default().to_vec()
    }

    /// The series that have a column, in rising order.
    pub fn series(&self) -> Vec<SeriesId> {
        match &self.content {
            RowContent::Sealed(rows) => {
                rows.block().into_iter().flat_map(|block| block.columns.iter()).map(|column| column.series).collect()
            }
            RowContent::Slab(slab) => {
                let mut series: Vec<SeriesId> = slab.columns().map(|(series, _)| series).collect();
                series.sort_unstable();
                series
            }
        }
    }

    /// The values of those of `series`, which rise, that it has, with the place of each. Returns how many.
    pub fn for_each(&self, series: &[SeriesId], mut take: impl FnMut(usize, &[f64])) -> usize {
        let (skipped, mut values) = (self.passed_over(), 0);
        match &self.content {
            RowContent::Sealed(rows) => {
                let mut scratch = Vec::new();
                for column in rows.block().into_iter().flat_map(|block| block.columns.iter()) {
                    let Ok(place) = series.binary_search(&column.series) else { continue };
                    let Some(column) = column.values() else { continue };
                    scratch.resize(rows.rows().saturating_sub(skipped), 0.0);
                    column.from_row(skipped).copy_to(&mut scratch);
                    values += scratch.len();
                    take(place, &scratch);
                }
            }
            RowContent::Slab(slab) => {
                for (id, column) in slab.columns() {
                    let Ok(place) = series.binary_search(&id) else { continue };
                    let column = column.get(skipped..).unwrap_or_default();
                    values += column.len();
                    take(place, column);
                }
            }
        }
        values
    }
}
