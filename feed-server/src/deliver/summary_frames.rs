//! Frames of summaries: of the answer to a query, and of a history.

use bytes::Bytes;
use protocol::column::is_missing;
use protocol::limits::MAX_FRAME_VALUES;
use protocol::{
    Answer, AnswerPart, Body, EncodeError, GroupId, Interval, Sequence, Summaries, SummaryBuffer, SummaryColumnsBuffer,
    SummaryField, SummaryValues, Timestamp,
};

use crate::deliver::hub::Hub;
use crate::stream::packing::FRAME_ROOM_BYTES;
use crate::stream::query::bucket_table::BucketTable;
use crate::stream::query::row_table::RowTable;
use crate::stream::query::scan::{Scan, Table};

/// Buckets of a block: one series of so many takes less than a frame in the longest encodings.
const MAX_BLOCK_BUCKETS: usize = 1_024;
const FIELDS: usize = 1 + SummaryField::ALL.len();
/// Id, mask, and the tag and length of each column.
const SERIES_HEAD_BYTES: usize = 6 + FIELDS * 6;

/// Collects blocks, and makes a frame whenever it is full.
#[derive(Debug)]
pub struct SummaryFrames {
    purpose: Purpose,
    blocks: SummaryBuffer,
    columns: SummaryColumnsBuffer,
    values: usize,
}

/// What the frames belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The answer to a query.
    Answer { query: u32, part: AnswerPart },
    /// A history up to a position.
    History { position: Sequence },
}

/// Of one block.
struct Head<'a> {
    group: GroupId,
    step: Interval,
    times: &'a [Timestamp],
}

impl Head<'_> {
    /// Besides the series: a packed time takes no more than a raw one.
    const fn most_bytes(&self) -> usize {
        SummaryBuffer::HEAD_BYTES + size_of::<i64>() * self.times.len()
    }
}

impl SummaryFrames {
    pub fn new(purpose: Purpose) -> Self {
        Self { purpose, blocks: SummaryBuffer::default(), columns: SummaryColumnsBuffer::default(), values: 0 }
    }

    /// Sets what the next frames belong to.
    pub const fn set_purpose(&mut self, purpose: Purpose) {
        self.purpose = purpose;
    }

    /// Adds what a scan has read. Full frames are appended to `out`.
    ///
    /// # Errors
    /// If a frame cannot be encoded, which is a defect.
    pub fn add(&mut self, group: GroupId, scan: &Scan, hub: &Hub, out: &mut Vec<Bytes>) -> Result<(), EncodeError> {
        match scan.table() {
            Table::Buckets(table) => self.add_buckets(group, scan, table, hub, out),
            Table::Rows(table) => self.add_rows(group, scan, table, hub, out),
        }
    }

    fn add_buckets(
        &mut self,
        group: GroupId,
        scan: &Scan,
        table: &BucketTable,
        hub: &Hub,
        out: &mut Vec<Bytes>,
    ) -> Result<(), EncodeError> {
        for buckets in table.filled().chunks(MAX_BLOCK_BUCKETS) {
            let times: Vec<Timestamp> = buckets.iter().map(|&bucket| table.start(bucket)).collect();
            let head = Head { group, step: table.step(), times: &times };
            for (place, &series) in scan.series().iter().enumerate() {
                let Some(fields) = table.fields(place, buckets) else { continue };
                let [first, last, min, max, sum, count] = fields.each_ref().map(Vec::as_slice);
                self.make_room(&head, FIELDS, hub, out)?;
                self.columns.push(series, SummaryValues { first, others: Some([last, min, max, sum, count]) })?;
            }
            self.close_block(&head)?;
        }
        Ok(())
    }

    fn add_rows(
        &mut self,
        group: GroupId,
        scan: &Scan,
        table: &RowTable,
        hub: &Hub,
        out: &mut Vec<Bytes>,
    ) -> Result<(), EncodeError> {
        let times = table.times();
        let columns: Vec<Vec<f64>> = (0..scan.series().len()).map(|series| table.values(series)).collect();
        for start in (0..times.len()).step_by(MAX_BLOCK_BUCKETS) {
            let rows = start..times.len().min(start + MAX_BLOCK_BUCKETS);
            let head = Head { group, step: Interval::ZERO, times: &times[rows.clone()] };
            for (&series, values) in scan.series().iter().zip(&columns) {
                let first = &values[rows.clone()];
                if first.iter().all(|&value| is_missing(value)) {
                    continue;
                }
                self.make_room(&head, 1, hub, out)?;
                self.columns.push(series, SummaryValues { first, others: None })?;
            }
            self.close_block(&head)?;
        }
        Ok(())
    }

    /// Ensures that one more series fits, with `columns` columns.
    fn make_room(
        &mut self,
        head: &Head<'_>,
        columns: usize,
        hub: &Hub,
        out: &mut Vec<Bytes>,
    ) -> Result<(), EncodeError> {
        let values = columns * head.times.len();
        let bytes = SERIES_HEAD_BYTES + values * size_of::<f64>();
        let used = self.blocks.len() + head.most_bytes() + self.columns.len();
        let all_values = self.values + self.columns.values() + values;
        if used + bytes > FRAME_ROOM_BYTES || all_values as u64 > MAX_FRAME_VALUES {
            self.close_block(head)?;
            self.close_frame(self.purpose, hub, out)?;
        }
        Ok(())
    }

    fn close_block(&mut self, head: &Head<'_>) -> Result<(), EncodeError> {
        if self.columns.is_empty() {
            return Ok(());
        }
        if self.blocks.is_empty() {
            self.blocks.start(head.times.first().copied().unwrap_or_default());
        }
        self.blocks.push(head.group, head.step, head.times, &self.columns)?;
        self.values += self.columns.values();
        self.columns.clear();
        Ok(())
    }

    fn close_frame(&mut self, purpose: Purpose, hub: &Hub, out: &mut Vec<Bytes>) -> Result<(), EncodeError> {
        let is_needed = matches!(purpose, Purpose::Answer { part: AnswerPart::Last, .. });
        if self.blocks.is_empty() && !is_needed {
            return Ok(());
        }
        let blocks = self.blocks.blocks();
        out.push(match purpose {
            Purpose::Answer { query, part } => hub.frame_now(Body::Answer(Answer { query, part, blocks }))?,
            Purpose::History { position } => {
                hub.frame(position, Body::Summaries(Summaries { blocks, ..Summaries::default() }))?
            }
        });
        self.blocks.start(Timestamp::default());
        self.values = 0;
        Ok(())
    }

    /// Ends the frames. The last one of a whole answer is marked.
    ///
    /// # Errors
    /// If a frame cannot be encoded, which is a defect.
    pub fn end(&mut self, hub: &Hub, out: &mut Vec<Bytes>) -> Result<(), EncodeError> {
        let purpose = match self.purpose {
            Purpose::Answer { query, part: AnswerPart::More } => Purpose::Answer { query, part: AnswerPart::Last },
            other => other,
        };
        self.close_frame(purpose, hub, out)
    }
}

const _: () = {
    let series = SERIES_HEAD_BYTES + FIELDS * MAX_BLOCK_BUCKETS * size_of::<f64>();
    let head = SummaryBuffer::HEAD_BYTES + MAX_BLOCK_BUCKETS * size_of::<i64>();
    assert!(head + series <= FRAME_ROOM_BYTES, "one series fits an empty frame");
};
