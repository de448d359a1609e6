//! Sparklines: a small line without axes, scaled to its own extremes, with a dot at the newest value.

use std::ops::Range;

use super::columns::Columns;
use crate::surface::{Color, LinePainter, Pixels, Stroke};
use crate::view::Scale;
use series::Summary;

/// A longer distance between two samples, in multiples of the mean, is a hole in the line.
const HOLE: u32 = 3;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SparklineStyle {
    pub line_width_px: f32,
    /// Of the dot on the last value, in device pixels; zero for no dot.
    pub dot_radius_px: f32,
    pub color: Color,
    /// Of the fill below the line; zero for no fill.
    pub fill_alpha: u8,
}

/// Draws sparklines. It owns scratch memory only.
#[derive(Debug, Default)]
pub struct SparklinePainter {
    line: LinePainter,
}

impl SparklinePainter {
    /// Draws a series on `rows` of the surface, which must be clear. A constant series runs through the middle; a single
    /// sample is a dot.
    ///
    /// The whole line is drawn at each call, since any column may change the extremes.
    pub fn paint(
        &mut self,
        pixels: &mut Pixels,
        columns: &impl Columns,
        series: usize,
        style: SparklineStyle,
        rows: Range<u32>,
    ) {
        let width = pixels.width().min(columns.width());
        let all = || (0..width).map(|x| (x, columns.summary(series, x))).filter(|(_, summary)| !summary.is_empty());
        let mut whole = Summary::EMPTY;
        let mut seen: Option<(u32, u32, u32)> = None;
        for (x, summary) in all() {
            whole.extend(&summary);
            seen = Some(seen.map_or((x, x, 1), |(first, _, count)| (first, x, count + 1)));
        }
        let Some((first, last, count)) = seen else { return };
        let stroke = Stroke::solid(style.line_width_px, style.color);
        let dot = Stroke::solid(2.0 * style.dot_radius_px, style.color);
        let has_dot = style.dot_radius_px > 0.0;
        let room = if has_dot { dot.radius().max(stroke.radius()) } else { stroke.radius() };
        let height = (rows.len() as f32 - 2.0 * room).max(0.0);
        let top = rows.start as f32 + room;
        // The scale is one pixel high: a height on it is a fraction of the room.
        let scale = Scale::new(whole.min, whole.max, 1);
        let is_level = whole.max <= whole.min;
        let y = |value: f64| top + height * if is_level { 0.5 } else { scale.y(value) };
        let longest = HOLE * ((last - first + 1).div_ceil(count));
        // The dot keeps clear of the right edge, and the line ends at the dot.
        let right = (pixels.width() as f32 - room).max(0.0);
        let x_of = |x: f32| if has_dot { x.min(right) } else { x };
        let points = || {
            let mut previous = None;
            all().flat_map(move |(x, summary)| {
                let is_hole = previous.replace(x).is_some_and(|before| x - before > longest);
                let at = |part: f32| x_of(x as f32 + part);
                // A column with several samples shows both extremes.
                let extremes = [(0.25, summary.first), (0.5, summary.min), (0.5, summary.max), (0.75, summary.last)];
                let alone = [(0.5, summary.last)];
                let values = if summary.count > 1 { &extremes[..] } else { &alone[..] };
                let hole = is_hole.then_some((at(0.0), f32::NAN));
                let points: [_; 4] = std::array::from_fn(|index| values.get(index).map(|&(part, v)| (at(part), y(v))));
                hole.into_iter().chain(points.into_iter().flatten())
            })
        };
        let clip = 0..pixels.width();
        if style.fill_alpha > 0 {
            let fill = style.color.with_alpha(style.fill_alpha);
            self.line.fill_below(pixels, points(), rows.end as f32, fill, clip.clone());
        }
        self.line.polyline(pixels, points(), stroke, clip.clone());
        if let Some(end) = points().last().filter(|_| has_dot) {
            self.line.dot(pixels, end, dot, clip);
        }
    }
}
