//! A live chart: the series of one group over a window of time that scrolls. Each frame draws only the columns that
//! changed.
//!
//! Columns are drawn from summaries, so that the cost of a frame grows with pixels and not with samples. Scrolling, the
//! value axis and the detection of changes are the same for every [`Kind`]; each kind has a painter of columns.

use std::ops::Range;

use protocol::{Bounds, Interval, Timestamp};

use super::area::{AreaPainter, AreaStyle};
use super::bars::{BarLayout, BarsPainter, bars_range};
use super::chosen::ChosenSeries;
use super::extremes::{Extremes, LogLimit};
use super::heatmap;
use super::kind::Kind;
use super::line::LinesPainter;
use super::options::Options;
use super::scene::{ChosenStyle, EMPHASIS, Scene, Style};
use super::shown::Shown;
use super::stack::stacked_range;
use crate::store::{ColumnSummaries, ColumnUpdate, Group};
use crate::surface::{Color, Dash, Pixels, Stroke};
use crate::view::{Mapping, RangeTracker, Scale, Steps, Window};

/// Alpha of areas: the grid shows through.
const AREA_ALPHA: u8 = 110;

/// About this many bars are side by side on a surface.
const BARS_ON_SCREEN: u32 = 40;

/// A chart draws at most this number of series. More lines cannot be distinguished.
pub const MAX_SERIES_DRAWN: usize = 256;

/// The changes on a surface in a display frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing changed: the canvas is kept.
    Nothing,
    /// The series changed, in the surface's dirty columns.
    Series,
    /// The series and the value axis changed.
    Axis,
}

/// A chart of one group.
#[derive(Debug)]
pub struct LiveChart {
    pixels: Pixels,
    /// Rows of the surface above and below the plot.
    margin: u32,
    kind: Kind,
    painters: Box<Painters>,
    chosen: ChosenSeries,
    /// The style of the last drawing, with the colours and dashes of the chosen series.
    painted: Option<ChosenStyle>,
    summaries: ColumnSummaries,
    range: RangeTracker,
    scale: Scale,
    log_limit: LogLimit,
    drawn: Option<Drawn>,
}

/// Painters, kept for their memory.
#[derive(Debug, Default)]
struct Painters {
    lines: LinesPainter,
    area: AreaPainter,
    bars: BarsPainter,
}

/// The content of the surface.
#[derive(Clone, Debug, PartialEq)]
struct Drawn {
    right: i64,
    column_us: i64,
    style: Style,
    /// In a fixed view: what may still change in it.
    fixed: Option<FixedContent>,
}

/// What may still change in a fixed view.
#[derive(Clone, Copy, Debug, PartialEq)]
struct FixedContent {
    /// The version of the answers of queries.
    answers: u64,
    /// The time up to which its rows have arrived.
    rows_until: Option<Timestamp>,
}

impl LiveChart {
    /// A chart without a size, whose axis has ends that are round in `steps`.
    pub fn new(steps: Steps) -> Self {
        Self {
            pixels: Pixels::new(0, 0),
            margin: 0,
            kind: Kind::default(),
            painters: Box::default(),
            chosen: ChosenSeries::default(),
            painted: None,
            summaries: ColumnSummaries::default(),
            range: RangeTracker::new(steps),
            scale: Scale::new(0.0, 1.0, 0),
            log_limit: LogLimit::Nothing,
            drawn: None,
        }
    }

    /// Sets which series it may draw.
    pub fn set_shown(&mut self, shown: &Shown) {
        self.chosen.set_shown(shown);
        self.drawn = None;
    }

    /// Makes the line of a series stand out, by its number, or none.
    pub fn emphasize(&mut self, number: Option<usize>) {
        if self.chosen.emphasize(number) && self.kind == Kind::Line {
            self.drawn = None;
        }
    }

    pub const fn kind(&self) -> Kind {
        self.kind
    }

    pub fn set_options(&mut self, options: Options) {
        self.range.set_mapping(options.mapping);
        self.range.set_mode(options.range);
        if self.kind != options.kind {
            self.kind = options.kind;
            self.range.forget();
        }
        self.drawn = None;
    }

