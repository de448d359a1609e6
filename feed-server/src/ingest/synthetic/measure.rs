//! Units. Signals run from 0 to 1; a measure scales them to bytes, seconds or degrees.

use protocol::Bounds;

/// A unit, its axis, and the value of a signal of 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Measure {
    pub(super) unit: &'static str,
    pub(super) bounds: Bounds,
    full_scale: f64,
    steps: Steps,
}

/// The steps that the instrument resolves. Real ones count bytes or sixteenths of a degree; few fill a mantissa.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Steps {
    Continuous,
    PerUnit(f64),
}

const MEASURES: [Measure; 6] = [
    Measure { unit: "By/s", bounds: Bounds::FromZero, full_scale: 1e8, steps: Steps::PerUnit(1.0) },
    Measure { unit: "s", bounds: Bounds::FromZero, full_scale: 0.1, steps: Steps::PerUnit(1e6) },
    Measure { unit: "1", bounds: Bounds::Fixed { low: 0.0, high: 1.0 }, full_scale: 1.0, steps: Steps::Continuous },
    Measure { unit: "{request}/s", bounds: Bounds::FromZero, full_scale: 5e3, steps: Steps::PerUnit(10.0) },
    Measure { unit: "By", bounds: Bounds::FromZero, full_scale: 8e9, steps: Steps::PerUnit(1.0) },
    Measure { unit: "Cel", bounds: Bounds::Auto, full_scale: 80.0, steps: Steps::PerUnit(16.0) },
];

impl Measure {
    pub(super) const fn of_group(group: u32) -> Self {
        MEASURES[group as usize % MEASURES.len()]
    }

    /// The value that the instrument reads. Hot: once per sample.
    pub(super) fn value(self, signal: f64) -> f64 {
        match self.steps {
            Steps::Continuous => signal * self.full_scale,
            Steps::PerUnit(steps) => (signal * self.full_scale * steps).round() / steps,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_rounded_to_the_instrument_s_steps() {
        let [bytes, seconds, ratio, ..] = MEASURES;
        let read = [bytes, seconds, ratio].map(|measure| measure.value(0.123_456_789_1));
        assert_eq!(read.map(f64::to_bits), [12_345_679.0, 0.012_346, 0.123_456_789_1].map(f64::to_bits));
    }

    #[test]
    fn a_missing_value_stays_missing() {
        assert!(MEASURES.iter().all(|measure| measure.value(f64::NAN).is_nan()));
    }
}
