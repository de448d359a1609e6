//! A surface of pixels in memory, and the few shapes that a chart draws on it.
//!
//! A browser takes some hundred nanoseconds a vertex to stroke a path, which is most of the cost of a live chart. Series
//! are therefore drawn here, column by column, into memory that the page shows with one `putImageData`. The background is
//! transparent. A [composite] puts the series over the grid.
//!
//! A series is the graph of a function of time, which makes anti-aliasing simple: each vertical cut through its stroke is
//! one interval. A pixel column is a short list of [strips](coverage) with a top and a bottom edge, and the area of a
//! strip inside a pixel has a closed form. Nothing is sampled or sorted, and every pixel of a column is blended once.
//!
//! ```
//! use dashboard::surface::{Color, LinePainter, Pixels, Stroke};
//!
//! let mut pixels = Pixels::new(8, 5);
//! let stroke = Stroke::solid(1.0, Color::opaque(0x4c, 0x9a, 0xff));
//! LinePainter::default().polyline(&mut pixels, [(-2.0, 2.5), (10.0, 2.5)], stroke, 0..8);
//! assert_eq!(pixels.pixel(3, 2), Some([0x4c, 0x9a, 0xff, 0xff]));
//! assert_eq!(pixels.pixel(3, 1), Some([0; 4]));
//! ```
//!
//! # Layout
//! | module | subject |
//! | --- | --- |
//! | [`color`] | a colour, and its CSS form |
//! | [`oklab`], [`ramp`] | perceived differences of colours, and a colour for each value |
//! | [`pixels`] | the surface: RGBA in memory, blending, scrolling, changed columns |
//! | [`blend`] | one colour over another, with straight alpha |
//! | [`composite`] | the series over an opaque background, as they are shown |
//! | [`edge`], [`coverage`] | the exact part of each pixel that a strip covers |
//! | [`pen`] | strokes, and their edges: lines drawn with a round pen |
//! | [`dash`] | dashes on numbered columns |
//! | [`line`](mod@line) | lines through samples: fewer than about one a column |
//! | [`extremes`] | extremes of each column: more than about one sample a column |
//!
//! # Not in this module
//! The browser, times, values: everything is in device pixels, y growing downwards. No input panics, and drawing is
//! clipped to the surface.

pub mod blend;
pub mod color;
pub mod composite;
pub mod coverage;
pub mod dash;
pub mod edge;
pub mod extremes;
pub mod line;
pub mod oklab;
pub mod pen;
pub mod pixels;
pub mod ramp;
#[cfg(test)]
mod tests;

pub use color::{Color, ParseColorError};
pub use composite::Composite;
pub use dash::{Dash, Dashes};
pub use extremes::{ColumnSpan, ExtremesPainter, Ink};
pub use line::LinePainter;
pub use pen::Stroke;
pub use pixels::{Changes, Pixels};
pub use ramp::ColorRamp;
