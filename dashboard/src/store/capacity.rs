//! The capacity of rings, within the memory budget.

use protocol::Interval;

use series::pyramid::{BUCKET_ROWS, BYTES_PER_ROW};

/// The minimum length of a ring, for slow groups.
const MIN_ROWS: u64 = 512;

/// Rings are longer than the window: rows arrive while the window's oldest rows are still on screen, and intervals vary.
const HEADROOM: f64 = 1.25;

/// The bound on all times, values and summaries of a page.
pub const BUDGET_BYTES: usize = 512 << 20;

/// Bytes of one row's time.
const TIME_BYTES: usize = 8;

/// The size of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// The time from one row to the next, or the length of a bucket.
    pub interval: Interval,
    /// Of a value, or a summary.
    pub row_bytes: usize,
    pub series: usize,
}

impl Demand {
    /// Rows that cover `window`.
    fn rows(self, window: Interval) -> usize {
        let rows = (window.as_secs_f64() * HEADROOM / self.interval.as_secs_f64().max(1e-6)) as u64;
        (rows.max(MIN_ROWS) as usize).next_multiple_of(BUCKET_ROWS as usize)
    }

    const fn bytes(self, rows: usize) -> usize {
        rows.saturating_mul(TIME_BYTES + self.series * (self.row_bytes + BYTES_PER_ROW))
    }
}

/// Rows for each group's rings: enough for `window`, or the same fraction of it for all groups if the budget is exceeded.
pub fn plan(window: Interval, demands: &[Demand], budget_bytes: usize) -> Vec<usize> {
    let wanted: usize = demands.iter().map(|demand| demand.bytes(demand.rows(window))).fold(0, usize::saturating_add);
    let part = (budget_bytes as f64 / wanted.max(1) as f64).min(1.0);
    let bucket = BUCKET_ROWS as usize;
    let rows = |demand: &Demand| (((demand.rows(window) as f64 * part) as usize) / bucket * bucket).max(bucket);
    demands.iter().map(rows).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Interval = Interval::from_secs(60);

    fn at_hz(hz: u64) -> Demand {
        Demand { interval: Interval::from_micros(1_000_000 / hz), row_bytes: 8, series: 8 }
    }

    #[test]
    fn a_window_fits_with_headroom() {
        let slow = Demand { interval: Interval::from_secs(2), row_bytes: 8, series: 8 };
        assert_eq!(plan(MINUTE, &[at_hz(1_000), at_hz(10), slow], BUDGET_BYTES), [75_008, 768, 512]);
    }

    #[test]
    fn a_small_budget_shortens_all_groups_alike() {
        let demands = [at_hz(1_000), at_hz(100)];
        let rows = plan(MINUTE, &demands, 1 << 20);
        let bytes: usize = demands.iter().zip(&rows).map(|(demand, &rows)| demand.bytes(rows)).sum();
        assert!(bytes <= 1 << 20 && bytes > 9 << 16, "{bytes}");
        assert!(rows[0] >= 9 * rows[1], "{rows:?}");
    }

    #[test]
    fn the_budget_is_kept_with_an_interval_of_zero() {
        let nonsense = Demand { interval: Interval::ZERO, row_bytes: 48, series: 99 };
        let rows = plan(Interval::from_secs(86_400), &[nonsense], 1 << 20);
        assert!(nonsense.bytes(rows[0]) <= 1 << 20);
    }
}
