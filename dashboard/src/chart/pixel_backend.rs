//! A plotters backend on pixels in memory.

use std::convert::Infallible;

use plotters::prelude::DrawingBackend;
use plotters_backend::{BackendColor, BackendCoord, DrawingErrorKind};

use crate::surface::{Color, Pixels};

/// Draws on pixels. Points outside of them are ignored.
#[derive(Debug)]
pub struct PixelBackend<'p> {
    pixels: &'p mut Pixels,
}

impl<'p> PixelBackend<'p> {
    pub const fn new(pixels: &'p mut Pixels) -> Self {
        Self { pixels }
    }
}

impl DrawingBackend for PixelBackend<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        (self.pixels.width(), self.pixels.height())
    }

    fn ensure_prepared(&mut self) -> Result<(), DrawingErrorKind<Infallible>> {
        Ok(())
    }

    fn present(&mut self) -> Result<(), DrawingErrorKind<Infallible>> {
        Ok(())
    }

    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> Result<(), DrawingErrorKind<Infallible>> {
        if let (Ok(column), Ok(row)) = (point.0.try_into(), point.1.try_into()) {
            let (r, g, b) = color.rgb;
            self.pixels.blend(column, row, Color::opaque(r, g, b), color.alpha as f32);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use plotters::drawing::IntoDrawingArea;

    use super::*;
    use crate::chart::axes::{AxisColors, Mark, Marks, PlotBox, draw_grid};

    const PANEL: Color = Color::opaque(1, 1, 1);
    const GRID: Color = Color::opaque(2, 2, 2);
    const AXIS: Color = Color::opaque(3, 3, 3);

    /// The pixels of a plot of 8 x 6 with a row above and two below it: panel `.`, grid `+`, axis `=`.
    fn grid(values: &[f64], times: &[f64], scale: f64) -> Vec<String> {
        let mut pixels = Pixels::new(8, 9);
        pixels.fill(PANEL);
        let marks = |positions: &[f64]| -> Vec<Mark> {
            positions.iter().map(|&position_px| Mark { position_px, label: String::new() }).collect()
        };
        let plot = PlotBox { left: 0, top: 1, width: 8, height: 6, scale };
        let colors = AxisColors { grid: GRID, axis: AXIS, label: PANEL };
        let marks = Marks { values: &marks(values), times: &marks(times) };
        draw_grid(&PixelBackend::new(&mut pixels).into_drawing_area(), plot, marks, colors).expect("cannot fail");
        pixels.rows().map(|row| row.iter().map(|pixel| ['.', '+', '='][pixel[0] as usize - 1]).collect()).collect()
    }

    #[test]
    fn grid_lines_are_whole_pixels_within_the_plot() {
        let expected = [
            "........", "..+.....", "..+.....", "++++++++", "..+.....", "..+.....", "..+.....", "========", "........",
        ];
        assert_eq!(grid(&[2.0], &[2.0], 1.0), expected);
    }

    #[test]
    fn lines_are_as_wide_as_a_css_pixel() {
        let expected = [
            "........", "..++....", "..++....", "++++++++", "++++++++", "..++....", "..++....", "========", "========",
        ];
        assert_eq!(grid(&[2.0], &[2.0], 2.0), expected);
    }

    #[test]
    fn the_last_time_is_within_the_plot() {
        assert_eq!(grid(&[], &[8.0], 1.0)[1], ".......+");
    }
}
