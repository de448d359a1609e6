//! What is known of each series, and the samples that are not sent yet.

use std::collections::HashMap;
use std::mem;

use protocol::{Interval, SeriesKind, Timestamp};

use super::request::{WrittenRequest, WrittenSeries};
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
/// Ended series are looked for this often, and series beyond a limit are tried again.
const LOOK_EVERY: Interval = Interval::from_secs(30);
/// So many series are read before other tasks run: half a millisecond.
const SERIES_AT_ONCE: usize = 500;

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
    /// Placed before the description changed: they end when the next request has been taken.
    leaving: Vec<Place>,
    looked_at: Timestamp,
    /// A series without a name has been reported.
    is_nameless_reported: bool,
    /// A time ahead of the clock has been reported.
    is_ahead_reported: bool,
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
    /// Beyond a limit, or without a name.
    Refused,
}

impl Kept {
    fn places(self) -> impl Iterator<Item = Place> {
        let places = match self {
            Self::At(place) => [Some(place), None],
            Self::Parts(count, sum) => [Some(count), Some(sum)],
            Self::Dropped | Self::Refused => [None, None],
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
        let (rows, series, types, leaving, looked_at) = Default::default();
        let (drop_labels, waiting, number) = (settings.drop_labels.clone(), 0, 0);
        let (is_nameless_reported, is_ahead_reported) = (false, false);
        Self {
            drop_labels,
            known,
            rows,
            waiting,
            series,
            types,
            number,
            leaving,
            looked_at,
            is_nameless_reported,
            is_ahead_reported,
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
            if self.types.take(Described::Type(name, of), self.number) != Change::None {
                self.forget();
            }
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
            let kept = self.identify(&request.labels(place)?, written, registrar, now);
            self.series.entry(written.key.as_slice().into()).or_insert(Slot { kept, last: now })
        };
        slot.last = now;
        let at = |millis: i64| Timestamp::from_micros(millis.saturating_mul(1_000));
        let Self { known, rows, waiting, is_ahead_reported, .. } = self;
        let mut add = |place: Place, value: f64, time: Timestamp| {
            if time > now + MAX_AHEAD {
                *refused += 1;
                if !mem::replace(is_ahead_reported, true) {
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
                    self.known.end(place, registrar, now);
                }
            }
            Kept::Parts(count, sum) => {
                for histogram in &written.histograms {
                    add(count, histogram.count, at(histogram.millis));
                    add(sum, histogram.sum, at(histogram.millis));
                }
            }
            Kept::Dropped => {}
            Kept::Refused => *refused += (written.samples.len() + written.histograms.len()) as u64,
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
    ) -> Kept {
        let Some((_, name)) = labels.iter().find(|(name, value)| *name == METRIC_NAME && !value.is_empty()) else {
            if !mem::replace(&mut self.is_nameless_reported, true) {
                registrar.report(&format!("a series without a name is left out: {labels:?}. Further ones are counted"));
            }
            return Kept::Refused;
        };
        let is_kept = |name: &str| name != METRIC_NAME && !self.drop_labels.iter().any(|dropped| dropped == name);
        let labels: Vec<(String, String)> = labels
            .iter()
            .filter(|(name, value)| is_kept(name) && !value.is_empty())
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let shown: Vec<&str> = labels.iter().map(|(_, value)| value.as_str()).collect();
        let shown = shown.join(" ");
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
            return count.zip(sum).map_or(Kept::Refused, |(count, sum)| Kept::Parts(count, sum));
        }
        let (kind, is_detail) = match role {
            Shown::Created => return Kept::Dropped,
            Shown::Value(kind) => (kind, false),
            Shown::Part(kind) => (kind, true),
        };
        place(name, kind, is_detail).map_or(Kept::Refused, Kept::At)
    }

    /// Places all series again.
    fn forget(&mut self) {
        self.leaving.extend(self.series.drain().flat_map(|(_, slot)| slot.kept.places()));
    }

    /// The rows so far.
    pub(super) fn settle(&mut self, registrar: &Registrar, now: Timestamp) -> Vec<Batch> {
        for place in mem::take(&mut self.leaving) {
            self.known.end(place, registrar, now);
        }
        if now.since(self.looked_at) >= LOOK_EVERY {
            self.looked_at = now;
            self.end_silent(registrar, now);
        }
        self.waiting = 0;
        self.rows.take(now, &self.known).0
    }

    fn end_silent(&mut self, registrar: &Registrar, now: Timestamp) {
        let Self { series, known, .. } = self;
        series.retain(|_, slot| {
            let interval = match slot.kept {
                Kept::At(place) | Kept::Parts(place, _) => known.interval(place.group),
                Kept::Dropped => Interval::ZERO,
                // To be tried again.
                Kept::Refused => return false,
            };
            let ends_after = Interval::from_micros(interval.micros().saturating_mul(ENDS_AFTER_INTERVALS));
            let is_living = now.since(slot.last) <= ends_after.max(ENDS_AFTER);
            if !is_living {
                slot.kept.places().for_each(|place| known.end(place, registrar, now));
            }
            is_living
        });
    }
}
