//! Values to heights. The span of a scale is always finite and above zero: plotters hangs on an axis that is endless,
//! and panics on one that is not a number.

/// Values beyond this are drawn as this, so that differences of two stay finite.
const LARGEST: f64 = 1e300;

/// The smallest span around zero, so that its inverse stays finite.
const SMALLEST_SPAN: f64 = 1e-290;

/// The smallest span around another value, as a part of it: some thousand of the steps that an `f64` has there.
const SMALLEST_RELATIVE_SPAN: f64 = 1e-12;

/// Heights beyond this, above or below, are as good as this.
const FAR_PX: f64 = 1e6;

/// A linear scale from a value range to a height in pixels: 0 at the top, growing downwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    low: f64,
    high: f64,
    height_px: u32,
}

impl Scale {
    /// A scale between any two numbers. They are put in order and held within reason; what is not a number is left
    /// out; a span of nothing is widened.
    pub fn new(low: f64, high: f64, height_px: u32) -> Self {
        let (low, high) = match (low.is_nan(), high.is_nan()) {
            (true, true) => (0.0, 1.0),
            (true, false) => (high, high),
            (false, true) => (low, low),
            (false, false) => (low.min(high), low.max(high)),
        };
        let (low, high) = (low.clamp(-LARGEST, LARGEST), high.clamp(-LARGEST, LARGEST));
        let smallest = (low.abs().max(high.abs()) * SMALLEST_RELATIVE_SPAN).max(SMALLEST_SPAN);
        if high - low >= smallest {
            return Self { low, high, height_px };
        }
        if low == 0.0 && high == 0.0 {
            return Self { low: 0.0, high: 1.0, height_px };
        }
        Self { low: low - smallest, high: high + smallest, height_px }
    }

    /// The value at the bottom.
    pub fn low(&self) -> f64 {
        self.low
    }

    /// The value at the top.
    pub fn high(&self) -> f64 {
        self.high
    }

    /// Height in device pixels.
    pub fn height_px(&self) -> u32 {
        self.height_px
    }

    /// The height of a value, or NaN for what is not finite. Values far off the scale lie far off the chart, but at a
    /// finite height.
    ///
    /// Hot: up to four times for each column of each series.
    pub fn y(&self, value: f64) -> f32 {
        if !value.is_finite() {
            return f32::NAN;
        }
        let part = (self.high - value.clamp(-LARGEST, LARGEST)) / (self.high - self.low);
        (part * f64::from(self.height_px)).clamp(-FAR_PX, FAR_PX) as f32
    }

    /// The value at a height.
    pub fn value_at(&self, y: f32) -> f64 {
        let part = f64::from(y) / f64::from(self.height_px.max(1));
        self.high - part * (self.high - self.low)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ends(low: f64, high: f64) -> (f64, f64) {
        let scale = Scale::new(low, high, 100);
        (scale.low(), scale.high())
    }

    #[test]
    fn the_high_end_is_at_the_top() {
        let scale = Scale::new(10.0, 20.0, 100);
        for (value, y) in [(20.0, 0.0), (15.0, 50.0), (10.0, 100.0), (25.0, -50.0)] {
            assert!((scale.y(value) - y).abs() < 1e-4, "{value}");
        }
        assert!((scale.value_at(50.0) - 15.0).abs() < 1e-12);
    }

    #[test]
    fn what_is_no_range_becomes_one() {
        assert_eq!(ends(20.0, 10.0), (10.0, 20.0));
        assert_eq!(ends(f64::NAN, f64::NAN), (0.0, 1.0));
        assert_eq!(ends(0.0, 0.0), (0.0, 1.0));
        let (low, high) = ends(f64::NAN, 5.0);
        assert!(low < 5.0 && 5.0 < high);
    }

    #[test]
    fn what_is_not_finite_has_no_height() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(Scale::new(0.0, 1.0, 100).y(value).is_nan());
        }
    }

    proptest! {
        #[test]
        fn every_scale_has_a_finite_span_above_zero(low: f64, high: f64) {
            for (low, high) in [(low, high), (low, low), (low, f64::INFINITY), (f64::NEG_INFINITY, f64::INFINITY)] {
                let scale = Scale::new(low, high, 150);
                let span = scale.high() - scale.low();
                prop_assert!(span.is_finite() && span > 0.0, "{span}");
                prop_assert!(span.recip().is_finite());
            }
        }

        #[test]
        fn every_finite_value_has_a_finite_height(low: f64, high: f64, value: f64) {
            prop_assert_eq!(Scale::new(low, high, 150).y(value).is_finite(), value.is_finite());
        }

        #[test]
        fn larger_values_are_never_lower(low: f64, high: f64, a: f64, b: f64) {
            prop_assume!(a.is_finite() && b.is_finite());
            let scale = Scale::new(low, high, 150);
            prop_assert!(scale.y(a.max(b)) <= scale.y(a.min(b)));
        }
    }
}
