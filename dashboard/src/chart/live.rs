//! A live chart: the series of one group over a window of time that scrolls. Each frame draws only the columns that
//! changed.
//!
//! What a column shows follows from summaries, so that what a frame costs follows pixels and not samples. Scrolling, the
//! value axis and what changed are the same for every [`Kind`]; each has a painter of columns.

use std::ops::Range;
use std::rc::Rc;

use protocol::{Bounds, Timestamp};

use super::area::{AreaPainter, AreaStyle};
use super::bars::{BarLayout, BarsPainter, bars_range};
use super::columns::Columns;
use super::heatmap;
use super::held::Held;
use super::kind::Kind;
use super::line::LinesPainter;
use super::options::Options;
use super::stack::stacked_range;
use crate::store::{Envelopes, Group};
use crate::surface::{Color, ColorRamp, Pixels, Stroke};
use crate::view::{RangeTracker, Scale, Steps, Window};
use series::Summary;

/// Alpha of areas: the grid shows through.
const AREA_ALPHA: u8 = 110;

/// Columns of a bar, as a part of the surface: about so many bars stand side by side.
const BARS_ON_SCREEN: u32 = 40;

/// Series that a chart draws: the first of its group. Nobody tells more apart.
pub const MAX_SERIES_DRAWN: usize = 256;

/// How charts look.
#[derive(Clone, Debug, PartialEq)]
pub struct Style {
    /// Width of a line in device pixels.
    pub line_width_px: f32,
    /// A colour a series, over and over.
    pub series: Rc<[Color]>,
    /// Colours for amounts.
    pub ramp: Rc<ColorRamp>,
}

/// What of a surface changed in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing: leave the canvas alone.
    Nothing,
    /// The series; the surface's dirty columns say which.
    Series,
    /// The value axis too.
    Axis,
}

/// A chart of one group.
#[derive(Debug)]
pub struct LiveChart {
    pixels: Pixels,
    /// Rows of the surface above and below the plot.
    margin: u32,
    kind: Kind,
    painters: Painters,
    envelopes: Envelopes,
    range: RangeTracker,
    scale: Scale,
    drawn: Option<Drawn>,
}

/// Painters, kept for their memory.
#[derive(Debug, Default)]
struct Painters {
    lines: LinesPainter,
    area: AreaPainter,
    bars: BarsPainter,
}

/// What the surface shows.
#[derive(Clone, Debug, PartialEq)]
struct Drawn {
    right: i64,
    column_us: i64,
    end_row: u64,
    generation: u64,
    series: usize,
    scale: Scale,
    style: Style,
}

impl LiveChart {
    /// A chart without a size yet, whose value axis is round in `steps`.
    pub fn new(steps: Steps) -> Self {
        Self {
            pixels: Pixels::new(0, 0),
            margin: 0,
            kind: Kind::default(),
            painters: Painters::default(),
            envelopes: Envelopes::default(),
            range: RangeTracker::new(steps),
            scale: Scale::new(0.0, 1.0, 0),
            drawn: None,
        }
    }

    /// Takes over what a person has chosen.
    pub fn set_options(&mut self, options: Options) {
        self.range.set_mapping(options.mapping);
        self.range.set_mode(options.range);
        if self.kind != options.kind {
            self.kind = options.kind;
            self.range.forget();
        }
        self.drawn = None;
    }

    /// Gives the chart another size in device pixels. The surface is higher than the plot by `margin` at both ends, so
    /// that a line along an end of the axis keeps its width.
    pub fn resize(&mut self, width: u32, height: u32, margin: u32) {
        let surface = (width, height + 2 * margin);
        if (surface, margin) != ((self.pixels.width(), self.pixels.height()), self.margin) {
            self.pixels.resize(surface.0, surface.1);
            self.margin = margin;
            self.drawn = None;
        }
    }

    /// Gives all memory back; the value axis stays what it is.
    pub fn release(&mut self) {
        self.pixels = Pixels::new(0, 0);
        self.envelopes = Envelopes::default();
        self.drawn = None;
    }

