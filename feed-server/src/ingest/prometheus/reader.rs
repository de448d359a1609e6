//! The lines of the answers of one target, with what is known of each series.

use std::collections::{HashMap, HashSet};
use std::mem;

use super::relabel::{self, Labels, METRIC_NAME};
use super::sink::Sink;
use super::tally::Tally;
use crate::ingest::exposition::metric_type::Shown;
use crate::ingest::exposition::{BadLine, Format, Line, Sample, SeriesText};
use crate::ingest::known_metrics::{Change, Described, KnownTypes, MAX_AHEAD, Metric, Place, TimeAhead, prominence_of};

/// A longer line is refused.
const MAX_LINE_BYTES: usize = 16 << 10;
/// A limit on what is kept of lines to know their series again.
const MAX_KEPT_BYTES: usize = 64 << 20;
/// A limit on names without types, and on their lengths: the type of one may come after its samples.
const MAX_UNTYPED: usize = 20_000;
const MAX_UNTYPED_BYTES: usize = 512;
/// After so many series of one answer are beyond a limit, further ones are not looked at.
const MAX_REFUSED: u64 = 1_000;

#[derive(Debug, Default)]
pub(super) struct Reader {
    /// By the part of a line that identifies the series.
    series: HashMap<Box<str>, Slot>,
    types: KnownTypes,
    /// Counts requests.
    number: u64,
    /// Placed before the description changed, with the number of the answer: they end after the next one, unless it has them too.
    leaving: Vec<(Place, u64)>,
    /// Of the keys of `series`.
    kept_bytes: usize,
    /// Names of samples that have been placed although no type was stated.
    untyped: HashSet<Box<str>>,
    /// Series of this answer that are beyond a limit.
    refused: u64,
    /// A time ahead of the clock has been reported.
    is_ahead_reported: bool,
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
}

impl Reader {
    /// Begins with the next answer.
    pub(super) fn begin(&mut self) -> Tally {
        self.number += 1;
        self.refused = 0;
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
            let is_over = self.refused >= MAX_REFUSED || self.kept_bytes + sample.series.len() > MAX_KEPT_BYTES;
            let kept = if is_over { None } else { self.identify(sample.series, format, sink)? };
            let Some(kept) = kept else {
                self.refused += 1;
                tally.refused += 1;
                return Ok(());
            };
            self.kept_bytes += sample.series.len();
            self.series.entry(sample.series.into()).or_insert(Slot { kept, last: 0 })
        };
        let is_repeated = mem::replace(&mut slot.last, self.number) == self.number;
        let time = sample.time.filter(|_| sink.naming.honor_timestamps);
        let ahead = time.filter(|time| *time > sink.now + MAX_AHEAD);
        match slot.kept {
            Kept::Dropped => {}
            Kept::At(_) if ahead.is_some() => {
                tally.refused += 1;
                if let Some(time) = ahead.filter(|_| !mem::replace(&mut self.is_ahead_reported, true)) {
                    sink.registrar.report(&TimeAhead(time.since(sink.now)));
                }
            }
            // Several samples of one series are told apart by their times.
            Kept::At(place) if !is_repeated || time.is_some() => sink.rows.add(place, sample.value, time),
            Kept::At(_) => tally.refused += 1,
        }
        Ok(())
    }

    /// Places a series that no answer had lately. `None` if it is beyond a limit.
    fn identify(&mut self, text: &str, format: Format, sink: &mut Sink<'_>) -> Result<Option<Kept>, BadLine> {
        let series = SeriesText::parse(text, format)?;
        let (role, unit) = self.types.described(&series.name);
        let (kind, is_part) = match role {
            Shown::Created => return Ok(Some(Kept::Dropped)),
            Shown::Value(kind) => (kind, false),
            Shown::Part(kind) => (kind, true),
        };
        let mut labels: Labels =
            series.labels.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        // A label without a value is the same as none.
        labels.retain(|_, value| !value.is_empty());
        sink.add_target_labels(&mut labels);
        labels.insert(METRIC_NAME.to_owned(), series.name.to_string());
        if !relabel::apply(&sink.naming.rules, &mut labels) {
            return Ok(Some(Kept::Dropped));
        }
        let Some(name) = labels.remove(METRIC_NAME).filter(|name| !name.is_empty()) else {
            return Ok(Some(Kept::Dropped));
        };
        labels.retain(|name, value| !name.starts_with("__") && !value.is_empty());
        let metric = Metric { name: &name, unit, kind, prominence: prominence_of(&name, is_part) };
        let shown = sink.shown_name(&labels);
        let has_room = self.untyped.len() < MAX_UNTYPED && series.name.len() <= MAX_UNTYPED_BYTES;
        if has_room && !self.types.has_type(&series.name) {
            self.untyped.insert(series.name.as_ref().into());
        }
        let place = sink.known.place(&metric, shown, labels.into_iter().collect(), sink.registrar, sink.now);
        Ok(place.map(Kept::At))
    }

    /// Takes a type or a unit. Series that have been placed with another one are placed again.
    fn describe(&mut self, described: Described<'_>) {
        let is_late = |name: &str| KnownTypes::names_of(name).any(|name| self.untyped.contains(name.as_str()));
        let is_other = match (self.types.take(described, self.number), described) {
            (Change::None, _) => false,
            (Change::Other, _) => true,
            // Its samples came first.
            (Change::New, Described::Type(name, _) | Described::Unit(name, _)) => {
                !self.untyped.is_empty() && is_late(name)
            }
        };
        if is_other {
            self.forget();
        }
    }

    /// Places all series again, with the next answer.
    pub(super) fn forget(&mut self) {
        let places = self.series.drain().filter_map(|(_, slot)| slot.kept.place());
        self.leaving.extend(places.map(|place| (place, self.number)));
        self.kept_bytes = 0;
        self.untyped.clear();
    }

    /// Ends the answer. Series that the last `misses` answers did not have end.
    pub(super) fn finish(&mut self, misses: u64, sink: &mut Sink<'_>) {
        let oldest = self.number.saturating_sub(misses);
        self.series.retain(|key, slot| {
            let stays = slot.last > oldest;
            if !stays {
                self.kept_bytes -= key.len();
            }
            if let Some(place) = slot.kept.place().filter(|_| !stays) {
                sink.known.end(place, sink.registrar, sink.now);
            }
            stays
        });
        for (place, _) in self.leaving.extract_if(.., |(_, left)| *left < self.number) {
            sink.known.end(place, sink.registrar, sink.now);
        }
    }

    /// Returns true if a series is shown.
    pub(super) fn keeps_any(&self) -> bool {
        self.series.values().any(|slot| slot.kept.place().is_some())
    }

    /// The answer did not come.
    pub(super) fn miss(&mut self, misses: u64, sink: &mut Sink<'_>) {
        self.number += 1;
        self.finish(misses, sink);
    }

    /// Ends all series: the target is no longer asked.
    pub(super) fn end(&mut self, sink: &mut Sink<'_>) {
        self.forget();
        self.number += 1;
        self.finish(0, sink);
    }
}

impl Kept {
    const fn place(self) -> Option<Place> {
        match self {
            Self::At(place) => Some(place),
            Self::Dropped => None,
        }
    }
}

#[cfg(test)]
mod tests;
