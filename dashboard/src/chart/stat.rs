//! Stat tiles: the newest value, how it moved within the window, and a sparkline behind.

use super::columns::Columns;
use super::sparkline::{SparklinePainter, SparklineStyle};
use crate::surface::{Color, Pixels};
use series::{Formatted, Summary, Unit};

/// A smaller part of the larger of two values than this is no change: rounding, not data.
const SMALLEST_CHANGE: f64 = 1e-9;

/// The part of the tile's height that the sparkline keeps free above itself, for the texts.
const FREE_ABOVE: f32 = 0.45;

/// Alpha of the fill below the sparkline.
const FILL_ALPHA: u8 = 46;

/// Which way a value moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// It rose.
    Up,
    /// It fell.
    Down,
    /// It stands where it stood.
    Level,
}

/// How a value moved from the first to the last sample of the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trend {
    /// Which way.
    pub direction: Direction,
    /// By how much, with its sign: `+1.2 MiB/s`.
    pub absolute: String,
    /// By how much of the first value, with its sign: `-3.5 %`. None where that was zero or had another sign.
    pub percent: Option<String>,
}

/// What a stat tile says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// The newest value, or the sign for none.
    pub value: Formatted,
    /// Its trend; none with fewer than two samples.
    pub trend: Option<Trend>,
}

impl Stat {
    /// What to say of a series, whose values are in `unit`, over all its columns.
    pub fn of(columns: &impl Columns, series: usize, unit: &Unit) -> Self {
        let mut all = Summary::EMPTY;
        (0..columns.width()).for_each(|x| all.extend(&columns.summary(series, x)));
        Self { value: unit.format(all.last), trend: (all.count > 1).then(|| Trend::between(all.first, all.last, unit)) }
    }
}

impl Trend {
    /// The trend from one value to another; both are finite.
    fn between(first: f64, last: f64, unit: &Unit) -> Self {
        // Each within its range, so that a difference of two of the largest is still a number.
        let change = (last - first).clamp(f64::MIN, f64::MAX);
        let is_level = change.abs() <= first.abs().max(last.abs()) * SMALLEST_CHANGE;
        let (direction, change) = match change {
            _ if is_level => (Direction::Level, 0.0),
            _ if change > 0.0 => (Direction::Up, change),
            _ => (Direction::Down, change),
        };
        let sign = if direction == Direction::Up { "+" } else { "" };
        let mut written = unit.format(change);
        if matches!(unit, Unit::Percent | Unit::Hundredths) {
            // Points: a percentage of a percentage is the other number.
            " pp".clone_into(&mut written.unit);
        }
        let part = change / first * 100.0;
        let is_comparable =
            first != 0.0 && part.is_finite() && (first > 0.0 || last < 0.0) && (first < 0.0 || last >= 0.0);
        let percent = is_comparable.then(|| {
            let part = if first < 0.0 { -part } else { part };
            format!("{sign}{}", Unit::Hundredths.format(part))
        });
        Self { direction, absolute: format!("{sign}{written}"), percent }
    }
}

/// Draws what lies behind a tile's texts. It owns nothing but scratch memory.
#[derive(Debug, Default)]
pub struct StatPainter {
    sparkline: SparklinePainter,
}

impl StatPainter {
    /// A painter without any memory yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Draws a series as a filled sparkline on the lower part of the surface, which is clear.
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
