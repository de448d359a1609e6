//! Generated signals: any number of series at any rate, equal for equal seeds.
//!
//! | file | subject |
//! | --- | --- |
//! | `timetable` | the time of each row |
//! | `signal` | the shapes, a value a row |
//! | `delay` | rows that are sent late |
//! | `measure` | units, and the scale of a group's values |
//!
//! Prefilling history and catching up after a stall use one path: rows that are due and not sent yet.

mod delay;
mod measure;
mod signal;
mod timetable;

use std::time::{Duration, Instant};

use protocol::{GroupId, Interval, SeriesId, Timestamp};
use serde::{Deserialize, Deserializer};

use self::delay::Delay;
use self::measure::Measure;
use self::signal::{Shape, Signal};
use self::timetable::Timetable;
use super::batch::{Batch, BatchColumn};
use super::blocking::{Blocking, BlockingContext, BlockingSource};
use super::context::Registrar;
use super::registry::{Group, RegisterError, Series};
use super::settings::{self, SourceSettings};
use super::source::{Source, SourceError};
use crate::clock;
use crate::telemetry::Telemetry;

/// 120 a second: twice a display's rate, so that a display frame never waits for rows that are due.
const MIN_SLEEP: Duration = Duration::from_nanos(1_000_000_000 / 120);
/// A wait for a row that is further away than the clock can express.
const MAX_SLEEP: Duration = Duration::from_hours(1);
/// A batch of eight series fits one message, and a stop does not wait for a long catch-up.
const MAX_BATCH_ROWS: u64 = 1_000;
/// Wide groups have shorter batches, which the queue does not divide.
const MAX_BATCH_VALUES: u64 = 16_384;

const MAX_GROUPS: u32 = 10_000;
const MAX_SERIES: u32 = protocol::limits::MAX_GROUP_SERIES as u32;
const MAX_PREFILL: Duration = Duration::from_hours(24);
const MAX_LATE: Duration = Duration::from_mins(5);

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SyntheticSettings {
    #[serde(deserialize_with = "groups")]
    pub groups: u32,
    #[serde(deserialize_with = "series")]
    pub series: u32,
    /// Rows a second in each group.
    #[serde(deserialize_with = "settings::hz")]
    pub hz: f64,
    /// The length of the history at the start.
    #[serde(deserialize_with = "prefill")]
    pub prefill: Duration,
    /// Equal seeds give equal signals.
    #[serde(deserialize_with = "seed")]
    pub seed: u64,
    /// Every eighth row is sent this much late, as by a network that reorders.
    #[serde(deserialize_with = "late")]
    pub late: Duration,
    /// Rows that are sent later than this are dropped.
    #[serde(deserialize_with = "merge_window")]
    pub merge_window: Duration,
}

fn groups<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    settings::whole_number(deserializer, "groups", &(1..=MAX_GROUPS))
}

fn series<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    settings::whole_number(deserializer, "series", &(1..=MAX_SERIES))
}

fn prefill<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    settings::duration(deserializer, "prefill", MAX_PREFILL)
}

fn late<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    settings::duration(deserializer, "late", MAX_LATE)
}

fn merge_window<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    settings::duration(deserializer, "merge_window", MAX_LATE)
}

fn seed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    settings::whole_number(deserializer, "seed", &(0..=u64::MAX))
}

impl Default for SyntheticSettings {
    fn default() -> Self {
        let (late, merge_window) = (Duration::ZERO, Duration::ZERO);
        Self { groups: 12, series: 8, hz: 100.0, prefill: Duration::from_mins(1), seed: 1, late, merge_window }
    }
}

impl SourceSettings for SyntheticSettings {
    fn source(&self, _telemetry: &Telemetry) -> Box<dyn Source> {
        Box::new(Blocking::new("synthetic", SyntheticSource { settings: self.clone() }))
    }

    fn known_series(&self) -> usize {
        self.groups as usize * self.series as usize
    }
}

#[derive(Debug)]
struct SyntheticSource {
    settings: SyntheticSettings,
}

