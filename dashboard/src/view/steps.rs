//! The round distances that axes and ticks are built from.

/// Which distances count as round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steps {
    /// 1, 2, 2.5 and 5, times powers of ten.
    Decimal,
    /// Powers of two: 1 to 512 of each of B, KiB, MiB ...
    Binary,
}

/// Steps are chosen between these, so that sums and quotients of them stay finite.
const SMALLEST: f64 = 1e-290;
const LARGEST: f64 = 1e301;

impl Steps {
    /// The smallest round step that is no smaller than `size`. Always finite and above zero.
    pub fn at_least(self, size: f64) -> f64 {
        let size = within_reason(size);
        match self {
            Self::Binary => power_of_two(size.log2().ceil(), size, |step| step >= size),
            Self::Decimal => {
                let power = 10_f64.powi(size.log10().floor() as i32);
                // The last is for a logarithm that came out a hair low.
                let factors = [1.0, 2.0, 2.5, 5.0, 10.0, 20.0];
                factors.into_iter().map(|factor| factor * power).find(|step| *step >= size).unwrap_or(size)
            }
        }
    }

    /// The largest round step that is no larger than `size`. Always finite and above zero.
    pub fn at_most(self, size: f64) -> f64 {
        let size = within_reason(size);
        match self {
            Self::Binary => power_of_two(size.log2().floor(), size, |step| step <= size),
            Self::Decimal => {
                let power = 10_f64.powi(size.log10().floor() as i32);
                let factors = [10.0, 5.0, 2.5, 2.0, 1.0, 0.5];
                factors.into_iter().map(|factor| factor * power).find(|step| *step <= size).unwrap_or(size)
            }
        }
    }
}

/// Two to `exponent`, or `otherwise` when rounding put it on the wrong side.
fn power_of_two(exponent: f64, otherwise: f64, fits: impl Fn(f64) -> bool) -> f64 {
    Some(exponent.exp2()).filter(|step| step.is_finite() && fits(*step)).unwrap_or(otherwise)
}

/// The size as a number that logarithms and powers can take. Not a number counts as one.
fn within_reason(size: f64) -> f64 {
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
        assert!((Steps::Decimal.at_most(4.9) - 2.5).abs() < 1e-12);
        assert!((Steps::Binary.at_most(4.9) - 4.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn a_step_is_finite_and_above_zero(size: f64) {
            for steps in [Steps::Decimal, Steps::Binary] {
                for step in [steps.at_least(size), steps.at_most(size)] {
                    prop_assert!(step.is_finite() && step > 0.0);
                }
            }
        }

        #[test]
        fn the_size_lies_between_its_two_steps(size in 1e-200_f64..1e200) {
            for steps in [Steps::Decimal, Steps::Binary] {
                let (below, above) = (steps.at_most(size), steps.at_least(size));
                prop_assert!(below <= size && size <= above);
                prop_assert!(above <= below * 2.0 * (1.0 + 1e-12), "{below} {size} {above}");
            }
        }
    }
}
