//! The series over an opaque background, as the page shows them.
//!
//! The canvas of a chart is opaque and has no other canvas below it: a browser without a GPU composites each canvas in each
//! display frame, and a translucent one together with all below it.

use std::ops::Range;

use super::blend;
use super::color::Color;
use super::pixels::{Changes, Pixels};

/// Opaque pixels: a background, and series over it.
#[derive(Clone, Debug, Default)]
pub struct Composite {
    background: Pixels,
    /// Columns in which the background differs from that in their neighbours: lines of the grid.
    lines: Vec<Range<u32>>,
    shown: Pixels,
}

impl Composite {
    /// Sets the background, which is opaque, and whose columns are alike except for `lines`. All columns of it are shown, without series.
    pub fn set_background(&mut self, background: Pixels, lines: Vec<Range<u32>>) {
        self.shown.clone_from(&background);
        (self.background, self.lines) = (background, lines);
    }

    /// Shows the changes of the series since their last showing. Returns the columns that changed, `None` if no pixel did.
    ///
    /// Hot: once a chart and display frame.
    pub fn follow(&mut self, series: &Pixels, changes: Changes, strength: u8) -> Option<Range<u32>> {
        let width = self.shown.width();
        if changes.scrolled == 0 {
            let columns = changes.columns?;
            return self.show(series, columns.clone(), strength).then_some(columns);
        }
        self.shown.shift_left(changes.scrolled);
        let fresh = width.saturating_sub(changes.scrolled)..width;
        // The lines have moved with the series, but stay where they are.
        let lines = self.lines.clone();
        let moved = lines
            .iter()
            .map(|line| line.start.saturating_sub(changes.scrolled)..line.end.saturating_sub(changes.scrolled));
        for columns in moved.chain(lines.iter().cloned()).chain([fresh]).chain(changes.columns) {
            self.show(series, columns, strength);
        }
        Some(0..width)
    }

    /// Shows the series in some columns; those outside of the background are left out. `strength` scales the alpha of all series: 255
    /// shows them as they are. Returns false if no pixel changed.
    ///
    /// Hot: once a chart that changed and display frame.
    pub fn show(&mut self, series: &Pixels, columns: Range<u32>, strength: u8) -> bool {
        let columns = series.clip_columns(self.shown.clip_columns(columns));
        let places = columns.start as usize..columns.end as usize;
        let mut is_changed = false;
        if places.is_empty() {
            return is_changed;
        }
        let rows = self.shown.rows_mut().zip(self.background.rows()).zip(series.rows());
        for ((shown, background), series) in rows {
            let pixels = shown[places.clone()].iter_mut().zip(&background[places.clone()]).zip(&series[places.clone()]);
            for ((shown, &background), &[r, g, b, alpha]) in pixels {
                let mut pixel = background;
                if alpha != 0 {
                    let alpha = if strength == u8::MAX { alpha } else { scaled(alpha, strength) };
                    blend::over(&mut pixel, Color::opaque(r, g, b), alpha);
                }
                is_changed |= *shown != pixel;
                *shown = pixel;
            }
        }
        is_changed
    }

    /// The opaque pixels.
    pub const fn pixels(&self) -> &Pixels {
        &self.shown
    }
}

