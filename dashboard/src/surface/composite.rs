//! The series over an opaque background, as the page shows them.
//!
//! The canvas of a chart is opaque and has no other canvas below it: a browser without a GPU composites each canvas in each
//! display frame, and a translucent one together with all below it.

use std::ops::Range;

use super::blend;
use super::color::Color;
use super::pixels::Pixels;

/// Opaque pixels: a background, and series over it.
#[derive(Clone, Debug, Default)]
pub struct Composite {
    background: Pixels,
    shown: Pixels,
}

impl Composite {
    /// Sets the background, which is opaque. All columns of it are shown, without series.
    pub fn set_background(&mut self, background: Pixels) {
        self.shown.clone_from(&background);
        self.background = background;
    }

    /// Shows the series in some columns; those outside of the background are left out. `strength` scales the alpha of all series: 255 shows
    /// them as they are.
    ///
    /// Hot: once a chart that changed and display frame.
    pub fn show(&mut self, series: &Pixels, columns: Range<u32>, strength: u8) {
        let columns = series.clip_columns(self.shown.clip_columns(columns));
        let places = columns.start as usize..columns.end as usize;
        if places.is_empty() {
            return;
        }
        let rows = self.shown.rows_mut().zip(self.background.rows()).zip(series.rows());
        for ((shown, background), series) in rows {
            let pixels = shown[places.clone()].iter_mut().zip(&background[places.clone()]).zip(&series[places.clone()]);
            for ((shown, &background), &[r, g, b, alpha]) in pixels {
                *shown = background;
                let alpha = if strength == u8::MAX { alpha } else { scaled(alpha, strength) };
                blend::over(shown, Color::opaque(r, g, b), alpha);
            }
        }
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
        composite.set_background(background(3, 2));
        composite.show(&series, 0..3, 255);
        let at = |x, y| composite.pixels().pixel(x, y).expect("is inside");
        assert_eq!([at(0, 0), at(1, 0), at(2, 0)], [[200, 0, 0, 255], [105, 10, 15, 255], [10, 20, 30, 255]]);
    }

    #[test]
    fn a_lower_strength_shows_more_of_the_background() {
        let mut series = Pixels::new(1, 1);
        series.blend(0, 0, RED, 1.0);
        let mut composite = Composite::default();
        composite.set_background(background(1, 1));
        composite.show(&series, 0..1, 128);
        assert_eq!(composite.pixels().pixel(0, 0), Some([105, 10, 15, 255]));
    }

    #[test]
    fn a_surface_of_another_size_is_clipped() {
        let mut composite = Composite::default();
        composite.show(&Pixels::new(3, 3), 0..3, 255);
        assert_eq!(composite.pixels().pixel(0, 0), None);
        composite.set_background(background(2, 2));
        let mut series = Pixels::new(3, 3);
        series.blend(2, 2, RED, 1.0);
        composite.show(&series, 0..9, 255);
        assert_eq!(composite.pixels().bytes(), background(2, 2).bytes());
    }

    proptest! {
        #[test]
        fn every_pixel_is_opaque_and_columns_are_independent(
            alphas in prop::collection::vec(any::<u8>(), 12), first in 0_u32..4, strength: u8,
        ) {
            let mut series = Pixels::new(4, 3);
            for (place, &alpha) in alphas.iter().enumerate() {
                series.blend(place as u32 % 4, place as u32 / 4, RED.with_alpha(alpha), 1.0);
            }
            let (mut whole, mut parts) = (Composite::default(), Composite::default());
            whole.set_background(background(4, 3));
            parts.set_background(background(4, 3));
            whole.show(&series, 0..4, strength);
            parts.show(&series, first..4, strength);
            parts.show(&series, 0..first, strength);
            prop_assert_eq!(whole.pixels().bytes(), parts.pixels().bytes());
            prop_assert!(whole.pixels().bytes().chunks(4).all(|pixel| pixel[3] == 255));
        }
    }
}
