//! What a query reads of one group, and the length of its buckets.

use std::ops::Range;

use protocol::{Interval, Timestamp};

/// Where a group's values can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// The length of its buckets; 0 for rows.
    pub step: Interval,
    /// It has every value from this time on; `None` if it has every value that there was.
    pub complete_from: Option<Timestamp>,
}

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// The step of the tier that is read; 0 for rows.
    pub of_level: Interval,
    /// The length of the buckets: a multiple of the tier's.
    pub step: Interval,
}

/// A tier whose buckets are at most this part of a column is preferred to finer ones: rounding to whole buckets makes a column at most
/// a quarter longer.
const FINE_PART: u64 = 4;

/// The times of a query are limited to this many microseconds before and after 1970: 142 years. The length of a range is then exact as a
/// number of JavaScript.
pub const MAX_TIME_US: i64 = (1 << 52) - 1;

/// Chooses among `levels`, from rows to the coarsest tier, for buckets of at least `wanted` from `from` on.
pub fn choose(levels: &[Level], from: Timestamp, wanted: Interval) -> Option<Resolution> {
    // The first bucket may begin before `from`.
    let start = |level: &Level| widened(&(from..from), step_of(level, wanted)).start;
    let reaches = |level: &&Level| level.complete_from.is_none_or(|begins| begins <= start(level));
    let is_fine = |level: &&Level| level.step.micros().saturating_mul(FINE_PART) <= wanted.micros();
    let cheapest = levels.iter().filter(reaches).rfind(is_fine);
    // The finest of those that reach furthest.
    let furthest = || levels.iter().min_by_key(|level| level.complete_from);
    let level = cheapest.or_else(|| levels.iter().find(reaches)).or_else(furthest)?;
    Some(Resolution { of_level: level.step, step: step_of(level, wanted) })
}

/// The length of buckets of at least `wanted` that are made of those of a level.
const fn step_of(level: &Level, wanted: Interval) -> Interval {
    let unit = if level.step.micros() == 0 { 1 } else { level.step.micros() };
    let units = wanted.micros().div_ceil(unit);
    Interval::from_micros(if units == 0 { unit } else { units.saturating_mul(unit) })
}

/// The length of a column of a range.
pub fn column(range: &Range<Timestamp>, columns: u32) -> Interval {
    let span = i128::from(range.end.micros()) - i128::from(range.start.micros());
    let column = span.max(0).unsigned_abs().div_ceil(u128::from(columns.max(1)));
    Interval::from_micros(u64::try_from(column).unwrap_or(u64::MAX))
}

/// The range, widened to whole buckets of `step`, which begin at multiples of it since the Unix epoch.
pub fn widened(range: &Range<Timestamp>, step: Interval) -> Range<Timestamp> {
    let step = i128::from(step.micros().max(1));
    let floor = |time: i128| time.div_euclid(step) * step;
    let time = |micros: i128| {
        let micros = micros.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
        Timestamp::from_micros(micros as i64)
    };
    let (start, end) = (i128::from(range.start.micros()), i128::from(range.end.micros()));
    time(floor(start))..time(floor(end + step - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    fn levels(begins: [Option<i64>; 3]) -> [Level; 3] {
        let steps = [0, 1, 10].map(Interval::from_secs);
        std::array::from_fn(|place| Level { step: steps[place], complete_from: begins[place].map(at) })
    }

    fn chosen(begins: [Option<i64>; 3], from: i64, wanted_ms: u64) -> (u64, u64) {
        let resolution = choose(&levels(begins), at(from), Interval::from_millis(wanted_ms)).expect("there are levels");
        (resolution.of_level.micros() / 1_000, resolution.step.micros() / 1_000)
    }

    #[test]
    fn rows_are_read_for_short_columns_and_tiers_for_long_ones() {
        let all = [None; 3];
        assert_eq!(chosen(all, 0, 150), (0, 150));
        assert_eq!(chosen(all, 0, 3_900), (0, 3_900));
        assert_eq!(chosen(all, 0, 4_100), (1_000, 5_000));
        assert_eq!(chosen(all, 0, 41_000), (10_000, 50_000));
    }

    #[test]
    fn a_level_that_does_not_reach_back_is_not_read_if_another_does() {
        let begins = [Some(900), Some(500), Some(100)];
        assert_eq!(chosen(begins, 900, 150), (0, 150));
        assert_eq!(chosen([Some(901), None, None], 902, 7_000), (1_000, 7_000), "the first bucket begins at 896 s");
        assert_eq!(chosen(begins, 899, 150), (1_000, 1_000));
        assert_eq!(chosen(begins, 499, 150), (10_000, 10_000));
        assert_eq!(chosen(begins, 0, 150), (10_000, 10_000), "none reaches so far");
        assert_eq!(chosen([Some(100), Some(100), Some(100)], 0, 150), (0, 150), "the finest that reaches as far");
    }

    #[test]
    fn columns_and_ranges_of_any_length_have_a_step() {
        assert_eq!(column(&(at(0)..at(60)), 400), Interval::from_millis(150));
        assert_eq!(column(&(at(0)..at(1)), 3), Interval::from_micros(333_334));
        let (first, last) = (Timestamp::from_micros(-MAX_TIME_US), Timestamp::from_micros(MAX_TIME_US));
        let resolution = choose(&levels([None; 3]), first, column(&(first..last), 1)).expect("there are levels");
        assert!(resolution.step.micros() >= (1 << 53) - 2 && resolution.step.micros().is_multiple_of(10_000_000));
        let range = widened(&(first..last), resolution.step);
        assert!(range.start <= first && range.end >= last);
        assert_eq!(range.end.micros_since(range.start).unsigned_abs(), 2 * resolution.step.micros());
        assert_eq!(widened(&(at(-3)..at(17)), Interval::from_secs(5)), at(-5)..at(20));
        assert_eq!(widened(&(at(-5)..at(20)), Interval::from_secs(5)), at(-5)..at(20));
    }
}
