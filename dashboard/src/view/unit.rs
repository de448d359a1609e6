//! Units as the catalog names them, and values written for people.

use std::borrow::Cow;
use std::fmt;

use protocol::Bounds;

use super::axis::AxisFormat;
use super::number;
use super::steps::Steps;

/// The unit of a group's values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unit {
    /// No unit: `1`.
    Number,
    /// `1` on an axis from 0 to 1: a ratio, shown in percent.
    Percent,
    /// `By`.
    Bytes,
    /// `By/s`.
    BytesPerSecond,
    /// `s`.
    Seconds,
    /// `Hz`.
    Hertz,
    /// `Cel`.
    Celsius,
    /// Things that are counted: `{packet}/s`, `{viewer}`.
    Count {
        /// One of them: `packet`.
        noun: String,
        /// What follows it: `/s`, or nothing.
        per: String,
    },
    /// Any other, shown as it is written.
    Other(String),
}

/// A multiple of a unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Multiple {
    /// How many of the unit it is.
    pub(super) factor: f64,
    /// What stands behind the number, blank included.
    pub(super) symbol: &'static str,
}

const fn of(factor: f64, symbol: &'static str) -> Multiple {
    Multiple { factor, symbol }
}

const COUNTS: &[Multiple] = &[of(1.0, ""), of(1e3, "k"), of(1e6, "M"), of(1e9, "G"), of(1e12, "T"), of(1e15, "P")];
const PERCENT: &[Multiple] = &[of(0.01, " %")];
const CELSIUS: &[Multiple] = &[of(1.0, " °C")];
const HERTZ: &[Multiple] = &[of(1.0, " Hz"), of(1e3, " kHz"), of(1e6, " MHz"), of(1e9, " GHz")];
const SECONDS: &[Multiple] = &[
    of(1e-9, " ns"),
    of(1e-6, " µs"),
    of(1e-3, " ms"),
    of(1.0, " s"),
    of(60.0, " min"),
    of(3_600.0, " h"),
    of(86_400.0, " d"),
];
const KIB: f64 = 1024.0;
const BYTES: &[Multiple] = &[
    of(1.0, " B"),
    of(KIB, " KiB"),
    of(KIB * KIB, " MiB"),
    of(KIB * KIB * KIB, " GiB"),
    of(KIB * KIB * KIB * KIB, " TiB"),
    of(KIB * KIB * KIB * KIB * KIB, " PiB"),
];

