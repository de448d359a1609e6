use proptest::prelude::*;

use super::*;
use crate::multiple::KIB;

const RATIO: Bounds = Bounds::Fixed { low: 0.0, high: 1.0 };

fn shown(ucum: &str, value: f64) -> String {
    Unit::parse(ucum, &Bounds::FromZero).format(value).to_string()
}

#[test]
fn values_are_shown_in_the_multiple_that_fits() {
    for (ucum, value, text) in [
        ("By/s", 1.2 * KIB * KIB * KIB, "1.2 GiB/s"),
        ("By/s", 0.0, "0 B/s"),
        ("By", 1023.0, "1023 B"),
        ("By", 1024.0, "1 KiB"),
        ("By", 1_048_575.0, "1 MiB"),
        ("By", -2048.0, "-2 KiB"),
        ("s", 0.0041, "4.1 ms"),
        ("s", 0.0, "0 s"),
        ("s", 90.0, "1.5 min"),
        ("s", 2.5e-7, "250 ns"),
        ("{packet}/s", 12_480.0, "12.5k packets/s"),
        ("{packet}/s", 999.96, "1k packets/s"),
        ("{error}/s", 1.0, "1 error/s"),
        ("{viewer}", 3.0, "3 viewers"),
        ("{query}/s", 2.0, "2 queries/s"),
        ("Cel", 61.0, "61 °C"),
        ("Hz", 2.4e9, "2.4 GHz"),
        ("1", 0.35, "0.35"),
        ("bit/s", 12.5e6, "12.5 Mbit/s"),
        ("bit", 0.5, "0.5 bit"),
        ("%", 35.1, "35.1 %"),
        ("%", 0.0, "0 %"),
        ("ms", 1_500.0, "1.5 s"),
        ("ms", 0.25, "250 µs"),
        ("us", 1e6, "1 s"),
        ("ns", 12.0, "12 ns"),
        ("min", 90.0, "1.5 h"),
        ("h", 0.5, "30 min"),
        ("d", 2.0, "2 d"),
        ("KiBy", 2048.0, "2 MiB"),
        ("MBy/s", 1.048_576, "1 MiB/s"),
        ("By/{request}", 512.0, "512 B/request"),
        ("W", 0.002, "2 mW"),
        ("kW", 1_200.0, "1.2 MW"),
        ("W.h", 3e3, "3 kWh"),
        ("V", 3.3, "3.3 V"),
        ("mV", 12.0, "12 mV"),
        ("A", 4e-6, "4 µA"),
        ("uA", 0.5, "500 nA"),
        ("m", 0.035, "35 mm"),
        ("m/s", 12.0, "12 m/s"),
        ("m", 4e6, "4000 km"),
        ("g", 0.5, "500 mg"),
        ("kg", 0.5, "500 g"),
        ("Pa", 101_325.0, "101 kPa"),
        ("Ohm", 4_700.0, "4.7 kΩ"),
        ("MHz", 2_400.0, "2.4 GHz"),
        ("furlong", 1_200.0, "1.2k furlong"),
    ] {
        assert_eq!(shown(ucum, value), text, "{value} {ucum}");
    }
}

#[test]
fn a_ratio_is_a_percentage_only_on_an_axis_from_zero_to_one() {
    assert_eq!(Unit::parse("1", &RATIO).format(0.351).to_string(), "35.1 %");
    assert_eq!(Unit::parse("1", &RATIO).format(0.0).to_string(), "0 %");
    assert_eq!(Unit::parse("1", &Bounds::Fixed { low: 0.0, high: 2.0 }), Unit::Number);
    assert_eq!(Unit::parse("1", &Bounds::Auto), Unit::Number);
}

#[test]
fn values_that_are_not_finite_have_no_unit() {
    assert_eq!(shown("By", f64::NAN), "–");
    assert_eq!(shown("By", f64::INFINITY), "∞");
    assert_eq!(shown("By", f64::NEG_INFINITY), "-∞");
}

#[test]
fn a_malformed_annotation_is_shown_unchanged() {
    assert_eq!(Unit::parse("{packet", &Bounds::Auto), Unit::Other("{packet".to_owned()));
    assert_eq!(Unit::parse("{}", &Bounds::Auto), Unit::Other("{}".to_owned()));
}

proptest! {
    #[test]
    fn every_number_is_short(value: f64) {
        for ucum in ["1", "By", "s", "Cel", "{x}"] {
            let formatted = Unit::parse(ucum, &RATIO).format(value);
            prop_assert!(formatted.number.chars().count() <= 10, "{formatted}");
        }
    }
}
