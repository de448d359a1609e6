//! The rate at which rows were measured, as their times say.

use protocol::Interval;

use super::apply::Store;
use super::group::Group;

/// The rate is that over at least this time: over less, a late row changes it visibly.
const OVER: Interval = Interval::from_secs(2);
/// And over at least so many intervals: of a slow group, two seconds have no rows.
const INTERVALS: u64 = 10;

impl Store {
    /// Rows a second of the group with the shortest interval among those that the page follows; `None` without rows.
    pub fn measured_hz(&self) -> Option<f64> {
        let followed = self.groups().iter().filter(|group| group.is_followed() && !group.rows().is_empty());
        followed.min_by_key(|group| group.interval)?.measured_hz()
    }
}

impl Group {
    /// Rows a second over the newest rows that do not change any more, or values a second of its first series in buckets.
    fn measured_hz(&self) -> Option<f64> {
        let end = self.closed_end();
        let last = end.checked_sub(1).filter(|last| self.rows().contains(last))?;
        let over = OVER.max(Interval::from_micros(self.interval.micros().saturating_mul(INTERVALS)));
        let first = self.first_row_at(self.time(last) - over);
        let span = self.time(last).since(self.time(first)).as_secs_f64();
        // The rows of a span are one more than its intervals; the last bucket begins at the end of the span.
        let count = if self.holds_buckets() {
            self.summary(0, first..last).count
        } else {
            u32::try_from(last - first).unwrap_or(u32::MAX)
        };
        (span > 0.0 && !self.series().is_empty()).then(|| f64::from(count) / span)
    }
}

#[cfg(test)]
mod tests {
    use crate::store::row_sender::RowSender;

    #[test]
    fn the_rate_is_that_of_the_times_of_rows() {
        let mut sender = RowSender::new(1);
        assert_eq!(sender.store.measured_hz(), None);
        sender.row(0, [(1, 1.0)]);
        assert_eq!(sender.store.measured_hz(), None, "one row has no rate");
        (1..50).for_each(|row| sender.row(row, [(1, 1.0)]));
        assert_eq!(sender.store.measured_hz(), Some(10.0));
        // Each second row is missing from now on.
        (50..100).step_by(2).for_each(|row| sender.row(row, [(1, 1.0)]));
        assert_eq!(sender.store.measured_hz(), Some(5.0));
    }
}
