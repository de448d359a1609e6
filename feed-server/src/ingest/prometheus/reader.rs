//! The lines of the answers of one target, with what is known of each series.

use std::collections::HashMap;
use std::fmt;
use std::mem;

use protocol::{Interval, Prominence, SeriesId, Timestamp};

use super::relabel::{self, Labels, METRIC_NAME, Rule};
use super::target::{INSTANCE, JOB};
use crate::ingest::context::Registrar;
use crate::ingest::exposition::metric_type::Role;
use crate::ingest::exposition::{BadLine, Format, Line, MetricType, Sample, SeriesText};
use crate::ingest::families::{KnownSeries, Metric, OpenRows, Place, unit_of};

/// A longer line is refused.
const MAX_LINE_BYTES: usize = 64 << 10;
/// Series beyond a limit are tried again after this time.
const TRY_AGAIN: Interval = Interval::from_secs(30);

/// Ends of the names of samples, which are not part of the names of their metrics.
const SUFFIXES: [&str; 8] = ["_total", "_bucket", "_count", "_sum", "_created", "_info", "_gcount", "_gsum"];

/// How the samples of a source are named.
#[derive(Debug)]
pub(super) struct Naming {
    pub(super) rules: Vec<Rule>,
    pub(super) honor_labels: bool,
    pub(super) honor_timestamps: bool,
}

/// Where the samples of a source go.
pub(super) struct Sink<'s> {
    pub(super) known: &'s mut KnownSeries,
    pub(super) rows: &'s mut OpenRows,
    pub(super) registrar: &'s Registrar,
    pub(super) naming: &'s Naming,
    /// Those of the target.
    pub(super) labels: &'s Labels,
    /// There are several targets: the names of series tell them apart.
    pub(super) shows_instance: bool,
    pub(super) now: Timestamp,
}

#[derive(Debug, Default)]
pub(super) struct Reader {
    /// By the part of a line that identifies the series.
    series: HashMap<Box<str>, Slot>,
    types: HashMap<String, Described>,
    /// Counts the answers, also those that did not come.
    number: u64,
    /// Placed before the description changed: they end after the next answer, unless it has them too.
    leaving: Vec<SeriesId>,
    refused_since: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    kept: Kept,
    /// The number of the last answer that has it.
    last: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    At(Place),
    /// Not shown, by a rule or because it is no measurement.
    Dropped,
    /// Beyond a limit.
    Refused,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Described {
    of: Option<MetricType>,
    unit: Option<String>,
}

/// What an answer had.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) samples: u64,
    /// Samples that are not kept, and lines that cannot be read.
    pub(super) refused: u64,
    /// The first line that cannot be read, counted from 1.
    pub(super) first_bad: Option<(usize, BadLine)>,
    has_end: bool,
    line: usize,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.first_bad {
            Some((line, bad)) => write!(f, "line {line} of its answer is left out: {bad}"),
            None => write!(f, "its answer has no lines that cannot be read"),
        }
    }
}

impl Tally {
    fn bad(&mut self, bad: BadLine) {
        self.refused += 1;
        let line = self.line;
        self.first_bad.get_or_insert((line, bad));
    }
}

impl Reader {
    /// Begins with the next answer.
    pub(super) fn begin(&mut self, now: Timestamp) -> Tally {
        self.number += 1;
        if self.refused_since.is_some_and(|since| now.since(since) >= TRY_AGAIN) {
            self.refused_since = None;
            self.series.retain(|_, slot| slot.kept != Kept::Refused);
        }
        Tally::default()
    }

