//! Stacked areas: the share of each series in the sum.

use std::ops::Range;

use super::columns::Columns;
use super::plot::Plot;
use super::stack::{Stack, level};
use crate::surface::coverage::{ColumnCoverage, Strip};
use crate::surface::edge::Edge;
use crate::surface::{Color, ColumnSpan, Dash, ExtremesPainter, Ink, Pixels, Stroke};
use crate::view::Scale;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AreaStyle<'a> {
    /// Width of the line along the outer edge of each area, in device pixels.
    pub edge_width_px: f32,
    /// Alpha of the fill: 255 hides the grid.
    pub fill_alpha: u8,
    /// The colours of the series; they repeat. Edges are opaque.
    pub series: &'a [Color],
    /// The dashes of the edges, one for each series; solid without one.
    pub dashes: &'a [Dash],
    /// The number of the column at the surface's left edge.
    pub first_column: i64,
}

impl AreaStyle<'_> {
    /// The number of columns on either side that affect a column's pixels: as many more must be redrawn.
    pub fn reach(&self) -> u32 {
        // An edge runs to the middle between two neighbours: so does that of the pen's neighbours.
        self.stroke(0).reach() + 1
    }

    fn stroke(&self, series: usize) -> Stroke {
        let color = self.series.get(series % self.series.len().max(1)).copied().unwrap_or_default();
        let dash = self.dashes.get(series).copied().unwrap_or_default();
        let dashes = dash.on_columns(self.edge_width_px, self.first_column);
        Stroke { width_px: self.edge_width_px, color, dashes }
    }
}

/// The area of a series in a column: heights in pixels, y growing downwards.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Layer {
    /// Top and bottom of the fill, within the plot.
    top: f32,
    bottom: f32,
    /// The edge away from zero; NaN without a value.
    edge: f32,
    /// True if the outer edge is the lower one.
    hangs: bool,
}

/// Draws areas. It owns scratch memory only.
#[derive(Debug, Default)]
pub struct AreaPainter {
    /// Series by series, the columns of the clip and its reach; `None` if no series has a value.
    layers: Vec<Option<Layer>>,
    column: ColumnCoverage,
    extremes: ExtremesPainter,
}

impl AreaPainter {
    /// Draws the means of all series on the columns of `clip`, which must be clear, each area on top of the previous ones.
    /// Areas below zero are stacked downwards. A series without a value takes no room; a column without values is a hole.
    ///
    /// On a logarithmic axis the stack starts at the bottom edge.
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
        // The first series last: its edge stays visible where the next ones are zero. A series that changes its sign moves
        // to the other stack, and no line leads there.
        for (series, layers) in self.layers.chunks_exact(count).enumerate().rev() {
            for hangs in [false, true] {
                let side = |layer: &&Layer| layer.hangs == hangs;
                let spans = layers.iter().map(|layer| layer.as_ref().filter(side).map(|layer| level_span(layer.edge)));
                let spans = (seen.start..).zip(spans);
                self.extremes.stroke_part(pixels, spans, style.stroke(series), clip.clone(), Ink::Line);
            }
            let has_edge =
                |at: usize| layers.get(at).is_some_and(|layer| layer.is_some_and(|layer| layer.edge.is_finite()));
            let is_lone = |at: usize| has_edge(at) && !has_edge(at + 1) && !at.checked_sub(1).is_some_and(has_edge);
            if (0..count).any(is_lone) {
                let spans = layers.iter().map(|layer| layer.as_ref().map(|layer| level_span(layer.edge)));
                let spans = (seen.start..).zip(spans);
                self.extremes.stroke_part(pixels, spans, style.stroke(series), clip.clone(), Ink::Dots);
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
