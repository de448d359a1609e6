//! The lines of the answers of one target, with what is known of each series.

use std::collections::HashMap;
use std::mem;

use protocol::{Interval, Prominence, SeriesId, Timestamp};

use super::relabel::{self, Labels, METRIC_NAME};
use super::sink::Sink;
use super::tally::Tally;
use crate::ingest::exposition::metric_type::Role;
use crate::ingest::exposition::{BadLine, Format, Line, Sample, SeriesText};
use crate::ingest::families::{Change, Described, KnownTypes, Metric, Place};

/// A longer line is refused.
const MAX_LINE_BYTES: usize = 64 << 10;
/// Series beyond a limit are tried again after this time.
const TRY_AGAIN: Interval = Interval::from_secs(30);

#[derive(Debug, Default)]
pub(super) struct Reader {
    /// By the part of a line that identifies the series.
    series: HashMap<Box<str>, Slot>,
    types: KnownTypes,
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
            Ok(Line::Type { family, of }) => self.describe(Described::Type(&family, of)),
            Ok(Line::Unit { family, unit }) => self.describe(Described::Unit(&family, unit)),
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
        } else if sample.value.is_nan() {
            // A series begins with its first value: a group without any would be an empty panel.
            return SeriesText::parse(sample.series, format).map(|_| ());
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
        let (role, unit) = self.types.described(&series.name);
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

    /// Takes a type or a unit. Series that have been placed by another are placed again.
    fn describe(&mut self, described: Described<'_>) {
        if self.types.take(described, self.number) == Change::Other {
            self.forget();
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

impl Kept {
    const fn series(self) -> Option<SeriesId> {
        match self {
            Self::At(place) => Some(place.series),
            Self::Dropped | Self::Refused => None,
        }
    }
}

#[cfg(test)]
mod tests;
