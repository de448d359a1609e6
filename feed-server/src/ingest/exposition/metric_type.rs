//! The type of a metric, and what it says about its samples.

use protocol::SeriesKind;

/// The types of both formats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MetricType {
    Counter,
    Gauge,
    Histogram,
    /// A histogram of what is there now: its buckets rise and fall.
    GaugeHistogram,
    Summary,
    /// Labels of something, with the value 1.
    Info,
    /// States of something: one series for each, 1 or 0.
    StateSet,
    /// `unknown` or `untyped`.
    #[default]
    Unknown,
}

const NAMES: [(&str, MetricType); 9] = [
    ("counter", MetricType::Counter),
    ("gauge", MetricType::Gauge),
    ("histogram", MetricType::Histogram),
    ("gaugehistogram", MetricType::GaugeHistogram),
    ("summary", MetricType::Summary),
    ("info", MetricType::Info),
    ("stateset", MetricType::StateSet),
    ("unknown", MetricType::Unknown),
    ("untyped", MetricType::Unknown),
];

/// What is shown of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    Value(SeriesKind),
    /// The number or the sum of observations, beside their distribution.
    Part(SeriesKind),
    /// The time at which a counter began. It is not shown.
    Created,
}

impl MetricType {
    /// The type with this name in the text format.
    pub fn in_text(name: &str) -> Option<Self> {
        let is_known = matches!(name, "counter" | "gauge" | "histogram" | "summary" | "untyped");
        NAMES.iter().find(|(known, _)| is_known && *known == name).map(|(_, of)| *of)
    }

    /// The type with this name in OpenMetrics.
    pub fn in_open_metrics(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known != "untyped" && *known == name).map(|(_, of)| *of)
    }

    /// The ends of the names of samples. The empty one is the name itself.
    pub const fn suffixes(self) -> &'static [&'static str] {
        match self {
            Self::Counter => &["_total", "_created"],
            Self::Histogram => &["_bucket", "_count", "_sum", "_created"],
            Self::GaugeHistogram => &["_bucket", "_gcount", "_gsum"],
            Self::Summary => &["", "_count", "_sum", "_created"],
            Self::Info => &["_info"],
            Self::Gauge | Self::StateSet | Self::Unknown => &[""],
        }
    }

    /// The role of a sample whose name is that of the family and `suffix`.
    pub fn role(self, suffix: &str) -> Shown {
        match (self, suffix) {
            (Self::Counter | Self::Histogram | Self::Summary, "_created") => Shown::Created,
            (Self::Counter, _) | (Self::Histogram, "_bucket") => Shown::Value(SeriesKind::Counter),
            (Self::Histogram | Self::Summary, "_count" | "_sum") => Shown::Part(SeriesKind::Counter),
            (Self::GaugeHistogram, "_gcount" | "_gsum") => Shown::Part(SeriesKind::Gauge),
            _ => Shown::Value(SeriesKind::Gauge),
        }
    }

    /// The role of a sample of this type, whose name ends as the type says.
    pub fn role_of(self, name: &str) -> Shown {
        let longest =
            self.suffixes().iter().filter(|suffix| name.ends_with(**suffix)).max_by_key(|suffix| suffix.len());
        match self {
            Self::Unknown => Self::role_by_name(name),
            known => known.role(longest.copied().unwrap_or_default()),
        }
    }

    /// The role of a sample of which only the name is known.
    pub fn role_by_name(name: &str) -> Shown {
        let is_counter = ["_total", "_bucket", "_count", "_sum"].iter().any(|suffix| name.ends_with(suffix));
        Shown::Value(if is_counter { SeriesKind::Counter } else { SeriesKind::Gauge })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_has_its_own_types() {
        assert_eq!(MetricType::in_text("untyped"), Some(MetricType::Unknown));
        assert_eq!(MetricType::in_open_metrics("untyped"), None);
        assert_eq!((MetricType::in_text("info"), MetricType::in_text("unknown")), (None, None));
        assert_eq!(MetricType::in_open_metrics("stateset"), Some(MetricType::StateSet));
    }

    #[test]
    fn the_type_decides_what_rises() {
        let counter = Shown::Value(SeriesKind::Counter);
        assert_eq!(MetricType::Counter.role("_total"), counter);
        assert_eq!(MetricType::Counter.role(""), counter, "in the text format");
        assert_eq!(MetricType::Histogram.role("_bucket"), counter);
        assert_eq!(MetricType::Summary.role("_sum"), Shown::Part(SeriesKind::Counter));
        assert_eq!(MetricType::Summary.role(""), Shown::Value(SeriesKind::Gauge));
        assert_eq!(MetricType::GaugeHistogram.role("_gcount"), Shown::Part(SeriesKind::Gauge));
        assert_eq!(MetricType::Counter.role("_created"), Shown::Created);
        assert_eq!(MetricType::role_by_name("x_total"), counter);
        assert_eq!(MetricType::role_by_name("x"), Shown::Value(SeriesKind::Gauge));
    }
}
