//! Computations on series for the server and the page: summaries, transforms, selectors, units, value formats.
//!
//! ```text
//! catalog (names, labels, units) -> Selector -> series -> Pyramid of Summary -> columns of a chart, answers to queries
//!                                                     +-> Transform -> computed series
//!                                   Unit     -> text of values and axes
//! ```
//!
//! # Layout
//! | module | subject |
//! | --- | --- |
//! | [`summary`] | [`Summary`]: first, last, min, max, sum and count of some values |
//! | [`exact_sum`] | [`ExactSum`]: a sum in any order |
//! | [`pyramid`] | [`Pyramid`]: summaries of 32, 64, 128 ... rows beside a ring of values or of summaries |
//! | [`row_cursor`] | [`RowCursor`]: follows the rows of a ring from one call to the next |
//! | [`selector`] | [`Selector`]: a set of series, by group name, display name and labels |
//! | [`transforms`] | rates, differences, means, quantiles, histograms |
//! | [`mod@unit`] | UCUM units, and one value as text |
//! | [`axis_labels`] | the values of one axis as text, within its room |
//! | `notation` | the multiple and the digits of such texts |
//! | [`number`] | numbers with three significant digits |
//! | [`decimal`] | numbers from text |
//! | `ordered` | values as integers in the same order |
//! | [`duration`] | durations as text, and the units of time |
//!
//! # Not in this crate
//! The wire format, I/O, clocks, drawing, the layout of axes. Of `protocol` it uses the types of times, kinds and bounds
//! only, never a message. No values or times make it panic.

#![warn(missing_docs)]

pub mod axis_labels;
pub mod decimal;
pub mod duration;
pub mod exact_sum;
mod multiple;
mod notation;
pub mod number;
mod ordered;
pub mod pyramid;
pub mod row_cursor;
pub mod selector;
pub mod summary;
pub mod transforms;
pub mod unit;

pub use axis_labels::AxisLabels;
pub use exact_sum::ExactSum;
pub use pyramid::{Pyramid, Summarize};
pub use row_cursor::{NewRows, RowCursor};
pub use selector::Selector;
pub use summary::Summary;
pub use transforms::Transform;
pub use unit::{Formatted, Unit};
