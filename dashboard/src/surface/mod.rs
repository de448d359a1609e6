//! Pixels: a surface in memory, and the few shapes a chart draws on it.
//!
//! A browser strokes a path at some hundred nanoseconds a vertex, which is most of what a live chart costs. So series
//! are drawn here, column by column, into memory that the page shows with one `putImageData`. The background stays
//! transparent: the grid lies on a canvas of its own underneath.
//!
//! A series is the graph of a function of time, and that makes anti-aliasing simple. Whatever the line does, each
//! vertical cut through its stroke is one interval, so a pixel column is a short list of [strips](coverage) with a
//! top and a bottom edge, and the area of a strip inside a pixel has a closed form. Nothing is sampled or sorted, and
//! every pixel of a column is blended once however many pieces of the line meet in it.
//!
//! ```
//! use dashboard::surface::{Color, LinePainter, Pixels, Stroke};
//!
//! let mut pixels = Pixels::new(8, 5);
//! let stroke = Stroke { width_px: 1.0, color: Color::opaque(0x4c, 0x9a, 0xff) };
//! LinePainter::new().polyline(&mut pixels, [(-2.0, 2.5), (10.0, 2.5)], stroke, 0..8);
//! assert_eq!(pixels.pixel(3, 2), Some([0x4c, 0x9a, 0xff, 0xff]));
//! assert_eq!(pixels.pixel(3, 1), Some([0; 4]));
//! ```
//!
//! # Layout
//! | module | subject |
//! | --- | --- |
//! | [`color`] | a colour, and how it is written in CSS |
//! | [`oklab`], [`ramp`] | how different colours look, and a colour for each amount |
//! | [`pixels`] | the surface: RGBA in memory, blending, scrolling, which columns changed |
//! | [`blend`] | one colour over another, without premultiplied alpha |
//! | [`edge`], [`coverage`] | how much of each pixel in a column a strip covers, exactly |
//! | [`pen`] | where the stroke's edges run: a line widened by a round pen |
//! | [`line`](mod@line) | draws samples joined by lines: fewer than about one a column |
//! | [`backend`] | the surface as a plotters backend |
//! | [`envelope`] | draws extremes a column: more than about one a column |
//!
//! # What this module does not know
//! No browser, no time and no values: everything is in device pixels, y growing downwards. It never
//! panics; what lies outside the surface is clipped.

pub mod backend;
pub mod blend;
pub mod color;
pub mod coverage;
pub mod edge;
pub mod envelope;
pub mod line;
pub mod oklab;
pub mod pen;
pub mod pixels;
pub mod ramp;
#[cfg(test)]
mod tests;

pub use backend::{BackendError, PixelsBackend};
pub use color::{Color, ParseColorError};
pub use envelope::ColumnSpan;
pub use line::{LinePainter, Stroke};
pub use pixels::Pixels;
pub use ramp::ColorRamp;