    /// Draws everything anew at the next call.
    pub fn repaint(&mut self) {
        self.drawn = None;
    }

    /// The surface.
    pub const fn pixels(&self) -> &Pixels {
        &self.pixels
    }

    /// The surface, to take its dirty columns.
    pub const fn pixels_mut(&mut self) -> &mut Pixels {
        &mut self.pixels
    }

    /// The value axis as it was last drawn, over the plot's height.
    pub const fn scale(&self) -> Scale {
        self.scale
    }

    /// Draws the picture that is held at `now`, if it is not there already: what has come since does not change it.
    pub fn draw_held(&mut self, group: &Group, window: &Window, now: Timestamp, style: &Style) -> Change {
        let (right, column_us) = (window.column_of(now), window.column_us());
        let is_there = self.drawn.as_ref().is_some_and(|drawn| {
            drawn.right == right && drawn.column_us == column_us && drawn.style == *style && drawn.scale == self.scale
        });
        if is_there { Change::Nothing } else { self.draw(group, window, now, style) }
    }

    /// Draws what has changed since the last call.
    ///
    /// Hot: once a chart and display frame.
    pub fn draw(&mut self, group: &Group, window: &Window, now: Timestamp, style: &Style) -> Change {
        let width = self.pixels.width();
        let column_us = window.column_us();
        let right = window.column_of(now);
        let changed = self.envelopes.update(group, MAX_SERIES_DRAWN, column_us, width as usize, right);
        // What lies ahead of now is not on screen yet.
        let end_row = group.first_row_at(window.start_of(right.saturating_add(1)));
        let new_rows = self.drawn.as_ref().map_or(0, |drawn| drawn.end_row)..end_row;
        let scrolled = self.drawn.as_ref().map_or(i64::MAX, |drawn| right.saturating_sub(drawn.right));
        if changed.is_none() && scrolled == 0 && new_rows.is_empty() && self.is_current(group, column_us, style) {
            return Change::Nothing;
        }
        let view = View { group, window, now, left: window.visible(now).start };
        let before = self.scale;
        self.scale = self.rescale(&view);
        let whole = !self.is_current(group, column_us, style)
            || before != self.scale
            || changed == Some(i64::MIN)
            || !(0..i64::from(width)).contains(&scrolled);
        let first = if whole {
            self.pixels.clear();
            0
        } else {
            self.pixels.shift_left(scrolled as u32);
            let oldest_new = first_changed_column(group, &new_rows, column_us).unwrap_or(right);
            let first = (oldest_new - view.left).clamp(0, i64::from(width)) as u32;
            first.min(width - scrolled as u32).saturating_sub(self.reach(style))
        };
        if first < width {
            self.pixels.clear_columns(first..width);
            self.paint(&view, style, first..width);
        }
        self.drawn = Some(Drawn {
            right,
            column_us,
            end_row,
            generation: group.generation(),
            series: group.series().len(),
            scale: self.scale,
            style: style.clone(),
        });
        if before == self.scale && !whole { Change::Series } else { Change::Axis }
    }

    /// Whether what is on the surface may stay there.
    fn is_current(&self, group: &Group, column_us: i64, style: &Style) -> bool {
        self.drawn.as_ref().is_some_and(|drawn| {
            drawn.column_us == column_us
                && drawn.generation == group.generation()
                && drawn.series == group.series().len()
                && drawn.scale == self.scale
                && drawn.style == *style
        })
    }

    /// How many columns on either side shape a column's pixels.
    fn reach(&self, style: &Style) -> u32 {
        match self.kind {
            Kind::Area => area_style(style).reach(),
            Kind::Bars => self.bars(0).reach(),
            Kind::Heatmap => heatmap::REACH,
            _ => Stroke { width_px: style.line_width_px, color: Color::opaque(0, 0, 0) }.reach(),
        }
    }

    fn bars(&self, first_column: i64) -> BarLayout {
        BarLayout { columns_per_bar: (self.pixels.width() / BARS_ON_SCREEN).max(1), first_column }
    }

