//! Sparklines: a small line without axes, between its own extremes, with a dot where it is now.

use std::ops::Range;

use super::columns::Columns;
use crate::surface::{Color, LinePainter, Pixels, Stroke};
use crate::view::Scale;
use series::Summary;

/// A hole this many times the usual distance between two samples is not bridged.
const HOLE: u32 = 3;

/// How a sparkline looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SparklineStyle {
    /// Width of the line in device pixels.
    pub line_width_px: f32,
    /// Radius of the dot on the last value in device pixels; none draws none.
    pub dot_radius_px: f32,
    /// Colour.
    pub color: Color,
    /// Alpha of the fill below the line; none draws none.
    pub fill_alpha: u8,
}

/// Draws sparklines. It owns nothing but scratch memory.
#[derive(Debug, Default)]
pub struct SparklinePainter {
    line: LinePainter,
}

impl SparklinePainter {
    /// A painter without any memory yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Draws a series between `rows` of the surface, which are clear. A series that never changes runs through the
    /// middle; a single sample is a dot.
    ///
    /// All of it is drawn at each call: its extremes are its axis, and any column may change them.
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
        let stroke = Stroke { width_px: style.line_width_px, color: style.color };
        let dot = Stroke { width_px: 2.0 * style.dot_radius_px, color: style.color };
        let has_dot = style.dot_radius_px > 0.0;
        let room = if has_dot { dot.radius().max(stroke.radius()) } else { stroke.radius() };
        let height = (rows.len() as f32 - 2.0 * room).max(0.0);
        let top = rows.start as f32 + room;
        // The scale is one pixel high: a part of it is a part of the room.
        let scale = Scale::new(whole.min, whole.max, 1);
        let is_level = whole.max <= whole.min;
        let y = |value: f64| top + height * if is_level { 0.5 } else { scale.y(value) };
        let longest = HOLE * ((last - first + 1).div_ceil(count));
        // The dot stands clear of the right edge: the line ends where it does.
        let right = (pixels.width() as f32 - room).max(0.0);
        let x_of = |x: f32| if has_dot { x.min(right) } else { x };
        let points = || {
            let mut previous = None;
            all().flat_map(move |(x, summary)| {
                let is_hole = previous.replace(x).is_some_and(|before| x - before > longest);
                let at = |part: f32| x_of(x as f32 + part);
                // With several samples in a column no spike is lost, whichever way it points.
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
        if has_dot {
            let end = points().last();
            self.line.polyline(pixels, end, dot, clip);
        }
    }
}
