//! The kinds of charts.

use std::fmt;

/// A kind of chart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A line for each series.
    #[default]
    Line,
    /// Means of each column, stacked.
    Area,
    /// Means of longer parts of time, stacked.
    Bars,
    /// A row for each series, values as colours.
    Heatmap,
    /// A small line for each series, with its own scale.
    Sparklines,
    /// A dial with the newest value of each series.
    Gauges,
    /// The newest value of each series as text, and its trend.
    Stats,
}

impl Kind {
    pub const ALL: [Self; 7] =
        [Self::Line, Self::Area, Self::Bars, Self::Heatmap, Self::Sparklines, Self::Gauges, Self::Stats];

    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Returns true if the kind shows a tile for each series instead of one chart.
    pub const fn is_tiles(self) -> bool {
        matches!(self, Self::Sparklines | Self::Gauges | Self::Stats)
    }

    /// The name in URLs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Area => "area",
            Self::Bars => "bars",
            Self::Heatmap => "heatmap",
            Self::Sparklines => "sparklines",
            Self::Gauges => "gauges",
            Self::Stats => "stats",
        }
    }

    /// The name in menus.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Line => "Lines",
            Self::Area => "Stacked area",
            Self::Bars => "Bars",
            Self::Heatmap => "Heatmap",
            Self::Sparklines => "Sparklines",
            Self::Gauges => "Gauges",
            Self::Stats => "Stat tiles",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
