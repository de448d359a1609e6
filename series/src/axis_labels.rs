//! The labels of one axis: pairwise different, as short as that allows, and within the room beside the axis.

use crate::decimal;
use crate::multiple::Multiple;
use crate::notation::Notation;
use crate::number;
use crate::unit::Unit;

/// If more decimals are needed, a smaller multiple is tried.
const MAX_NEAT_DECIMALS: usize = 2;

/// The error of a label relative to the step of the axis: invisible, or small beside the next tick if that makes it fit.
const ERRORS: [f64; 2] = [1e-3, 0.05];

/// The error of a label on a logarithmic axis, relative to the distance of the next tick. Three digits of a power of two are
/// off by up to a 200th.
const MAX_LOG_ERROR: f64 = 0.02;

/// The labels of the ticks of one axis.
///
/// A label is the number of its tick within half a unit of the last digit. The highest label includes the unit. A multiple of numbers is part of
/// each: `0`, `2k`, `4k packets`.
///
/// ```
/// use protocol::Bounds;
/// use series::{AxisLabels, Unit};
///
/// let unit = Unit::parse("V", &Bounds::Auto);
/// assert_eq!(AxisLabels::linear(&unit, &[0.0, 5e3, 1e4], &|_| true).labels, ["0", "5", "10 kV"]);
///
/// let narrow = AxisLabels::linear(&unit, &[1e9, 1e9 + 0.5, 1e9 + 1.0], &|label| label.len() <= 8);
/// assert_eq!(narrow.labels, ["0", "+0.5", "+1 V"]);
/// assert_eq!(narrow.note.as_deref(), Some("from 1 GV"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AxisLabels {
    /// One for each tick.
    pub labels: Vec<String>,
    /// What the labels leave out for want of room: the unit (`GiB/s`), the value to which they are to be added
    /// (`from 1 GV`), or both (`from 1 GV, in µV`). A unit may be multiplied by a power of ten: `× 1e-299 V`.
    pub note: Option<String>,
}

/// The multiple of a number, such as the `k` of `k packets/s`, which is part of the number. Units are written after a blank.
fn part_of_number(text: &str) -> &str {
    text.split(' ').next().unwrap_or_default()
}

/// The place of the unit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum UnitPlace {
    Label,
    Note,
}

impl AxisLabels {
    /// Labels for the rising ticks of a linear axis, all in one multiple of the unit, with the fewest digits that
    /// distinguish them. `fits` returns true if a text has room beside the axis.
    ///
    /// If the labels do not fit, others are tried: in another multiple, without the unit, with an exponent, and last as
    /// differences from a round value.
    pub fn linear(unit: &Unit, ticks: &[f64], fits: &dyn Fn(&str) -> bool) -> Self {
        let step = smallest_step(ticks);
        let absolute = |error: f64, place| {
            let all = notations(unit, ticks, error, place).into_iter();
            all.map(move |notation| Self::write(unit, ticks, notation, place, None))
        };
        let is_fitting = |labels: &Self| labels.labels.iter().all(|label| fits(label));
        let fitting = |part: &f64| {
            let error = step * part;
            absolute(error, UnitPlace::Label).chain(absolute(error, UnitPlace::Note)).find(is_fitting)
        };
        let from_base = |part: &f64| Self::from_a_base(unit, ticks, step * part, &is_fitting);
        let fitting = ERRORS.iter().find_map(fitting).or_else(|| ERRORS.iter().find_map(from_base));
        // Without room for anything, digits that distinguish the ticks are worth more than the room.
        let otherwise = || absolute(step * ERRORS[1], UnitPlace::Note).min_by_key(Self::longest);
        fitting.or_else(otherwise).unwrap_or_else(|| Self::exact(unit, ticks))
    }

    /// Characters of the longest label.
    fn longest(&self) -> usize {
        self.labels.iter().map(|label| label.chars().count()).max().unwrap_or_default()
    }

