//! Estimates the time from row to row.

use protocol::{Interval, Timestamp};

/// So many of the newest times are compared.
const RECENT: usize = 8;
/// An estimate from fewer is not stated.
const LEAST: usize = 3;
/// The stated interval changes if the estimate differs by this factor.
const CHANGE: f64 = 2.0;

#[derive(Debug)]
pub struct RowInterval {
    recent_us: Vec<f64>,
    next: usize,
    stated: Interval,
    is_fixed: bool,
}

impl RowInterval {
    /// An interval that is known, or one that is stated until there is an estimate.
    pub fn new(known: Option<Interval>, at_first: Interval) -> Self {
        let (stated, is_fixed) = (known.unwrap_or(at_first), known.is_some());
        Self { recent_us: Vec::with_capacity(RECENT), next: 0, stated, is_fixed }
    }

    pub const fn stated(&self) -> Interval {
        self.stated
    }

    /// Adds `rows` consecutive rows: `before` is the time of the row before them, `last` that of the last one.
    pub fn add(&mut self, rows: usize, before: Option<Timestamp>, last: Timestamp) {
        let Some(before) = before.filter(|before| *before < last) else { return };
        let each = last.micros_since(before) as f64 / rows.max(1) as f64;
        if self.recent_us.len() < RECENT {
            self.recent_us.push(each);
        } else {
            self.recent_us[self.next] = each;
            self.next = (self.next + 1) % RECENT;
        }
    }

    /// The known interval, or the median of the newest ones.
    pub fn estimate(&self) -> Option<Interval> {
        if self.is_fixed {
            return Some(self.stated);
        }
        let mut sorted = self.recent_us.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let median = *sorted.get(sorted.len() / 2).filter(|_| sorted.len() >= LEAST)?;
        Some(Interval::from_micros((median as u64).max(1)))
    }

    /// The interval to state in place of the last one, if it has changed much.
    pub fn take_change(&mut self) -> Option<Interval> {
        let estimate = self.estimate().filter(|_| !self.is_fixed)?;
        let factor = estimate.as_secs_f64() / self.stated.as_secs_f64();
        if (CHANGE.recip()..=CHANGE).contains(&factor) {
            return None;
        }
        self.stated = rounded(estimate);
        Some(self.stated)
    }
}

/// Two digits: what follows is jitter.
fn rounded(interval: Interval) -> Interval {
    let unit = 10_u64.pow(interval.micros().max(1).ilog10().saturating_sub(1));
    Interval::from_micros((interval.micros() + unit / 2) / unit * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn the_median_is_stated_when_it_differs_much() {
        let mut interval = RowInterval::new(None, Interval::from_secs(1));
        let mut add = |rows, elapsed| {
            interval.add(rows, Some(at(0)), at(elapsed));
            interval.take_change()
        };
        assert_eq!((add(1, 10_100), add(1, 9_000_000)), (None, None), "few");
        assert_eq!(add(1, 10_040), Some(Interval::from_millis(10)));
        assert_eq!((add(2, 40_000), add(1, 15_000)), (None, None));
        assert_eq!(interval.estimate(), Some(Interval::from_micros(15_000)));
        interval.add(1, Some(at(5)), at(5));
        interval.add(1, None, at(5));
        assert_eq!(interval.stated(), Interval::from_millis(10));
    }

    #[test]
    fn an_interval_that_is_set_stays() {
        let mut interval = RowInterval::new(Some(Interval::from_secs(5)), Interval::from_secs(1));
        (1..9).for_each(|time| interval.add(1, Some(at(time)), at(time + 1)));
        assert_eq!((interval.take_change(), interval.estimate()), (None, Some(Interval::from_secs(5))));
    }
}
