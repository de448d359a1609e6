//! Labels of axes of every size, in every unit, and in little room.

use std::collections::HashSet;

use proptest::prelude::*;
use protocol::Bounds;

use super::*;
use crate::multiple::Multiple;

const KIB: f64 = 1024.0;
const GIB: f64 = 1_073_741_824.0;

fn labels(ucum: &str, bounds: Bounds, ticks: &[f64]) -> Vec<String> {
    AxisLabels::linear(&Unit::parse(ucum, &bounds), ticks, &|_| true).labels
}

#[test]
fn all_labels_share_one_multiple_and_the_last_includes_the_unit() {
    assert_eq!(labels("By/s", Bounds::FromZero, &[0.0, GIB / 2.0, GIB]), ["0", "0.5", "1 GiB/s"]);
    assert_eq!(labels("{packet}/s", Bounds::FromZero, &[0.0, 5e3, 1e4]), ["0", "5k", "10k packets/s"]);
    assert_eq!(labels("s", Bounds::FromZero, &[0.0, 0.25e-3, 0.5e-3]), ["0", "250", "500 µs"]);
    assert_eq!(labels("ms", Bounds::FromZero, &[0.0, 500.0, 1000.0]), ["0", "0.5", "1 s"]);
    assert_eq!(labels("%", Bounds::FromZero, &[0.0, 50.0, 100.0]), ["0", "50", "100 %"]);
    assert_eq!(labels("V", Bounds::FromZero, &[0.0, 0.1, 0.2]), ["0", "100", "200 mV"]);
    let ratio = Bounds::Fixed { low: 0.0, high: 1.0 };
    assert_eq!(labels("1", ratio, &[0.0, 0.5, 1.0]), ["0", "50", "100 %"]);
}

#[test]
fn ticks_that_are_not_whole_minutes_are_labelled_in_seconds() {
    assert_eq!(labels("s", Bounds::FromZero, &[0.0, 50.0, 100.0]), ["0", "50", "100 s"]);
    assert_eq!(labels("s", Bounds::FromZero, &[0.0, 7_200.0, 14_400.0]), ["0", "2", "4 h"]);
}

#[test]
fn far_from_zero_labels_still_differ() {
    assert_eq!(labels("1", Bounds::Auto, &[1000.0, 1000.5, 1001.0]), ["1000", "1000.5", "1001"]);
}

#[test]
fn on_a_logarithmic_axis_each_label_has_its_own_multiple() {
    let labels =
        |ucum, ticks: &[f64]| AxisLabels::logarithmic(&Unit::parse(ucum, &Bounds::Auto), ticks, &|_| true).labels;
    assert_eq!(labels("s", &[1e-5, 1e-3, 0.1, 10.0]), ["10 µs", "1 ms", "100 ms", "10 s"]);
    assert_eq!(labels("s", &[1.0, 60.0, 1000.0, 86_400.0]), ["1 s", "1 min", "1000 s", "1 d"]);
    assert_eq!(labels("By/s", &[1.0, 32.0 * 1024.0, GIB]), ["1 B", "32 KiB", "1 GiB/s"]);
    assert_eq!(labels("{packet}/s", &[1.0, 1e3]), ["1", "1k packets/s"]);
    assert!(labels("s", &[]).is_empty());
}

#[test]
fn without_ticks_there_are_no_labels() {
    assert!(labels("By", Bounds::Auto, &[]).is_empty());
    assert_eq!(labels("By", Bounds::Auto, &[f64::NAN]), ["NaN B"]);
}

/// Labels for a room of so many characters, and the note after them.
fn narrow(ucum: &str, ticks: &[f64], characters: usize) -> Vec<String> {
    let unit = Unit::parse(ucum, &Bounds::Auto);
    let axis = AxisLabels::linear(&unit, ticks, &|label| label.chars().count() <= characters);
    axis.labels.into_iter().chain(axis.note).collect()
}

#[test]
fn values_beyond_the_prefixes_have_an_exponent_and_the_plain_unit() {
    assert_eq!(labels("V", Bounds::Auto, &[0.0, 5e299, 1e300]), ["0", "5e299", "1e300 V"]);
    assert_eq!(labels("By/s", Bounds::Auto, &[0.0, 1e30]), ["0", "1e30 B/s"]);
    assert_eq!(labels("V", Bounds::Auto, &[0.0, 2.5e-15, 5e-15]), ["0", "2.5e-15", "5e-15 V"]);
    assert_eq!(labels("Cel", Bounds::Auto, &[1e6, 1.5e6, 2e6]), ["1e6", "1.5e6", "2e6 °C"]);
    assert_eq!(labels("1", Bounds::Auto, &[-5e-324, 0.0, 5e-324]), ["-5e-324", "0", "5e-324"]);
    assert_eq!(labels("kg", Bounds::Auto, &[1e9, 2e9]), ["1e12", "2e12 g"]);
    let log = |ticks: &[f64]| AxisLabels::logarithmic(&Unit::parse("V", &Bounds::Auto), ticks, &|_| true).labels;
    assert_eq!(log(&[1e-300, 1.0, 1e300]), ["1e-300 V", "1 V", "1e300 V"]);
}