    /// Labels for the ticks of a logarithmic axis, from low to high. Each is in the multiple that fits it, since the ticks
    /// differ by orders of magnitude. Only the highest includes the suffix: `1 KiB`, `1 MiB`, `1 GiB/s`.
    pub fn logarithmic(unit: &Unit, ticks: &[f64], fits: &dyn Fn(&str) -> bool) -> Self {
        if ticks.windows(2).any(|pair| !is_distinct(unit, pair[0], pair[1])) {
            // On a short axis ticks are close to each other, and some need more digits.
            return Self::linear(unit, ticks, fits);
        }
        let is_fitting = |labels: &Self| labels.labels.iter().all(|label| fits(label));
        let scaled = unit.without_suffix();
        let each = |last_suffix: &str| -> Vec<String> {
            let label = |&tick: &f64| {
                let multiple = neat_multiple(&scaled, tick);
                format!("{}{}", number::plain_quotient(tick, multiple.factor), scaled.text_of(multiple))
            };
            let mut labels: Vec<_> = ticks.iter().map(label).collect();
            if let Some(highest) = labels.last_mut() {
                highest.push_str(last_suffix);
            }
            labels
        };
        let suffix = unit.suffix(false);
        let with_suffix = Self { labels: each(&suffix), note: None };
        if is_fitting(&with_suffix) {
            return with_suffix;
        }
        let without = Self { labels: each(""), note: note_of(&suffix) };
        if without.note.is_some() && is_fitting(&without) {
            return without;
        }
        let plain = unit.plain_multiple();
        let labels = ticks.iter().map(|tick| number::plain_quotient(*tick, plain.factor)).collect();
        Self { labels, note: note_of(&unit.text_of(plain)) }
    }

    fn write(unit: &Unit, ticks: &[f64], notation: Notation, place: UnitPlace, base: Option<(f64, &str)>) -> Self {
        let offset = base.map_or(0.0, |(base, _)| base);
        let label = |tick: &f64| {
            let number = notation.number(tick - offset);
            if base.is_none() || number == "0" || number.starts_with('-') { number } else { format!("+{number}") }
        };
        let mut labels: Vec<_> = ticks.iter().map(label).collect();
        let text = unit_text(unit, notation);
        let base = base.map(|(_, text)| format!("from {text}"));
        let note = match (place, labels.last_mut()) {
            (UnitPlace::Label, Some(_)) => {
                let (last, multiple) = (labels.len() - 1, part_of_number(&text));
                for (place, label) in
                    labels.iter_mut().enumerate().filter(|(place, label)| *place == last || *label != "0")
                {
                    label.push_str(if place == last { &text } else { multiple });
                }
                base
            }
            _ => match (base, note_of(&text)) {
                (Some(base), Some(text)) => Some(format!("{base}, in {text}")),
                (base, text) => base.or(text),
            },
        };
        Self { labels, note }
    }

    /// Labels as differences from a round value among the ticks or below them: the one with the shortest labels.
    fn from_a_base(unit: &Unit, ticks: &[f64], error: f64, is_fitting: &dyn Fn(&Self) -> bool) -> Option<Self> {
        let (lowest, highest) = (ticks.first()?, ticks.last()?);
        let root: f64 = if unit.is_binary() { 2.0 } else { 10.0 };
        let exponent = |value: f64| (value.ln() / root.ln()).floor() as i32;
        let (coarse, fine) = (exponent(lowest.abs().max(highest.abs())), exponent(error));
        let all = (fine..=coarse).rev().filter_map(|power| {
            let power = root.powi(power);
            let within = Some((lowest / power).ceil() * power).filter(|base| base <= highest);
            let base = within.unwrap_or_else(|| (lowest / power).floor() * power);
            let offsets: Vec<f64> = ticks.iter().map(|tick| tick - base).collect();
            let is_exact = |(tick, offset): (&f64, &f64)| (base + offset - tick).abs() <= error;
            if base == 0.0 || !base.is_finite() || !ticks.iter().zip(&offsets).all(is_exact) {
                return None;
            }
            let text = exact_text(unit, base, error);
            let labels = |place| {
                let write = |notation| Self::write(unit, ticks, notation, place, Some((base, text.as_str())));
                notations(unit, &offsets, error, place).into_iter().map(write).find(|labels| is_fitting(labels))
            };
            labels(UnitPlace::Label).or_else(|| labels(UnitPlace::Note))
        });
        // Of equal lengths, the roundest.
        all.min_by_key(Self::longest)
    }

