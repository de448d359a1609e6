//! Divides the rows of a batch into those that follow the newest row of their group and those that come late.
//!
//! A late row within the merge window of its source is put in its place, if it has a value that is not there yet. The first value
//! for a time stays: a sender that repeats rows changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use protocol::column::{MISSING, is_missing};
use protocol::{GroupId, SeriesId, Timestamp};

use crate::ingest::batch::{Batch, BatchColumn};
use crate::ingest::row_order::OutOfOrder;

/// The rows of a batch that are kept, in order of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Divided {
    /// Later than every row before.
    pub rising: Batch,
    /// Not later than the newest row before. Each has a value that is not there yet.
    pub late: Option<Batch>,
    pub out_of_order: OutOfOrder,
}

/// Divides a batch at the `newest` row of its group. Rows before `oldest` are too late. `drop_held` sets the values of a row to [`MISSING`] that are there already.
///
/// Without `oldest`, all late rows are too late; with it, the rows must be in order of time ([`Batch::sort_rows`]).
pub fn divide(
    mut batch: Batch,
    newest: Option<Timestamp>,
    oldest: Option<Timestamp>,
    drop_held: impl Fn(Timestamp, &mut [(SeriesId, f64)]),
) -> Divided {
    let mut out_of_order = OutOfOrder::default();
    let Some((newest, oldest)) = newest.zip(oldest) else {
        out_of_order.too_late = batch.keep_rising(newest) as u64;
        return Divided { rising: batch, late: None, out_of_order };
    };
    let late = batch.times.partition_point(|&time| time <= newest);
    if late == 0 {
        return Divided { rising: batch, late: None, out_of_order };
    }
    let too_late = batch.times.partition_point(|&time| time < oldest).min(late);
    let columns = batch.columns.iter().map(|column| BatchColumn { series: column.series, values: Vec::new() });
    let mut kept = Batch { group: batch.group, times: Vec::new(), columns: columns.collect() };
    for row in too_late..late {
        let mut values: Vec<(SeriesId, f64)> =
            batch.columns.iter().map(|column| (column.series, column.values[row])).collect();
        drop_held(batch.times[row], &mut values);
        if values.iter().all(|&(_, value)| is_missing(value)) {
            continue;
        }
        kept.times.push(batch.times[row]);
        kept.columns.iter_mut().zip(values).for_each(|(column, (_, value))| column.values.push(value));
    }
    // Later batches with these columns need not be joined to a column without a value.
    kept.columns.retain(|column| !column.values.iter().all(|&value| is_missing(value)));
    out_of_order.too_late = too_late as u64;
    out_of_order.merged = kept.rows() as u64;
    out_of_order.repeated = (late - too_late) as u64 - out_of_order.merged;
    batch.times.drain(..late);
    batch.columns.iter_mut().for_each(|column| drop(column.values.drain(..late)));
    Divided { rising: batch, late: (kept.rows() > 0).then_some(kept), out_of_order }
}

/// Sets the values of `row` to [`MISSING`] for which `held` returns a value.
pub fn drop_values(row: &mut [(SeriesId, f64)], held: impl Fn(SeriesId) -> Option<f64>) {
    for (series, value) in row {
        if held(*series).is_some_and(|held| !is_missing(held)) {
            *value = MISSING;
        }
    }
}

/// The late rows of one tick.
#[derive(Debug, Default)]
pub struct LateValues(BTreeMap<(GroupId, Timestamp), BTreeSet<SeriesId>>);

impl LateValues {
    /// Records the values of late rows.
    pub fn add(&mut self, rows: &Batch) {
        for (row, &time) in rows.times.iter().enumerate() {
            let present = rows.columns.iter().filter(|column| !is_missing(column.values[row]));
            self.0.entry((rows.group, time)).or_default().extend(present.map(|column| column.series));
        }
    }

    /// Sets the values of a row of `group` to [`MISSING`] that were recorded for its time.
    pub fn drop_held(&self, group: GroupId, time: Timestamp, row: &mut [(SeriesId, f64)]) {
        if let Some(held) = self.0.get(&(group, time)) {
            drop_values(row, |series| held.contains(&series).then_some(0.0));
        }
    }

    /// Forgets the rows of a group.
    pub fn forget(&mut self, group: GroupId) {
        self.0.retain(|&(of, _), _| of != group);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    fn batch(rows: &[(i64, f64, f64)]) -> Batch {
        let values = |of: fn(&(i64, f64, f64)) -> f64| rows.iter().map(of).collect();
        let columns = vec![
            BatchColumn { series: SeriesId(1), values: values(|row| row.1) },
            BatchColumn { series: SeriesId(2), values: values(|row| row.2) },
        ];
        Batch { group: GroupId(1), times: rows.iter().map(|row| at(row.0)).collect(), columns }
    }

    fn seconds(batch: &Batch) -> Vec<i64> {
        batch.times.iter().map(|time| time.micros() / 1_000_000).collect()
    }

    #[test]
    fn rows_within_the_window_are_late_and_older_ones_are_dropped() {
        let rows = batch(&[(4, 1.0, 1.0), (5, 2.0, 2.0), (10, 3.0, 3.0), (11, 4.0, 4.0)]);
        let divided = divide(rows, Some(at(10)), Some(at(5)), |_, _| {});
        assert_eq!(seconds(&divided.rising), [11]);
        assert_eq!(divided.late.as_ref().map(seconds), Some(vec![5, 10]));
        assert_eq!(divided.out_of_order, OutOfOrder { merged: 2, too_late: 1, ..OutOfOrder::default() });
        assert!(divided.rising.is_complete() && divided.late.is_some_and(|late| late.is_complete()));
    }

    #[test]
    fn values_that_are_there_are_dropped_and_the_rest_of_their_row_stays() {
        let rows = batch(&[(5, 1.0, 2.0), (6, 3.0, 4.0)]);
        let divided = divide(rows, Some(at(10)), Some(at(1)), |time, row| {
            drop_values(row, |series| (time == at(5) || series == SeriesId(1)).then_some(7.0));
        });
        assert_eq!(divided.rising.rows(), 0);
        assert_eq!(divided.late, Some(Batch::row(GroupId(1), at(6), [(SeriesId(2), 4.0)])));
        assert_eq!(divided.out_of_order, OutOfOrder { merged: 1, repeated: 1, ..OutOfOrder::default() });
    }

    #[test]
    fn without_a_window_rows_that_do_not_rise_are_dropped() {
        let divided = divide(batch(&[(10, 1.0, 1.0), (12, 2.0, 2.0), (11, 3.0, 3.0)]), Some(at(10)), None, |_, _| {});
        assert_eq!((seconds(&divided.rising), divided.late), (vec![12], None));
        assert_eq!(divided.out_of_order, OutOfOrder { too_late: 2, ..OutOfOrder::default() });
    }
}
