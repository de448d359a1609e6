//! Encoding of blocks of summaries.

use std::iter;

use crate::column::{Column, ColumnScratch, is_missing};
use crate::entries::{Entries, EntriesBuffer};
use crate::error::EncodeError;
use crate::id::{GroupId, SeriesId};
use crate::summaries::{FIELDS, SummaryBlocks, SummaryColumns, SummaryField, WireColumn, WireSummaryBlock};
use crate::time::{Interval, Timestamp};
use crate::times::TimesColumn;

/// The summaries of one series, one value for each bucket in each field.
#[derive(Clone, Copy, Debug)]
pub struct SummaryValues<'v> {
    /// The first value of each bucket; [`MISSING`](crate::column::MISSING) in all fields of a bucket without values.
    pub first: &'v [f64],
    /// The other fields in the order of [`SummaryField::ALL`]. `None` if every bucket summarizes exactly one value.
    pub others: Option<[&'v [f64]; FIELDS]>,
}

impl SummaryValues<'_> {
    /// Returns true if a reader could not derive the field without a column of its own.
    fn has_own_column(&self, field: SummaryField, values: &[f64]) -> bool {
        if field == SummaryField::Count {
            return values.iter().any(|&count| !is_missing(count) && count.to_bits() != 1.0_f64.to_bits());
        }
        values.iter().zip(self.first).any(|(value, first)| value.to_bits() != first.to_bits())
    }
}

/// Encodes the series of one block of summaries, and reuses its memory from block to block.
#[derive(Debug, Default)]
pub struct SummaryColumnsBuffer {
    series: EntriesBuffer,
    /// The last series and the number of its buckets.
    last: Option<(SeriesId, usize)>,
    values: usize,
    scratch: ColumnScratch,
}

impl SummaryColumnsBuffer {
    /// Removes all series and keeps the memory.
    pub fn clear(&mut self) {
        self.series.clear();
        (self.last, self.values) = (None, 0);
    }

    /// Length in bytes, not in series.
    pub const fn len(&self) -> usize {
        self.series.len()
    }

    /// Returns true if the buffer holds no series.
    pub const fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// The number of values in all columns.
    pub const fn values(&self) -> usize {
        self.values
    }

    /// Appends a series. Ids must be strictly increasing, and all fields of all series of a block have one value for each bucket.
    ///
    /// # Errors
    /// [`EncodeError::Rows`] if a field has another length than those before it; [`EncodeError::SeriesOrder`] if the id is not
    /// larger than the last.
    pub fn push(&mut self, series: SeriesId, values: SummaryValues<'_>) -> Result<(), EncodeError> {
        if self.last.is_some_and(|(last, _)| series <= last) {
            return Err(EncodeError::SeriesOrder { series });
        }
        let expected = self.last.map_or(values.first.len(), |(_, buckets)| buckets);
        let others = values.others.into_iter().flat_map(|others| SummaryField::ALL.into_iter().zip(others));
        let mut lengths = iter::once(values.first.len()).chain(others.clone().map(|(_, values)| values.len()));
        if let Some(found) = lengths.find(|&found| found != expected) {
            return Err(EncodeError::Rows { series, found, expected });
        }
        let own = others.filter(|(field, column)| values.has_own_column(*field, column));
        self.series.push(&series)?;
        self.series.push(&own.clone().fold(0_u8, |mask, (field, _)| mask | 1 << field as u8))?;
        for column in iter::once(values.first).chain(own.map(|(_, column)| column)) {
            let Column { encoding, bytes, .. } = Column::encode(series, column, &mut self.scratch);
            self.series.push(&WireColumn { encoding, bytes })?;
            self.values += column.len();
        }
        self.last = Some((series, expected));
        Ok(())
    }

    fn entries(&self) -> Entries<'_, SummaryColumns<'_>> {
        self.series.entries()
    }
}

/// Encodes blocks of summaries and reuses its memory from frame to frame.
#[derive(Debug, Default)]
pub struct SummaryBuffer {
    base: Timestamp,
    blocks: EntriesBuffer,
    times: Vec<u8>,
    time_integers: Vec<i64>,
}

impl SummaryBuffer {
    /// The most bytes of a block besides the series and the times: group, step, number of buckets, and lengths.
    pub const HEAD_BYTES: usize = 40;

    /// Removes all blocks and keeps the memory. Times of the next blocks are written relative to `base`.
    pub fn start(&mut self, base: Timestamp) {
        self.base = base;
        self.blocks.clear();
    }

    /// Appends a block. `times` must be strictly increasing, and every field of `series` must have as many values.
    ///
    /// # Errors
    /// [`EncodeError::Order`] if times are not strictly increasing; [`EncodeError::Rows`] if the series have another number of
    /// buckets.
    pub fn push(
        &mut self,
        group: GroupId,
        step: Interval,
        times: &[Timestamp],
        series: &SummaryColumnsBuffer,
    ) -> Result<(), EncodeError> {
        if !times.is_sorted_by(|earlier, later| earlier < later) {
            return Err(EncodeError::Order { what: "times", group });
        }
        if let Some((series, found)) = series.last.filter(|&(_, found)| found != times.len()) {
            return Err(EncodeError::Rows { series, found, expected: times.len() });
        }
        let buckets = times.len() as u32;
        let times = TimesColumn::encode(times, self.base, &mut self.time_integers, &mut self.times);
        self.blocks.push(&WireSummaryBlock { group, step, buckets, times, series: series.entries() })
    }

    /// Length in bytes, not in blocks.
    pub const fn len(&self) -> usize {
        self.blocks.len()
    }

    /// Returns true if the buffer holds no blocks.
    pub const fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// The blocks for an [`Answer`](crate::Answer).
    pub fn blocks(&self) -> SummaryBlocks<'_> {
        SummaryBlocks { base: self.base, list: self.blocks.entries() }
    }
}