    /// Reads a line of the answer.
    ///
    /// Hot: once per line, watched by `benches/exposition.rs`.
    pub(super) fn line(&mut self, bytes: &[u8], format: Format, tally: &mut Tally, sink: &mut Sink<'_>) {
        tally.line += 1;
        if bytes.len() > MAX_LINE_BYTES {
            return tally.bad(BadLine::TooLong { found: bytes.len(), allowed: MAX_LINE_BYTES });
        }
        if tally.has_end && format == Format::OpenMetrics {
            return tally.bad(BadLine::AfterEnd);
        }
        let line = str::from_utf8(bytes).map_err(|_| BadLine::NotUtf8).and_then(|text| Line::parse(text, format));
        match line {
            Ok(Line::Sample(sample)) => {
                tally.samples += 1;
                if let Err(bad) = self.sample(&sample, format, tally, sink) {
                    tally.bad(bad);
                }
            }
            Ok(Line::Type { family, of }) => self.describe(&family, |described| described.of.replace(of) == Some(of)),
            Ok(Line::Unit { family, unit }) => {
                self.describe(&family, |described| described.unit.replace(unit.to_owned()).as_deref() == Some(unit));
            }
            Ok(Line::End) => tally.has_end = true,
            Ok(Line::Help { .. } | Line::Nothing) => {}
            Err(bad) => tally.bad(bad),
        }
    }

    fn sample(
        &mut self,
        sample: &Sample<'_>,
        format: Format,
        tally: &mut Tally,
        sink: &mut Sink<'_>,
    ) -> Result<(), BadLine> {
        let slot = if let Some(slot) = self.series.get_mut(sample.series) {
            slot
        } else {
            let kept = self.identify(sample.series, format, sink)?;
            self.series.entry(sample.series.into()).or_insert(Slot { kept, last: 0 })
        };
        let is_repeated = mem::replace(&mut slot.last, self.number) == self.number;
        let time = sample.time.filter(|_| sink.naming.honor_timestamps);
        match slot.kept {
            Kept::Dropped => {}
            // Several samples of one series are told apart by their times.
            Kept::At(place) if !is_repeated || time.is_some() => sink.rows.add(place, sample.value, time),
            Kept::At(_) | Kept::Refused => tally.refused += 1,
        }
        Ok(())
    }

    /// Places a series that no answer had lately.
    fn identify(&mut self, text: &str, format: Format, sink: &mut Sink<'_>) -> Result<Kept, BadLine> {
        let series = SeriesText::parse(text, format)?;
        let (role, unit) = self.described(&series.name);
        let (kind, is_part) = match role {
            Role::Created => return Ok(Kept::Dropped),
            Role::Value(kind) => (kind, false),
            Role::Part(kind) => (kind, true),
        };
        let mut labels: Labels =
            series.labels.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        // A label without a value is the same as none.
        labels.retain(|_, value| !value.is_empty());
        sink.add_target_labels(&mut labels);
        labels.insert(METRIC_NAME.to_owned(), series.name.to_string());
        if !relabel::apply(&sink.naming.rules, &mut labels) {
            return Ok(Kept::Dropped);
        }
        let Some(name) = labels.remove(METRIC_NAME).filter(|name| !name.is_empty()) else { return Ok(Kept::Dropped) };
        labels.retain(|name, value| !name.starts_with("__") && !value.is_empty());
        let is_detail = is_part || name.ends_with("_info") || name.ends_with("time_seconds");
        let prominence = if is_detail { Prominence::Detail } else { Prominence::Overview };
        let metric = Metric { name: &name, unit, kind, prominence };
        let shown = sink.shown_name(&labels);
        if let Some(place) = sink.known.place(&metric, shown, labels.into_iter().collect(), sink.registrar, sink.now) {
            Ok(Kept::At(place))
        } else {
            self.refused_since.get_or_insert(sink.now);
            Ok(Kept::Refused)
        }
    }

