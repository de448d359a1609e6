//! The surface as a plotters backend: whatever plotters draws can be drawn into the same pixels, blended the same way.
//!
//! Text is refused with an error rather than left out in silence: plotters has no fonts here, and labels are the canvas
//! layer's, which has the browser's.

use std::ops::Range;

use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, rasterizer,
};

use super::color::Color;
use super::coverage::{ColumnCoverage, Strip};
use super::edge::Edge;
use super::line::{LinePainter, Stroke};
use super::pixels::Pixels;

/// Parts into which a column of a circle is cut: its edge is straight in each.
const PARTS_OF_ROUND_COLUMN: u8 = 4;

/// What a surface cannot draw.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackendError {
    /// A text, or its size.
    #[error("the surface has no fonts to write {text:?} with; texts go on the canvas layer")]
    Text {
        /// What was to be written.
        text: String,
    },
    /// A bitmap that is not three bytes a pixel.
    #[error("expected {expected} bytes, red, green and blue of each pixel, found {found}")]
    Bitmap {
        /// Bytes that the stated size takes.
        expected: usize,
        /// Bytes there were.
        found: usize,
    },
}

type Drawn = Result<(), DrawingErrorKind<BackendError>>;

/// Draws on a surface for plotters. A coordinate of plotters is a whole pixel, so a line runs through the middles.
#[derive(Debug)]
pub struct PixelsBackend<'a> {
    pixels: &'a mut Pixels,
    painter: LinePainter,
    column: ColumnCoverage,
}

impl<'a> PixelsBackend<'a> {
    /// A backend for this surface.
    pub fn new(pixels: &'a mut Pixels) -> Self {
        Self { pixels, painter: LinePainter::new(), column: ColumnCoverage::default() }
    }

    /// Fills the pixels between two corners, both included. Each is blended once.
    fn fill(&mut self, (left, top): BackendCoord, (right, bottom): BackendCoord, color: Color) {
        let rows = clipped(top, bottom, self.pixels.height());
        for x in clipped(left, right, self.pixels.width()) {
            self.pixels.blend_run(x, rows.clone(), color, 1.0);
        }
    }

    fn stroke(&mut self, points: &[BackendCoord], stroke: Stroke) {
        let middle = |&(x, y): &BackendCoord| (x as f32 + 0.5, y as f32 + 0.5);
        let clip = 0..self.pixels.width();
        self.painter.polyline(self.pixels, points.iter().map(middle), stroke, clip);
    }

    fn line(&mut self, from: BackendCoord, to: BackendCoord, stroke: Stroke, width: i32) {
        // The first of a width's pixels lies before the middle, as many as after it or one fewer.
        let (before, after) = ((width - 1) / 2, width / 2);
        if from.0 == to.0 || from.1 == to.1 {
            let (across, down) = if from.1 == to.1 { (0, 1) } else { (1, 0) };
            let low =
                (from.0.min(to.0).saturating_sub(before * across), from.1.min(to.1).saturating_sub(before * down));
            let high = (from.0.max(to.0).saturating_add(after * across), from.1.max(to.1).saturating_add(after * down));
            return self.fill(low, high, stroke.color);
        }
        let rising = if from.0 < to.0 { [from, to] } else { [to, from] };
        self.stroke(&rising, stroke);
    }
}

/// The part of a run, both ends included, that lies on a surface.
fn clipped(from: i32, to: i32, size: u32) -> Range<u32> {
    let on_surface = |at: i32| u32::try_from(at).unwrap_or(0).min(size);
    on_surface(from)..on_surface(to.saturating_add(1))
}

fn color_of(color: BackendColor) -> Color {
    let (r, g, b) = color.rgb;
    // The cast saturates, and takes NaN to 0.
    Color { r, g, b, a: (color.alpha * 255.0).round() as u8 }
}

fn width_of(style: &impl BackendStyle) -> i32 {
    i32::try_from(style.stroke_width()).unwrap_or(i32::MAX).min(1 << 14)
}

fn stroke_of(style: &impl BackendStyle) -> Stroke {
    Stroke { width_px: width_of(style) as f32, color: color_of(style.color()) }
}

fn no_text(text: &str) -> DrawingErrorKind<BackendError> {
    DrawingErrorKind::DrawingError(BackendError::Text { text: text.to_owned() })
}

