//! Charts: from rows in the store to pixels on a surface.
//!
//! | file | subject |
//! | --- | --- |
//! | [`mod@line`] | lines where samples are few, envelopes where they are many; draws only what changed |
//! | [`columns`] | what every kind draws from: summaries, column by column |
//! | [`mod@kind`], [`options`] | what a person can choose, and how a URL writes it |
//! | [`axes`] | grid and labels, through plotters, on a layer of their own |
//!
//! # What it does not know
//! The DOM, the socket. `axes` draws on any plotters backend; the page hands it a canvas.

pub mod axes;
pub mod columns;
pub mod kind;
pub mod line;
pub mod options;

pub use columns::Columns;
pub use kind::Kind;
pub use line::{LineChart, Style};
pub use options::Options;

#[cfg(test)]
mod tests;
