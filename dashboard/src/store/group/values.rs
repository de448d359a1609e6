//! Values of a series at a time, and holes between them.

use protocol::{Interval, Timestamp};

use super::Group;
use crate::store::series::Series;

/// Two rows that are more intervals apart have a hole between them: less is jitter.
const GAP_INTERVALS: u64 = 3;
/// A shorter time is never a hole: display frames and schedulers are not more precise.
const MIN_GAP: Interval = Interval::from_millis(100);

impl Group {
    /// The newest value of a series that is not NaN. Buckets have no NaN: of a series without a value in the newest two, the newest value is
    /// not known.
    pub fn latest(&self, series: usize) -> Option<f64> {
        let series = self.series.get(series)?;
        let row = series.last_present().checked_sub(1).filter(|row| self.rows.contains(row))?;
        if self.holds_buckets() && row + 2 < self.rows.end {
            return None;
        }
        Some(series.value(row))
    }

    /// The value of a series at a time: that of the last row before, unless there is a hole between. The last value of a bucket is that of
    /// all times in it.
    pub fn value_at(&self, series: usize, time: Timestamp) -> Option<f64> {
        let after = self.first_row_at(time + Interval::from_micros(1));
        let Some(row) = after.checked_sub(1).filter(|row| self.rows.contains(row)) else {
            return self.past.value_at(series, time, self.longest_step());
        };
        let is_near = time.micros_since(self.end_of(row)) <= self.longest_step().micros() as i64;
        Some(self.value(series, row)).filter(|value| is_near && !value.is_nan())
    }

    /// Returns true if a series has had no value for longer than the longest step, while others had. Buckets do not tell NaN from no value:
    /// in them, a series has ended when the catalog says so.
    pub fn has_ended(&self, series: usize) -> bool {
        if self.holds_buckets() {
            return self.series.get(series).is_none_or(|series| series.id.is_none());
        }
        let last = self.series.get(series).map_or(0, Series::last_present);
        let Some(newest) = self.newest() else { return false };
        let Some(row) = last.checked_sub(1).filter(|row| self.rows.contains(row)) else { return true };
        newest.micros_since(self.time(row)) > self.longest_step().micros() as i64
    }

    /// The time of a row, or the end of a bucket.
    pub(super) fn end_of(&self, row: u64) -> Timestamp {
        self.time(row) + self.step()
    }

    /// Two rows that are farther apart have a hole between them.
    pub fn longest_step(&self) -> Interval {
        // At most the largest difference of two times.
        let most = i64::MAX.unsigned_abs();
        Interval::from_micros(self.interval.micros().saturating_mul(GAP_INTERVALS).min(most)).max(MIN_GAP)
    }
}
