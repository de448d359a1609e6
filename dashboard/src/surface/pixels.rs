//! The surface: RGBA in memory, and what changed since it was last shown.

use std::ops::Range;

use super::blend::{self, TRANSPARENT};
use super::color::Color;

/// The limit on width and height: more than any screen, and the bytes of a surface fit 32 bits.
pub const MAX_SIDE_PX: u32 = 16_384;

/// A rectangle of pixels, row by row from the top left, with straight alpha: the format of `ImageData`.
#[derive(Clone, Debug, Default)]
pub struct Pixels {
    width: u32,
    height: u32,
    data: Vec<[u8; 4]>,
    changes: Changes,
}

/// The changes of a surface since they were last taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Everything moved to the left by this many columns, at first.
    pub scrolled: u32,
    /// Then these columns were drawn.
    pub columns: Option<Range<u32>>,
}

impl Pixels {
    /// A transparent surface. Sides are clamped to [`MAX_SIDE_PX`].
    pub fn new(width: u32, height: u32) -> Self {
        let mut pixels = Self::default();
        pixels.resize(width, height);
        pixels
    }

    /// Sets the size and clears everything. Memory is kept if the surface shrinks.
    pub fn resize(&mut self, width: u32, height: u32) {
        self.width = width.min(MAX_SIDE_PX);
        self.height = height.min(MAX_SIDE_PX);
        self.data.clear();
        self.data.resize(self.width as usize * self.height as usize, TRANSPARENT);
        self.changes = Changes::default();
        self.mark_dirty(0..self.width);
    }

    pub fn width(&self) -> u32 {
        self.width
    }

    pub fn height(&self) -> u32 {
        self.height
    }

    /// All pixels in the format of `ImageData`: four bytes each, row by row.
    pub fn bytes(&self) -> &[u8] {
        self.data.as_flattened()
    }

    /// One pixel; `None` outside the surface.
    pub fn pixel(&self, x: u32, y: u32) -> Option<[u8; 4]> {
        if x >= self.width {
            return None;
        }
        self.data.get(self.index(x, y)).copied()
    }

    /// Its pixels row by row, from the top.
    pub fn rows(&self) -> impl Iterator<Item = &[[u8; 4]]> {
        self.data.chunks_exact(self.width.max(1) as usize)
    }

    /// The same, to be changed. The caller keeps track of changed columns.
    pub(super) fn rows_mut(&mut self) -> impl Iterator<Item = &mut [[u8; 4]]> {
        self.data.chunks_exact_mut(self.width.max(1) as usize)
    }

    pub fn clear(&mut self) {
        self.data.fill(TRANSPARENT);
        self.changes.scrolled = 0;
        self.mark_dirty(0..self.width);
    }

    /// Gives all pixels one colour.
    pub fn fill(&mut self, color: Color) {
        self.data.fill([color.r, color.g, color.b, color.a]);
        self.mark_dirty(0..self.width);
    }

    /// Makes some columns transparent.
    pub fn clear_columns(&mut self, columns: Range<u32>) {
        let columns = self.clip_columns(columns);
        if columns.is_empty() {
            return;
        }
        for row in self.data.chunks_exact_mut(self.width as usize) {
            row[columns.start as usize..columns.end as usize].fill(TRANSPARENT);
        }
        self.mark_dirty(columns);
    }

    /// Scrolls to the left. The new columns on the right are transparent.
    pub fn shift_left(&mut self, columns: u32) {
        if columns >= self.width {
            self.clear();
        } else if columns > 0 && !self.data.is_empty() {
            // One move of all rows: the ends that wrap into the row above are in the columns that are cleared next.
            self.data.copy_within(columns as usize.., 0);
            self.changes.scrolled = self.changes.scrolled.saturating_add(columns);
            if let Some(drawn) = &mut self.changes.columns {
                *drawn = drawn.start.saturating_sub(columns)..drawn.end.saturating_sub(columns);
            }
            self.clear_columns(self.width - columns..self.width);
        }
    }

