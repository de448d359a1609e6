//! Units in UCUM, and values as text.

use std::borrow::Cow;
use std::fmt;

use protocol::Bounds;

use crate::multiple::{self, Multiple, Prefixes};
use crate::number;

/// The unit of a group's values.
///
/// ```
/// use protocol::Bounds;
/// use series::Unit;
///
/// let unit = Unit::parse("By/s", &Bounds::FromZero);
/// assert_eq!(unit.format(1_258_291.2).to_string(), "1.2 MiB/s");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Unit {
    /// `1`: a number without a unit.
    Number,
    /// `1` with the bounds 0 to 1: a ratio, shown in percent.
    Percent,
    /// `%`: a value that is already in percent.
    Hundredths,
    /// `By`, `By/s`, `KiBy`, `MBy`: shown in B, KiB, MiB ...
    Bytes {
        /// The unit in bytes: 1024 for `KiBy`.
        bytes: f64,
        /// The suffix: `/s`, or nothing.
        per: String,
    },
    /// `s`, `ms`, `us`, `ns`, `min`, `h`, `d`: shown in the unit of time that fits the value.
    Duration {
        /// The unit in seconds: 60 for `min`.
        seconds: f64,
    },
    /// A unit that takes SI prefixes: `Hz`, `bit/s`, `W`, `mV`, `A`, `m`, `kg`, `Ohm`.
    Si {
        /// The symbol: `Ω` for `Ohm`.
        symbol: &'static str,
        /// The unit without its prefix: 1000 for `kg`.
        ones: f64,
        /// The suffix: `/s`, or nothing.
        per: String,
    },
    /// `Cel`: degrees Celsius, shown as °C.
    Celsius,
    /// A count: `{packet}/s`, `{viewer}`.
    Count {
        /// The noun in the singular: `packet`.
        noun: String,
        /// The suffix: `/s`, or nothing.
        per: String,
    },
    /// Any other unit, shown unchanged.
    Other(String),
}

/// Units that take SI prefixes: the UCUM code, the symbol, the customary prefixes.
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
    /// The unit of a group, from its [UCUM](https://ucum.org/ucum) code and its bounds.
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
        // Without a prefix first: `m` is the metre, and `Pa` is not a petaampere.
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

    /// The value with about three significant digits: `1.2 GiB/s`, `35 %`, `12.5k packets/s`.
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
        let multiple = self.shown_multiple(value);
        let number = number::plain_quotient(value, multiple.factor);
        let alone = number == "1" && multiple.symbol.is_empty();
        Formatted { unit: format!("{}{}{}", multiple.symbol, self.symbol(), self.suffix(alone)), number }
    }

    /// The unit without the part that a value is not scaled by: `B` for `B/request`, nothing for packets. For places that have
    /// no room to repeat it.
    #[must_use]
    pub fn without_suffix(&self) -> Self {
        match self {
            Self::Bytes { bytes, .. } => Self::Bytes { bytes: *bytes, per: String::new() },
            Self::Si { symbol, ones, .. } => Self::Si { symbol, ones: *ones, per: String::new() },
            Self::Count { .. } | Self::Other(_) => Self::Number,
            _ => self.clone(),
        }
    }

    /// The multiple for one value: that of [`multiple_for`](Self::multiple_for), or the unit without a prefix if the number has
    /// an exponent in any multiple.
    pub(crate) fn shown_multiple(&self, value: f64) -> Multiple {
        let multiple = self.multiple_for(value);
        if value == 0.0 || number::is_plain(value / multiple.factor) { multiple } else { self.plain_multiple() }
    }

    /// The unit without a prefix.
    pub(crate) fn plain_multiple(&self) -> Multiple {
        let (multiples, ones) = self.multiples();
        multiple::plain(multiples, ones)
    }

    /// The text after a number in a multiple, with the blank before it.
    pub(crate) fn text_of(&self, multiple: Multiple) -> String {
        format!("{}{}{}", multiple.symbol, self.symbol(), self.suffix(false))
    }

    /// Returns true if round values are powers of two.
    pub(crate) const fn is_binary(&self) -> bool {
        matches!(self, Self::Bytes { .. })
    }

    /// The largest multiple of which the value, after rounding, is at least one.
    pub(crate) fn multiple_for(&self, value: f64) -> Multiple {
        let (multiples, ones) = self.multiples();
        multiple::best_for(value, multiples, ones)
    }

    /// The multiples that are smaller than this, the largest first.
    pub(crate) fn multiples_below(&self, multiple: Multiple) -> impl Iterator<Item = Multiple> {
        let (multiples, ones) = self.multiples();
        multiple::below(multiple, multiples, ones)
    }

    /// The multiples, and the factor from this unit to the unit that the multiples refer to.
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

    /// The symbol that follows the prefix of a multiple: `Hz`.
    pub(crate) fn symbol(&self) -> &'static str {
        match self {
            Self::Si { symbol, .. } => symbol,
            Self::Celsius => "°C",
            _ => "",
        }
    }

    /// The text that follows the symbol. `alone` selects the singular of a count.
    pub(crate) fn suffix(&self, alone: bool) -> Cow<'_, str> {
        match self {
            Self::Bytes { per, .. } | Self::Si { per, .. } => per.as_str().into(),
            Self::Count { noun, per } if alone => format!(" {noun}{per}").into(),
            Self::Count { noun, per } => format!(" {}{per}", plural(noun)).into(),
            Self::Other(text) => format!(" {text}").into(),
            _ => "".into(),
        }
    }
}

/// `packet` to `packets`, `query` to `queries`. A noun that ends in s counts as a plural.
fn plural(noun: &str) -> String {
    let before_y = noun.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'i', 'o', 'u']));
    match before_y {
        Some(stem) => format!("{stem}ies"),
        None if noun.ends_with('s') => noun.to_owned(),
        None => format!("{noun}s"),
    }
}

/// A value as text, in two parts: a page may set the number large and the unit small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formatted {
    /// Digits; `–` for no value.
    pub number: String,
    /// Multiple and unit, including a blank where one belongs: ` GiB/s`, `k packets/s`.
    pub unit: String,
}

impl fmt::Display for Formatted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.number, self.unit)
    }
}

#[cfg(test)]
mod tests;
