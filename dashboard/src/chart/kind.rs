//! The kinds of charts.

use std::fmt;
use std::str::FromStr;

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

/// No kind of chart has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no kind of chart is called {0:?}: expected line, area, bars, heatmap, sparklines, gauges or stats")]
pub struct UnknownKind(String);

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| UnknownKind(name.to_owned()))
    }
}