    /// Overwrites a part of the surface with another one, whose upper left corner is put at `corner`. It is clipped.
    pub fn copy_from(&mut self, other: &Self, corner: (u32, u32)) {
        let (x, y) = corner;
        let columns = self.clip_columns(x..x.saturating_add(other.width));
        let width = columns.len();
        if width == 0 {
            return;
        }
        for row in 0..other.height.min(self.height.saturating_sub(y)) {
            let (from, to) = (other.index(0, row), self.index(columns.start, y + row));
            self.data[to..to + width].copy_from_slice(&other.data[from..from + width]);
        }
        self.mark_dirty(columns);
    }

    /// Blends a colour over one pixel, of which it covers a part, 0 to 1. Pixels outside the surface are ignored.
    pub fn blend(&mut self, x: u32, y: u32, color: Color, coverage: f32) {
        self.blend_column(x, y, std::iter::once(coverage), color);
    }

    /// Blends a colour over the pixels of a column from `top` on, one for each coverage.
    ///
    /// Hot: the edges of every line, in every column.
    pub fn blend_column(&mut self, x: u32, top: u32, coverages: impl ExactSizeIterator<Item = f32>, color: Color) {
        let bottom = top.saturating_add(u32::try_from(coverages.len()).unwrap_or(u32::MAX));
        for (coverage, pixel) in coverages.zip(self.column_mut(x, top..bottom)) {
            blend::over(pixel, color, blend::alpha_at(color, coverage));
        }
    }

    /// Blends a colour over a run of pixels in a column with the same coverage.
    ///
    /// Hot: the inside of every line, in every column.
    pub fn blend_run(&mut self, x: u32, rows: Range<u32>, color: Color, coverage: f32) {
        match blend::alpha_at(color, coverage) {
            0 => {}
            u8::MAX => {
                let opaque = [color.r, color.g, color.b, u8::MAX];
                self.column_mut(x, rows).for_each(|pixel| *pixel = opaque);
            }
            alpha => self.column_mut(x, rows).for_each(|pixel| blend::over(pixel, color, alpha)),
        }
    }

    /// The changes since the last call.
    pub fn take_changes(&mut self) -> Changes {
        std::mem::take(&mut self.changes)
    }

    /// The range of columns that changed since the last call.
    pub fn take_dirty(&mut self) -> Option<Range<u32>> {
        let Changes { scrolled, columns } = self.take_changes();
        if scrolled > 0 { Some(0..self.width) } else { columns }
    }

    /// The part of `columns` on the surface.
    pub fn clip_columns(&self, columns: Range<u32>) -> Range<u32> {
        columns.start.min(self.width)..columns.end.min(self.width)
    }

    /// The pixels of a column, clipped to the surface. The column counts as changed.
    fn column_mut(&mut self, x: u32, rows: Range<u32>) -> impl Iterator<Item = &mut [u8; 4]> {
        let rows = if x < self.width { rows.start..rows.end.min(self.height) } else { 0..0 };
        if !rows.is_empty() {
            self.mark_dirty(x..x + 1);
        }
        // Without a row the first pixel may be past the end.
        let start = if rows.is_empty() { self.data.len() } else { self.index(x, rows.start) };
        self.data[start..].iter_mut().step_by(self.width.max(1) as usize).take(rows.len())
    }

    fn index(&self, x: u32, y: u32) -> usize {
        y as usize * self.width as usize + x as usize
    }