#[test]
fn the_unit_moves_to_the_note_if_it_does_not_fit() {
    assert_eq!(narrow("By/s", &[0.0, 512.0 * KIB, 1024.0 * KIB], 4), ["0", "0.5", "1", "MiB/s"]);
    assert_eq!(narrow("mol/L", &[0.0, 0.25, 0.5], 7), ["0", "0.25", "0.5", "mol/L"]);
}

#[test]
fn close_values_are_labelled_as_the_difference_from_a_round_one() {
    let volts = |from: f64, step: f64| [from, from + step, from + 2.0 * step];
    assert_eq!(narrow("V", &volts(1e9, 0.02), 9), ["0", "+20", "+40 mV", "from 1 GV"]);
    assert_eq!(narrow("V", &volts(-1e9, 0.5), 8), ["0", "+0.5", "+1 V", "from -1 GV"]);
    assert_eq!(narrow("V", &volts(1e9, 0.5), 4), ["0", "+0.5", "+1 V", "from 1 GV"]);
    assert_eq!(narrow("V", &volts(1e9, 0.02), 4), ["0", "+20", "+40", "from 1 GV, in mV"]);
    assert_eq!(narrow("By", &volts(GIB * 1024.0, 1024.0), 6), ["0", "+1", "+2 KiB", "from 1 TiB"]);
    assert_eq!(narrow("1", &volts(1_000_000.02, 0.02), 9), ["+0.02", "+0.04", "+0.06", "from 1M"]);
    assert_eq!(narrow("V", &[1e9 - 0.025, 1e9, 1e9 + 0.025], 9), ["-25", "0", "+25 mV", "from 1 GV"]);
    assert_eq!(narrow("1", &[1_234_567.02, 1_234_567.04], 8), ["+7.02", "+7.04", "from 1234.56k"]);
    assert_eq!(labels("1", Bounds::Auto, &[1e300, 1.000_001e300]), ["1e300", "1.000001e300"]);
    assert_eq!(narrow("V", &[-1.25e-290, 0.0, 1.25e-290], 7), ["-1.25", "0", "1.25", "× 1e-290 V"]);
}

#[test]
fn a_short_logarithmic_axis_has_as_many_digits_as_it_needs() {
    let log = |ticks: &[f64]| AxisLabels::logarithmic(&Unit::parse("V", &Bounds::Auto), ticks, &|_| true).labels;
    assert_eq!(log(&[1000.1, 1000.2, 1000.3]), ["1000.1", "1000.2", "1000.3 V"]);
    assert_eq!(log(&[2.1, 2.2]), ["2.1 V", "2.2 V"]);
}

const UNITS: [&str; 14] =
    ["1", "By", "By/s", "KiBy", "By/{request}", "s", "min", "ns", "V", "mV", "Cel", "%", "{packet}/s", "mol/L"];

/// Reads a number and a unit in any of its multiples.
fn read(unit: &Unit, text: &str) -> Option<(f64, Multiple)> {
    let all = Multiple { factor: f64::INFINITY, symbol: "" };
    unit.multiples_below(all).find_map(|multiple| {
        let number = text.strip_suffix(&unit.text_of(multiple))?;
        Some((number.strip_prefix('+').unwrap_or(number).parse::<f64>().ok()?, multiple))
    })
}

