//! Reads some series of one group, step by step.

use std::collections::VecDeque;

use protocol::SeriesId;

use crate::stream::query::bucket_table::BucketTable;
use crate::stream::query::row_part::RowPart;
use crate::stream::query::row_table::RowTable;
use crate::stream::summaries::bucket::Bucket;
use crate::stream::summaries::encoded::EncodedSummaries;
use crate::stream::summaries::tier_parts::TierParts;

/// What was read.
#[derive(Debug)]
pub enum Table {
    Buckets(BucketTable),
    Rows(RowTable),
}

#[derive(Debug)]
enum Part {
    Rows(RowPart),
    Summaries(EncodedSummaries),
}

/// The rest of a scan.
#[derive(Debug)]
pub struct Scan {
    /// In rising order.
    series: Vec<SeriesId>,
    table: Table,
    parts: VecDeque<Part>,
}

impl Scan {
    /// A scan of rows.
    pub fn of_rows(series: Vec<SeriesId>, table: Table, rows: Vec<RowPart>) -> Self {
        Self { series, table, parts: rows.into_iter().map(Part::Rows).collect() }
    }

    /// A scan of the summaries of a tier, and of `rows` that are not in it yet.
    pub fn of_summaries(series: Vec<SeriesId>, mut table: BucketTable, tier: TierParts, rows: Vec<RowPart>) -> Self {
        let place = |id: &SeriesId| series.binary_search(id).ok();
        for (start, id, bucket) in &tier.newest {
            if let Some(place) = place(id) {
                table.add_part(place, *start, bucket);
            }
        }
        let summaries = tier.sealed.into_iter().map(Part::Summaries);
        let parts = summaries.chain(rows.into_iter().map(Part::Rows)).collect();
        Self { series, table: Table::Buckets(table), parts }
    }

    pub fn series(&self) -> &[SeriesId] {
        &self.series
    }

    pub const fn table(&self) -> &Table {
        &self.table
    }

    pub fn is_done(&self) -> bool {
        self.parts.is_empty()
    }

    /// Reads one segment. Returns the cost: values that were read, and the times and columns that were passed over.
    pub fn step(&mut self) -> usize {
        let Some(part) = self.parts.pop_front() else { return 0 };
        let passed_over = match &part {
            Part::Rows(rows) => rows.cost(),
            Part::Summaries(summaries) => summaries.cost(),
        };
        let read = match (part, &mut self.table) {
            (Part::Rows(rows), Table::Buckets(table)) => {
                let times = rows.times();
                rows.for_each(&self.series, |series, values| table.add_values(series, &times, values))
            }
            (Part::Rows(rows), Table::Rows(table)) => {
                let times = rows.times();
                rows.for_each(&self.series, |series, values| table.add_values(series, &times, values))
            }
            (Part::Summaries(summaries), Table::Buckets(table)) => {
                summaries.for_each(&self.series, |series, start, summary| {
                    table.add_part(series, start, &Bucket::at(start, &summary));
                })
            }
            (Part::Summaries(_), Table::Rows(_)) => 0,
        };
        passed_over + read
    }
}
