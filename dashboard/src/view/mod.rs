//! Converts values and times to positions on a chart, and chooses the marks of its axes.
//!
//! A chart shows a window of time and a range of values. The [`Window`] divides time into columns of the surface, at fixed
//! times that do not move as it scrolls. A [`RangeTracker`] chooses the ends of the value axis from the data and keeps
//! them stable. A [`Scale`] turns values into heights, and the ticks are the values and times to mark.
//!
//! ```
//! use dashboard::view::{RangeTracker, Scale, Steps, ValueAxis};
//! use protocol::{Bounds, Timestamp};
//! use series::Unit;
//!
//! let unit = Unit::parse("By/s", &Bounds::FromZero);
//! let mut range = RangeTracker::new(Steps::of(&unit));
//! let (low, high) = range.update(Some((2e6, 7e6)), &Bounds::FromZero, Timestamp::from_micros(0));
//! let scale = Scale::new(low, high, 150);
//! let axis = ValueAxis::new(scale, &unit, 150.0, &|label| label.len() <= 9);
//! assert_eq!(axis.text.labels, ["0", "2", "4", "6", "8 MiB/s"]);
//! ```
//!
//! # Layout
//! | module | subject |
//! | --- | --- |
//! | [`clock_time`] | marks at round times of the day |
//! | [`mapping`] | linear or logarithmic |
//! | [`mod@name_parts`] | names that are cut in the middle |
//! | [`steps`] | round distances between ticks |
//! | `log_steps` | round values of a logarithmic axis |
//! | [`range`] | the ends of a value axis, chosen from the data and kept stable |
//! | [`relative_time`] | marks at round times before the right edge |
//! | [`rfc3339`] | times as text in an address |
//! | [`scale`] | values to heights; its span is always finite and above zero |
//! | [`ticks`] | the values to mark |
//! | [`time_step`] | round distances between the marks of a time axis |
//! | [`spacing`] | time labels beside each other, without overlaps |
//! | [`value_axis`] | the ticks of a value axis and their labels |
//! | [`window`] | times to columns |
//! | [`zone`] | the rules of a time zone, and the changes of its clocks |
//!
//! # Not in this module
//! Pixels in memory, samples, the browser, clocks: `now` is an argument. No value makes it panic.

pub mod clock_time;
mod log_steps;
pub mod mapping;
pub mod name_parts;
pub mod range;
pub mod relative_time;
pub mod rfc3339;
pub mod scale;
pub mod spacing;
pub mod steps;
pub mod ticks;
pub mod time_step;
pub mod value_axis;
pub mod window;
pub mod zone;

pub use clock_time::{TimeLabels, clock_ticks, other_day, time_label};
pub use mapping::Mapping;
pub use name_parts::{common_beginning, name_parts};
pub use range::{RangeMode, RangeTracker};
pub use relative_time::time_ticks;
pub use scale::Scale;
pub use spacing::{LabelRoom, shortened};
pub use steps::Steps;
pub use ticks::{log_ticks, value_ticks};
pub use time_step::TimeTick;
pub use value_axis::{ValueAxis, range_text};
pub use window::Window;
pub use zone::Zone;