/// The values that a reader of the axis reads, with half a unit of the last digit of each.
fn read_all(unit: &Unit, axis: &AxisLabels) -> Option<Vec<(f64, f64)>> {
    let note = axis.note.as_deref().unwrap_or_default();
    let (base, in_note) = match note.strip_prefix("from ") {
        Some(rest) => rest.split_once(", in ").map_or((Some(rest), None), |(base, unit)| (Some(base), Some(unit))),
        None => (None, Some(note).filter(|note| !note.is_empty())),
    };
    let base = match base {
        Some(base) => read(unit, base).map(|(number, multiple)| number * multiple.factor)?,
        None => 0.0,
    };
    let all = Multiple { factor: f64::INFINITY, symbol: "" };
    let multiple = match in_note {
        Some(text) => {
            let (power, text) = match text.strip_prefix("× 1e") {
                Some(rest) => rest.split_at(rest.find(|c: char| c != '-' && !c.is_ascii_digit()).unwrap_or(rest.len())),
                None => ("0", text),
            };
            let of_unit = unit.multiples_below(all).find(|multiple| unit.text_of(*multiple).trim() == text.trim())?;
            Multiple { factor: of_unit.factor * 10_f64.powi(power.parse().ok()?), ..of_unit }
        }
        None => read(unit, axis.labels.last()?)?.1,
    };
    let highest = axis.labels.last()?.strip_suffix(&unit.text_of(multiple)).filter(|_| in_note.is_none());
    let (last, rest) = axis.labels.split_last()?;
    let text = unit.text_of(multiple);
    let of_number = if in_note.is_none() { part_of_number(&text) } else { "" };
    let without = |label: &'_ String| label.strip_suffix(of_number).unwrap_or(label).to_owned();
    let texts = rest.iter().map(without).chain([highest.unwrap_or(last).to_owned()]);
    let number = |text: String| {
        let text = text.as_str();
        let (digits, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let decimals = digits.split_once('.').map_or(0, |(_, decimals)| decimals.len() as i32);
        let half = 0.5 * 10_f64.powi(exponent.parse::<i32>().ok()? - decimals);
        let value: f64 = text.parse().ok()?;
        Some((base + value * multiple.factor, half * multiple.factor))
    };
    texts.map(number).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Axes of 2 to 12 ticks, from 1e-290 to 1e299, with steps down to 1e-12 of their value.
    #[test]
    fn labels_differ_fit_and_can_be_read(
        unit in 0..UNITS.len(), digit in 0..4_usize, power in -290_i32..298, binary: bool, far in 0.0_f64..12.0, minus: bool,
        count in 2_usize..12, room in 8_usize..14,
    ) {
        let unit = Unit::parse(UNITS[unit], &Bounds::Auto);
        let far = 10_f64.powf(far).floor() * if minus { -1.0 } else { 1.0 };
        let step = if binary { 2_f64.powi(power * 3) } else { [1.0, 2.0, 2.5, 5.0][digit] * 10_f64.powi(power) };
        prop_assume!((far * step).abs() < 1e300 && step > 1e-291);
        let ticks: Vec<f64> = (0..count).map(|index| (far + index as f64) * step + 0.0).collect();
        let fits = |label: &str| label.chars().count() <= room;
        for characters in [room, usize::MAX] {
            let axis = AxisLabels::linear(&unit, &ticks, &|label| label.chars().count() <= characters);
            prop_assert_eq!(axis.labels.len(), count);
            prop_assert_eq!(axis.labels.iter().collect::<HashSet<_>>().len(), count, "{:?}", axis);
            prop_assert!(characters > room || axis.labels.iter().all(|label| fits(label)), "{room}: {axis:?}");
            let values = read_all(&unit, &axis);
            let values = values.ok_or_else(|| TestCaseError::fail(format!("not a number: {axis:?}")))?;
            for ((value, half), tick) in values.iter().zip(&ticks) {
                // Of the base.
                let rounding = step * ERRORS[1];
                prop_assert!((value - tick).abs() <= half + rounding, "{value} for {tick}: {axis:?}");
                // The next tick is farther away than the error.
                prop_assert!((value - tick).abs() <= step * 2.0 * ERRORS[1], "{value} for {tick}: {axis:?}");
            }
        }
    }

    #[test]
    fn no_ticks_panic(ticks in proptest::collection::vec(any::<f64>(), 0..5), unit in 0..UNITS.len(), room in 0_usize..20) {
        let unit = Unit::parse(UNITS[unit], &Bounds::Auto);
        let fits = |label: &str| label.chars().count() <= room;
        prop_assert_eq!(AxisLabels::linear(&unit, &ticks, &fits).labels.len(), ticks.len());
        prop_assert_eq!(AxisLabels::logarithmic(&unit, &ticks, &fits).labels.len(), ticks.len());
    }

    #[test]
    fn logarithmic_labels_differ(from in -300_i32..290, stride in 1_i32..20, count in 2_i32..8, unit in 0..UNITS.len()) {
        let unit = Unit::parse(UNITS[unit], &Bounds::Auto);
        let ticks: Vec<f64> = (0..count).map(|index| from + index * stride).filter(|power| *power <= 300)
            .map(|power| 10_f64.powi(power)).collect();
        for room in [9, usize::MAX] {
            let axis = AxisLabels::logarithmic(&unit, &ticks, &|label| label.chars().count() <= room);
            prop_assert_eq!(axis.labels.iter().collect::<HashSet<_>>().len(), ticks.len(), "{:?}", axis);
            prop_assert!(axis.labels.iter().all(|label| label.chars().count() <= room), "{axis:?}");
        }
    }
}
