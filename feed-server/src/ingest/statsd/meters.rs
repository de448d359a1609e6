//! The state of each series.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::hash::{BuildHasher, RandomState};

use protocol::{Interval, Prominence, SeriesKind, Timestamp};

use super::line::{Metric as Written, Value};
use super::timer::{TickSummary, Timer};
use crate::ingest::batch::Batch;
use crate::ingest::context::Registrar;
use crate::ingest::known_metrics::{KnownSeries, Metric, OpenRows, Place, unit_of};

/// A series without datagrams for this long has ended.
const ENDS_AFTER: Interval = Interval::from_secs(600);
/// Members of a set in one second. Further ones are not told apart.
const MAX_MEMBERS: usize = 65_536;
/// Ticks of a second.
const TICKS: u32 = 10;

#[derive(Debug)]
pub(super) struct Meters {
    known: KnownSeries,
    rows: OpenRows,
    hasher: RandomState,
    /// By kind, name and tags.
    places: HashMap<Box<str>, usize>,
    states: Vec<Meter>,
    /// Timers of which this datagram has values.
    touched: Vec<usize>,
    key: String,
    /// The type under which each name came first.
    types: HashMap<Box<str>, &'static str>,
    tick: u32,
    refused: u64,
}

#[derive(Debug)]
struct Meter {
    last: Timestamp,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The total.
    Counter(Place, f64),
    /// The level.
    Gauge(Place, f64),
    Set {
        place: Place,
        members: HashSet<u64>,
        /// Those of the last second.
        count: usize,
    },
    Timer(Box<TimerMeter>),
}

#[derive(Debug)]
struct TimerMeter {
    place: Place,
    timer: Timer,
    name: String,
    unit: &'static str,
    shown: String,
    labels: Vec<(String, String)>,
    /// The rate, and the summary: minimum, median, 99th percentile, maximum.
    summary: Option<[Place; 5]>,
}

impl Meters {
    pub(super) fn new(source: &str, series: usize, tick: Interval) -> Self {
        let known = KnownSeries::new(source, series, tick).estimating_intervals();
        let (rows, hasher, places, states, touched, key, types, tick, refused) = Default::default();
        Self { known, rows, hasher, places, states, touched, key, types, tick, refused }
    }

    /// Takes the values of a line.
    ///
    /// Hot: once per line.
    pub(super) fn add(&mut self, written: &Written<'_>, registrar: &Registrar, now: Timestamp) {
        for value in &written.values {
            let Some(place) = self.place(written, *value, registrar, now) else {
                self.refused += 1;
                continue;
            };
            let meter = &mut self.states[place];
            meter.last = now;
            match (&mut meter.state, *value) {
                (State::Counter(_, total), Value::Count(more)) if (*total + more).is_finite() => *total += more,
                (State::Gauge(_, level), Value::Level(new)) => *level = new,
                (State::Gauge(_, level), Value::Change(by)) if (*level + by).is_finite() => *level += by,
                (State::Set { members, .. }, Value::Member(member)) if members.len() < MAX_MEMBERS => {
                    members.insert(self.hasher.hash_one(member));
                }
                (State::Timer(meter), Value::Time { value, count, .. }) => {
                    meter.timer.add(value, count);
                    if self.touched.last() != Some(&place) {
                        self.touched.push(place);
                    }
                }
                // A sum that is no number. The key contains the kind.
                _ => self.refused += 1,
            }
        }
    }

    /// The number of the meter of a value; `None` if it is beyond a limit.
    fn place(
        &mut self,
        written: &Written<'_>,
        value: Value<'_>,
        registrar: &Registrar,
        now: Timestamp,
    ) -> Option<usize> {
        self.key.clear();
        self.key.push_str(type_of(value));
        self.key.push('\0');
        self.key.push_str(&written.name);
        for (name, value) in &written.tags {
            let _infallible = write!(self.key, "\0{name}\0{value}");
        }
        if let Some(&place) = self.places.get(self.key.as_str()) {
            return Some(place);
        }
        let state = self.begin(written, value, registrar, now)?;
        self.states.push(Meter { last: now, state });
        let place = self.states.len() - 1;
        self.places.insert(self.key.as_str().into(), place);
        Some(place)
    }

    fn begin(
        &mut self,
        written: &Written<'_>,
        value: Value<'_>,
        registrar: &Registrar,
        now: Timestamp,
    ) -> Option<State> {
        let labels: Vec<(String, String)> =
            written.tags.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let shown = written.tags.iter().map(|(_, value)| *value).collect::<Vec<_>>().join(" ");
        let (kind, unit) = match value {
            Value::Count(_) => (SeriesKind::Counter, "1"),
            Value::Time { unit: "ms", .. } => (SeriesKind::Gauge, "ms"),
            _ => (SeriesKind::Gauge, unit_of(&written.name, None)),
        };
        // Values of several types under one name are several metrics.
        let of_type = self.types.entry(written.name.as_str().into()).or_insert_with(|| type_of(value));
        let name = if *of_type == type_of(value) {
            written.name.clone()
        } else {
            format!("{}.{}", written.name, type_of(value))
        };
        let metric = Metric { name: &name, unit, kind, prominence: Prominence::Overview };
        let place = self.known.place(&metric, shown.clone(), labels.clone(), registrar, now)?;
        Some(match value {
            Value::Count(_) => State::Counter(place, 0.0),
            Value::Level(_) | Value::Change(_) => State::Gauge(place, 0.0),
            Value::Member(_) => State::Set { place, members: HashSet::new(), count: 0 },
            Value::Time { .. } => {
                let (timer, summary) = (Timer::default(), None);
                State::Timer(Box::new(TimerMeter { place, timer, name, unit, shown, labels, summary }))
            }
        })
    }

