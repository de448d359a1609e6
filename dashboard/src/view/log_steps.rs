//! Round values of a logarithmic axis.

use super::steps::Steps;

/// Room for a label, in CSS pixels. Less than on a linear axis, since there are no ticks between decades.
const LABEL_SPACING_PX: f64 = 28.0;

/// Labels may be this close if that makes room for 2 and 5 between two decades.
const TIGHT_SPACING_PX: f64 = 20.0;

/// From 1 to 2, the shortest distance between two of 1, 2 and 5, in decades.
const SHORTEST_OF_1_2_5: f64 = std::f64::consts::LOG10_2;

/// More ticks than any chart has room for.
const MAX_TICKS: i32 = 64;

/// Ends are rounded to 1, 2 or 5 up to this many decades apart, to whole decades beyond.
const FINE_DECADES: f64 = 3.0;

/// Distances between ticks: in decades, and in bits.
const DECADE_STRIDES: [i32; 8] = [1, 2, 3, 5, 10, 20, 50, 100];
const BIT_STRIDES: [i32; 9] = [1, 2, 5, 10, 20, 50, 100, 200, 500];

/// The values of a logarithmic axis that count as round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LogSteps {
    /// 1, 2 and 5, times powers of ten.
    OneTwoFive,
    /// Every n-th power of ten.
    Decades(i32),
    /// Every n-th power of two.
    Bits(i32),
}

impl LogSteps {
    /// The round value with this index; 1 has index 0.
    fn place(self, index: i32) -> f64 {
        match self {
            Self::OneTwoFive => [1.0, 2.0, 5.0][index.rem_euclid(3) as usize] * power_of_ten(index.div_euclid(3)),
            Self::Decades(stride) => power_of_ten(index * stride),
            Self::Bits(stride) => 2_f64.powi(index * stride),
        }
    }

    /// The index of the largest round value up to `value`, which must be finite and positive.
    fn at_most(self, value: f64) -> i32 {
        let guess = match self {
            Self::OneTwoFive => value.log10() * 3.0,
            Self::Decades(stride) => value.log10() / f64::from(stride),
            Self::Bits(stride) => value.log2() / f64::from(stride),
        };
        let mut index = guess.floor() as i32;
        // Logarithms are rounded, and 1, 2 and 5 are not exactly at equal distances.
        while self.place(index) > value {
            index -= 1;
        }
        while self.place(index + 1) <= value {
            index += 1;
        }
        index
    }

    /// The index of the smallest round value from `value` on.
    fn at_least(self, value: f64) -> i32 {
        let below = self.at_most(value);
        if self.place(below) < value { below + 1 } else { below }
    }
}

fn power_of_ten(exponent: i32) -> f64 {
    // The inverse, so that negative powers near 1 are exact.
    if exponent < 0 { 10_f64.powi(-exponent).recip() } else { 10_f64.powi(exponent) }
}

/// Round ends around a positive range.
pub(super) fn rounded_ends(low: f64, high: f64, steps: Steps) -> (f64, f64) {
    let is_wide = (high / low).log10() > FINE_DECADES;
    let round = match (steps, is_wide) {
        (Steps::Decimal | Steps::Time, false) => LogSteps::OneTwoFive,
        (Steps::Decimal | Steps::Time, true) => LogSteps::Decades(1),
        (Steps::Binary, false) => LogSteps::Bits(1),
        (Steps::Binary, true) => LogSteps::Bits(5),
    };
    let (from, to) = (round.at_most(low), round.at_least(high));
    // A single round value is put in the middle.
    let (from, to) = if from == to { (from - 1, to + 1) } else { (from, to) };
    (round.place(from).min(low), round.place(to).max(high))
}