    /// The value axis, or the scale of colours, for what is on screen.
    fn rescale(&mut self, view: &View<'_>) -> Scale {
        let shown = view.columns(&self.envelopes, self.pixels.width());
        let seen = match self.kind {
            Kind::Area => stacked_range(&view.held(&shown)),
            Kind::Bars => bars_range(&view.held(&shown), self.bars(view.left)),
            _ => {
                let start_of = |column| view.group.first_row_at(view.window.start_of(column));
                let rows = start_of(view.left)..start_of(view.left.saturating_add(i64::from(shown.width)));
                let mut all = Summary::EMPTY;
                for series in 0..shown.series() {
                    all.extend(&view.group.summary(series, rows.clone()));
                }
                (!all.is_empty()).then_some((all.min, all.max))
            }
        };
        // What is stacked reaches beyond the ends that the group has for each of its series.
        let bounds = match self.kind {
            Kind::Area | Kind::Bars => Bounds::FromZero,
            _ => view.group.bounds,
        };
        let (low, high) = self.range.update(seen, &bounds, view.now);
        Scale::mapped(self.range.mapping(), low, high, self.pixels.height() - 2 * self.margin)
    }

    fn paint(&mut self, view: &View<'_>, style: &Style, clip: Range<u32>) {
        if style.series.is_empty() {
            return;
        }
        let bars = self.bars(view.left);
        let (pixels, scale) = (&mut self.pixels, self.scale);
        let shown = view.columns(&self.envelopes, pixels.width());
        match self.kind {
            Kind::Area => self.painters.area.paint(pixels, &view.held(&shown), scale, &area_style(style), clip),
            Kind::Bars => self.painters.bars.paint(pixels, &view.held(&shown), scale, bars, &style.series, clip),
            Kind::Heatmap => heatmap::paint(pixels, &view.held(&shown), scale, &style.ramp, clip),
            _ => self.painters.lines.paint(pixels, view, &shown, scale, style, clip),
        }
    }
}

fn area_style(style: &Style) -> AreaStyle<'_> {
    AreaStyle { edge_width_px: style.line_width_px, fill_alpha: AREA_ALPHA, series: &style.series }
}

/// What part of time is on screen.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    pub(super) group: &'a Group,
    pub(super) window: &'a Window,
    pub(super) now: Timestamp,
    /// The column at the surface's left edge.
    pub(super) left: i64,
}

impl View<'_> {
    fn columns<'b>(&self, envelopes: &'b Envelopes, width: u32) -> Shown<'b> {
        Shown::new(envelopes, self.left, width)
    }

    /// Columns in which a value holds until the next, as far as that is no hole.
    fn held<'b>(&self, shown: &'b Shown<'b>) -> Held<'b, Shown<'b>> {
        let columns = self.group.longest_step().micros() / self.window.column_us().unsigned_abs().max(1);
        Held::new(shown, columns.min(u64::from(shown.width)) as u32)
    }
}

/// Envelopes as a painter sees them: columns from the surface's left edge.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown<'a> {
    envelopes: &'a Envelopes,
    left: i64,
    width: u32,
}

impl<'a> Shown<'a> {
    pub(super) const fn new(envelopes: &'a Envelopes, left: i64, width: u32) -> Self {
        Self { envelopes, left, width }
    }
}

impl Columns for Shown<'_> {
    fn series(&self) -> usize {
        self.envelopes.series()
    }

    fn width(&self) -> u32 {
        self.width
    }

    fn summary(&self, series: usize, x: u32) -> Summary {
        self.envelopes.summary(series, self.left.saturating_add(i64::from(x)))
    }
}

/// The oldest column that new rows touch: the line to the first of them begins at the row before.
fn first_changed_column(group: &Group, new_rows: &Range<u64>, column_us: i64) -> Option<i64> {
    if new_rows.is_empty() {
        return None;
    }
    let row = new_rows.start.saturating_sub(1).max(group.rows().start);
    Some(group.time(row).micros().div_euclid(column_us.max(1)))
}
