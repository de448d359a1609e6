//! Stacked areas: what each series adds to the whole.

use std::ops::Range;

use super::columns::Columns;
use super::plot::Plot;
use super::stack::{Stack, level};
use crate::surface::coverage::{ColumnCoverage, Strip};
use crate::surface::edge::Edge;
use crate::surface::{Color, ColumnSpan, LinePainter, Pixels, Stroke};
use crate::view::Scale;

/// How areas look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AreaStyle<'a> {
    /// Width of the line along the outer edge of each area, in device pixels.
    pub edge_width_px: f32,
    /// Alpha of the fill: 255 hides the grid.
    pub fill_alpha: u8,
    /// A colour a series, over and over. The edge is drawn in it as it is.
    pub series: &'a [Color],
}

impl AreaStyle<'_> {
    /// How many columns on either side shape a column's pixels: redraw as many more than have changed.
    pub fn reach(&self) -> u32 {
        // An edge runs to the middle between two neighbours, so that of the pen's own neighbours too.
        self.stroke(0).reach() + 1
    }

    fn stroke(&self, series: usize) -> Stroke {
        let color = self.series.get(series % self.series.len().max(1)).copied().unwrap_or_default();
        Stroke { width_px: self.edge_width_px, color }
    }
}

/// What a series takes up in a column: heights in pixels, y growing downwards.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Layer {
    /// Where its fill begins and ends, on the plot.
    top: f32,
    bottom: f32,
    /// Its outer edge, away from zero, and whether that is the lower one; NaN without a value.
    edge: f32,
    hangs: bool,
}

/// Draws areas. It owns nothing but scratch memory.
#[derive(Debug, Default)]
pub struct AreaPainter {
    /// Series after series, each with the columns of the clip and its reach; none where no series has a value.
    layers: Vec<Option<Layer>>,
    column: ColumnCoverage,
    line: LinePainter,
}

impl AreaPainter {
    /// A painter without any memory yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Draws the means of all series on the columns of `clip`, which are clear, each area on top of those before it.
    /// Values below zero hang downwards. Where a series has no value it takes no room; where none has, there is a gap.
    ///
    /// On a logarithmic axis the stack stands on the bottom edge.
    ///
    /// Hot: once a redrawn chart.
    pub fn paint(
        &mut self,
        pixels: &mut Pixels,
        columns: &impl Columns,
        scale: Scale,
        style: &AreaStyle<'_>,
        clip: Range<u32>,
    ) {
        let clip = pixels.clip_columns(clip);
        if clip.is_empty() || style.series.is_empty() {
            return;
        }
        let seen = clip.start.saturating_sub(style.reach())..clip.end.saturating_add(style.reach()).min(pixels.width());
        self.stack(columns, Plot::new(pixels, scale), seen.clone());
        let count = seen.len();
        for (series, layers) in self.layers.chunks_exact(count).enumerate() {
            let color = style.stroke(series).color.with_alpha(style.fill_alpha);
            for x in clip.clone() {
                let at = (x - seen.start) as usize;
                let Some(own) = layers[at] else { continue };
                let beside = |at: Option<usize>| at.and_then(|at| *layers.get(at)?).unwrap_or(own);
                let (left, right) = (beside(at.checked_sub(1)), beside(Some(at + 1)));
                let edge = |height: fn(Layer) -> f32| {
                    Edge::straight(f32::midpoint(height(left), height(own)), f32::midpoint(height(own), height(right)))
                };
                let (top, bottom) = (edge(|layer| layer.top), edge(|layer| layer.bottom));
                if top.top() < bottom.bottom() {
                    self.column.push(Strip { width: 1.0, top, bottom });
                    self.column.paint(pixels, x, color);
                }
            }
        }
        // The first series last: where the next ones add nothing, its edge is the one that stays. What changes its sign
        // leaves one stack for the other: no line leads there.
        for (series, layers) in self.layers.chunks_exact(count).enumerate().rev() {
            for hangs in [false, true] {
                let side = |layer: &&Layer| layer.hangs == hangs;
                let spans = layers.iter().map(|layer| layer.as_ref().filter(side).map(|layer| level_span(layer.edge)));
                self.line.envelope(pixels, (seen.start..).zip(spans), style.stroke(series), clip.clone());
            }
        }
    }

    /// Stacks the columns of `seen`.
    fn stack(&mut self, columns: &impl Columns, plot: Plot, seen: Range<u32>) {
        let count = seen.len();
        self.layers.clear();
        self.layers.resize(count * columns.series(), None);
        for (at, x) in seen.enumerate() {
            let mut stack = Stack::default();
            let mut is_gap = true;
            for series in 0..columns.series() {
                let value = level(&columns.summary(series, x));
                is_gap &= value.is_none();
                let (low, high) = stack.push(value.unwrap_or(0.0));
                let hangs = value.is_some_and(|value| value < 0.0);
                let edge = value.map_or(f32::NAN, |_| plot.y(if hangs { low } else { high }));
                let layer = Layer { top: plot.y_within(high), bottom: plot.y_within(low), edge, hangs };
                self.layers[series * count + at] = Some(layer);
            }
            if is_gap {
                self.layers.iter_mut().skip(at).step_by(count).for_each(|layer| *layer = None);
            }
        }
    }
}

fn level_span(y: f32) -> ColumnSpan {
    ColumnSpan { first: y, last: y, min: y, max: y }
}
