//! Closed buckets in columns, encoded.

use std::collections::{BTreeMap, BTreeSet};

use protocol::column::{MISSING, is_missing};
use protocol::{BlockBuffer, EncodeError, EncodedRows, GroupId, SeriesId, Timestamp};
use series::Summary;

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

    /// The buckets from the oldest on.
    pub fn decode(&self) -> Vec<(Timestamp, Vec<SeriesSummary>)> {
        let Some(first) = self.first.block() else { return Vec::new() };
        let mut buckets: Vec<(Timestamp, Vec<SeriesSummary>)> =
            first.times.iter().map(|time| (time, Vec::new())).collect();
        let column = |rows: &EncodedRows, place: usize| {
            let mut values = vec![MISSING; rows.rows()];
            let block = rows.block();
            let column = block.and_then(|block| block.columns.iter().nth(place)).and_then(|column| column.values());
            if let Some(column) = column {
                column.copy_to(&mut values);
            }
            values
        };
        for (place, series) in first.columns.iter().map(|column| column.series).enumerate() {
            let firsts = column(&self.first, place);
            let others = self.others.each_ref().map(|other| other.as_ref().map(|rows| column(rows, place)));
            let counts = self.count.as_ref().map(|rows| column(rows, place));
            for (row, &first) in firsts.iter().enumerate().filter(|(_, first)| !is_missing(**first)) {
                let count = counts.as_ref().map_or(1, |counts| counts[row] as u32);
                let mut summary = Summary { first, last: first, min: first, max: first, sum: first, count };
                for (field, values) in OTHERS.iter().zip(&others) {
                    if let Some(values) = values {
                        *field(&mut summary) = values[row];
                    }
                }
                buckets[row].1.push(SeriesSummary { series, summary });
            }
        }
        buckets
    }
}

impl Content for EncodedSummaries {
    fn heap_bytes(&self) -> usize {
        let blocks = [&self.count].into_iter().chain(&self.others).flatten().chain([&self.first]);
        blocks.map(Content::heap_bytes).sum()
    }
}
