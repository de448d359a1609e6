//! Rounds values to the resolution of their instrument.
//!
//! A rate is a whole number of bytes or packets divided by a time that jitters by microseconds: most of its sixteen digits
//! are jitter. Rounded to the resolution of the instrument, it packs into two bytes in place of eight.

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rounding {
    steps_per_unit: f64,
}

impl Rounding {
    /// Finer than the instruments that read in this unit. CPU time is counted in ticks of 10 ms, so at ten readings a
    /// second a core has ten levels; 10,000 steps are enough. Counters change by one, so their rates at ten readings a
    /// second change by ten.
    pub(super) fn of_unit(unit: &str) -> Self {
        let steps_per_unit = match unit {
            "By" | "By/s" => 1.0,
            "1" => 10_000.0,
            _ => 100.0,
        };
        Self { steps_per_unit }
    }

    /// Rounds to the nearest step. NaN stays NaN.
    pub(super) fn round(self, value: f64) -> f64 {
        (value * self.steps_per_unit).round() / self.steps_per_unit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_rounded_to_the_steps_of_their_unit() {
        let round = |unit, value| Rounding::of_unit(unit).round(value);
        assert_eq!(round("By/s", 1_234.567).to_bits(), 1_235.0_f64.to_bits());
        assert_eq!(round("1", 0.052_631_578_4).to_bits(), 0.0526_f64.to_bits());
        assert_eq!(round("{packet}/s", 59.998_31).to_bits(), 60.0_f64.to_bits());
        assert!(round("By/s", f64::NAN).is_nan());
    }
}
