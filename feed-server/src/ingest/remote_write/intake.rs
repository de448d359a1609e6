//! What is known of each series, and the samples that are not sent yet.

use std::collections::{HashMap, HashSet};

use protocol::{Interval, SeriesKind, Timestamp};

use super::constant_labels::ConstantLabels;
use super::request::{WrittenHistogram, WrittenRequest, WrittenSeries};
use super::settings::RemoteWriteSettings;
use super::wire::BadMessage;
use crate::ingest::batch::Batch;
use crate::ingest::context::Registrar;
use crate::ingest::exposition::MetricType;
use crate::ingest::exposition::metric_type::Shown;
use crate::ingest::known_metrics::{
    Change, Described, KnownSeries, KnownTypes, MAX_AHEAD, Metric, OpenRows, Place, TimeAhead, prominence_of, unit_of,
};

/// The value by which Prometheus says that a series has ended.
const STALE_BITS: u64 = 0x7ff0_0000_0000_0002;
/// The interval of a group whose samples are still few: Prometheus' default is a minute, live senders are faster.
const AT_FIRST: Interval = Interval::from_secs(5);
/// A series without samples for this long has ended, or for so many intervals of its group if that is longer.
const ENDS_AFTER: Interval = Interval::from_secs(300);
const ENDS_AFTER_INTERVALS: u64 = 3;
/// Ended series are looked for this often.
const LOOK_EVERY: Interval = Interval::from_secs(30);
/// Limits on the labels of a series, and of all series.
const MAX_KEY_BYTES: usize = 16 << 10;
const MAX_KEYS_BYTES: usize = 128 << 20;
/// So many series are read before other tasks run: half a millisecond.
const SERIES_AT_ONCE: usize = 500;

/// All series are placed again at most this often: types that change with each request must not fill the memory.
const FORGETS_EVERY: Interval = Interval::from_secs(10);
/// Series that are to be placed again end after this time: their next samples come with the next request of their sender.
const LEAVES_AFTER: Interval = Interval::from_secs(120);

const METRIC_NAME: &str = "__name__";

#[derive(Debug)]
pub(super) struct Intake {
    drop_labels: Vec<String>,
    known: KnownSeries,
    rows: OpenRows,
    waiting: usize,
    /// By the labels as they are written.
    series: HashMap<Box<[u8]>, Slot>,
    types: KnownTypes,
    /// Counts requests.
    number: u64,
    /// Placed before the description changed, and when: they end later, unless they have been placed again.
    leaving: Vec<(Place, Timestamp)>,
    constant: ConstantLabels,
    /// Names or types of series that have been placed have changed.
    is_outdated: bool,
    forgot_at: Timestamp,
    looked_at: Timestamp,
    key_bytes: usize,
    /// What has been reported: further ones are counted.
    reported: HashSet<Reported>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Reported {
    NoName,
    TimeAhead,
    LongLabels,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    kept: Kept,
    last: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    At(Place),
    /// The count and the sum of a native histogram.
    Parts(Place, Place),
    /// Not shown: the time at which a counter began.
    Dropped,
}

impl Kept {
    fn places(self) -> impl Iterator<Item = Place> {
        let places = match self {
            Self::At(place) => [Some(place), None],
            Self::Parts(count, sum) => [Some(count), Some(sum)],
            Self::Dropped => [None, None],
        };
        places.into_iter().flatten()
    }
}

/// What a request had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) samples: u64,
    pub(super) histograms: u64,
    pub(super) exemplars: u64,
}

impl Intake {
    pub(super) fn new(settings: &RemoteWriteSettings) -> Self {
        let known = KnownSeries::new(&settings.name, settings.series, AT_FIRST).estimating_intervals();
        let (rows, series, types, leaving, constant, looked_at) = Default::default();
        let (is_outdated, forgot_at) = Default::default();
        let (drop_labels, waiting, number) = (settings.drop_labels.clone(), 0, 0);
        let (key_bytes, reported) = Default::default();
        Self {
            drop_labels,
            known,
            rows,
            waiting,
            series,
            types,
            number,
            leaving,
            constant,
            is_outdated,
            forgot_at,
            looked_at,
            key_bytes,
            reported,
        }
    }