/// Round values of a logarithmic axis, from low to high: decades, with 2 and 5 between them if they fit; powers of two for
/// binary steps. A short range may hold fewer than two; a range that is empty or not above zero holds none.
pub(super) fn ticks(low: f64, high: f64, height_css_px: f64, steps: Steps) -> Vec<f64> {
    if !(low > 0.0 && high > low && high.is_finite()) {
        return Vec::new();
    }
    let decades = high.log10() - low.log10();
    let decade_px = height_css_px.max(2.0 * LABEL_SPACING_PX) / decades;
    let fits = |px: f64| move |stride: &i32| f64::from(*stride) * px >= LABEL_SPACING_PX;
    let round = match steps {
        Steps::Binary => {
            let bit_px = decade_px * SHORTEST_OF_1_2_5;
            LogSteps::Bits(BIT_STRIDES.into_iter().find(fits(bit_px)).unwrap_or(500))
        }
        _ if decade_px * SHORTEST_OF_1_2_5 >= TIGHT_SPACING_PX => LogSteps::OneTwoFive,
        _ => LogSteps::Decades(DECADE_STRIDES.into_iter().find(fits(decade_px)).unwrap_or(100)),
    };
    let (first, last) = (round.at_least(low), round.at_most(high));
    (first..=last.min(first.saturating_add(MAX_TICKS))).map(|index| round.place(index)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn close(found: &[f64], expected: &[f64]) {
        let near = |(a, b): (&f64, &f64)| (a / b - 1.0).abs() < 1e-12;
        assert!(found.len() == expected.len() && found.iter().zip(expected).all(near), "{found:?} for {expected:?}");
    }

    #[test]
    fn ends_are_1_2_5_or_decades_of_a_wide_range() {
        for ((low, high), (from, to)) in [
            ((0.03, 40.0), (0.01, 100.0)),
            ((3.0, 40.0), (2.0, 50.0)),
            ((1.0, 10.0), (1.0, 10.0)),
            ((7.0, 7.0), (5.0, 10.0)),
            ((1.0, 1.0), (0.5, 2.0)),
        ] {
            let (found_low, found_high) = rounded_ends(low, high, Steps::Decimal);
            close(&[found_low, found_high], &[from, to]);
        }
        assert_eq!(rounded_ends(700.0, 3000.0, Steps::Binary), (512.0, 4096.0));
        assert_eq!(rounded_ends(3.0, 1e6, Steps::Binary), (1.0, 1_048_576.0));
    }

    #[test]
    fn ticks_are_decades_or_finer_if_there_is_room() {
        close(&ticks(1.0, 100.0, 150.0, Steps::Decimal), &[1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]);
        close(&ticks(1.0, 1e4, 150.0, Steps::Decimal), &[1.0, 10.0, 100.0, 1e3, 1e4]);
        close(&ticks(1e-6, 1e6, 150.0, Steps::Decimal), &[1e-6, 1e-3, 1.0, 1e3, 1e6]);
        close(&ticks(1024.0, 1_048_576.0, 100.0, Steps::Binary), &[1024.0, 32_768.0, 1_048_576.0]);
        assert!(ticks(0.0, 1.0, 150.0, Steps::Decimal).is_empty());
        assert!(ticks(1.1, 1.9, 150.0, Steps::Decimal).is_empty());
    }

    proptest! {
        #[test]
        fn round_ends_hold_the_range(a in -300.0_f64..300.0, b in -300.0_f64..300.0, binary: bool) {
            let steps = if binary { Steps::Binary } else { Steps::Decimal };
            let (low, high) = (10_f64.powf(a.min(b)), 10_f64.powf(a.max(b)));
            let (from, to) = rounded_ends(low, high, steps);
            prop_assert!(0.0 < from && from <= low && high <= to && to.is_finite() && from < to);
            prop_assert!(low / from <= 32.0 * (1.0 + 1e-9) && to / high <= 32.0 * (1.0 + 1e-9));
        }

        #[test]
        fn ticks_increase_and_are_inside(a in -300.0_f64..300.0, b in -300.0_f64..300.0, height: f64, binary: bool) {
            let steps = if binary { Steps::Binary } else { Steps::Decimal };
            let (low, high) = (10_f64.powf(a.min(b)), 10_f64.powf(a.max(b)));
            let ticks = ticks(low, high, height, steps);
            prop_assert!(ticks.len() <= MAX_TICKS as usize + 1);
            prop_assert!(ticks.iter().all(|tick| (low..=high).contains(tick)), "{ticks:?}");
            prop_assert!(ticks.windows(2).all(|pair| pair[0] < pair[1]), "{ticks:?}");
        }
    }
}
