//! What a group's values stand for. Signals run from 0 to 1; a measure makes bytes, seconds or degrees of them.

use protocol::Bounds;

/// A unit, its axis, and what a signal of 1 is in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Measure {
    pub(super) unit: &'static str,
    pub(super) bounds: Bounds,
    full_scale: f64,
    resolution: Resolution,
}

/// How finely the instrument reads. Real ones count bytes, or tell a sixteenth of a degree; few fill a mantissa.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Resolution {
    Continuous,
    StepsPerUnit(f64),
}

const MEASURES: [Measure; 6] = [
    Measure { unit: "By/s", bounds: Bounds::FromZero, full_scale: 1e8, resolution: Resolution::StepsPerUnit(1.0) },
    Measure { unit: "s", bounds: Bounds::FromZero, full_scale: 0.1, resolution: Resolution::StepsPerUnit(1e6) },
    Measure {
        unit: "1",
        bounds: Bounds::Fixed { low: 0.0, high: 1.0 },
        full_scale: 1.0,
        resolution: Resolution::Continuous,
    },
    Measure {
        unit: "{request}/s",
        bounds: Bounds::FromZero,
        full_scale: 5e3,
        resolution: Resolution::StepsPerUnit(10.0),
    },
    Measure { unit: "By", bounds: Bounds::FromZero, full_scale: 8e9, resolution: Resolution::StepsPerUnit(1.0) },
    Measure { unit: "Cel", bounds: Bounds::Auto, full_scale: 80.0, resolution: Resolution::StepsPerUnit(16.0) },
];

impl Measure {
    /// Each in turn.
    pub(super) const fn of_group(group: u32) -> Self {
        MEASURES[group as usize % MEASURES.len()]
    }

    /// What the instrument reads. Hot: once per sample.
    pub(super) fn value(self, signal: f64) -> f64 {
        match self.resolution {
            Resolution::Continuous => signal * self.full_scale,
            Resolution::StepsPerUnit(steps) => (signal * self.full_scale * steps).round() / steps,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_lie_on_the_instrument_s_steps() {
        let [bytes, seconds, ratio, ..] = MEASURES;
        let read = [bytes, seconds, ratio].map(|measure| measure.value(0.123_456_789_1));
        assert_eq!(read.map(f64::to_bits), [12_345_679.0, 0.012_346, 0.123_456_789_1].map(f64::to_bits));
    }

    #[test]
    fn a_gap_stays_a_gap() {
        assert!(MEASURES.iter().all(|measure| measure.value(f64::NAN).is_nan()));
    }
}
