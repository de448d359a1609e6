//! Values to heights. The span of a scale is always finite and above zero: plotters hangs on an axis that is endless,
//! and panics on one that is not a number.

use super::mapping::Mapping;

/// Values beyond this are drawn as this, so that differences of two stay finite.
const LARGEST: f64 = 1e300;

/// The smallest value that has a place of its own on a logarithmic scale.
const SMALLEST: f64 = 1e-300;

/// The smallest span around zero, so that its inverse stays finite.
const SMALLEST_SPAN: f64 = 1e-290;

/// The smallest span around another value, as a part of it: some thousand of the steps that an `f64` has there.
const SMALLEST_RELATIVE_SPAN: f64 = 1e-12;

/// The smallest ratio of a logarithmic scale's ends: logarithms near 300 still have some million steps in it.
const SMALLEST_RATIO: f64 = 1.0 + 1e-6;

/// How far a logarithmic scale reaches down from its high end when its low end is not above zero: three decades.
const RATIO_WITHOUT_LOW: f64 = 1e-3;

/// Heights beyond this, above or below, are as good as this.
const FAR_PX: f64 = 1e6;

/// A scale from a value range to a height in pixels: 0 at the top, growing downwards.
///
/// A logarithmic scale has no place for zero and what lies below it. Whatever is lower than its low end, such values
/// too, stands on the bottom edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    mapping: Mapping,
    low: f64,
    high: f64,
    /// The places of the two ends by the mapping.
    bottom: f64,
    top: f64,
    height_px: u32,
}

impl Scale {
    /// A linear scale between any two numbers. They are put in order and held within reason; what is not a number is
    /// left out; a span of nothing is widened.
    pub fn new(low: f64, high: f64, height_px: u32) -> Self {
        Self::mapped(Mapping::Linear, low, high, height_px)
    }

    /// A scale between any two numbers, as [`new`](Self::new). The low end of a logarithmic scale is three decades
    /// below the high one if it is not above zero; if neither is, the scale runs from 1 to 10.
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

    /// How values spread along the scale.
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

    /// The height of a value in pixels from the top, or NaN for what is not finite. Values far off the scale lie far
    /// off the chart, but at a finite height; what is too low for a logarithmic scale lies at its bottom edge.
    ///
    /// Hot: up to four times for each column of each series.
    pub fn y(&self, value: f64) -> f32 {
        if !value.is_finite() {
            return f32::NAN;
        }
        let part = (self.top - self.place(value)) / (self.top - self.bottom);
        (part * f64::from(self.height_px)).clamp(-FAR_PX, FAR_PX) as f32
    }

    /// Where a value stands between the ends, 0 at the low and 1 at the high one and held between them; NaN for what
    /// is not a number.
    pub fn part(&self, value: f64) -> f64 {
        ((self.place(value) - self.bottom) / (self.top - self.bottom)).clamp(0.0, 1.0)
    }

    /// The value at a height.
    pub fn value_at(&self, y: f32) -> f64 {
        let part = f64::from(y) / f64::from(self.height_px.max(1));
        let place = self.top - part * (self.top - self.bottom);
        match self.mapping {
            Mapping::Linear => place,
            Mapping::Log => 10_f64.powf(place),
        }
    }

    fn place(&self, value: f64) -> f64 {
        match self.mapping {
            Mapping::Linear => value.clamp(-LARGEST, LARGEST),
            Mapping::Log => value.clamp(self.low, LARGEST).log10(),
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
        assert!((scale.value_at(50.0) - 15.0).abs() < 1e-12);
    }

    #[test]
    fn decades_are_equally_high_on_a_logarithmic_scale() {
        let scale = log(0.01, 100.0);
        for (value, y) in [(100.0, 0.0), (10.0, 25.0), (1.0, 50.0), (0.01, 100.0), (1000.0, -25.0)] {
            assert!((scale.y(value) - y).abs() < 1e-4, "{value}");
        }
        assert!((scale.value_at(25.0) - 10.0).abs() < 1e-9);
        assert!((scale.part(10.0) - 0.75).abs() < 1e-12);
    }

    #[test]
    fn what_is_too_low_for_a_logarithmic_scale_stands_on_its_bottom_edge() {
        for value in [0.009, 0.0, -0.0, -5.0, f64::MIN, f64::MIN_POSITIVE] {
            assert!((log(0.01, 100.0).y(value) - 100.0).abs() < 1e-4, "{value}");
        }
    }

    #[test]
    fn what_is_no_range_becomes_one() {
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
    fn what_is_not_finite_has_no_height() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for mapping in MAPPINGS {
                assert!(Scale::mapped(mapping, 0.0, 1.0, 100).y(value).is_nan());
            }
        }
    }

    /// Numbers of every size: `any` alone hardly ever comes near 1.
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
                prop_assert_eq!(Scale::mapped(mapping, low, high, 150).y(value).is_finite(), value.is_finite());
            }
        }

        #[test]
        fn larger_values_are_never_lower(low in any_size(), high in any_size(), a in finite(), b in finite()) {
            for mapping in MAPPINGS {
                let scale = Scale::mapped(mapping, low, high, 150);
                prop_assert!(scale.y(a.max(b)) <= scale.y(a.min(b)));
                prop_assert!(scale.part(a.max(b)) >= scale.part(a.min(b)));
            }
        }

        #[test]
        fn a_height_leads_back_to_its_value(low in -290.0_f64..290.0, decades in 0.5_f64..10.0, part in 0.0_f64..1.0) {
            let scale = log(10_f64.powf(low), 10_f64.powf(low + decades));
            let value = 10_f64.powf(low + decades * part);
            prop_assert!((scale.value_at(scale.y(value)) / value - 1.0).abs() < 1e-4);
        }
    }
}
