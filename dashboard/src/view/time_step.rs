//! Round distances between the marks of a time axis, and a mark.

use series::duration::TimeUnit;

use super::steps::CLOCK_SECONDS;

pub(super) const SECOND: u64 = TimeUnit::SECOND.micros();
pub(super) const MINUTE: u64 = TimeUnit::MINUTE.micros();
pub(super) const HOUR: u64 = TimeUnit::HOUR.micros();
pub(super) const DAY: u64 = TimeUnit::DAY.micros();

/// A mark on the time axis of a chart that ends now.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeTick {
    /// From 0 at the left edge to 1 at the right.
    pub at: f64,
    /// Such as `-30 s`, `-5 min`, `now`.
    pub label: String,
}

/// The smallest round distance between time ticks that is at least `wanted_us`. Beyond half a day, whole days.
pub(super) fn time_step_us(wanted_us: u64) -> u64 {
    let step = round_steps().find(|step| *step >= wanted_us);
    step.unwrap_or_else(|| wanted_us.div_ceil(DAY).saturating_mul(DAY))
}

/// The round distances up to a day, rising.
pub(super) fn round_steps() -> impl DoubleEndedIterator<Item = u64> {
    let decimal = (0..7).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_u64.pow(power)));
    decimal.chain(CLOCK_SECONDS.map(|seconds| u64::from(seconds) * SECOND))
}
