//! Units as the catalog names them, and values written for people.

use std::borrow::Cow;
use std::fmt;

use protocol::Bounds;

use super::axis::AxisFormat;
use super::multiple::{self, Multiple, Prefixes};
use super::number;
use super::steps::Steps;

/// The unit of a group's values.
#[derive(Clone, Debug, PartialEq)]
pub enum Unit {
    /// No unit: `1`.
    Number,
    /// `1` on an axis from 0 to 1: a ratio, shown in percent.
    Percent,
    /// `%`: hundredths already.
    Hundredths,
    /// `By`, `By/s`, `KiBy`, `MBy`: shown in B, KiB, MiB ...
    Bytes {
        /// Bytes in one of what the values count.
        bytes: f64,
        /// What follows them: `/s`, or nothing.
        per: String,
    },
    /// A length of time, shown in the length that reads best: `s`, `ms`, `us`, `ns`, `min`, `h`, `d`.
    Duration {
        /// Seconds in one of what the values count.
        seconds: f64,
    },
    /// One that takes the prefixes of the SI: `Hz`, `bit/s`, `W`, `mV`, `A`, `m`, `kg`, `Ohm`.
    Si {
        /// How it is written: `Ω` for `Ohm`.
        symbol: &'static str,
        /// How many of it are one of what the values count: 1000 for `kg`.
        ones: f64,
        /// What follows it: `/s`, or nothing.
        per: String,
    },
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

/// Units that take the prefixes of the SI: as UCUM writes them, as people do, and which prefixes.
const SI: [(&str, &str, Prefixes); 14] = [
    ("Hz", "Hz", Prefixes::Large),
    ("bit", "bit", Prefixes::Large),
    ("W", "W", Prefixes::All),
    ("W.h", "Wh", Prefixes::All),
    ("V", "V", Prefixes::All),
    ("A", "A", Prefixes::All),
    ("J", "J", Prefixes::All),
    ("N", "N", Prefixes::All),
    ("Pa", "Pa", Prefixes::All),
    ("Ohm", "Ω", Prefixes::All),
    ("F", "F", Prefixes::All),
    ("K", "K", Prefixes::UpToKilo),
    ("m", "m", Prefixes::UpToKilo),
    ("g", "g", Prefixes::UpToKilo),
];

impl Unit {
    /// The unit of a group, from its [UCUM](https://ucum.org/ucum) text and its axis.
    pub fn parse(ucum: &str, bounds: &Bounds) -> Self {
        let zero_to_one = *bounds == Bounds::Fixed { low: 0.0, high: 1.0 };
        match ucum {
            "1" if zero_to_one => Self::Percent,
            "1" | "" => Self::Number,
            "%" => Self::Hundredths,
            "Cel" => Self::Celsius,
            "s" => Self::Duration { seconds: 1.0 },
            "ms" => Self::Duration { seconds: 1e-3 },
            "us" => Self::Duration { seconds: 1e-6 },
            "ns" => Self::Duration { seconds: 1e-9 },
            "min" => Self::Duration { seconds: 60.0 },
            "h" => Self::Duration { seconds: 3_600.0 },
            "d" => Self::Duration { seconds: 86_400.0 },
            _ => match ucum.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
                Some((noun, per)) if !noun.is_empty() => Self::Count { noun: noun.to_owned(), per: per.to_owned() },
                _ => Self::parse_prefixed(ucum).unwrap_or_else(|| Self::Other(ucum.to_owned())),
            },
        }
    }

    /// A unit of bytes or of the SI, with or without a prefix.
    fn parse_prefixed(ucum: &str) -> Option<Self> {
        let (unit, per) = ucum.split_at(ucum.find('/').unwrap_or(ucum.len()));
        // `By/{request}` is written `B/request`.
        let per = per.replace(['{', '}'], "");
        // Without a prefix first: `m` is a metre, `Pa` no peta-ampere.
        let plain = Some((1.0, unit));
        [plain, multiple::strip_prefix(unit)].into_iter().flatten().find_map(|(ones, atom)| {
            let si = SI.iter().find(|(ucum, ..)| *ucum == atom);
            match si {
                _ if atom == "By" => Some(Self::Bytes { bytes: ones, per: per.clone() }),
                Some((_, symbol, _)) => Some(Self::Si { symbol, ones, per: per.clone() }),
                None => None,
            }
        })
    }

    /// Which steps are round in this unit.
    pub fn steps(&self) -> Steps {
        match self {
            Self::Bytes { .. } => Steps::Binary,
            Self::Duration { seconds: 1.0 } => Steps::Time,
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
        Formatted { unit: format!("{}{}{}", multiple.symbol, self.symbol(), self.suffix(alone)), number }
    }

    /// How to label an axis with these ticks.
    pub fn axis(&self, ticks: &[f64]) -> AxisFormat {
        AxisFormat::new(self, ticks)
    }

    /// The largest multiple of which the value, as it will be shown, is at least one.
    pub(super) fn multiple_for(&self, value: f64) -> Multiple {
        let (multiples, ones) = self.multiples();
        multiple::best_for(value, multiples, ones)
    }

    /// Smaller multiples than this, from the largest on.
    pub(super) fn multiples_below(&self, multiple: Multiple) -> impl Iterator<Item = Multiple> {
        let (multiples, ones) = self.multiples();
        multiple::below(multiple, multiples, ones)
    }

    /// The multiples, and how many of what they multiply one of the values' own unit is.
    fn multiples(&self) -> (&'static [Multiple], f64) {
        match self {
            Self::Number | Self::Count { .. } | Self::Other(_) => (multiple::COUNTS, 1.0),
            Self::Percent => (multiple::PERCENT, 1.0),
            Self::Hundredths => (multiple::PERCENT, 0.01),
            Self::Celsius => (multiple::ONE, 1.0),
            Self::Bytes { bytes, .. } => (multiple::BYTES, *bytes),
            Self::Duration { seconds } => (multiple::TIMES, *seconds),
            Self::Si { symbol, ones, .. } => {
                let known = SI.iter().find(|(_, known, _)| known == symbol);
                (known.map_or(Prefixes::All, |(.., prefixes)| *prefixes).multiples(), *ones)
            }
        }
    }

    /// What stands right behind the prefix of every multiple: `Hz`.
    pub(super) fn symbol(&self) -> &'static str {
        match self {
            Self::Si { symbol, .. } => symbol,
            Self::Celsius => "°C",
            _ => "",
        }
    }

    /// What follows the multiple and the symbol. A count of exactly one takes the singular.
    pub(super) fn suffix(&self, alone: bool) -> Cow<'_, str> {
        match self {
            Self::Bytes { per, .. } | Self::Si { per, .. } => per.as_str().into(),
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
mod tests;