    /// Ends a datagram that came at `now`: the values of its timers have times.
    pub(super) fn end_datagram(&mut self, registrar: &Registrar, now: Timestamp) {
        let Self { states, known, rows, touched, .. } = self;
        for place in touched.drain(..) {
            let State::Timer(meter) = &mut states[place].state else { continue };
            for (time, value) in meter.timer.end_datagram(now) {
                known.observe(meter.place, time, registrar);
                rows.add(meter.place, value, Some(time));
            }
        }
    }

    /// Ends a tick: the rows since the last one.
    pub(super) fn end_tick(&mut self, registrar: &Registrar, now: Timestamp) -> Vec<Batch> {
        self.tick = (self.tick + 1) % TICKS;
        let is_second = self.tick == 0;
        let Self { states, known, rows, .. } = self;
        for meter in states {
            let (place, value) = match &mut meter.state {
                State::Counter(place, total) => (*place, *total),
                State::Gauge(place, level) => (*place, *level),
                State::Set { place, members, count } => {
                    if is_second {
                        *count = members.len();
                        members.clear();
                    }
                    (*place, *count as f64)
                }
                State::Timer(meter) => {
                    meter.end_tick(known, rows, registrar, now);
                    continue;
                }
            };
            known.observe(place, now, registrar);
            rows.add(place, value, None);
        }
        if is_second {
            self.end_silent(registrar, now);
        }
        self.rows.take(now, &self.known).0
    }

    /// Values of series beyond a limit since the last call.
    pub(super) const fn take_refused(&mut self) -> u64 {
        std::mem::replace(&mut self.refused, 0)
    }

    fn end_silent(&mut self, registrar: &Registrar, now: Timestamp) {
        let is_silent = |meter: &Meter| now.since(meter.last) > ENDS_AFTER;
        if !self.states.iter().any(is_silent) {
            return;
        }
        let mut new_places = Vec::with_capacity(self.states.len());
        let mut kept = Vec::with_capacity(self.states.len());
        for meter in self.states.drain(..) {
            if is_silent(&meter) {
                new_places.push(None);
                meter.state.places().for_each(|place| self.known.end(place, registrar, now));
            } else {
                new_places.push(Some(kept.len()));
                kept.push(meter);
            }
        }
        self.states = kept;
        // A name begins again with any type.
        let Self { types, places, .. } = self;
        if types.len() > 2 * places.len() + 1_000 {
            types.clear();
        }
        self.places.retain(|_, place| match new_places[*place] {
            Some(new) => {
                *place = new;
                true
            }
            None => false,
        });
    }
}

const fn type_of(value: Value<'_>) -> &'static str {
    match value {
        Value::Count(_) => "count",
        Value::Level(_) | Value::Change(_) => "level",
        Value::Time { .. } => "time",
        Value::Member(_) => "members",
    }
}

impl State {
    fn places(&self) -> impl Iterator<Item = Place> {
        let (first, more) = match self {
            Self::Counter(place, _) | Self::Gauge(place, _) | Self::Set { place, .. } => (*place, None),
            Self::Timer(meter) => (meter.place, meter.summary),
        };
        std::iter::once(first).chain(more.into_iter().flatten())
    }
}

impl TimerMeter {
    fn end_tick(&mut self, known: &mut KnownSeries, rows: &mut OpenRows, registrar: &Registrar, now: Timestamp) {
        let (summary, is_beginning) = self.timer.end_tick();
        if is_beginning {
            registrar.report(&format!(
                "timer {} has more than 2,000 values a second: its rate, minimum, median, 99th percentile and maximum are sent ten times a \
                 second in place of each value",
                self.name
            ));
        }
        let Some(TickSummary { count, min, median, p99, max }) = summary else { return };
        self.summary = self.summary.or_else(|| self.place_summary(known, registrar, now));
        if self.summary.is_none() {
            registrar.health().refused(count as u64);
        }
        for (place, value) in self.summary.into_iter().flatten().zip([count * f64::from(TICKS), min, median, p99, max])
        {
            known.observe(place, now, registrar);
            rows.add(place, value, None);
        }
    }

    fn place_summary(&self, known: &mut KnownSeries, registrar: &Registrar, now: Timestamp) -> Option<[Place; 5]> {
        let mut place = |end: &str, unit, part: &str| {
            let (name, mut labels) = (format!("{}.{end}", self.name), self.labels.clone());
            labels.push(("part".to_owned(), part.to_owned()));
            let metric = Metric { name: &name, unit, kind: SeriesKind::Gauge, prominence: Prominence::Overview };
            known.place(&metric, format!("{} {part}", self.shown).trim().to_owned(), labels, registrar, now)
        };
        let places = [
            place("rate", "1/s", "rate"),
            place("summary", self.unit, "min"),
            place("summary", self.unit, "median"),
            place("summary", self.unit, "p99"),
            place("summary", self.unit, "max"),
        ];
        if let [Some(rate), Some(min), Some(median), Some(p99), Some(max)] = places {
            return Some([rate, min, median, p99, max]);
        }
        for place in places.into_iter().flatten() {
            known.end(place, registrar, now);
        }
        None
    }
}
