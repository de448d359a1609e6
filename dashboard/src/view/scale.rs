//! Converts values to heights. The span of a scale is always finite and above zero: plotters does not return on an
//! infinite axis, and panics on NaN.

use super::mapping::Mapping;

/// Values are clamped to this, so that differences stay finite.
const LARGEST: f64 = 1e300;

/// The smallest value on a logarithmic scale.
const SMALLEST: f64 = 1e-300;

/// The smallest span around zero, so that its inverse stays finite.
const SMALLEST_SPAN: f64 = 1e-290;

/// The smallest span around another value, relative to it: some thousand steps of an `f64`.
const SMALLEST_RELATIVE_SPAN: f64 = 1e-12;

/// The smallest ratio of a logarithmic scale's ends: logarithms near 300 have some million steps in it.
const SMALLEST_RATIO: f64 = 1.0 + 1e-6;

/// Low end of a logarithmic scale relative to its high end if it is not positive: three decades.
const RATIO_WITHOUT_LOW: f64 = 1e-3;

/// Heights are clamped to this: it is beyond any surface.
const FAR_PX: f64 = 1e6;

/// A scale from a value range to a height in pixels: 0 at the top, growing downwards.
///
/// Values of zero and below have no height on a logarithmic scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    mapping: Mapping,
    low: f64,
    high: f64,
    /// The two ends after the mapping.
    bottom: f64,
    top: f64,
    height_px: u32,
}

impl Scale {
    /// A linear scale between any two numbers. They are put in order and clamped; NaN is replaced by the other end; an
    /// empty span is widened.
    pub fn new(low: f64, high: f64, height_px: u32) -> Self {
        Self::mapped(Mapping::Linear, low, high, height_px)
    }

    /// A scale between any two numbers, as [`new`](Self::new). If the low end of a logarithmic scale is not positive, it is
    /// set three decades below the high one; if neither is positive, the scale is from 1 to 10.
    pub fn mapped(mapping: Mapping, low: f64, high: f64, height_px: u32) -> Self {
        let (low, high) = match (low.is_nan(), high.is_nan()) {
            (true, true) => (0.0, 0.0),
            (true, false) => (high, high),
            (false, true) => (low, low),
            (false, false) => (low.min(high), low.max(high)),
        };
        let (low, high) = match mapping {
            Mapping::Linear => linear_ends(low, high),
            Mapping::Log => log_ends(low, high),
        };
        Self { mapping, low, high, bottom: mapping.place(low), top: mapping.place(high), height_px }
    }