    /// Samples that are not sent yet.
    pub(super) const fn waiting(&self) -> usize {
        self.waiting
    }

    /// Takes the samples of a request.
    ///
    /// # Errors
    /// If a series is malformed. Those before it have been taken.
    pub(super) async fn take(
        &mut self,
        request: &WrittenRequest<'_>,
        registrar: &Registrar,
        now: Timestamp,
    ) -> Result<Counts, BadMessage> {
        self.number += 1;
        for &(of, name) in &request.metadata {
            self.is_outdated |= self.types.take(Described::Type(name, of), self.number) != Change::None;
        }
        if self.is_outdated && now.since(self.forgot_at) >= FORGETS_EVERY {
            self.forget(now);
        }
        let (mut written, mut series) = (Counts::default(), WrittenSeries::default());
        let mut refused = 0;
        for place in 0..request.len() {
            request.read(place, &mut series)?;
            self.take_series(request, place, &series, registrar, now, &mut refused)?;
            written.samples += series.samples.len() as u64;
            written.histograms += series.histograms.len() as u64;
            written.exemplars += series.exemplars as u64;
            if place % SERIES_AT_ONCE == SERIES_AT_ONCE - 1 {
                tokio::task::yield_now().await;
            }
        }
        registrar.health().received(written.samples + written.histograms);
        registrar.health().refused(refused);
        Ok(written)
    }

    fn take_series(
        &mut self,
        request: &WrittenRequest<'_>,
        place: usize,
        written: &WrittenSeries,
        registrar: &Registrar,
        now: Timestamp,
        refused: &mut u64,
    ) -> Result<(), BadMessage> {
        let slot = if let Some(slot) = self.series.get_mut(&*written.key) {
            slot
        } else {
            let length = written.key.len();
            let has_room = length <= MAX_KEY_BYTES && self.key_bytes + length <= MAX_KEYS_BYTES;
            let labels = request.labels(place)?;
            let kept = if has_room { self.identify(&labels, written, registrar, now) } else { None };
            let Some(kept) = kept else {
                if !has_room && self.reported.insert(Reported::LongLabels) {
                    let what = format!("a series whose labels have {length} bytes is left out");
                    registrar.report(&format!(
                        "{what}: {MAX_KEY_BYTES} are allowed, {MAX_KEYS_BYTES} for all. Further ones are counted"
                    ));
                }
                *refused += (written.samples.len() + written.histograms.len()) as u64;
                return Ok(());
            };
            self.key_bytes += length;
            self.series.entry(written.key.as_slice().into()).or_insert(Slot { kept, last: now })
        };
        slot.last = now;
        let at = |millis: i64| Timestamp::from_micros(millis.saturating_mul(1_000));
        let Self { known, rows, waiting, reported, .. } = self;
        let mut add = |place: Place, value: f64, time: Timestamp| {
            if time > now + MAX_AHEAD {
                *refused += 1;
                if reported.insert(Reported::TimeAhead) {
                    registrar.report(&TimeAhead(time.since(now)));
                }
                return;
            }
            known.observe(place, time, registrar);
            rows.add(place, value, Some(time));
            *waiting += 1;
        };
        match slot.kept {
            Kept::At(place) => {
                let is_stale = |value: f64| value.to_bits() == STALE_BITS;
                written.samples.iter().for_each(|&(millis, value)| add(place, value, at(millis)));
                if written.samples.last().is_some_and(|(_, value)| is_stale(*value)) {
                    self.series.remove(&*written.key);
                    self.key_bytes -= written.key.len();
                    self.known.end(place, registrar, now);
                }
            }
            Kept::Parts(count, sum) => {
                let is_stale = |histogram: &WrittenHistogram| histogram.sum.to_bits() == STALE_BITS;
                for histogram in written.histograms.iter().filter(|histogram| !is_stale(histogram)) {
                    add(count, histogram.count, at(histogram.millis));
                    add(sum, histogram.sum, at(histogram.millis));
                }
                if written.histograms.last().is_some_and(is_stale) {
                    self.series.remove(&*written.key);
                    self.key_bytes -= written.key.len();
                    for place in [count, sum] {
                        self.known.end(place, registrar, now);
                    }
                }
            }
            Kept::Dropped => {}
        }
        Ok(())
    }