    /// Sets the size of the plot in device pixels. The surface is higher by `margin` at both ends, so that a line along
    /// an end of the axis keeps its width.
    pub fn resize(&mut self, width: u32, height: u32, margin: u32) {
        let surface = (width, height + 2 * margin);
        if (surface, margin) != ((self.pixels.width(), self.pixels.height()), self.margin) {
            self.pixels.resize(surface.0, surface.1);
            self.margin = margin;
            self.drawn = None;
        }
    }

    /// Frees the memory of surface and summaries, and keeps the value axis.
    pub fn release(&mut self) {
        self.pixels = Pixels::new(0, 0);
        self.summaries = ColumnSummaries::default();
        self.drawn = None;
    }

    /// Makes the next call of [`draw`](Self::draw) draw the whole surface.
    pub fn repaint(&mut self) {
        self.drawn = None;
    }

    pub const fn pixels(&self) -> &Pixels {
        &self.pixels
    }

    /// The surface, for its dirty columns to be taken.
    pub const fn pixels_mut(&mut self) -> &mut Pixels {
        &mut self.pixels
    }

    /// The series of the last drawing.
    pub const fn chosen(&self) -> &ChosenSeries {
        &self.chosen
    }

    /// The value axis of the last drawing, over the plot's height.
    pub const fn scale(&self) -> Scale {
        self.scale
    }

    /// What the value axis of the last drawing cannot show.
    pub const fn log_limit(&self) -> LogLimit {
        self.log_limit
    }

    /// Draws a fixed view that ends at `right`, unless it is on the surface already. Rows of its times that arrive later are added, and so are
    /// answers of queries.
    pub fn draw_fixed(&mut self, group: &Group, window: &Window, right: Timestamp, style: &Style) -> Change {
        let (column, column_us) = (window.column_of(right), window.column_us());
        let fixed = Some(FixedContent {
            answers: group.past().version(),
            rows_until: group.newest().map(|newest| newest.min(right)),
        });
        let wanted = Drawn { right: column, column_us, style: style.clone(), fixed };
        if self.drawn.as_ref() == Some(&wanted) {
            return Change::Nothing;
        }
        let before = self.drawn.replace(wanted);
        let is_same_view = before.is_some_and(|before| (before.right, before.column_us) == (column, column_us));
        if !is_same_view {
            // An axis of other times is not kept.
            self.range.forget();
        }
        self.painted = None;
        self.chosen.update(group, window, right, &|_| MAX_SERIES_DRAWN);
        let (places, width) = (self.chosen.places(), self.pixels.width());
        self.summaries.read(group, &places, column_us, width as usize, column);
        let scene = Scene::new(group, &places, window, right, width);
        let reads_answer = group.past().range().is_some()
            && !group.covers(window.start_of(scene.left), Interval::from_micros(column_us.unsigned_abs()));
        let scene = Scene { reads_answer, ..scene };
        self.scale = self.rescale(&scene, || scene.fixed_extremes());
        self.pixels.clear();
        self.paint(&scene, style, 0..width);
        Change::Axis
    }

    /// Draws the changes since the last call.
    ///
    /// Hot: once a chart and display frame.
    pub fn draw(&mut self, group: &Group, window: &Window, now: Timestamp, style: &Style) -> Change {
        let width = self.pixels.width();
        let right = window.column_of(now);
        if self.chosen.update(group, window, now, &|_| MAX_SERIES_DRAWN) {
            self.summaries.forget();
            self.painted = None;
        }
        let places = self.chosen.places();
        let update = self.summaries.update(group, &places, window.column_us(), width as usize, right);
        let drawn = Drawn { right, column_us: window.column_us(), style: style.clone(), fixed: None };
        if update == ColumnUpdate::Nothing && self.drawn.as_ref() == Some(&drawn) {
            return Change::Nothing;
        }
        let before = self.drawn.replace(drawn).filter(|before| before.style == *style && before.fixed.is_none());
        if before.is_none() {
            self.painted = None;
        }
        let scrolled = before.map_or(i64::MAX, |before| right.saturating_sub(before.right));
        let scene = Scene::new(group, &places, window, now, width);
        let scale = self.rescale(&scene, || scene.extremes());
        let is_same_axis = std::mem::replace(&mut self.scale, scale) == scale;
        let is_whole = !is_same_axis || update == ColumnUpdate::All || !(0..i64::from(width)).contains(&scrolled);
        let first = if is_whole {
            self.pixels.clear();
            0
        } else {
            self.pixels.shift_left(scrolled as u32);
            let first =
                (first_changed_column(&scene, &update).unwrap_or(right) - scene.left).clamp(0, i64::from(width));
            (first as u32).min(width - scrolled as u32).saturating_sub(self.reach(style))
        };
        if first < width {
            self.pixels.clear_columns(first..width);
            self.paint(&scene, style, first..width);
        }
        if is_whole { Change::Axis } else { Change::Series }
    }

