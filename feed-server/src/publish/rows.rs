//! Turns the blocks of a `Rows` message into batches.

use protocol::{BlockMode, Blocks, GroupId, Interval, Timestamp};

use super::announced::{Announced, Announcements};
use super::violation::Violation;
use crate::ingest::batch::{Batch, BatchColumn};
use crate::ingest::row_order::OutOfOrder;

/// Rows further ahead of the server's clock than this are dropped: the page would show them as soon as they come, ahead of its edge.
pub const MAX_AHEAD: Interval = Interval::from_secs(10);

/// Rows older than this are dropped: more than the longest history.
const MAX_AGE: Interval = Interval::from_secs(2 * 86_400);

/// The rows of one message.
#[derive(Debug, Default, PartialEq)]
pub struct Rows {
    pub batches: Vec<Batch>,
    /// Rows of the batches.
    pub accepted: u64,
    /// Rows that are not in the batches because of their times.
    pub dropped: OutOfOrder,
}

/// Checks all blocks of a message, and copies their columns. A column of a series that is left out is skipped, and a block without
/// other columns.
///
/// Hot: once a message. Watched by the bench `publisher`.
///
/// # Errors
/// If a block breaks a rule. Nothing of the message may be accepted then.
pub fn read(blocks: &Blocks<'_>, announced: &Announcements, now: Timestamp) -> Result<Rows, Violation> {
    let mut rows = Rows::default();
    for block in blocks {
        if block.mode != BlockMode::Merge {
            return Err(Violation::Mode { group: block.group });
        }
        let group = announced.group(block.group)?;
        let times: Vec<Timestamp> = block.times.iter().collect();
        let first = times.partition_point(|&time| time < now - MAX_AGE);
        let end = times.partition_point(|&time| time <= now + MAX_AHEAD);
        let mut columns = Vec::new();
        for column in &block.columns {
            let (series, encoding) = (column.series, column.encoding());
            let is = announced.series(series, block.group)?;
            let values = column.values().ok_or(Violation::Encoding { series, encoding })?;
            if let Announced::Registered { id, .. } = is {
                let mut copied = vec![0.0; end - first];
                values.from_row(first).copy_to(&mut copied);
                columns.push(BatchColumn { series: id, values: copied });
            }
        }
        let Some(group) = group.filter(|_| !columns.is_empty()) else { continue };
        rows.dropped.too_late += first as u64;
        rows.dropped.ahead += (times.len() - end) as u64;
        rows.push(group, times, first..end, columns);
    }
    Ok(rows)
}

