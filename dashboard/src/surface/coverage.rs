//! Coverage: the exact part of each pixel of a column that a line covers.
//!
//! The part of a stroke in a pixel column consists of a few [`Strip`]s side by side, each with a straight top and bottom
//! edge. The coverage of a pixel is the mean depth of the bottom edge in it over the strip's width, minus that of the top
//! edge. Both means have a closed form, so that no sub-pixel is sampled.
//!
//! Coordinates should be below 100,000 pixels: beyond, `f32` is not precise enough for shades.

use std::ops::Range;

use super::color::Color;
use super::edge::{Edge, max, min};
use super::pixels::Pixels;

/// A part of one column, over its full or partial width.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strip {
    /// Width in pixels, 0 to 1.
    pub width: f32,
    pub top: Edge,
    /// Lower edge, never above the upper one.
    pub bottom: Edge,
}

impl Strip {
    fn is_level(&self) -> bool {
        self.top.is_level() && self.bottom.is_level()
    }

    /// Returns true if this strip and the next are level and at the same heights, bit for bit: they can be joined.
    fn continues_in(&self, next: &Self) -> bool {
        let bits = |strip: &Self| (strip.top.top().to_bits(), strip.bottom.top().to_bits());
        self.is_level() && next.is_level() && bits(self) == bits(next)
    }

    /// Adds the strip's coverage to each row except those of `core`.
    fn add_to(&self, coverage: &mut [f32], core: &Range<usize>) {
        let height = coverage.len();
        let touched = rows_touched(self.top.top(), self.bottom.bottom(), height);
        if self.is_level() {
            return self.add_level(coverage, touched, core);
        }
        let inside = rows_inside(self.top.bottom(), self.bottom.top(), height);
        let height = height as f32;
        let (top, bottom) = (self.top.depth(height), self.bottom.depth(height));
        if ceil(self.top.bottom()) <= floor(self.bottom.top()) {
            // No row touches both edges.
            self.add_rows(coverage, touched.start..inside.start, |y| -y - top.below(y));
            self.add_rows(coverage, inside.end..touched.end, |y| bottom.below(y));
        } else {
            self.add_rows(coverage, touched, |y| bottom.below(y) - top.below(y));
        }
        self.add_whole(coverage, inside, core);
    }

    /// [`add_to`](Self::add_to) for a strip with two level edges, of which dense series consist.
    fn add_level(&self, coverage: &mut [f32], touched: Range<usize>, core: &Range<usize>) {
        if touched.is_empty() {
            return;
        }
        let (first, last) = (touched.start, touched.end - 1);
        let (above, below) = (self.top.top() - first as f32, touched.end as f32 - self.bottom.top());
        self.add_whole(coverage, touched, core);
        coverage[first] -= self.width * max(above, 0.0);
        coverage[last] -= self.width * max(below, 0.0);
    }

    /// Adds the rows that the strip covers wholly, except those of `core`.
    fn add_whole(&self, coverage: &mut [f32], inside: Range<usize>, core: &Range<usize>) {
        let within = |row: usize| row.clamp(inside.start, inside.end);
        for rows in [inside.start..within(core.start), within(core.end)..inside.end] {
            for covered in &mut coverage[rows] {
                *covered += self.width;
            }
        }
    }

    /// Adds to each row the difference of `depth_below`, the depth of the strip's ink, between its two edges.
    #[inline]
    fn add_rows(&self, coverage: &mut [f32], rows: Range<usize>, depth_below: impl Fn(f32) -> f32) {
        if rows.is_empty() {
            return;
        }
        let mut y = rows.start as f32;
        let mut above = depth_below(y);
        for covered in &mut coverage[rows] {
            y += 1.0;
            let below = depth_below(y);
            *covered += self.width * max(above - below, 0.0);
            above = below;
        }
    }
}

/// Every row that the heights touch.
fn rows_touched(top: f32, bottom: f32, height: usize) -> Range<usize> {
    let end = ceil(bottom).min(height);
    floor(top).min(end)..end
}

/// The rows that are completely between the heights; an empty range next to the first height if no row is.
fn rows_inside(top: f32, bottom: f32, height: usize) -> Range<usize> {
    let start = ceil(top).min(height);
    start..floor(bottom).clamp(start, height)
}

/// The row of a height, 0 for heights above the surface. The cast saturates; it is to `i32`, for which processors
/// have an instruction.
fn floor(y: f32) -> usize {
    (y as i32).max(0) as usize
}

/// The first row that begins at or below a height, 0 for heights above the surface.
fn ceil(y: f32) -> usize {
    let row = (y as i32).max(0);
    row as usize + usize::from(y > row as f32)
}

/// The strips of one column, collected until the column is painted at once.
#[derive(Debug, Default)]
pub struct ColumnCoverage {
    strips: Vec<Strip>,
    /// Coverage by row; zero between two columns.
    rows: Vec<f32>,
}

impl ColumnCoverage {
    /// Adds a strip to the column. The strips of a column must not overlap. One as wide as the column must be the first.
    pub fn push(&mut self, strip: Strip) {
        match self.strips.last_mut() {
            Some(last) if last.continues_in(&strip) => last.width += strip.width,
            _ => self.strips.push(strip),
        }
    }

