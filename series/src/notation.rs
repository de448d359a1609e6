//! The notation of the numbers of one axis: a multiple of the unit, and the digits to write.

use crate::decimal;
use crate::multiple::Multiple;
use crate::number;

/// More decimals do not fit beside a chart.
const MAX_DECIMALS: usize = 9;

/// More digits than an `f64` has.
const MAX_DIGITS: i32 = 17;

/// Powers of ten around the allowed error in which the last digit is.
const LAST_DIGITS: i32 = 6;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Notation {
    multiple: Multiple,
    digits: Digits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Digits {
    Decimals(usize),
    /// With an exponent: down to this power of ten.
    DownTo(i32),
    /// In multiples of a power of ten that is stated once.
    Scaled {
        power: i32,
        decimals: usize,
    },
}

impl Notation {
    /// The fewest decimals that write all ticks in a multiple with an error of at most `error`. `None` if these are too many.
    pub(crate) fn plain(ticks: &[f64], error: f64, multiple: Multiple) -> Option<Self> {
        let finite = || ticks.iter().copied().filter(|tick| tick.is_finite());
        let largest = finite().fold(0.0, |largest: f64, tick| largest.max(tick.abs())) / multiple.factor;
        if largest > 0.0 && !number::is_plain(largest) {
            return None;
        }
        let is_exact = |decimals: &usize| {
            let shift = 10_f64.powi(*decimals as i32);
            finite().all(|tick| {
                let written = (tick / multiple.factor * shift).round() / shift * multiple.factor;
                (written - tick).abs() <= error
            })
        };
        let decimals = (0..=MAX_DECIMALS).find(is_exact)?;
        Some(Self { multiple, digits: Digits::Decimals(decimals) })
    }

    /// The fewest digits that write all ticks with exponents and an error of at most `error`.
    pub(crate) fn exponent(ticks: &[f64], error: f64, multiple: Multiple) -> Option<Self> {
        let error = error / multiple.factor;
        if !(error >= 0.0 && error.is_finite()) {
            return None;
        }
        // The error of an `f64` below 1e-320 may be zero.
        let first = error.max(f64::from_bits(1)).log10().floor() as i32 + LAST_DIGITS - 1;
        let scaled = || ticks.iter().map(|tick| tick / multiple.factor);
        let is_exact = |last: &i32| {
            let written = |value: f64| with_exponent(value, *last).and_then(|text| decimal::parse(&text));
            scaled().all(|value| written(value).is_some_and(|written| (written - value).abs() <= error))
        };
        let last = (0..=LAST_DIGITS).map(|more| first - more).find(is_exact)?;
        Some(Self { multiple, digits: Digits::DownTo(last) })
    }

    /// The fewest decimals that write all ticks as multiples of a power of ten. `None` if these are too many.
    pub(crate) fn scaled(ticks: &[f64], error: f64, multiple: Multiple) -> Option<Self> {
        let largest = ticks.iter().fold(0.0, |largest: f64, tick| largest.max(tick.abs())) / multiple.factor;
        let power = Some(largest.log10().floor()).filter(|power| power.is_finite())? as i32;
        let scale = 10_f64.powi(power);
        let scaled = Multiple { factor: multiple.factor * scale, ..multiple };
        let decimals = Self::plain(ticks, error, scaled).filter(|_| scale.is_normal())?.decimals();
        Some(Self { multiple, digits: Digits::Scaled { power, decimals } })
    }

    /// The power of ten to state, and the multiple.
    pub(crate) fn unit(&self) -> (Option<i32>, Multiple) {
        let power = if let Digits::Scaled { power, .. } = self.digits { Some(power) } else { None };
        (power, self.multiple)
    }

    /// Zero for a number with an exponent.
    pub(crate) const fn decimals(&self) -> usize {
        match self.digits {
            Digits::Decimals(decimals) | Digits::Scaled { decimals, .. } => decimals,
            Digits::DownTo(_) => 0,
        }
    }

    /// The number of a value, without unit.
    pub(crate) fn number(&self, value: f64) -> String {
        let value = value / self.multiple.factor;
        match self.digits {
            Digits::Decimals(decimals) => number::trimmed(format!("{value:.decimals$}")),
            Digits::Scaled { power, decimals } => number::trimmed(format!("{:.decimals$}", value / 10_f64.powi(power))),
            Digits::DownTo(last) => with_exponent(value, last).unwrap_or_else(|| format!("{value:e}")),
        }
    }
}

/// A number with the digits from its first one down to the power `last` of ten. `None` if it is not finite or has more digits than
/// an `f64`.
fn with_exponent(value: f64, last: i32) -> Option<String> {
    if value == 0.0 {
        return Some("0".to_owned());
    }
    let digits = (value.abs().log10().floor() as i32).saturating_sub(last).max(0);
    if !value.is_finite() || digits > MAX_DIGITS {
        return None;
    }
    Some(number::trimmed_exponent(&format!("{value:.*e}", digits as usize)))
}
