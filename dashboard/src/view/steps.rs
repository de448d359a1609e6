//! Round distances between ticks.

use series::Unit;
use series::duration::TimeUnit;

/// The distances that count as round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steps {
    /// 1, 2, 2.5 and 5, times powers of ten.
    Decimal,
    /// Powers of two: 1 to 512 of each of B, KiB, MiB ...
    Binary,
    /// Of seconds: decimal up to 5 s, then the divisions of minutes, hours and days, and decimal numbers of days.
    Time,
}

/// Round times from 5 s on, in seconds: they divide minutes, hours and days.
pub(super) const CLOCK_SECONDS: [u32; 16] =
    [5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400];
const DAY: f64 = TimeUnit::DAY.seconds();

/// Steps are between these, so that sums and quotients of them are finite.
const SMALLEST: f64 = 1e-290;
const LARGEST: f64 = 1e301;

impl Steps {
    /// The steps that are round in a unit.
    pub fn of(unit: &Unit) -> Self {
        match unit {
            Unit::Bytes { .. } => Self::Binary,
            Unit::Duration { seconds: 1.0 } => Self::Time,
            _ => Self::Decimal,
        }
    }

    /// The smallest round step that is no smaller than `size`. Always finite and above zero.
    pub fn at_least(self, size: f64) -> f64 {
        let size = clamped(size);
        match self {
            Self::Time if size > DAY => Self::Decimal.at_least(size / DAY) * DAY,
            Self::Time => {
                let decimal = Some(Self::Decimal.at_least(size)).filter(|step| *step <= f64::from(CLOCK_SECONDS[0]));
                decimal.or(CLOCK_SECONDS.map(f64::from).into_iter().find(|step| *step >= size)).unwrap_or(size)
            }
            Self::Binary => power_of_two(size.log2().ceil(), size, |step| step >= size),
            Self::Decimal => {
                let power = 10_f64.powi(size.log10().floor() as i32);
                // The last one is for a logarithm that was rounded down.
                let factors = [1.0, 2.0, 2.5, 5.0, 10.0, 20.0];
                factors.into_iter().map(|factor| factor * power).find(|step| *step >= size).unwrap_or(size)
            }
        }
    }

    /// The largest round step that is no larger than `size`. Always finite and above zero.
    pub fn at_most(self, size: f64) -> f64 {
        let size = clamped(size);
        match self {
            Self::Time if size >= DAY => Self::Decimal.at_most(size / DAY) * DAY,
            Self::Time => {
                let of_clock = CLOCK_SECONDS.map(f64::from).into_iter().rev().find(|step| *step <= size);
                of_clock.unwrap_or_else(|| Self::Decimal.at_most(size))
            }
            Self::Binary => power_of_two(size.log2().floor(), size, |step| step <= size),
            Self::Decimal => {
                let power = 10_f64.powi(size.log10().floor() as i32);
                let factors = [10.0, 5.0, 2.5, 2.0, 1.0, 0.5];
                factors.into_iter().map(|factor| factor * power).find(|step| *step <= size).unwrap_or(size)
            }
        }
    }
}

/// Two to the power of `exponent`, or `otherwise` if rounding moved the power to the wrong side.
fn power_of_two(exponent: f64, otherwise: f64, fits: impl Fn(f64) -> bool) -> f64 {
    Some(exponent.exp2()).filter(|step| step.is_finite() && fits(*step)).unwrap_or(otherwise)
}

/// The size, clamped to the range of steps. NaN counts as 1.
fn clamped(size: f64) -> f64 {
    if size.is_nan() { 1.0 } else { size.clamp(SMALLEST, LARGEST) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn steps_are_round() {
        for (size, step) in [(0.9, 1.0), (1.0, 1.0), (1.1, 2.0), (2.1, 2.5), (3.0, 5.0), (5.1, 10.0), (0.03, 0.05)] {
            assert!((Steps::Decimal.at_least(size) - step).abs() < 1e-12, "{size}");
        }
        for (size, step) in [(1.0, 1.0), (3.0, 4.0), (600.0, 1024.0), (5e6, 8_388_608.0), (0.3, 0.5)] {
            assert!((Steps::Binary.at_least(size) - step).abs() < 1e-12, "{size}");
        }
        for (size, step) in [(0.3, 0.5), (4.0, 5.0), (7.0, 10.0), (40.0, 60.0), (4e3, 7_200.0), (9e4, 172_800.0)] {
            assert!((Steps::Time.at_least(size) - step).abs() < 1e-9, "{size}");
        }
        assert!((Steps::Decimal.at_most(4.9) - 2.5).abs() < 1e-12);
        assert!((Steps::Binary.at_most(4.9) - 4.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn a_step_is_finite_and_above_zero(size: f64) {
            for steps in [Steps::Decimal, Steps::Binary, Steps::Time] {
                for step in [steps.at_least(size), steps.at_most(size)] {
                    prop_assert!(step.is_finite() && step > 0.0);
                }
            }
        }

        #[test]
        fn the_size_is_between_its_two_steps(size in 1e-200_f64..1e200) {
            for steps in [Steps::Decimal, Steps::Binary, Steps::Time] {
                let (below, above) = (steps.at_most(size), steps.at_least(size));
                prop_assert!(below <= size && size <= above);
                // From 2 to 5 minutes is the widest step.
                prop_assert!(above <= below * 2.5 * (1.0 + 1e-12), "{below} {size} {above}");
            }
        }
    }
}