    /// Every digit of each tick.
    fn exact(unit: &Unit, ticks: &[f64]) -> Self {
        let plain = unit.plain_multiple();
        let number =
            |tick: &f64| if tick.is_finite() { format!("{:e}", tick / plain.factor) } else { tick.to_string() };
        Self { labels: ticks.iter().map(number).collect(), note: note_of(&unit.text_of(plain)) }
    }
}

/// The notations in which ticks can be written, the preferred one first.
fn notations(unit: &Unit, ticks: &[f64], error: f64, place: UnitPlace) -> Vec<Notation> {
    let mut all = plain_notations(unit, ticks, error);
    all.extend(Notation::exponent(ticks, error, unit.plain_multiple()));
    if place == UnitPlace::Note {
        all.extend(Notation::scaled(ticks, error, unit.plain_multiple()));
    }
    all
}

/// The notations without an exponent, the preferred one first.
fn plain_notations(unit: &Unit, ticks: &[f64], error: f64) -> Vec<Notation> {
    let largest = ticks.iter().filter(|tick| tick.is_finite()).fold(0.0, |largest: f64, tick| largest.max(tick.abs()));
    let best = unit.multiple_for(largest);
    let smaller = unit.multiples_below(best);
    let all = std::iter::once(best).chain(smaller).filter_map(|multiple| Notation::plain(ticks, error, multiple));
    // If a tick such as 50 s is not a round number of minutes, all labels are in seconds.
    let (mut neat, others): (Vec<_>, Vec<_>) = all.partition(|notation| notation.decimals() <= MAX_NEAT_DECIMALS);
    neat.extend(others);
    neat
}

/// The distance of the closest neighbours, or the size of a single tick.
fn smallest_step(ticks: &[f64]) -> f64 {
    let distances = ticks.windows(2).map(|pair| (pair[1] - pair[0]).abs()).filter(|distance| *distance > 0.0);
    let smallest = distances.fold(f64::INFINITY, f64::min);
    if smallest.is_finite() { smallest } else { ticks.first().map_or(0.0, |tick| tick.abs()) }
}

/// The shortest text of a value with an error of at most `error`.
fn exact_text(unit: &Unit, value: f64, error: f64) -> String {
    let value = [value];
    let plain = plain_notations(unit, &value, error).into_iter().chain(Notation::exponent(
        &value,
        error,
        unit.plain_multiple(),
    ));
    let texts = plain.map(|notation| format!("{}{}", notation.number(value[0]), unit_text(unit, notation)));
    texts.min_by_key(|text| text.chars().count()).unwrap_or_else(|| format!("{:e}", value[0]))
}

/// Returns true if three digits of two ticks show their distance.
fn is_distinct(unit: &Unit, low: f64, high: f64) -> bool {
    let error = |tick: f64| {
        let factor = unit.shown_multiple(tick).factor;
        let written = decimal::parse(&number::plain(tick / factor)).unwrap_or(f64::NAN);
        (written - tick / factor).abs() * factor
    };
    error(low).max(error(high)) <= (high - low) * MAX_LOG_ERROR
}

/// The unit of the numbers in a notation, with the blank before it.
fn unit_text(unit: &Unit, notation: Notation) -> String {
    match notation.unit() {
        (Some(power), multiple) => format!(" × 1e{power}{}", unit.text_of(multiple)),
        (None, multiple) => unit.text_of(multiple),
    }
}

/// The largest multiple in which three digits write a tick exactly, such as 1000 s and not 16.7 min; otherwise the usual one.
fn neat_multiple(unit: &Unit, tick: f64) -> Multiple {
    let usual = unit.shown_multiple(tick);
    let is_neat = |multiple: &Multiple| {
        let number = tick / multiple.factor;
        number::is_plain(number) && (number::rounded(number) - number).abs() <= number.abs() * 1e-9
    };
    std::iter::once(usual).chain(unit.multiples_below(usual)).find(is_neat).unwrap_or(usual)
}

/// A unit as a note: without the blank before it.
fn note_of(unit: &str) -> Option<String> {
    Some(unit.trim()).filter(|unit| !unit.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests;
