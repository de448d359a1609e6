//! The rules of OpenMetrics on lines that belong together: families are not interleaved, metadata comes first, values suit their type.
//!
//! Source: the sections "Exposition" and "Metric Types" of
//! <https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md>.

use std::borrow::Cow;
use std::collections::HashSet;

use protocol::Timestamp;
use thiserror::Error;

use super::histogram_rules::{BrokenHistogram, Histogram};
use super::line::{Line, Sample};
use super::metric_type::MetricType;
use super::series_text::SeriesText;

/// The labels of a metric, without those that tell its samples from each other.
type MetricLabels = Vec<(String, String)>;

/// A rule that a line breaks. The line itself can be read.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum BrokenRule {
    #[error("{what} of {family} must come once and before its samples")]
    LateMetadata { what: &'static str, family: String },
    #[error("the name {0} belongs to two metric families")]
    ClashingName(String),
    #[error("{family} has a unit, which an info or stateset must not have")]
    UnitOfInfo { family: String },
    #[error("the samples of one label set of {family} must follow each other: others are between them")]
    Interleaved { family: String },
    #[error("all samples of one label set of {family} must have times, or none")]
    MixedTimes { family: String },
    #[error("the times of one label set of {family} must not fall")]
    FallingTime { family: String },
    #[error("a sample of {name} must have the label {label} with {expected}")]
    LabelOfType { name: String, label: String, expected: &'static str },
    #[error("the value of {name} must be {expected}, found {found}")]
    Value { name: String, expected: &'static str, found: f64 },
    #[error("only a counter's _total and a histogram's _bucket may have an exemplar, found one at {0}")]
    Exemplar(String),
    #[error("{family}: {broken}")]
    Histogram { family: String, broken: BrokenHistogram },
}

/// Reads the lines of one text, in their order.
#[derive(Debug, Default)]
pub struct Rules {
    /// Names of metrics and samples of all families so far.
    names: HashSet<String>,
    family: Option<Family>,
}

#[derive(Debug, Default)]
struct Family {
    name: String,
    of: Option<MetricType>,
    has_help: bool,
    has_unit: bool,
    has_samples: bool,
    /// The metric whose samples are read, and the time of the last one.
    metric: Option<(MetricLabels, Option<Timestamp>)>,
    earlier: HashSet<MetricLabels>,
    histogram: Histogram,
}

impl Rules {
    /// Reads the next line.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn line(&mut self, line: &Line<'_>, series: Option<&SeriesText<'_>>) -> Result<(), BrokenRule> {
        match line {
            Line::Type { family, of } => {
                self.metadata(family, "TYPE", |family| family.of.replace(*of).is_some())?;
                self.claim(family, *of)
            }
            Line::Help { family } => {
                self.metadata(family, "HELP", |family| std::mem::replace(&mut family.has_help, true))
            }
            Line::Unit { family, .. } => {
                self.metadata(family, "UNIT", |family| std::mem::replace(&mut family.has_unit, true))
            }
            Line::Sample(sample) => series.map_or(Ok(()), |series| self.sample(sample, series)),
            Line::Nothing => Ok(()),
            Line::End => self.finish(),
        }
    }

    /// Ends the last family.
    fn finish(&mut self) -> Result<(), BrokenRule> {
        let Some(mut family) = self.family.take() else { return Ok(()) };
        family.end_metric()
    }

    fn metadata(
        &mut self,
        name: &str,
        what: &'static str,
        is_repeated: impl Fn(&mut Family) -> bool,
    ) -> Result<(), BrokenRule> {
        self.begin(name)?;
        let Some(family) = &mut self.family else { return Ok(()) };
        if is_repeated(family) || family.has_samples {
            return Err(BrokenRule::LateMetadata { what, family: name.to_owned() });
        }
        family.check_unit_of_type()
    }

    /// Begins a family if its name is not that of the current one.
    fn begin(&mut self, name: &str) -> Result<(), BrokenRule> {
        if self.family.as_ref().is_some_and(|family| family.name == name) {
            return Ok(());
        }
        let ended = self.finish();
        self.family = Some(Family { name: name.to_owned(), ..Family::default() });
        let is_new = self.names.insert(name.to_owned());
        ended?;
        if is_new { Ok(()) } else { Err(BrokenRule::ClashingName(name.to_owned())) }
    }

    /// The names of the samples of a family belong to it.
    fn claim(&mut self, family: &str, of: MetricType) -> Result<(), BrokenRule> {
        for suffix in of.suffixes().iter().filter(|suffix| !suffix.is_empty()) {
            let name = format!("{family}{suffix}");
            if !self.names.insert(name.clone()) {
                return Err(BrokenRule::ClashingName(name));
            }
        }
        Ok(())
    }

    fn sample(&mut self, sample: &Sample<'_>, series: &SeriesText<'_>) -> Result<(), BrokenRule> {
        let family = self.family.as_ref();
        if family.is_none_or(|family| family.suffix_of(&series.name).is_none()) {
            if family.is_some_and(|family| family.name == series.name) {
                return Err(BrokenRule::ClashingName(series.name.to_string()));
            }
            self.begin(&series.name)?;
        }
        self.family.as_mut().map_or(Ok(()), |family| family.sample(sample, series))
    }
}

impl Family {
    fn of(&self) -> MetricType {
        self.of.unwrap_or_default()
    }

    fn check_unit_of_type(&self) -> Result<(), BrokenRule> {
        if self.has_unit && matches!(self.of, Some(MetricType::Info | MetricType::StateSet)) {
            return Err(BrokenRule::UnitOfInfo { family: self.name.clone() });
        }
        Ok(())
    }

    /// The end of the name of a sample of this family; `None` for one of another.
    fn suffix_of(&self, name: &str) -> Option<&'static str> {
        let suffix = name.strip_prefix(&self.name)?;
        self.of().suffixes().iter().copied().find(|known| *known == suffix)
    }

    fn sample(&mut self, sample: &Sample<'_>, series: &SeriesText<'_>) -> Result<(), BrokenRule> {
        self.has_samples = true;
        let suffix = self.suffix_of(&series.name).unwrap_or_default();
        self.check_order(sample, series, suffix)?;
        self.check_labels(series, suffix)?;
        self.check_value(sample.value, &series.name, suffix)?;
        let may_have_exemplar = matches!(
            (self.of(), suffix),
            (MetricType::Counter, "_total") | (MetricType::Histogram | MetricType::GaugeHistogram, "_bucket")
        );
        if sample.has_exemplar && !may_have_exemplar {
            return Err(BrokenRule::Exemplar(series.name.to_string()));
        }
        if matches!(self.of(), MetricType::Histogram | MetricType::GaugeHistogram) {
            let bound = series.label("le").and_then(|le| le.parse().ok()).unwrap_or(f64::NAN);
            let added = self.histogram.add(suffix, bound, sample.value);
            return added.map_err(|broken| BrokenRule::Histogram { family: self.name.clone(), broken });
        }
        Ok(())
    }

    /// The samples of a metric follow each other, in order of time.
    fn check_order(&mut self, sample: &Sample<'_>, series: &SeriesText<'_>, suffix: &str) -> Result<(), BrokenRule> {
        let labels = self.labels_of_metric(series, suffix);
        match &self.metric {
            Some((current, time)) if *current == labels => {
                if time.is_some() != sample.time.is_some() {
                    return Err(BrokenRule::MixedTimes { family: self.name.clone() });
                }
                if *time > sample.time && self.of() != MetricType::Info {
                    return Err(BrokenRule::FallingTime { family: self.name.clone() });
                }
                if *time != sample.time {
                    // Samples of another time.
                    self.end_histogram()?;
                }
            }
            _ => {
                let is_new = !self.earlier.contains(&labels);
                self.end_metric()?;
                if !is_new {
                    return Err(BrokenRule::Interleaved { family: self.name.clone() });
                }
            }
        }
        self.metric = Some((labels, sample.time));
        Ok(())
    }

    fn labels_of_metric(&self, series: &SeriesText<'_>, suffix: &str) -> MetricLabels {
        let within: Cow<'_, str> = match (self.of(), suffix) {
            // Each may differ in any label.
            (MetricType::Info, _) => return Vec::new(),
            (MetricType::Summary, "") => "quantile".into(),
            (MetricType::Histogram | MetricType::GaugeHistogram, "_bucket") => "le".into(),
            (MetricType::StateSet, _) => self.name.as_str().into(),
            _ => "".into(),
        };
        let others = series.labels.iter().filter(|(name, _)| *name != within);
        let mut labels: MetricLabels = others.map(|(name, value)| (name.to_string(), value.to_string())).collect();
        labels.sort_unstable();
        labels
    }

    fn end_metric(&mut self) -> Result<(), BrokenRule> {
        self.earlier.extend(self.metric.take().map(|(labels, _)| labels));
        self.end_histogram()
    }

    fn end_histogram(&mut self) -> Result<(), BrokenRule> {
        let ended = std::mem::take(&mut self.histogram).end();
        ended.map_err(|broken| BrokenRule::Histogram { family: self.name.clone(), broken })
    }

    fn check_labels(&self, series: &SeriesText<'_>, suffix: &str) -> Result<(), BrokenRule> {
        let number = |label: &str| series.label(label).and_then(|text| text.parse::<f64>().ok());
        let needed = |label: &str, expected| {
            Err(BrokenRule::LabelOfType { name: series.name.to_string(), label: label.to_owned(), expected })
        };
        match (self.of(), suffix) {
            (MetricType::Histogram | MetricType::GaugeHistogram, "_bucket") if number("le").is_none_or(f64::is_nan) => {
                needed("le", "the upper bound of the bucket")
            }
            (MetricType::Summary, "") if !number("quantile").is_some_and(|of| (0.0..=1.0).contains(&of)) => {
                needed("quantile", "a number from 0 to 1")
            }
            (MetricType::StateSet, _) if series.label(&self.name).is_none() => needed(&self.name, "the state"),
            _ => Ok(()),
        }
    }

    fn check_value(&self, value: f64, name: &str, suffix: &str) -> Result<(), BrokenRule> {
        let expected = match (self.of(), suffix) {
            (MetricType::StateSet, _) if ![0.0, 1.0].contains(&value) => "0 or 1",
            (MetricType::Info, _) if ![1.0].contains(&value) => "1",
            (_, "_bucket" | "_count" | "_gcount") if value.fract() != 0.0 => "a whole number",
            (_, "_total" | "_sum" | "_count" | "_bucket" | "_gcount" | "_gsum") if value.is_nan() => "a number",
            (MetricType::Summary, "") | (_, "_total" | "_sum" | "_count" | "_bucket" | "_gcount") if value < 0.0 => {
                "0 or above"
            }
            _ => return Ok(()),
        };
        Err(BrokenRule::Value { name: name.to_owned(), expected, found: value })
    }
}