    /// Places a series that is new.
    fn identify(
        &mut self,
        labels: &[(&str, &str)],
        written: &WrittenSeries,
        registrar: &Registrar,
        now: Timestamp,
    ) -> Option<Kept> {
        let Some((_, name)) = labels.iter().find(|(name, value)| *name == METRIC_NAME && !value.is_empty()) else {
            if self.reported.insert(Reported::NoName) {
                registrar.report(&format!("a series without a name is left out: {labels:?}. Further ones are counted"));
            }
            return None;
        };
        let is_kept = |name: &str| name != METRIC_NAME && !self.drop_labels.iter().any(|dropped| dropped == name);
        let labels: Vec<(String, String)> = labels
            .iter()
            .filter(|(name, value)| is_kept(name) && !value.is_empty())
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let is_repeated =
            |(place, (name, _)): (usize, &(String, String))| labels[..place].iter().any(|(other, _)| other == name);
        if labels.iter().enumerate().any(is_repeated) {
            return None;
        }
        self.is_outdated |= self.constant.take(&labels);
        let shown = self.constant.shown(&labels);
        let role = match written.of {
            Some(of) if of != MetricType::Unknown => of.role_of(name),
            _ => self.types.described(name).0,
        };
        let mut place = |name: &str, kind, is_detail: bool| {
            let metric = Metric { name, unit: unit_of(name, None), kind, prominence: prominence_of(name, is_detail) };
            self.known.place(&metric, shown.clone(), labels.clone(), registrar, now)
        };
        if written.samples.is_empty() && !written.histograms.is_empty() {
            let count = place(&format!("{name}_count"), SeriesKind::Counter, false);
            let sum = place(&format!("{name}_sum"), SeriesKind::Counter, false);
            return count.zip(sum).map(|(count, sum)| Kept::Parts(count, sum));
        }
        let (kind, is_detail) = match role {
            Shown::Created => return Some(Kept::Dropped),
            Shown::Value(kind) => (kind, false),
            Shown::Part(kind) => (kind, true),
        };
        place(name, kind, is_detail).map(Kept::At)
    }

    /// Places all series again.
    fn forget(&mut self, now: Timestamp) {
        (self.is_outdated, self.forgot_at, self.key_bytes) = (false, now, 0);
        let places = self.series.drain().flat_map(|(_, slot)| slot.kept.places());
        self.leaving.extend(places.map(|place| (place, now)));
    }

    /// The rows so far.
    pub(super) fn settle(&mut self, registrar: &Registrar, now: Timestamp) -> Vec<Batch> {
        if now.since(self.looked_at) >= LOOK_EVERY {
            self.looked_at = now;
            self.end_silent(registrar, now);
        }
        self.waiting = 0;
        self.rows.take(now, &self.known).0
    }

    fn end_silent(&mut self, registrar: &Registrar, now: Timestamp) {
        for (place, _) in self.leaving.extract_if(.., |(_, left)| now.since(*left) >= LEAVES_AFTER) {
            self.known.end(place, registrar, now);
        }
        let Self { series, known, key_bytes, .. } = self;
        series.retain(|key, slot| {
            let interval = match slot.kept {
                Kept::At(place) | Kept::Parts(place, _) => known.interval(place.group),
                Kept::Dropped => Interval::ZERO,
            };
            let ends_after = Interval::from_micros(interval.micros().saturating_mul(ENDS_AFTER_INTERVALS));
            let is_living = now.since(slot.last) <= ends_after.max(ENDS_AFTER);
            if !is_living {
                *key_bytes -= key.len();
                slot.kept.places().for_each(|place| known.end(place, registrar, now));
            }
            is_living
        });
    }
}