    /// The number of columns on either side that affect a column's pixels.
    fn reach(&self, style: &Style) -> u32 {
        match self.kind {
            Kind::Area => area_style(style, &[], 0).reach(),
            Kind::Bars => self.bars(0).reach(),
            Kind::Heatmap => heatmap::REACH,
            _ => Stroke::solid(style.line_width_px * EMPHASIS, Color::opaque(0, 0, 0)).reach(),
        }
    }

    fn bars(&self, first_column: i64) -> BarLayout {
        BarLayout { columns_per_bar: (self.pixels.width() / BARS_ON_SCREEN).max(1), first_column }
    }

    /// The value axis, or the scale of colours, for the values on screen.
    fn rescale(&mut self, scene: &Scene<'_>, extremes: impl Fn() -> Extremes) -> Scale {
        let columns = scene.columns(&self.summaries);
        let mapping = self.range.mapping();
        self.log_limit = if mapping == Mapping::Log { extremes().log_limit() } else { LogLimit::Nothing };
        let seen = match (self.kind, mapping) {
            (Kind::Area, _) => stacked_range(&scene.held(&columns), mapping),
            (Kind::Bars, _) => bars_range(&scene.held(&columns), self.bars(scene.left), mapping),
            (_, Mapping::Linear) => extremes().range(),
            (_, Mapping::Log) => extremes().range_above_zero(&columns),
        };
        // The group's bounds are those of a single series, which a stack exceeds.
        let bounds = match self.kind {
            Kind::Area | Kind::Bars => Bounds::FromZero,
            _ => scene.group.bounds,
        };
        let (low, high) = self.range.update(seen, &bounds, scene.now);
        Scale::mapped(self.range.mapping(), low, high, self.pixels.height() - 2 * self.margin)
    }

    fn paint(&mut self, scene: &Scene<'_>, style: &Style, clip: Range<u32>) {
        let chosen = &self.painted.get_or_insert_with(|| self.chosen.style(style)).clone();
        let style = &chosen.style;
        if style.series.is_empty() {
            return;
        }
        let bars = self.bars(scene.left);
        let (pixels, scale) = (&mut self.pixels, self.scale);
        let columns = scene.columns(&self.summaries);
        match self.kind {
            Kind::Area => {
                let style = area_style(style, &chosen.dashes, scene.left);
                self.painters.area.paint(pixels, &scene.held(&columns), scale, &style, clip);
            }
            Kind::Bars => self.painters.bars.paint(pixels, &scene.held(&columns), scale, bars, &style.series, clip),
            Kind::Heatmap => heatmap::paint(pixels, &scene.held(&columns), scale, &style.ramp, clip),
            _ => self.painters.lines.paint(pixels, scene, &scene.filled(&columns), scale, chosen, clip),
        }
    }
}

fn area_style<'a>(style: &'a Style, dashes: &'a [Dash], first_column: i64) -> AreaStyle<'a> {
    let (edge_width_px, series) = (style.line_width_px, &style.series);
    AreaStyle { edge_width_px, fill_alpha: AREA_ALPHA, series, dashes, first_column }
}

/// The oldest column that new rows change: the line to the first of them starts at the row before.
fn first_changed_column(scene: &Scene<'_>, update: &ColumnUpdate) -> Option<i64> {
    let ColumnUpdate::Rows(rows) = update else { return None };
    let row = rows.start.saturating_sub(1).max(scene.group.rows().start);
    Some(scene.window.column_of(scene.group.time(row)))
}
