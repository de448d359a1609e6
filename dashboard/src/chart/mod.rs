//! Charts: from rows in the store to pixels on a surface.
//!
//! | file | subject |
//! | --- | --- |
//! | [`mod@line`] | lines where samples are few, envelopes where they are many; draws only what changed |
//! | [`columns`] | what every kind draws from: summaries, column by column |
//! | [`axes`] | grid and labels, through plotters, on a layer of their own |
//!
//! # What it does not know
//! The DOM, the socket. `axes` draws on any plotters backend; the page hands it a canvas.

pub mod axes;
pub mod columns;
pub mod line;

pub use columns::Columns;
pub use line::{LineChart, Style};

#[cfg(test)]
mod tests;