    pub fn mapping(&self) -> Mapping {
        self.mapping
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

    /// The height of a value in pixels from the top; NaN for a value that is not finite and, on a logarithmic scale, for one
    /// that is not above zero. Values off the scale have finite heights off the chart.
    ///
    /// Hot: up to four times for each column of each series.
    pub fn y(&self, value: f64) -> f32 {
        if !value.is_finite() {
            return f32::NAN;
        }
        // NaN for a value without a place.
        let part = (self.top - self.place(value)) / (self.top - self.bottom);
        (part * f64::from(self.height_px)).clamp(-FAR_PX, FAR_PX) as f32
    }

    /// The position of a value between the ends, 0 at the low and 1 at the high one, clamped to 0 to 1; NaN for NaN and
    /// for a value that has no place.
    pub fn part(&self, value: f64) -> f64 {
        ((self.place(value) - self.bottom) / (self.top - self.bottom)).clamp(0.0, 1.0)
    }

    fn place(&self, value: f64) -> f64 {
        match self.mapping {
            Mapping::Linear => value.clamp(-LARGEST, LARGEST),
            Mapping::Log if value > 0.0 => value.clamp(SMALLEST, LARGEST).log10(),
            Mapping::Log => f64::NAN,
        }
    }
}

fn linear_ends(low: f64, high: f64) -> (f64, f64) {
    let (low, high) = (low.clamp(-LARGEST, LARGEST), high.clamp(-LARGEST, LARGEST));
    let smallest = (low.abs().max(high.abs()) * SMALLEST_RELATIVE_SPAN).max(SMALLEST_SPAN);
    if high - low >= smallest {
        (low, high)
    } else if low == 0.0 && high == 0.0 {
        (0.0, 1.0)
    } else {
        (low - smallest, high + smallest)
    }
}

fn log_ends(low: f64, high: f64) -> (f64, f64) {
    if high <= 0.0 {
        return (1.0, 10.0);
    }
    let high = high.clamp(SMALLEST, LARGEST);
    let low = if low > 0.0 { low } else { high * RATIO_WITHOUT_LOW };
    let low = low.clamp(SMALLEST, LARGEST);
    if high / low >= SMALLEST_RATIO { (low, high) } else { (low / SMALLEST_RATIO, high * SMALLEST_RATIO) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAPPINGS: [Mapping; 2] = [Mapping::Linear, Mapping::Log];

    fn ends(low: f64, high: f64) -> (f64, f64) {
        let scale = Scale::new(low, high, 100);
        (scale.low(), scale.high())
    }

    fn log(low: f64, high: f64) -> Scale {
        Scale::mapped(Mapping::Log, low, high, 100)
    }

    #[test]
    fn the_high_end_is_at_the_top() {
        let scale = Scale::new(10.0, 20.0, 100);
        for (value, y) in [(20.0, 0.0), (15.0, 50.0), (10.0, 100.0), (25.0, -50.0)] {
            assert!((scale.y(value) - y).abs() < 1e-4, "{value}");
        }
    }

    #[test]
    fn decades_are_equally_high_on_a_logarithmic_scale() {
        let scale = log(0.01, 100.0);
        for (value, y) in [(100.0, 0.0), (10.0, 25.0), (1.0, 50.0), (0.01, 100.0), (1000.0, -25.0)] {
            assert!((scale.y(value) - y).abs() < 1e-4, "{value}");
        }
        assert!((scale.part(10.0) - 0.75).abs() < 1e-12);
    }

    #[test]
    fn values_of_zero_and_below_have_no_place_on_a_logarithmic_scale() {
        for value in [0.0, -0.0, -5.0, f64::MIN, -f64::MIN_POSITIVE] {
            assert!(log(0.01, 100.0).y(value).is_nan() && log(0.01, 100.0).part(value).is_nan(), "{value}");
        }
        assert!((log(0.01, 100.0).y(0.001) - 125.0).abs() < 1e-4, "below the scale");
        assert!(log(0.01, 100.0).y(f64::from_bits(1)) > 100.0);
    }

    #[test]
    fn an_invalid_range_is_replaced() {
        assert_eq!(ends(20.0, 10.0), (10.0, 20.0));
        assert_eq!(ends(f64::NAN, f64::NAN), (0.0, 1.0));
        assert_eq!(ends(0.0, 0.0), (0.0, 1.0));
        let (low, high) = ends(f64::NAN, 5.0);
        assert!(low < 5.0 && 5.0 < high);
        for (low, high) in [(f64::NAN, f64::NAN), (0.0, 0.0), (-3.0, -1.0)] {
            assert_eq!((log(low, high).low(), log(low, high).high()), (1.0, 10.0));
        }
        assert!((log(0.0, 1000.0).low() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn values_that_are_not_finite_have_no_height() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for mapping in MAPPINGS {
                assert!(Scale::mapped(mapping, 0.0, 1.0, 100).y(value).is_nan());
            }
        }
    }

    /// Numbers of every size: `any` alone rarely gives numbers near 1.
    fn any_size() -> impl Strategy<Value = f64> {
        let sized = (-300.0_f64..300.0, any::<bool>()).prop_map(|(exponent, negative)| {
            let size = 10_f64.powf(exponent);
            if negative { -size } else { size }
        });
        prop_oneof![any::<f64>(), sized, -1e3_f64..1e3, Just(f64::INFINITY), Just(f64::NAN), Just(0.0)]
    }

    fn finite() -> impl Strategy<Value = f64> {
        any_size().prop_map(|value| if value.is_finite() { value } else { 1.0 })
    }

    proptest! {
        #[test]
        fn every_scale_has_a_finite_span_above_zero(low in any_size(), high in any_size()) {
            for (low, high) in [(low, high), (low, low), (low, f64::INFINITY), (f64::NEG_INFINITY, f64::INFINITY)] {
                for mapping in MAPPINGS {
                    let scale = Scale::mapped(mapping, low, high, 150);
                    for span in [scale.high() - scale.low(), mapping.distance(scale.low(), scale.high())] {
                        prop_assert!(span.is_finite() && span > 0.0, "{mapping:?} {span}");
                        prop_assert!(mapping == Mapping::Log || span.recip().is_finite());
                    }
                }
            }
        }

        #[test]
        fn every_finite_value_has_a_finite_height(low in any_size(), high in any_size(), value in any_size()) {
            for mapping in MAPPINGS {
                let has_place = value.is_finite() && (mapping == Mapping::Linear || value > 0.0);
                prop_assert_eq!(Scale::mapped(mapping, low, high, 150).y(value).is_finite(), has_place);
            }
        }

        #[test]
        fn larger_values_are_never_lower(low in any_size(), high in any_size(), a in finite(), b in finite()) {
            for mapping in MAPPINGS {
                let scale = Scale::mapped(mapping, low, high, 150);
                let (a, b) = if mapping == Mapping::Log { (a.abs(), b.abs()) } else { (a, b) };
                prop_assume!(mapping == Mapping::Linear || a.min(b) > 0.0);
                prop_assert!(scale.y(a.max(b)) <= scale.y(a.min(b)));
                prop_assert!(scale.part(a.max(b)) >= scale.part(a.min(b)));
            }
        }
    }
}