    /// The role of the samples with a name, and their unit.
    fn described(&self, name: &str) -> (Role, &'static str) {
        let parts = SUFFIXES.iter().filter_map(|suffix| Some((name.strip_suffix(suffix)?, *suffix)));
        let known = |(base, suffix)| Some((self.types.get(base)?, suffix));
        let mut of_base = parts.clone().filter_map(known);
        // Some programs expose the time at which a counter began as a gauge of its own.
        let is_created = parts.clone().any(|(base, suffix)| {
            let is_counter = |name: &str| {
                let of = self.types.get(name).and_then(|described| described.of);
                matches!(of, Some(MetricType::Counter | MetricType::Histogram | MetricType::Summary))
            };
            suffix == "_created" && (is_counter(base) || is_counter(&format!("{base}_total")))
        });
        let of_name = self.types.get(name).map(|described| (described, ""));
        let found = of_name.or_else(|| of_base.next());
        let unit = unit_of(name, found.and_then(|(described, _)| described.unit.as_deref()));
        let role = match found.and_then(|(described, suffix)| Some((described.of?, suffix))) {
            _ if is_created => Role::Created,
            None | Some((MetricType::Unknown, _)) => MetricType::role_by_name(name),
            Some((of, suffix)) => of.role(suffix),
        };
        (role, unit)
    }

    /// Sets what is known of a metric. `is_same` sets it, and returns true if it was known.
    fn describe(&mut self, family: &str, is_same: impl Fn(&mut Described) -> bool) {
        match self.types.get_mut(family) {
            Some(described) => {
                let before = described.of.is_some();
                if !is_same(described) && before {
                    // Series have been placed by the old description.
                    self.forget();
                }
            }
            None => {
                is_same(self.types.entry(family.to_owned()).or_default());
            }
        }
    }

    /// Places all series again, with the next answer.
    pub(super) fn forget(&mut self) {
        self.leaving.extend(self.series.drain().filter_map(|(_, slot)| slot.kept.series()));
    }

    /// Ends the answer. Series that the last `misses` answers did not have end.
    pub(super) fn finish(&mut self, misses: u64, sink: &mut Sink<'_>) {
        let oldest = self.number.saturating_sub(misses);
        self.series.retain(|_, slot| {
            let stays = slot.last > oldest;
            if let Some(series) = slot.kept.series().filter(|_| !stays) {
                sink.known.end(series, sink.registrar, sink.now);
            }
            stays
        });
        for series in mem::take(&mut self.leaving) {
            sink.known.end(series, sink.registrar, sink.now);
        }
        // Names that come and go must not fill the memory.
        if self.types.len() > 2 * self.series.len() + 1_000 {
            self.types.clear();
        }
    }

    /// The answer did not come.
    pub(super) fn miss(&mut self, misses: u64, sink: &mut Sink<'_>) {
        self.number += 1;
        self.finish(misses, sink);
    }

    /// Ends all series: the target is asked no more.
    pub(super) fn end(&mut self, sink: &mut Sink<'_>) {
        self.forget();
        self.finish(0, sink);
    }
}

impl Sink<'_> {
    /// The values of the labels that tell a series from others of its metric.
    fn shown_name(&self, labels: &Labels) -> String {
        let is_of_target = |name: &str, value: &String| self.labels.get(name) == Some(value);
        let is_hidden = |name: &str, value: &String| {
            (name == JOB || name == INSTANCE && !self.shows_instance) && is_of_target(name, value)
        };
        let shown = labels.iter().filter(|(name, value)| !is_hidden(name, value));
        shown.map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Adds the labels of the target. One that the sample has too keeps its name at the sample, or is renamed.
    fn add_target_labels(&self, labels: &mut Labels) {
        for (name, value) in self.labels {
            if let Some(of_sample) = labels.get(name).cloned() {
                if self.naming.honor_labels {
                    continue;
                }
                let mut exported = format!("exported_{name}");
                while labels.contains_key(&exported) || self.labels.contains_key(&exported) {
                    exported.insert_str(0, "exported_");
                }
                labels.insert(exported, of_sample);
            }
            labels.insert(name.clone(), value.clone());
        }
    }
}

impl Kept {
    const fn series(self) -> Option<SeriesId> {
        match self {
            Self::At(place) => Some(place.series),
            Self::Dropped | Self::Refused => None,
        }
    }
}
