//! Transforms: rows of a group in, rows of computed series out.
//!
//! A [`Transform`] names the computation, in the text form that a URL uses: `rate`, `mean:5s`, `p99:10s`. An
//! [`Evaluator`] computes it row by row. The cost of a row does not depend on the length of the transform's window, and
//! the memory that an evaluator holds is bounded.
//!
//! ```
//! use protocol::{Interval, Timestamp};
//! use series::transforms::{Evaluator, Input, Transform};
//!
//! let transform: Transform = "rate".parse()?;
//! let inputs = [Input { name: "requests", bucket_bound: None }];
//! let mut evaluator = Evaluator::new(transform, &inputs, Interval::from_secs(3))?;
//! let mut row = [0.0];
//! evaluator.next(Timestamp::from_micros(0), &[100.0], &mut row);
//! evaluator.next(Timestamp::from_micros(500_000), &[150.0], &mut row);
//! assert_eq!(row[0].to_bits(), 100.0_f64.to_bits());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | file | subject |
//! | --- | --- |
//! | `transform` | [`Transform`] and its text form |
//! | `evaluator` | [`Evaluator`]: state of one transform over one group |
//! | [`rate`] | rates of counters, and differences |
//! | [`moving_mean`] | means over a window |
//! | [`quantile`] | quantiles over a window, from a sketch |
//! | [`panes`] | sliding windows that are cut into panes |
//! | [`across`] | sum, mean, minimum or maximum over the series of a group |
//! | [`histogram`] | rates of histogram buckets, and quantiles of a histogram |
//!
//! No value and no time makes a transform panic.

pub mod across;
mod evaluator;
pub mod histogram;
pub mod moving_mean;
pub mod panes;
pub mod quantile;
pub mod rate;
mod transform;

pub use across::Across;
pub use evaluator::{Evaluator, Input};
pub use transform::{ParseTransformError, Quantile, Transform};