    fn mark_dirty(&mut self, columns: Range<u32>) {
        if columns.is_empty() {
            return;
        }
        self.changes.columns = Some(match self.changes.columns.take() {
            None => columns,
            Some(dirty) => dirty.start.min(columns.start)..dirty.end.max(columns.end),
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RED: Color = Color::opaque(255, 0, 0);
    const OPAQUE_RED: [u8; 4] = [255, 0, 0, 255];

    fn clean(width: u32, height: u32) -> Pixels {
        let mut pixels = Pixels::new(width, height);
        pixels.take_dirty();
        pixels
    }

    #[test]
    fn a_new_surface_is_transparent_and_dirty() {
        let mut pixels = Pixels::new(3, 2);
        assert_eq!(pixels.bytes(), [0; 24]);
        assert_eq!(pixels.take_dirty(), Some(0..3));
        assert_eq!(pixels.take_dirty(), None);
    }

    #[test]
    fn drawing_marks_only_its_columns() {
        let mut pixels = clean(10, 4);
        pixels.blend(2, 1, RED, 0.5);
        pixels.blend_run(5, 0..9, RED, 1.0);
        pixels.blend(5, 9, RED, 1.0);
        assert_eq!(pixels.take_dirty(), Some(2..6));
        assert_eq!(pixels.pixel(2, 1), Some([255, 0, 0, 128]));
        assert_eq!(pixels.pixel(5, 3), Some(OPAQUE_RED));
    }

    #[test]
    fn drawing_outside_the_surface_changes_nothing() {
        let mut pixels = clean(3, 3);
        for (x, y) in [(3, 0), (0, 3), (u32::MAX, u32::MAX), (0, u32::MAX), (u32::MAX, 0)] {
            pixels.blend(x, y, RED, 1.0);
            pixels.blend_run(x, y..u32::MAX, RED, 1.0);
        }
        pixels.clear_columns(3..9);
        assert_eq!(pixels.bytes(), [0; 36]);
        assert_eq!(pixels.take_dirty(), None);
        assert_eq!(pixels.pixel(3, 0), None);
    }

    #[test]
    fn scrolling_moves_every_row_and_frees_the_right() {
        let mut pixels = clean(4, 2);
        for y in 0..2 {
            for x in 0..4 {
                pixels.blend(x, y, Color::opaque(x as u8, y as u8, 9), 1.0);
            }
        }
        pixels.take_dirty();
        pixels.shift_left(1);
        for y in 0..2 {
            assert_eq!(pixels.pixel(0, y), Some([1, y as u8, 9, 255]));
            assert_eq!(pixels.pixel(2, y), Some([3, y as u8, 9, 255]));
            assert_eq!(pixels.pixel(3, y), Some(TRANSPARENT));
        }
        assert_eq!(pixels.take_dirty(), Some(0..4));
        pixels.shift_left(4);
        assert_eq!(pixels.bytes(), [0; 32]);
    }

    #[test]
    fn a_surface_without_area_ignores_drawing() {
        for (width, height) in [(0, 0), (0, 5), (5, 0)] {
            let mut pixels = Pixels::new(width, height);
            pixels.clear();
            pixels.shift_left(1);
            pixels.clear_columns(0..5);
            pixels.blend_run(0, 0..5, RED, 1.0);
            assert!(pixels.bytes().is_empty());
        }
    }

    #[test]
    fn a_copy_is_clipped_at_the_edges() {
        let mut small = clean(2, 2);
        small.blend_run(0, 0..2, RED, 1.0);
        small.blend_run(1, 0..2, RED, 1.0);
        let mut large = clean(4, 3);
        large.copy_from(&small, (3, 2));
        assert_eq!((large.pixel(3, 2), large.pixel(2, 2)), (Some(OPAQUE_RED), Some(TRANSPARENT)));
        assert_eq!(large.take_dirty(), Some(3..4));
        large.copy_from(&small, (u32::MAX, u32::MAX));
        assert_eq!(large.take_dirty(), None);
    }

    proptest! {
        #[test]
        fn scrolling_twice_equals_scrolling_once_by_the_sum(first in 0_u32..9, second in 0_u32..9) {
            let mut once = clean(7, 3);
            for x in 0..7 {
                once.blend(x, x % 3, Color::opaque(x as u8, 1, 2), 1.0);
            }
            let mut twice = once.clone();
            once.shift_left(first + second);
            twice.shift_left(first);
            twice.shift_left(second);
            prop_assert_eq!(once.bytes(), twice.bytes());
        }
    }
}