impl DrawingBackend for PixelsBackend<'_> {
    type ErrorType = BackendError;

    fn get_size(&self) -> (u32, u32) {
        (self.pixels.width(), self.pixels.height())
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> Drawn {
        self.fill(point, point, color_of(color));
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        if style.stroke_width() > 0 {
            self.line(from, to, stroke_of(style), width_of(style));
        }
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(&mut self, a: BackendCoord, b: BackendCoord, style: &S, fill: bool) -> Drawn {
        let color = color_of(style.color());
        let (low, high) = ((a.0.min(b.0), a.1.min(b.1)), (a.0.max(b.0), a.1.max(b.1)));
        if fill {
            self.fill(low, high, color);
            return Ok(());
        }
        // Inwards from the corners, and none over another: a translucent frame is of one shade.
        let half = |a: i32, b: i32| b.saturating_sub(a) / 2 + 1;
        let width = width_of(style).min(half(low.0, high.0)).min(half(low.1, high.1));
        if width > 0 {
            let (inner_top, inner_bottom) = (low.1 + width, high.1 - width);
            self.fill(low, (high.0, inner_top - 1), color);
            self.fill((low.0, (inner_bottom + 1).max(inner_top)), high, color);
            self.fill((low.0, inner_top), (low.0 + width - 1, inner_bottom), color);
            self.fill(((high.0 - width + 1).max(low.0 + width), inner_top), (high.0, inner_bottom), color);
        }
        Ok(())
    }

    /// A path that only runs to the right, as a series does, is one stroke: where its pieces meet it is not darker.
    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        let points: Vec<_> = path.into_iter().collect();
        if style.stroke_width() == 0 {
            return Ok(());
        }
        if points.len() > 2 && points.windows(2).all(|pair| pair[0].0 <= pair[1].0) {
            self.stroke(&points, stroke_of(style));
            return Ok(());
        }
        points.windows(2).try_for_each(|pair| self.draw_line(pair[0], pair[1], style))
    }

    /// A filled circle is drawn in columns, each blended once.
    fn draw_circle<S: BackendStyle>(&mut self, center: BackendCoord, radius: u32, style: &S, fill: bool) -> Drawn {
        if !fill {
            return rasterizer::draw_circle(self, center, radius, style, fill);
        }
        let (middle_x, middle_y, radius) = (center.0 as f32 + 0.5, center.1 as f32 + 0.5, radius as f32);
        let half_height = |x: f32| (radius * radius - (x - middle_x) * (x - middle_x)).max(0.0).sqrt();
        let column = |x: f32| x.clamp(0.0, self.pixels.width() as f32);
        let columns = column((middle_x - radius).floor()) as u32..column((middle_x + radius).ceil()) as u32;
        let color = color_of(style.color());
        let width = f32::from(PARTS_OF_ROUND_COLUMN).recip();
        for x in columns {
            for part in 0..PARTS_OF_ROUND_COLUMN {
                let left = x as f32 + f32::from(part) * width;
                let (from, to) = (half_height(left), half_height(left + width));
                let top = Edge::straight(middle_y - from, middle_y - to);
                let bottom = Edge::straight(middle_y + from, middle_y + to);
                self.column.push(Strip { width, top, bottom });
            }
            self.column.paint(self.pixels, x, color);
        }
        Ok(())
    }

    fn draw_text<T: BackendTextStyle>(&mut self, text: &str, _: &T, _: BackendCoord) -> Drawn {
        Err(no_text(text))
    }

    fn estimate_text_size<T: BackendTextStyle>(
        &self,
        text: &str,
        _: &T,
    ) -> Result<(u32, u32), DrawingErrorKind<BackendError>> {
        Err(no_text(text))
    }

    fn blit_bitmap(&mut self, pos: BackendCoord, (width, height): (u32, u32), src: &[u8]) -> Drawn {
        let expected = (width as usize).saturating_mul(height as usize).saturating_mul(3);
        if src.len() != expected {
            return Err(DrawingErrorKind::DrawingError(BackendError::Bitmap { expected, found: src.len() }));
        }
        for (index, rgb) in src.as_chunks::<3>().0.iter().enumerate() {
            let (x, y) = (index % width as usize, index / width as usize);
            let at = (pos.0.saturating_add(x as i32), pos.1.saturating_add(y as i32));
            self.fill(at, at, Color::opaque(rgb[0], rgb[1], rgb[2]));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
