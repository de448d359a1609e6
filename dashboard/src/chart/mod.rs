//! Charts: from rows in the store to pixels on a surface.
//!
//! | file | subject |
//! | --- | --- |
//! | [`live`] | a chart that scrolls and redraws changed columns only, of any kind |
//! | [`chosen`] | the series of a group that a chart shows |
//! | [`shown`] | those that the user shows and hides |
//! | `scene` | the rows and the style of one display frame |
//! | [`nearest`] | the series that is read at a place of a chart |
//! | `line` | lines through few samples, extremes of many |
//! | [`columns`] | the input of every painter: summaries, column by column |
//! | [`extremes`] | the extremes on screen, and what a logarithmic axis cannot show |
//! | [`mod@kind`], [`options`] | settings of a chart |
//! | [`held`] | columns in which a value holds until the next |
//! | [`area`] | stacked areas |
//! | [`bars`] | stacked bars, one for each part of time |
//! | [`heatmap`] | a row for each series, values as colours |
//! | [`sparkline`] | a small line without axes |
//! | [`gauge`] | an arc that is filled up to the value |
//! | [`stat`] | the newest value and its trend |
//! | [`tiles`] | sparklines, gauges and stats side by side |
//! | [`plot`], [`stack`] | values to heights on a surface, alone and stacked |
//! | [`axes`] | grid and labels, with plotters |
//! | [`pixel_backend`] | a plotters backend on pixels in memory |
//!
//! # Not in this module
//! The DOM and the socket. `axes` draws on any plotters backend; the page passes a canvas for labels.

pub mod area;
pub mod axes;
pub mod bars;
pub mod chosen;
pub mod columns;
pub mod extremes;
pub mod gauge;
pub mod heatmap;
pub mod held;
pub mod kind;
mod line;
pub mod live;
pub mod nearest;
pub mod options;
pub mod pixel_backend;
pub mod plot;
mod scene;
pub mod shown;
pub mod sparkline;
pub mod stack;
pub mod stat;
pub mod tiles;

pub use area::{AreaPainter, AreaStyle};
pub use bars::{BarLayout, BarsPainter, bars_range};
pub use chosen::ChosenSeries;
pub use columns::Columns;
pub use extremes::LogLimit;
pub use gauge::{GaugePlace, GaugeStyle};
pub use held::Held;
pub use kind::Kind;
pub use live::LiveChart;
pub use nearest::SeriesAt;
pub use options::Options;
pub use pixel_backend::PixelBackend;
pub use plot::Plot;
pub use scene::Style;
pub use shown::Shown;
pub use sparkline::{SparklinePainter, SparklineStyle};
pub use stack::stacked_range;
pub use stat::{Direction, Stat, StatPainter, Trend};
pub use tiles::{TileChart, TileLayout};

#[cfg(test)]
mod bucket_tests;
#[cfg(test)]
mod input_tests;
#[cfg(test)]
mod kind_tests;
#[cfg(test)]
mod log_tests;
#[cfg(test)]
mod tests;
