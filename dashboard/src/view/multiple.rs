//! Multiples of units: from nano to peta, KiB, minutes.

use super::number;

/// A multiple of a unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Multiple {
    /// How many of the unit it is.
    pub(super) factor: f64,
    /// What stands behind the number, blank included. The unit's own symbol follows it.
    pub(super) symbol: &'static str,
}

const fn of(factor: f64, symbol: &'static str) -> Multiple {
    Multiple { factor, symbol }
}

/// Of what has no symbol of its own.
pub(super) const COUNTS: &[Multiple] =
    &[of(1.0, ""), of(1e3, "k"), of(1e6, "M"), of(1e9, "G"), of(1e12, "T"), of(1e15, "P")];
/// Of a ratio.
pub(super) const PERCENT: &[Multiple] = &[of(0.01, " %")];
/// Of what is never multiplied.
pub(super) const ONE: &[Multiple] = &[of(1.0, " ")];
/// Of the second.
pub(super) const TIMES: &[Multiple] = &[
    of(1e-9, " ns"),
    of(1e-6, " µs"),
    of(1e-3, " ms"),
    of(1.0, " s"),
    of(60.0, " min"),
    of(3_600.0, " h"),
    of(86_400.0, " d"),
];
pub(super) const KIB: f64 = 1024.0;
/// Of the byte.
pub(super) const BYTES: &[Multiple] = &[
    of(1.0, " B"),
    of(KIB, " KiB"),
    of(KIB * KIB, " MiB"),
    of(KIB * KIB * KIB, " GiB"),
    of(KIB * KIB * KIB * KIB, " TiB"),
    of(KIB * KIB * KIB * KIB * KIB, " PiB"),
];
/// Of all prefixes that are in use.
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

/// Which prefixes people put before a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prefixes {
    /// Nano to peta.
    All,
    /// None below one: a millibit is none.
    Large,
    /// Nano to kilo: beyond, a gram is counted in tonnes, and a metre in thousands of kilometres.
    UpToKilo,
}

impl Prefixes {
    pub(super) fn multiples(self) -> &'static [Multiple] {
        match self {
            Self::All => &PREFIXES,
            Self::Large => &PREFIXES[3..],
            Self::UpToKilo => &PREFIXES[..5],
        }
    }
}

/// Reads a prefix of UCUM: what it multiplies by, and what follows it.
pub(super) fn strip_prefix(text: &str) -> Option<(f64, &str)> {
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

/// The largest multiple of which a value, as it will be shown, is at least one. `ones` is how many of what the multiples
/// multiply one of the value's own unit is.
pub(super) fn best_for(value: f64, multiples: &[Multiple], ones: f64) -> Multiple {
    let value = value.abs() * ones;
    let reached = multiples.iter().rev().find(|multiple| {
        // Rounded as the multiple below would show it: 999.96 becomes 1k, not 1000.
        let below = multiples.iter().rev().find(|below| below.factor < multiple.factor).unwrap_or(multiple);
        number::rounded(value / below.factor) * below.factor >= multiple.factor * (1.0 - 1e-12)
    });
    // Nothing is shown in the plain unit, not in its smallest part.
    let plain = multiples.iter().find(|multiple| multiple.factor >= 1.0);
    let otherwise = if value == 0.0 { plain.or(multiples.first()) } else { multiples.first() };
    let best = reached.or(otherwise).copied().unwrap_or(of(1.0, ""));
    Multiple { factor: best.factor / ones, ..best }
}

/// The multiples that are smaller than one, from the largest on.
pub(super) fn below(multiple: Multiple, multiples: &[Multiple], ones: f64) -> impl Iterator<Item = Multiple> {
    let scaled = multiples.iter().rev().map(move |smaller| Multiple { factor: smaller.factor / ones, ..*smaller });
    scaled.filter(move |smaller| smaller.factor < multiple.factor)
}
