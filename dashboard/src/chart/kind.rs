//! The kinds of charts.

use std::fmt;

/// How a group is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A line a series; envelopes where samples are many.
    #[default]
    Line,
    /// Means, one series upon the other.
    Area,
    /// Means of longer stretches, one series upon the other.
    Bars,
    /// A row a series, values as colours.
    Heatmap,
    /// A small line a series, each with its own axis.
    Sparklines,
    /// A dial a series, with the newest value.
    Gauges,
    /// The newest value a series, in large, and how it has changed.
    Stats,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Line, Self::Area, Self::Bars, Self::Heatmap, Self::Sparklines, Self::Gauges, Self::Stats];

    /// The kind of that name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether a group is shown as tiles, one a series, in place of one chart.
    pub const fn is_tiles(self) -> bool {
        matches!(self, Self::Sparklines | Self::Gauges | Self::Stats)
    }

    /// As URLs write it.
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

    /// As a person reads it.
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
