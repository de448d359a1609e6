//! The labels of one axis: all in one multiple of the unit, with the fewest digits that distinguish them.

use crate::multiple::Multiple;
use crate::number;
use crate::unit::Unit;

/// More decimals do not fit beside a chart.
const MAX_DECIMALS: usize = 9;

/// If more decimals are needed, a smaller multiple is tried.
const MAX_NEAT_DECIMALS: usize = 2;

/// The format of the ticks of one axis.
///
/// ```
/// use protocol::Bounds;
/// use series::{AxisFormat, Unit};
///
/// let ticks = [0.0, 5e3, 1e4];
/// let format = AxisFormat::new(&Unit::parse("{packet}/s", &Bounds::FromZero), &ticks);
/// assert_eq!(format.labels(&ticks), ["0", "5", "10k packets/s"]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct AxisFormat {
    multiple: Multiple,
    /// `None` if only a number with an exponent is short enough.
    decimals: Option<usize>,
    suffix: String,
}

impl AxisFormat {
    /// A format for these ticks, which are at equal distances. The tick farthest from zero determines the multiple.
    pub fn new(unit: &Unit, ticks: &[f64]) -> Self {
        let finite = || ticks.iter().copied().filter(|tick| tick.is_finite());
        let largest = finite().fold(0.0, |largest: f64, tick| largest.max(tick.abs()));
        let step = match ticks {
            [first, second, ..] => (second - first).abs(),
            _ => largest,
        };
        let decimals_in = |multiple: &Multiple| {
            let exact_at = |decimals: &usize| {
                let shift = 10_f64.powi(*decimals as i32);
                finite().all(|tick| {
                    let written = (tick / multiple.factor * shift).round() / shift * multiple.factor;
                    (written - tick).abs() <= step * 1e-3
                })
            };
            if largest / multiple.factor < 1e6 { (0..=MAX_DECIMALS).find(exact_at) } else { None }
        };
        let best = unit.multiple_for(largest);
        let mut multiple = (best, decimals_in(&best));
        // If a tick such as 50 s is not a round number of minutes, all labels are in seconds.
        if multiple.1.is_none_or(|decimals| decimals > MAX_NEAT_DECIMALS) {
            let mut smaller = unit.multiples_below(best).map(|multiple| (multiple, decimals_in(&multiple)));
            multiple =
                smaller.find(|(_, decimals)| decimals.is_some_and(|d| d <= MAX_NEAT_DECIMALS)).unwrap_or(multiple);
        }
        let (multiple, decimals) = multiple;
        Self { multiple, decimals, suffix: format!("{}{}", unit.symbol(), unit.suffix(false)) }
    }

    /// The number of a tick, without unit.
    pub fn number(&self, tick: f64) -> String {
        let value = tick / self.multiple.factor;
        match self.decimals {
            Some(decimals) => number::trimmed(format!("{value:.decimals$}")),
            None => number::plain(value),
        }
    }

    /// The unit, including the blank before it: ` GiB/s`.
    pub fn unit(&self) -> String {
        format!("{}{}", self.multiple.symbol, self.suffix)
    }

    /// Labels for ticks from low to high. Only the highest includes the unit.
    pub fn labels(&self, ticks: &[f64]) -> Vec<String> {
        let mut labels: Vec<_> = ticks.iter().map(|tick| self.number(*tick)).collect();
        if let Some(highest) = labels.last_mut() {
            highest.push_str(&self.unit());
        }
        labels
    }
}

/// Labels for the ticks of a logarithmic axis, from low to high. Each is in the multiple that fits it, since the ticks
/// differ by orders of magnitude. Only the highest includes the suffix: `1 KiB`, `1 MiB`, `1 GiB/s`.
pub fn log_labels(unit: &Unit, ticks: &[f64]) -> Vec<String> {
    let label = |&tick: &f64| {
        let multiple = unit.multiple_for(tick);
        format!("{}{}{}", number::plain(tick / multiple.factor), multiple.symbol, unit.symbol())
    };
    let mut labels: Vec<_> = ticks.iter().map(label).collect();
    if let Some(highest) = labels.last_mut() {
        highest.push_str(&unit.suffix(false));
    }
    labels
}

#[cfg(test)]
mod tests {
    use protocol::Bounds;

    use super::*;

    const GIB: f64 = 1_073_741_824.0;

    fn labels(ucum: &str, bounds: Bounds, ticks: &[f64]) -> Vec<String> {
        AxisFormat::new(&Unit::parse(ucum, &bounds), ticks).labels(ticks)
    }

    #[test]
    fn all_labels_share_one_multiple_and_the_last_includes_it() {
        assert_eq!(labels("By/s", Bounds::FromZero, &[0.0, GIB / 2.0, GIB]), ["0", "0.5", "1 GiB/s"]);
        assert_eq!(labels("{packet}/s", Bounds::FromZero, &[0.0, 5e3, 1e4]), ["0", "5", "10k packets/s"]);
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
        let labels = |ucum, ticks: &[f64]| log_labels(&Unit::parse(ucum, &Bounds::Auto), ticks);
        assert_eq!(labels("s", &[1e-5, 1e-3, 0.1, 10.0]), ["10 µs", "1 ms", "100 ms", "10 s"]);
        assert_eq!(labels("By/s", &[1.0, 32.0 * 1024.0, GIB]), ["1 B", "32 KiB", "1 GiB/s"]);
        assert_eq!(labels("{packet}/s", &[1.0, 1e3]), ["1", "1k packets/s"]);
        assert!(labels("s", &[]).is_empty());
    }

    #[test]
    fn without_ticks_there_are_no_labels() {
        assert!(labels("By", Bounds::Auto, &[]).is_empty());
        assert_eq!(labels("By", Bounds::Auto, &[f64::NAN]), ["NaN B"]);
    }
}