struct SyntheticGroup {
    id: GroupId,
    measure: Measure,
    series: Vec<(SeriesId, Signal)>,
    delay: Delay,
}

impl BlockingSource for SyntheticSource {
    fn merge_window(&self) -> Interval {
        Interval::from_micros(u64::try_from(self.settings.merge_window.as_micros()).unwrap_or(u64::MAX))
    }

    fn run(self, context: &BlockingContext) -> Result<(), SourceError> {
        let prefill = self.settings.prefill;
        let mut groups = self.register(&context.registrar)?;
        let started = Instant::now();
        let prefill_us = u64::try_from(prefill.as_micros()).unwrap_or(u64::MAX);
        let timetable = Timetable::new(clock::now() - Interval::from_micros(prefill_us), self.settings.hz);

        let batch_rows = (MAX_BATCH_VALUES / u64::from(self.settings.series)).clamp(1, MAX_BATCH_ROWS);
        let mut sent = 0;
        loop {
            let woke = Instant::now();
            let due = timetable.rows_due(prefill + started.elapsed());
            while sent < due {
                let end = due.min(sent + batch_rows);
                let times: Vec<Timestamp> = (sent..end).map(|row| timetable.time(row)).collect();
                for group in &mut groups {
                    let batch = group.batch(&times);
                    for batch in group.delay.order(batch, sent) {
                        context.send(batch)?;
                    }
                }
                sent = end;
                // The time is past: this call only checks whether the server stops.
                context.wait_until(woke)?;
            }
            let next_row = started.checked_add(timetable.offset(sent).saturating_sub(prefill));
            context.wait_until(next_row.unwrap_or(woke + MAX_SLEEP).max(woke + MIN_SLEEP))?;
        }
    }
}

impl SyntheticSource {
    fn register(&self, registrar: &Registrar) -> Result<Vec<SyntheticGroup>, RegisterError> {
        let digits = self.settings.groups.to_string().len().max(2);
        let interval = Interval::from_micros((1e6 / self.settings.hz).round() as u64);
        let groups = (0..self.settings.groups).map(|group| {
            let measure = Measure::of_group(group);
            let number = format!("{:0digits$}", group + 1);
            let id = registrar.group(Group {
                name: format!("synthetic.{number}"),
                title: format!("Synthetic {number}"),
                unit: measure.unit.to_owned(),
                interval,
                bounds: measure.bounds,
                ..Group::default()
            })?;
            let series = (0..self.settings.series).map(|series| self.register_series(registrar, id, group, series));
            let delay = Delay::new((self.settings.late.as_secs_f64() * self.settings.hz).ceil() as u64);
            Ok(SyntheticGroup { id, measure, series: series.collect::<Result<_, _>>()?, delay })
        });
        groups.collect()
    }

    fn register_series(
        &self,
        registrar: &Registrar,
        group: GroupId,
        group_number: u32,
        series_number: u32,
    ) -> Result<(SeriesId, Signal), RegisterError> {
        let shape = Shape::of_series(series_number);
        let number = (series_number + 1).to_string();
        let id = registrar.series(Series {
            group,
            name: format!("{} {number}", shape.name()),
            kind: shape.kind(),
            labels: vec![("shape".to_owned(), shape.name().to_owned()), ("number".to_owned(), number)],
        })?;
        Ok((id, Signal::new(shape, self.settings.seed, group_number, series_number, self.settings.hz)))
    }
}