impl Rows {
    fn push(
        &mut self,
        group: GroupId,
        mut times: Vec<Timestamp>,
        kept: std::ops::Range<usize>,
        columns: Vec<BatchColumn>,
    ) {
        times.truncate(kept.end);
        times.drain(..kept.start);
        if !times.is_empty() {
            self.accepted += times.len() as u64;
            self.batches.push(Batch { group, times, columns });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use protocol::{BlockBuffer, Bounds, EntriesBuffer, GroupDescriptor, SeriesDescriptor, SeriesId, SeriesKind};

    use super::*;
    use crate::ingest::context::Registrar;
    use crate::ingest::health::SourceHealth;
    use crate::stream::catalog::Catalog;

    const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

    /// Groups 1 and 2; series 1 of group 1; series 2 of group 1, which is left out.
    fn announced() -> Announcements {
        let registrar = Registrar::new(Arc::new(Catalog::new(1)), SourceHealth::new("test"), 1);
        let (mut groups, mut series) = (EntriesBuffer::default(), EntriesBuffer::default());
        for (id, name) in [(1, "a"), (2, "b")] {
            let (id, interval, bounds) = (GroupId(id), Interval::from_secs(1), Bounds::Auto);
            groups
                .push(&GroupDescriptor {
                    id,
                    name,
                    title: "",
                    unit: "",
                    interval,
                    bounds,
                    ..GroupDescriptor::default()
                })
                .expect("encodes");
        }
        for (id, name) in [(1, "x"), (2, "y")] {
            let mut labels = EntriesBuffer::default();
            labels.push(&protocol::Label { key: "k", value: name }).expect("encodes");
            let (group, kind, labels) = (GroupId(1), SeriesKind::Gauge, labels.entries());
            series.push(&SeriesDescriptor { id: SeriesId(id), group, name, kind, labels }).expect("encodes");
        }
        let mut announced = Announcements::new(10);
        announced.announce("p", &registrar, &groups.entries(), &series.entries()).expect("valid");
        announced
    }

    /// Reads one block of group `group`, with times relative to now.
    fn read_block(group: u32, times: &[i64], columns: &[(u32, &[f64])]) -> Result<Rows, Violation> {
        let times: Vec<_> = times.iter().map(|&time| Timestamp::from_micros(NOW.micros() + time)).collect();
        let mut blocks = BlockBuffer::default();
        blocks.start(NOW);
        let columns = columns.iter().map(|&(series, values)| (SeriesId(series), values));
        blocks.push(GroupId(group), &times, columns).expect("encodes");
        read(&blocks.blocks(), &announced(), NOW)
    }

    fn violation(group: u32, columns: &[(u32, &[f64])]) -> String {
        read_block(group, &[0], columns).expect_err("breaks a rule").to_string()
    }

    #[test]
    fn values_are_copied_bit_for_bit_and_left_out_series_skipped() {
        let nan = f64::from_bits(0x7ff8_0000_0000_0007);
        let rows = read_block(1, &[-1, 0], &[(1, &[nan, -0.0]), (2, &[1.0, 2.0])]).expect("valid");
        let [Batch { columns, times, .. }] = &rows.batches[..] else { panic!("{rows:?}") };
        let [BatchColumn { values, .. }] = &columns[..] else { panic!("{columns:?}") };
        assert_eq!((times.len(), rows.accepted), (2, 2));
        assert_eq!([values[0].to_bits(), values[1].to_bits()], [nan.to_bits(), (-0.0_f64).to_bits()]);
        assert_eq!(read_block(1, &[0], &[(2, &[1.0])]).expect("valid"), Rows::default());
    }

    #[test]
    fn rows_ahead_of_the_clock_and_very_old_rows_are_dropped_and_counted() {
        let day = 86_400_000_000;
        let times = [-3 * day, -day, 0, 10_000_000, 10_000_001, i64::MAX - NOW.micros()];
        let rows = read_block(1, &times, &[(1, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])]).expect("valid");
        assert_eq!(rows.batches[0].columns[0].values, [2.0, 3.0, 4.0]);
        assert_eq!(rows.batches[0].times.len(), 3);
        assert_eq!(rows.dropped, OutOfOrder { too_late: 1, ahead: 2, ..OutOfOrder::default() });
        let none = read_block(1, &[20_000_000], &[(1, &[1.0])]).expect("valid");
        assert!(none.batches.is_empty() && none.dropped.ahead == 1);
    }

    #[test]
    fn ids_that_were_not_announced_and_other_lies_are_violations() {
        assert_eq!(violation(3, &[]), "group 3 was not announced");
        assert_eq!(violation(1, &[(9, &[1.0])]), "series 9 was not announced, or has ended");
        assert_eq!(violation(2, &[(1, &[1.0])]), "series 1 is not of group 2");
        let mut late = BlockBuffer::default();
        late.start(NOW);
        late.push_with(BlockMode::Late, GroupId(1), &[NOW], [(SeriesId(1), &[1.0][..])]).expect("encodes");
        let violation = read(&late.blocks(), &announced(), NOW).expect_err("breaks a rule");
        assert!(violation.to_string().starts_with("a block of `Rows` must have the mode 0"), "{violation}");
    }
}