    /// The height from the top of all strips to their bottom.
    pub fn height(&self) -> f32 {
        let top = self.strips.iter().fold(f32::INFINITY, |top, strip| min(top, strip.top.top()));
        let bottom = self.strips.iter().fold(f32::NEG_INFINITY, |bottom, strip| max(bottom, strip.bottom.bottom()));
        bottom - top
    }

    /// Removes the strips.
    pub fn clear(&mut self) {
        self.strips.clear();
    }

    /// Blends the strips into column `x`, each pixel once, and removes them.
    ///
    /// Hot: once for each column of each series.
    pub fn paint(&mut self, pixels: &mut Pixels, x: u32, color: Color) {
        let height = pixels.height() as usize;
        if self.rows.len() != height {
            self.rows.resize(height, 0.0);
        }
        let (mut top, mut bottom) = (f32::INFINITY, f32::NEG_INFINITY);
        // Rows that are covered wholly, by one strip as wide as the column or by all together, need no addition.
        let (mut core_top, mut core_bottom) = (f32::NEG_INFINITY, f32::INFINITY);
        let mut width = 0.0;
        for strip in &self.strips {
            top = min(top, strip.top.top());
            bottom = max(bottom, strip.bottom.bottom());
            if width < 1.0 {
                core_top = max(core_top, strip.top.bottom());
                core_bottom = min(core_bottom, strip.bottom.top());
                width += strip.width;
            }
        }
        let all = rows_touched(top, bottom, height);
        let core = Some(rows_inside(core_top, core_bottom, height)).filter(|rows| !rows.is_empty());
        let core = core.unwrap_or(all.end..all.end);
        for strip in &self.strips {
            strip.add_to(&mut self.rows, &core);
        }
        for edge in [all.start..core.start, core.end..all.end] {
            let top = edge.start as u32;
            pixels.blend_column(x, top, self.rows[edge].iter_mut().map(std::mem::take), color);
        }
        pixels.blend_run(x, core.start as u32..core.end as u32, color, width);
        self.strips.clear();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn areas(strips: &[Strip], height: usize) -> Vec<f32> {
        let mut rows = vec![0.0; height];
        for strip in strips {
            strip.add_to(&mut rows, &(height..height));
        }
        rows
    }

    fn assert_areas(top: Edge, bottom: Edge, expected: [f32; 4]) {
        for (area, expected) in areas(&[Strip { width: 1.0, top, bottom }], 4).into_iter().zip(expected) {
            assert!((area - expected).abs() < 1e-6, "{area} for {expected}");
        }
    }

    #[test]
    fn a_run_covers_its_ends_in_part() {
        assert_areas(Edge::level(0.75), Edge::level(2.5), [0.25, 1.0, 0.5, 0.0]);
        assert_areas(Edge::level(1.25), Edge::level(1.5), [0.0, 0.25, 0.0, 0.0]);
        assert_areas(Edge::level(-7.0), Edge::level(1e5), [1.0; 4]);
    }

    #[test]
    fn a_slope_covers_by_area() {
        assert_areas(Edge::straight(0.0, 2.0), Edge::level(3.0), [0.25, 0.75, 1.0, 0.0]);
        assert_areas(Edge::straight(2.0, 0.0), Edge::level(3.0), [0.25, 0.75, 1.0, 0.0]);
        assert_areas(Edge::straight(-1.0, 1.0), Edge::straight(1.0, 3.0), [0.75, 0.75, 0.25, 0.0]);
    }

    proptest! {
        #[test]
        fn the_column_covers_the_complete_area(left in 5.0_f32..90.0, right in 5.0_f32..90.0, thick in 0.0_f32..9.0) {
            let (top, bottom) = (Edge::straight(left, right), Edge::straight(left + thick, right + thick));
            let total: f32 = areas(&[Strip { width: 0.75, top, bottom }], 100).iter().sum();
            prop_assert!((total - 0.75 * thick).abs() < 2e-3, "{total}");
        }

        #[test]
        fn a_pixel_is_never_covered_twice_nor_less_than_nothing(
            left in -1e5_f32..1e5, right in -1e5_f32..1e5, highest: f32, reach in 0.0_f32..1e6, thick in 0.0_f32..1e3,
        ) {
            let top = Edge::straight(left, right).held(highest, highest + reach);
            let bottom = Edge::straight(left + thick, right + thick).held(highest, highest + reach);
            for area in areas(&[Strip { width: 1.0, top, bottom }], 50) {
                prop_assert!((0.0..=1.02).contains(&area), "{area}");
            }
        }

        #[test]
        fn painting_by_core_and_edges_equals_painting_by_area(
            heights in prop::collection::vec((0.0_f32..40.0, 0.0_f32..40.0, 0.0_f32..20.0), 1..4),
        ) {
            let width = 1.0 / heights.len() as f32;
            let strips: Vec<_> = heights.iter().map(|(left, right, thick)| Strip {
                width, top: Edge::straight(*left, *right), bottom: Edge::straight(left + thick, right + thick),
            }).collect();
            let mut pixels = Pixels::new(1, 64);
            let mut column = ColumnCoverage::default();
            for strip in &strips {
                column.push(*strip);
            }
            column.paint(&mut pixels, 0, Color::opaque(1, 2, 3));
            for (y, area) in areas(&strips, 64).iter().enumerate() {
                let alpha = f32::from(pixels.pixel(0, y as u32).unwrap()[3]);
                prop_assert!((alpha - 255.0 * area).abs() < 1.0, "{y}: {alpha} {area}");
            }
        }
    }
}
