//! Stat tiles: the newest value, its trend within the window, and a sparkline behind the text.

use super::columns::Columns;
use super::sparkline::{SparklinePainter, SparklineStyle};
use crate::surface::{Color, Pixels};
use series::{Formatted, Summary, Unit};

/// A smaller change, as a fraction of the larger value, counts as rounding.
const MIN_CHANGE: f64 = 1e-9;

/// The fraction of the tile's height above the sparkline that is left to the text.
const FREE_ABOVE: f32 = 0.45;

/// Of the fill below the sparkline.
const FILL_ALPHA: u8 = 46;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    Up,
    Down,
    Level,
}

/// The change from the first to the last sample of the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trend {
    pub direction: Direction,
    /// With sign: `+1.2 MiB/s`.
    pub absolute: String,
    /// Relative to the first value, with sign: `-3.5 %`. `None` if that was zero or had another sign, and for values in percent: a change from
    /// 0.1 to 5 % would be one of 4,900 %.
    pub percent: Option<String>,
}

/// The text of a stat tile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// The newest value; `–` for none.
    pub value: Formatted,
    /// `None` with fewer than two samples.
    pub trend: Option<Trend>,
}

impl Stat {
    /// The text for a series in `unit`, from all its columns.
    pub fn of(columns: &impl Columns, series: usize, unit: &Unit) -> Self {
        let mut all = Summary::EMPTY;
        (0..columns.width()).for_each(|x| all.extend(&columns.summary(series, x)));
        Self { value: unit.format(all.last), trend: (all.count > 1).then(|| Trend::between(all.first, all.last, unit)) }
    }
}

impl Trend {
    /// The trend from one value to another; both are finite.
    fn between(first: f64, last: f64, unit: &Unit) -> Self {
        // Clamped, since the difference of two large numbers may overflow.
        let change = (last - first).clamp(f64::MIN, f64::MAX);
        let is_level = change.abs() <= first.abs().max(last.abs()) * MIN_CHANGE;
        let (direction, change) = match change {
            _ if is_level => (Direction::Level, 0.0),
            _ if change > 0.0 => (Direction::Up, change),
            _ => (Direction::Down, change),
        };
        let sign = if direction == Direction::Up { "+" } else { "" };
        let mut written = unit.format(change);
        let is_in_percent = matches!(unit, Unit::Percent | Unit::Hundredths);
        if is_in_percent {
            // Percentage points, to distinguish the change from a relative one.
            " pp".clone_into(&mut written.unit);
        }
        let part = change / first * 100.0;
        let is_comparable = !is_in_percent
            && first != 0.0
            && part.is_finite()
            && (first > 0.0 || last < 0.0)
            && (first < 0.0 || last >= 0.0);
        let percent = is_comparable.then(|| {
            let part = if first < 0.0 { -part } else { part };
            format!("{sign}{}", Unit::Hundredths.format(part))
        });
        Self { direction, absolute: format!("{sign}{written}"), percent }
    }
}

/// Draws the background of a tile. It owns scratch memory only.
#[derive(Debug, Default)]
pub struct StatPainter {
    sparkline: SparklinePainter,
}

impl StatPainter {
    /// Draws a series as a filled sparkline on the lower part of the surface, which must be clear.
    pub fn paint(
        &mut self,
        pixels: &mut Pixels,
        columns: &impl Columns,
        series: usize,
        line_width_px: f32,
        color: Color,
    ) {
        let top = (pixels.height() as f32 * FREE_ABOVE) as u32;
        let style = SparklineStyle { line_width_px, dot_radius_px: 0.0, color, fill_alpha: FILL_ALPHA };
        let rows = top..pixels.height();
        self.sparkline.paint(pixels, columns, series, style, rows);
    }
}
