//! Closed buckets in columns, encoded.

use std::collections::{BTreeMap, BTreeSet};

use protocol::column::{MISSING, is_missing};
use protocol::entries::Iter;
use protocol::{BlockBuffer, Column, EncodeError, EncodedRows, GroupId, SeriesId, Timestamp};
use series::Summary;

use crate::stream::query::row_part::{COLUMN_COST, SEGMENT_COST};
use crate::stream::segment::Content;
use crate::stream::summaries::bucket::SeriesSummary;
use crate::stream::summaries::open_buckets::ClosedBucket;

/// A block for each field of the summaries: a row for each bucket, a column for each series. Cheap to clone.
#[derive(Clone, Debug)]
pub struct EncodedSummaries {
    first: EncodedRows,
    /// Last, min, max, sum. `None` where it is equal to `first`, as in buckets of one row.
    others: [Option<EncodedRows>; 4],
    /// `None` if all are 1.
    count: Option<EncodedRows>,
}

const OTHERS: [fn(&mut Summary) -> &mut f64; 4] =
    [|summary| &mut summary.last, |summary| &mut summary.min, |summary| &mut summary.max, |summary| &mut summary.sum];

impl EncodedSummaries {
    /// # Errors
    /// If they cannot be encoded, which is a defect.
    pub fn encode(group: GroupId, buckets: &[ClosedBucket], buffer: &mut BlockBuffer) -> Result<Self, EncodeError> {
        let times: Vec<Timestamp> = buckets.iter().map(|bucket| bucket.start).collect();
        let series: BTreeSet<SeriesId> = buckets.iter().flat_map(|bucket| &bucket.series).map(|of| of.series).collect();
        let places: BTreeMap<SeriesId, usize> = series.into_iter().zip(0..).collect();
        let rows = times.len();
        let table = |field: &dyn Fn(&Summary) -> f64| {
            let mut table = vec![MISSING; places.len() * rows];
            for (row, bucket) in buckets.iter().enumerate() {
                for SeriesSummary { series, summary } in &bucket.series {
                    table[places[series] * rows + row] = field(summary);
                }
            }
            table
        };
        let mut encode = |table: &[f64]| {
            let columns = places.keys().copied().zip(table.chunks_exact(rows.max(1)));
            buffer.encode_rows(group, &times, columns)
        };
        let bits = |table: &[f64]| table.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        let first = table(&|summary| summary.first);
        let mut others = [const { None }; 4];
        for (other, field) in others.iter_mut().zip(OTHERS) {
            let values = table(&|summary| *field(&mut summary.clone()));
            if bits(&values) != bits(&first) {
                *other = Some(encode(&values)?);
            }
        }
        let count = table(&|summary| f64::from(summary.count));
        let is_one = count.iter().all(|&count| is_missing(count) || count < 2.0);
        let count = if is_one { None } else { Some(encode(&count)?) };
        Ok(Self { first: encode(&first)?, others, count })
    }

    /// The cost to look at it without reading values, in values.
    pub const fn cost(&self) -> usize {
        SEGMENT_COST + self.first.rows() + (1 + OTHERS.len() + 1) * self.first.columns() * COLUMN_COST
    }

    /// All buckets, from the oldest on.
    pub fn decode(&self) -> Vec<ClosedBucket> {
        let Some(block) = self.first.block() else { return Vec::new() };
        let series: Vec<SeriesId> = block.columns.iter().map(|column| column.series).collect();
        let mut buckets: Vec<ClosedBucket> =
            block.times.iter().map(|start| ClosedBucket { start, series: Vec::new() }).collect();
        self.for_each(&series, |place, start, summary| {
            if let Ok(bucket) = buckets.binary_search_by_key(&start, |bucket| bucket.start) {
                buckets[bucket].series.push(SeriesSummary { series: series[place], summary });
            }
        });
        buckets
    }

    /// The summaries of those of `series`, which rise, that are there: the place of the series, and the start of the bucket. Returns how many
    /// values were read.
    pub fn for_each(&self, series: &[SeriesId], mut take: impl FnMut(usize, Timestamp, Summary)) -> usize {
        let Some(block) = self.first.block() else { return 0 };
        let rows = self.first.rows();
        let times: Vec<Timestamp> = block.times.iter().collect();
        // Each block has the same series.
        let mut others = self.others.each_ref().map(|rows| columns(rows.as_ref()));
        let mut counts = columns(self.count.as_ref());
        let copy = |column: Column<'_>, values: &mut Vec<f64>| {
            values.resize(rows, MISSING);
            column.values().into_iter().for_each(|column| column.copy_to(values));
        };
        let (mut firsts, mut fields, mut count, mut read) = (Vec::new(), [const { Vec::new() }; 4], Vec::new(), 0);
        for first in &block.columns {
            let of_others = others.each_mut().map(|columns| columns.as_mut().and_then(Iterator::next));
            let of_count = counts.as_mut().and_then(Iterator::next);
            let Ok(place) = series.binary_search(&first.series) else { continue };
            copy(first, &mut firsts);
            for (values, column) in fields.iter_mut().zip(of_others) {
                values.clear();
                if let Some(column) = column {
                    copy(column, values);
                }
            }
            count.clear();
            if let Some(column) = of_count {
                copy(column, &mut count);
            }
            read += rows * (2 + fields.iter().filter(|values| !values.is_empty()).count());
            for (row, &first) in firsts.iter().enumerate().filter(|(_, first)| !is_missing(**first)) {
                let count = count.get(row).map_or(1, |&count| count as u32);
                let mut summary = Summary { first, last: first, min: first, max: first, sum: first, count };
                for (field, values) in OTHERS.iter().zip(&fields) {
                    values.get(row).into_iter().for_each(|&value| *field(&mut summary) = value);
                }
                take(place, times[row], summary);
            }
        }
        read
    }
}

fn columns(rows: Option<&EncodedRows>) -> Option<Iter<'_, Column<'_>>> {
    Some(rows?.block()?.columns.iter())
}

impl Content for EncodedSummaries {
    fn heap_bytes(&self) -> usize {
        let blocks = [&self.count].into_iter().chain(&self.others).flatten().chain([&self.first]);
        blocks.map(Content::heap_bytes).sum()
    }
}
