//! The ticks and labels of a value axis, and the range of a scale of colours as text.

use series::{AxisLabels, Unit};

use super::mapping::Mapping;
use super::scale::Scale;
use super::steps::Steps;
use super::ticks::{log_ticks, value_ticks};

/// The ticks of a value axis and their labels, from low to high.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueAxis {
    pub ticks: Vec<f64>,
    /// As many labels, pairwise different, and a note of what they leave out.
    pub text: AxisLabels,
}

impl ValueAxis {
    /// The axis of a scale that is `height_css_px` high. `fits` returns true if a text has room beside the axis.
    pub fn new(scale: Scale, unit: &Unit, height_css_px: f64, fits: &dyn Fn(&str) -> bool) -> Self {
        let (low, high, steps) = (scale.low(), scale.high(), Steps::of(unit));
        match scale.mapping() {
            Mapping::Linear => {
                let ticks = value_ticks(low, high, height_css_px, steps);
                Self { text: AxisLabels::linear(unit, &ticks, fits), ticks }
            }
            Mapping::Log => {
                let ticks = log_ticks(low, high, height_css_px, steps);
                Self { text: AxisLabels::logarithmic(unit, &ticks, fits), ticks }
            }
        }
    }
}

/// The ends of a scale of colours, `0 – 100 %`.
pub fn range_text(scale: Scale, unit: &Unit) -> String {
    let (ends, fits) = ([scale.low(), scale.high()], |_: &str| true);
    let text = match scale.mapping() {
        Mapping::Linear => AxisLabels::linear(unit, &ends, &fits),
        Mapping::Log => AxisLabels::logarithmic(unit, &ends, &fits),
    };
    let range = text.labels.join(" – ");
    match text.note {
        Some(note) => format!("{range} {note}"),
        None => range,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;
    use protocol::Bounds;

    use super::*;

    fn unit(ucum: &str) -> Unit {
        Unit::parse(ucum, &Bounds::Auto)
    }

    #[test]
    fn the_ends_of_a_scale_of_colours_share_a_unit_and_differ() {
        let text = |low, high, ucum| range_text(Scale::new(low, high, 100), &unit(ucum));
        assert_eq!(text(0.0, 100.0, "%"), "0 – 100 %");
        assert_eq!(text(1e9, 1e9 + 0.5, "V"), "1000 – 1000.0000005 MV");
        let log = Scale::mapped(Mapping::Log, 1e-3, 10.0, 100);
        assert_eq!(range_text(log, &unit("s")), "1 ms – 10 s");
    }

    #[test]
    fn labels_of_close_values_differ() {
        let axis = ValueAxis::new(Scale::new(1e9, 1e9 + 0.1, 100), &unit("V"), 110.0, &|label| label.len() <= 9);
        assert_eq!(axis.text.labels, ["0", "+50", "+100 mV"]);
        assert_eq!(axis.text.note.as_deref(), Some("from 1 GV"));
    }

    const UNITS: [&str; 8] = ["1", "By/s", "KiBy", "s", "V", "Cel", "%", "{packet}/s"];

    /// Ends of every size, up to a trillionth of their value apart.
    fn ends() -> impl Strategy<Value = (f64, f64)> {
        let size = (-300.0_f64..300.0, any::<bool>())
            .prop_map(|(power, minus)| 10_f64.powf(power) * if minus { -1.0 } else { 1.0 });
        let close = (size.clone(), -12.0_f64..1.0).prop_map(|(low, part)| (low, low + low.abs() * 10_f64.powf(part)));
        prop_oneof![(size.clone(), size), close, (any::<f64>(), any::<f64>()), Just((0.0, 5e-324))]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn labels_differ_and_fit_on_every_axis(
            (low, high) in ends(), name in 0..UNITS.len(), log: bool, height in 40.0_f64..400.0, digit in 6.0_f64..7.0,
        ) {
            let mapping = if log { Mapping::Log } else { Mapping::Linear };
            let scale = Scale::mapped(mapping, low, high, 150);
            // A blank, a point and a sign are half as wide as a digit.
            let width = |label: &str| label.chars().map(|c| if " .+-".contains(c) { digit / 2.0 } else { digit }).sum::<f64>();
            let axis = ValueAxis::new(scale, &unit(UNITS[name]), height, &|label| width(label) <= 60.0);
            prop_assert!(axis.ticks.len() >= 2, "{scale:?}");
            prop_assert_eq!(axis.ticks.len(), axis.text.labels.len());
            let different = axis.text.labels.iter().collect::<HashSet<_>>().len();
            prop_assert_eq!(different, axis.ticks.len(), "{:?}", axis);
            prop_assert!(axis.text.labels.iter().all(|label| width(label) <= 60.0), "{axis:?}");
        }
    }
}