fn scaled(alpha: u8, strength: u8) -> u8 {
    ((u16::from(alpha) * u16::from(strength) + 127) / 255) as u8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GROUND: Color = Color::opaque(10, 20, 30);
    const RED: Color = Color::opaque(200, 0, 0);

    fn background(width: u32, height: u32) -> Pixels {
        let mut pixels = Pixels::new(width, height);
        pixels.fill(GROUND);
        pixels
    }

    #[test]
    fn series_cover_the_background_by_their_alpha() {
        let mut series = Pixels::new(3, 2);
        series.blend(0, 0, RED, 1.0);
        series.blend(1, 0, RED, 0.5);
        let mut composite = Composite::default();
        composite.set_background(background(3, 2), Vec::new());
        assert!(composite.show(&series, 0..3, 255));
        assert!(!composite.show(&series, 0..3, 255), "nothing changed");
        let at = |x, y| composite.pixels().pixel(x, y).expect("is inside");
        assert_eq!([at(0, 0), at(1, 0), at(2, 0)], [[200, 0, 0, 255], [105, 10, 15, 255], [10, 20, 30, 255]]);
    }

    #[test]
    fn a_lower_strength_shows_more_of_the_background() {
        let mut series = Pixels::new(1, 1);
        series.blend(0, 0, RED, 1.0);
        let mut composite = Composite::default();
        composite.set_background(background(1, 1), Vec::new());
        composite.show(&series, 0..1, 128);
        assert_eq!(composite.pixels().pixel(0, 0), Some([105, 10, 15, 255]));
    }

    #[test]
    fn a_surface_of_another_size_is_clipped() {
        let mut composite = Composite::default();
        composite.show(&Pixels::new(3, 3), 0..3, 255);
        assert_eq!(composite.pixels().pixel(0, 0), None);
        composite.set_background(background(2, 2), Vec::new());
        let mut series = Pixels::new(3, 3);
        series.blend(2, 2, RED, 1.0);
        composite.show(&series, 0..9, 255);
        assert_eq!(composite.pixels().bytes(), background(2, 2).bytes());
    }

    /// Draws column `x` of a series that depends on its number since the start, `column`.
    fn draw(series: &mut Pixels, x: u32, column: u32) {
        series.clear_columns(x..x + 1);
        for y in 0..series.height() {
            series.blend(x, y, Color::opaque(column as u8, y as u8, 7).with_alpha((column * 37 + y * 91) as u8), 1.0);
        }
    }

    proptest! {
        #[test]
        fn following_the_changes_equals_showing_everything(
            moves in prop::collection::vec((0_u32..9, 0_u32..4), 1..12), line in 0_u32..8, strength: u8,
        ) {
            let (width, height) = (8, 3);
            let mut ground = background(width, height);
            let lines = [line, 7];
            for x in lines {
                (0..height).for_each(|y| ground.blend(x, y, RED, 1.0));
            }
            let mut series = Pixels::new(width, height);
            series.take_changes();
            let mut composite = Composite::default();
            composite.set_background(ground.clone(), lines.map(|x| x..x + 1).to_vec());
            let mut newest = 0;
            for (scrolled, redrawn) in moves {
                newest += scrolled;
                series.shift_left(scrolled);
                for x in width - (scrolled + redrawn).min(width)..width {
                    draw(&mut series, x, newest + x);
                }
                let before = composite.pixels().clone();
                let changed = composite.follow(&series, series.clone().take_changes(), strength);
                series.take_changes();
                let mut whole = Composite::default();
                whole.set_background(ground.clone(), Vec::new());
                whole.show(&series, 0..width, strength);
                prop_assert_eq!(composite.pixels().bytes(), whole.pixels().bytes());
                if changed.is_none() {
                    prop_assert_eq!(before.bytes(), whole.pixels().bytes());
                }
            }
        }

        #[test]
        fn every_pixel_is_opaque_and_columns_are_independent(
            alphas in prop::collection::vec(any::<u8>(), 12), first in 0_u32..4, strength: u8,
        ) {
            let mut series = Pixels::new(4, 3);
            for (place, &alpha) in alphas.iter().enumerate() {
                series.blend(place as u32 % 4, place as u32 / 4, RED.with_alpha(alpha), 1.0);
            }
            let (mut whole, mut parts) = (Composite::default(), Composite::default());
            whole.set_background(background(4, 3), Vec::new());
            parts.set_background(background(4, 3), Vec::new());
            whole.show(&series, 0..4, strength);
            parts.show(&series, first..4, strength);
            parts.show(&series, 0..first, strength);
            prop_assert_eq!(whole.pixels().bytes(), parts.pixels().bytes());
            prop_assert!(whole.pixels().bytes().chunks(4).all(|pixel| pixel[3] == 255));
        }
    }
}
