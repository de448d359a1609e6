//! Tiles: a sparkline, gauge or stat for each series that fits, side by side on one surface.

use protocol::Timestamp;

use super::chosen::ChosenSeries;
use super::gauge::{self, GaugeStyle};
use super::kind::Kind;
use super::scene::{Scene, SceneColumns, Style};
use super::shown::Shown;
use super::sparkline::{SparklinePainter, SparklineStyle};
use super::stat::{Stat, StatPainter};
use crate::store::{ColumnSummaries, ColumnUpdate, Group};
use crate::surface::{Color, Pixels};
use crate::view::{Mapping, RangeTracker, Scale, Steps, Window};
use series::Unit;

/// Room above a sparkline or gauge for its name and value, in CSS pixels.
const TEXT_PX: f64 = 18.0;

const GAP_PX: f64 = 10.0;

/// Radius of the dot at a sparkline's newest value, as a multiple of the line's width.
const DOT: f32 = 1.6;

/// The arrangement of tiles on a surface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TileLayout {
    /// Tiles in a row.
    pub columns: u32,
    /// Number of tiles. They fill rows from the top left.
    pub count: u32,
    /// Width and height of a tile in device pixels.
    pub size: (u32, u32),
    /// Between two tiles, in device pixels.
    pub gap: u32,
}

impl TileLayout {
    /// Tiles for as many of `series` series as fit on a surface of this size. `scale` is in device pixels per CSS pixel.
    pub fn new(kind: Kind, series: usize, (width, height): (u32, u32), scale: f64) -> Self {
        let (least_width, least_height) = match kind {
            Kind::Gauges => (84.0, 84.0),
            Kind::Stats => (116.0, 54.0),
            _ => (120.0, 40.0),
        };
        let gap = (GAP_PX * scale).round() as u32;
        let fitting =
            |room: u32, least: f64| (f64::from(room + gap) / (least * scale + f64::from(gap))).floor().max(1.0) as u32;
        let series = u32::try_from(series).unwrap_or(u32::MAX);
        let most_rows = fitting(height, least_height);
        let columns = fitting(width, least_width).min(series).max(1);
        let rows = series.div_ceil(columns).clamp(1, most_rows);
        // As few in a row as the number of rows allows: wider tiles show more.
        let columns = series.div_ceil(rows).clamp(1, columns);
        let part = |room: u32, count: u32| (room.saturating_sub(gap * (count - 1)) / count).max(1);
        Self { columns, count: series.min(columns * rows), size: (part(width, columns), part(height, rows)), gap }
    }

    /// The upper left corner of a tile, in device pixels.
    pub const fn corner(&self, tile: u32) -> (u32, u32) {
        let (column, row) = (tile % self.columns, tile / self.columns);
        (column * (self.size.0 + self.gap), row * (self.size.1 + self.gap))
    }
}

#[derive(Debug)]
pub struct TileChart {
    kind: Kind,
    pixels: Pixels,
    tile: Pixels,
    layout: TileLayout,
    chosen: ChosenSeries,
    summaries: ColumnSummaries,
    range: RangeTracker,
    scale: f64,
    sparkline: SparklinePainter,
    stat: StatPainter,
    /// The newest column that is drawn.
    drawn: Option<(i64, Style)>,
}

impl TileChart {
    /// Tiles without a size. The dials of gauges end at values that are round in `steps`.
    pub fn new(kind: Kind, steps: Steps) -> Self {
        Self {
            kind,
            pixels: Pixels::new(0, 0),
            tile: Pixels::new(0, 0),
            layout: TileLayout::default(),
            chosen: ChosenSeries::default(),
            summaries: ColumnSummaries::default(),
            range: RangeTracker::new(steps),
            scale: 1.0,
            sparkline: SparklinePainter::default(),
            stat: StatPainter::default(),
            drawn: None,
        }
    }

    /// Sets which series may have a tile.
    pub fn set_shown(&mut self, shown: &Shown) {
        self.chosen.set_shown(shown);
        self.drawn = None;
    }

    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Sets the size of the surface in device pixels; `scale` is in device pixels per CSS pixel.
    pub fn resize(&mut self, width: u32, height: u32, scale: f64) {
        self.pixels.resize(width, height);
        self.scale = scale;
        self.drawn = None;
        self.chosen.expire();
    }

    pub const fn pixels(&self) -> &Pixels {
        &self.pixels
    }

    /// The surface, for its dirty columns to be taken.
    pub const fn pixels_mut(&mut self) -> &mut Pixels {
        &mut self.pixels
    }