impl SyntheticGroup {
    fn batch(&mut self, times: &[Timestamp]) -> Batch {
        let measure = self.measure;
        let columns = self.series.iter_mut().map(|(series, signal)| {
            let values = times.iter().map(|_| measure.value(signal.next())).collect();
            BatchColumn { series: *series, values }
        });
        Batch { group: self.id, columns: columns.collect(), times: times.to_vec() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::sync::Arc;

    use super::*;
    use crate::ingest::batch_queue::batch_queue;
    use crate::ingest::context::Stopped;
    use crate::ingest::test_registry::TestRegistry;

    /// Every group's rows in one batch, at least `rows` of them, as a running source sends them.
    async fn run(settings: &SyntheticSettings, rows: usize) -> (Arc<TestRegistry>, BTreeMap<GroupId, Batch>) {
        let registry = Arc::new(TestRegistry::default());
        let (sender, mut batches) = batch_queue();
        let context = registry.context(sender);
        let cancellation = context.cancellation.clone();
        let running = tokio::spawn(settings.source(&Telemetry::default()).run(context));
        let mut groups: BTreeMap<GroupId, Batch> = BTreeMap::new();
        while groups.len() < settings.groups as usize || groups.values().any(|batch| batch.rows() < rows) {
            let batch = batches.recv().await.expect("runs until it is stopped");
            assert!(batch.rows() as u64 <= MAX_BATCH_ROWS);
            if let Some(whole) = groups.get_mut(&batch.group) {
                whole.append(batch).expect("the same columns");
            } else {
                groups.insert(batch.group, batch);
            }
        }
        cancellation.cancel();
        while batches.recv().await.is_some() {}
        let ended = running.await.expect("does not panic");
        assert!(matches!(ended, Err(SourceError::Stopped(Stopped))), "{ended:?}");
        (registry, groups)
    }

    fn settings() -> SyntheticSettings {
        let prefill = Duration::from_secs(2);
        SyntheticSettings { groups: 3, series: 7, hz: 1_000.0, prefill, seed: 7, ..SyntheticSettings::default() }
    }

    fn bits(batch: &Batch, rows: usize) -> Vec<Vec<u64>> {
        let columns = batch.columns.iter();
        columns.map(|column| column.values[..rows].iter().map(|value| value.to_bits()).collect()).collect()
    }

    #[tokio::test]
    async fn rows_continue_from_history_to_live_without_a_hole_or_an_overlap() {
        let began = clock::now();
        let (_, groups) = run(&settings(), 2_300).await;
        for batch in groups.values() {
            let first = batch.times[0];
            assert!(first + Interval::from_secs(2) >= began, "history reaches back no further than asked");
            for (row, &time) in batch.times.iter().enumerate() {
                assert_eq!(time, first + Interval::from_millis(row as u64), "row {row}");
            }
        }
    }

    #[tokio::test]
    async fn the_same_seed_gives_the_same_values_in_batches_of_any_size() {
        let (_, ours) = run(&settings(), 2_300).await;
        let (_, theirs) = run(&SyntheticSettings { prefill: Duration::from_millis(2_150), ..settings() }, 2_300).await;
        let (_, others) = run(&SyntheticSettings { seed: 8, ..settings() }, 2_300).await;
        for (group, batch) in &ours {
            assert_eq!(bits(batch, 2_300), bits(&theirs[group], 2_300));
            for (ours, others) in bits(batch, 2_300).into_iter().zip(bits(&others[group], 2_300)) {
                assert_ne!(ours, others);
            }
        }
    }

    #[tokio::test]
    async fn groups_are_numbered_and_ratios_stay_between_0_and_1() {
        let (registry, groups) =
            run(&SyntheticSettings { groups: 7, prefill: Duration::from_mins(1), ..settings() }, 60_000).await;
        let described = registry.groups();
        assert_eq!((described[0].name.as_str(), described[6].title.as_str()), ("synthetic.01", "Synthetic 07"));
        let mut ratios = 0;
        for (id, group) in (1..).map(GroupId).zip(&described) {
            if group.unit == "1" {
                ratios += 1;
                let values = groups[&id].columns.iter().flat_map(|column| &column.values);
                assert!(values.filter(|value| !value.is_nan()).all(|value| (0.0..=1.0).contains(value)));
            }
        }
        assert!(ratios > 0);
    }

    #[tokio::test]
    async fn every_series_of_a_group_has_its_own_label_set() {
        let (registry, _) = run(&SyntheticSettings { groups: 1, series: 30, ..settings() }, 1).await;
        let labels: BTreeSet<_> = registry.series().into_iter().map(|series| series.labels).collect();
        assert_eq!(labels.len(), 30);
    }
}