impl Unit {
    /// The unit of a group, from its [UCUM](https://ucum.org/ucum) text and its axis.
    pub fn parse(ucum: &str, bounds: &Bounds) -> Self {
        let zero_to_one = *bounds == Bounds::Fixed { low: 0.0, high: 1.0 };
        match ucum {
            "1" if zero_to_one => Self::Percent,
            "1" | "" => Self::Number,
            "By" => Self::Bytes,
            "By/s" => Self::BytesPerSecond,
            "s" => Self::Seconds,
            "Hz" => Self::Hertz,
            "Cel" => Self::Celsius,
            _ => match ucum.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
                Some((noun, per)) if !noun.is_empty() => Self::Count { noun: noun.to_owned(), per: per.to_owned() },
                _ => Self::Other(ucum.to_owned()),
            },
        }
    }

    /// Which steps are round in this unit.
    pub fn steps(&self) -> Steps {
        match self {
            Self::Bytes | Self::BytesPerSecond => Steps::Binary,
            _ => Steps::Decimal,
        }
    }

    /// A value with about three significant digits: `1.2 GiB/s`, `35 %`, `12.5k packets/s`.
    pub fn format(&self, value: f64) -> Formatted {
        if !value.is_finite() {
            let number = if value.is_nan() {
                "–"
            } else if value > 0.0 {
                "∞"
            } else {
                "-∞"
            };
            return Formatted { number: number.to_owned(), unit: String::new() };
        }
        let multiple = self.multiple_for(value);
        let number = number::plain(value / multiple.factor);
        let alone = number == "1" && multiple.symbol.is_empty();
        Formatted { unit: format!("{}{}", multiple.symbol, self.suffix(alone)), number }
    }

    /// How to label an axis with these ticks.
    pub fn axis(&self, ticks: &[f64]) -> AxisFormat {
        AxisFormat::new(self, ticks)
    }

    /// The largest multiple of which the value, as it will be shown, is at least one.
    pub(super) fn multiple_for(&self, value: f64) -> Multiple {
        let multiples = self.multiples();
        let one = Multiple { factor: 1.0, symbol: "" };
        let reached = multiples.iter().rev().find(|multiple| {
            // Rounded as the multiple below would show it: 999.96 becomes 1k, not 1000.
            let below = multiples.iter().rev().find(|below| below.factor < multiple.factor).unwrap_or(multiple);
            number::rounded(value.abs() / below.factor) * below.factor >= multiple.factor * (1.0 - 1e-12)
        });
        // Nothing is shown in the plain unit, not in its smallest part.
        let plain = multiples.iter().find(|multiple| multiple.factor >= 1.0);
        let otherwise = if value == 0.0 { plain.or(multiples.first()) } else { multiples.first() };
        reached.or(otherwise).copied().unwrap_or(one)
    }

    fn multiples(&self) -> &'static [Multiple] {
        match self {
            Self::Number | Self::Count { .. } | Self::Other(_) => COUNTS,
            Self::Percent => PERCENT,
            Self::Bytes | Self::BytesPerSecond => BYTES,
            Self::Seconds => SECONDS,
            Self::Hertz => HERTZ,
            Self::Celsius => CELSIUS,
        }
    }

    /// What follows the multiple's symbol. A count of exactly one takes the singular.
    pub(super) fn suffix(&self, alone: bool) -> Cow<'static, str> {
        match self {
            Self::BytesPerSecond => "/s".into(),
            Self::Count { noun, per } if alone => format!(" {noun}{per}").into(),
            Self::Count { noun, per } => format!(" {}{per}", plural(noun)).into(),
            Self::Other(text) => format!(" {text}").into(),
            _ => "".into(),
        }
    }
}

/// `packet` to `packets`, `query` to `queries`; what ends in s is taken for a plural.
fn plural(noun: &str) -> String {
    let before_y = noun.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'i', 'o', 'u']));
    match before_y {
        Some(stem) => format!("{stem}ies"),
        None if noun.ends_with('s') => noun.to_owned(),
        None => format!("{noun}s"),
    }
}

/// A value written for people, in two parts: a page may set the number large and the unit small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formatted {
    /// Digits, or a sign in their place: `–` for no value.
    pub number: String,
    /// What stands behind them, a blank before it where one belongs: ` GiB/s`, `k packets/s`.
    pub unit: String,
}

impl fmt::Display for Formatted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.number, self.unit)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RATIO: Bounds = Bounds::Fixed { low: 0.0, high: 1.0 };

    fn shown(ucum: &str, value: f64) -> String {
        Unit::parse(ucum, &Bounds::FromZero).format(value).to_string()
    }

    #[test]
    fn values_read_as_a_person_would_write_them() {
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
            ("bit/s", 12.5e6, "12.5M bit/s"),
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
    fn what_is_no_number_has_no_unit() {
        assert_eq!(shown("By", f64::NAN), "–");
        assert_eq!(shown("By", f64::INFINITY), "∞");
        assert_eq!(shown("By", f64::NEG_INFINITY), "-∞");
    }

    #[test]
    fn a_malformed_annotation_is_shown_as_it_is() {
        assert_eq!(Unit::parse("{packet", &Bounds::Auto), Unit::Other("{packet".to_owned()));
        assert_eq!(Unit::parse("{}", &Bounds::Auto), Unit::Other("{}".to_owned()));
    }

    proptest! {
        #[test]
        fn a_number_is_short_whatever_the_value(value: f64) {
            for ucum in ["1", "By", "s", "Cel", "{x}"] {
                let formatted = Unit::parse(ucum, &RATIO).format(value);
                prop_assert!(formatted.number.chars().count() <= 10, "{formatted}");
            }
        }
    }
}