    /// Returns true if nothing has been drawn since the last change of size.
    pub const fn is_blank(&self) -> bool {
        self.drawn.is_none()
    }

    /// The series of the tiles.
    pub const fn chosen(&self) -> &ChosenSeries {
        &self.chosen
    }

    pub const fn layout(&self) -> TileLayout {
        self.layout
    }

    /// Draws all tiles if anything changed. Returns false if nothing did.
    ///
    /// Hot: once a chart and display frame.
    pub fn draw(&mut self, group: &Group, window: &Window, now: Timestamp, style: &Style, track: Color) -> bool {
        let size = (self.pixels.width(), self.pixels.height());
        if size.0 == 0 || size.1 == 0 || style.series.is_empty() {
            return false;
        }
        let (kind, scale) = (self.kind, self.scale);
        let layout = |series| TileLayout::new(kind, series, size, scale);
        if self.chosen.update(group, window, now, &|series| layout(series).count as usize) {
            self.summaries.forget();
        }
        self.layout = layout(self.chosen.in_window());
        let places = self.chosen.places();
        let window = Window::new(window.span(), self.layout.size.0);
        let right = window.column_of(now);
        let width = self.layout.size.0 as usize;
        let update = self.summaries.update(group, &places, window.column_us(), width, right);
        let drawn = (right, style.clone());
        if update == ColumnUpdate::Nothing && self.drawn.as_ref() == Some(&drawn) {
            return false;
        }
        self.drawn = Some(drawn);
        let scene = Scene::new(group, &places, &window, now, self.layout.size.0);
        let colors = self.chosen.style(style).style.series;
        let dial = self.dial(&scene);
        self.pixels.clear();
        for ((tile, &place), &color) in (0..self.layout.count).zip(&*places).zip(&*colors) {
            let value = group.value_at(place, now).unwrap_or(f64::NAN);
            self.paint(&scene, tile, (value, dial), (style.line_width_px, color), track);
            self.pixels.copy_from(&self.tile, self.layout.corner(tile));
        }
        true
    }

    /// The text of a tile.
    pub fn stat(&self, tile: usize, unit: &Unit) -> Stat {
        let right = self.drawn.as_ref().map_or(0, |&(right, _)| right);
        let width = self.layout.size.0;
        Stat::of(&SceneColumns::new(&self.summaries, right + 1 - i64::from(width), width), tile, unit)
    }

    /// The scale of gauges: one for all tiles, so that they can be compared.
    fn dial(&mut self, scene: &Scene<'_>) -> Scale {
        let seen = scene.extremes().range();
        let (low, high) = self.range.update(seen, &scene.group.bounds, scene.now);
        Scale::mapped(Mapping::Linear, low, high, 0)
    }

    fn paint(
        &mut self,
        scene: &Scene<'_>,
        tile: u32,
        (value, dial): (f64, Scale),
        (line_width_px, color): (f32, Color),
        track: Color,
    ) {
        let (width, height) = self.layout.size;
        self.tile.resize(width, height);
        let columns = scene.columns(&self.summaries);
        let series = tile as usize;
        let free = ((TEXT_PX * self.scale) as u32).min(height);
        match self.kind {
            Kind::Gauges => {
                gauge::paint(&mut self.tile, value, dial, GaugeStyle { track, value: color });
            }
            Kind::Stats => self.stat.paint(&mut self.tile, &columns, series, line_width_px, color),
            _ => {
                let dot_radius_px = line_width_px * DOT;
                let style = SparklineStyle { line_width_px, dot_radius_px, color, fill_alpha: 0 };
                self.sparkline.paint(&mut self.tile, &columns, series, style, free..height);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn tiles_are_within_the_surface_and_do_not_overlap(
            kind in 4_usize..7, series in 0_usize..300, width in 1_u32..3_000, height in 1_u32..1_500, scale in 0.5_f64..4.0,
        ) {
            let layout = TileLayout::new(Kind::ALL[kind], series, (width, height), scale);
            prop_assert!(layout.count as usize <= series);
            prop_assert!(series == 0 || layout.count > 0);
            let (tile_width, tile_height) = layout.size;
            // A surface smaller than the gaps has nothing to show, and is not written beyond its edge: copies are clipped.
            prop_assume!(width > layout.gap * layout.columns && height > layout.gap * layout.count);
            for tile in 0..layout.count {
                let (x, y) = layout.corner(tile);
                prop_assert!(x + tile_width <= width && y + tile_height <= height, "{layout:?}");
            }
        }
    }
}
