//! Multiples of units: nano to peta, KiB to PiB, minutes.

use crate::duration::TimeUnit;
use crate::number;

/// A multiple of a unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Multiple {
    pub(crate) factor: f64,
    /// Follows the number and includes the blank. The unit's own symbol follows it.
    pub(crate) symbol: &'static str,
}

const fn of(factor: f64, symbol: &'static str) -> Multiple {
    Multiple { factor, symbol }
}

/// Multiples of units without a symbol.
pub(crate) const COUNTS: &[Multiple] =
    &[of(1.0, ""), of(1e3, "k"), of(1e6, "M"), of(1e9, "G"), of(1e12, "T"), of(1e15, "P")];
/// Multiples of a ratio.
pub(crate) const PERCENT: &[Multiple] = &[of(0.01, " %")];
/// For units that have no multiples.
pub(crate) const ONE: &[Multiple] = &[of(1.0, " ")];
/// Multiples of the second.
pub(crate) const TIMES: &[Multiple] = &{
    let mut multiples = [of(1.0, ""); TimeUnit::ALL.len()];
    let mut index = 0;
    while index < multiples.len() {
        multiples[index] = of(TimeUnit::ALL[index].seconds(), TimeUnit::ALL[index].symbol);
        index += 1;
    }
    multiples
};
pub(crate) const KIB: f64 = 1024.0;
/// Multiples of the byte.
pub(crate) const BYTES: &[Multiple] = &[
    of(1.0, " B"),
    of(KIB, " KiB"),
    of(KIB * KIB, " MiB"),
    of(KIB * KIB * KIB, " GiB"),
    of(KIB * KIB * KIB * KIB, " TiB"),
    of(KIB * KIB * KIB * KIB * KIB, " PiB"),
];
/// Multiples by the SI prefixes in use.
const PREFIXES: [Multiple; 9] = [
    of(1e-9, " n"),
    of(1e-6, " µ"),
    of(1e-3, " m"),
    of(1.0, " "),
    of(1e3, " k"),
    of(1e6, " M"),
    of(1e9, " G"),
    of(1e12, " T"),
    of(1e15, " P"),
];

/// The prefixes that are customary for a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prefixes {
    /// From nano to peta.
    All,
    /// From one up: a millibit does not exist.
    Large,
    /// Nano to kilo: megagrams are called tonnes, and megametres are not in use.
    UpToKilo,
}

impl Prefixes {
    pub(crate) fn multiples(self) -> &'static [Multiple] {
        match self {
            Self::All => &PREFIXES,
            Self::Large => &PREFIXES[3..],
            Self::UpToKilo => &PREFIXES[..5],
        }
    }
}

/// Splits a UCUM prefix off: returns its factor and the rest.
pub(crate) fn strip_prefix(text: &str) -> Option<(f64, &str)> {
    const WRITTEN: [(&str, f64); 12] = [
        ("Ki", KIB),
        ("Mi", KIB * KIB),
        ("Gi", KIB * KIB * KIB),
        ("Ti", KIB * KIB * KIB * KIB),
        ("n", 1e-9),
        ("u", 1e-6),
        ("m", 1e-3),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
        ("P", 1e15),
    ];
    WRITTEN.into_iter().find_map(|(prefix, factor)| Some((factor, text.strip_prefix(prefix)?)))
}

/// The largest multiple of which `value`, after rounding, is at least one. `ones` converts the value's unit into the
/// unit that the multiples refer to: 60 for a value in minutes and multiples of the second.
pub(crate) fn best_for(value: f64, multiples: &[Multiple], ones: f64) -> Multiple {
    let value = value.abs() * ones;
    let reached = multiples.iter().rev().find(|multiple| {
        // Rounded in the next smaller multiple: 999.96 becomes 1k, not 1000.
        let below = multiples.iter().rev().find(|below| below.factor < multiple.factor).unwrap_or(multiple);
        number::rounded(value / below.factor) * below.factor >= multiple.factor * (1.0 - 1e-12)
    });
    // Zero is shown in the plain unit, not in its smallest fraction.
    let plain = multiples.iter().find(|multiple| multiple.factor >= 1.0);
    let otherwise = if value == 0.0 { plain.or(multiples.first()) } else { multiples.first() };
    let best = reached.or(otherwise).copied().unwrap_or(of(1.0, ""));
    Multiple { factor: best.factor / ones, ..best }
}

/// The unit itself, or the smallest multiple if that is not in use.
pub(crate) fn plain(multiples: &[Multiple], ones: f64) -> Multiple {
    let plain = multiples.iter().find(|multiple| multiple.factor >= 1.0).or(multiples.first());
    let plain = plain.copied().unwrap_or(of(1.0, ""));
    Multiple { factor: plain.factor / ones, ..plain }
}

/// The multiples that are smaller than `multiple`, the largest first.
pub(crate) fn below(multiple: Multiple, multiples: &[Multiple], ones: f64) -> impl Iterator<Item = Multiple> {
    let scaled = multiples.iter().rev().map(move |smaller| Multiple { factor: smaller.factor / ones, ..*smaller });
    scaled.filter(move |smaller| smaller.factor < multiple.factor)
}
