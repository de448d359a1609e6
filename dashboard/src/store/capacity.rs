//! How many rows a group's rings may hold.

use protocol::Interval;

/// Rows kept whatever the interval: slow groups cost next to nothing.
const MIN_ROWS: u64 = 512;

/// Beyond the window: what arrives while the window's oldest rows are still on screen, and jitter of the interval.
const HEADROOM: f64 = 1.25;

/// Bytes of samples that a page may hold in all.
pub const BUDGET_BYTES: usize = 512 << 20;

/// Rows that cover `window` at `interval`, within `share_bytes` for rows of `columns` values and a time.
pub fn rows(window: Interval, interval: Interval, columns: usize, share_bytes: usize) -> usize {
    let wanted = (window.as_secs_f64() * HEADROOM / interval.as_secs_f64().max(1e-6)) as u64;
    let affordable = share_bytes / (8 * (columns + 1));
    (wanted.max(MIN_ROWS) as usize).min(affordable.max(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_fits_with_room_to_spare() {
        let rows_at = |hz: u64| rows(Interval::from_secs(60), Interval::from_micros(1_000_000 / hz), 8, BUDGET_BYTES);
        assert_eq!(rows_at(1_000), 75_000);
        assert_eq!(rows_at(10), 750);
        assert_eq!(rows(Interval::from_secs(60), Interval::from_secs(2), 8, BUDGET_BYTES), 512);
    }

    #[test]
    fn the_budget_is_kept_even_when_the_interval_is_nonsense() {
        let rows = rows(Interval::from_secs(86_400), Interval::ZERO, 99, 1 << 20);
        assert!(rows * 8 * 100 <= 1 << 20);
    }
}
