//! Made-up signals: as many series as wanted, as fast as wanted, the same for the same seed.
//!
//! # Layout
//! - `timetable`: when each row is
//! - `signal`: the shapes, a value a row
//! - `measure`: units, and how a group's values are scaled to them
//!
//! Putting history in place and catching up after a stall are one thing: rows that are due and not sent yet.

mod measure;
mod signal;
mod timetable;

use std::time::{Duration, Instant};

use protocol::{GroupId, Interval, SeriesId, Timestamp};

use self::measure::Measure;
use self::signal::{Shape, Signal};
use self::timetable::Timetable;
use super::{Outlet, SourceError, SyntheticSpec};
use crate::clock;
use crate::ingest::batch::{Batch, BatchColumn};
use crate::stream::catalog::{Group, Series};

/// 120 a second: twice a display's rate, so that a viewer's frame never waits for rows that are due.
const SHORTEST_NAP: Duration = Duration::from_nanos(1_000_000_000 / 120);
/// Keeps a batch of eight series within one message, and a stop from waiting for a long catch-up.
const MAX_BATCH_ROWS: u64 = 1_000;
/// How long to wait for a row that is further off than the clock can say.
const LONGEST_NAP: Duration = Duration::from_hours(1);

/// Makes signals up.
#[derive(Debug)]
pub struct SyntheticSource {
    spec: SyntheticSpec,
}

struct Panel {
    group: GroupId,
    measure: Measure,
    series: Vec<(SeriesId, Signal)>,
}

impl SyntheticSource {
    /// A source of the groups, series and rates that `spec` names.
    pub fn new(spec: &SyntheticSpec) -> Self {
        Self { spec: spec.clone() }
    }

    /// Puts history in place, then sends rows as they fall due, until the server stops.
    ///
    /// # Errors
    /// [`SourceError::Stopped`] when the server stops, [`SourceError::Catalog`] when something cannot be registered.
    pub fn run(self, outlet: &Outlet) -> Result<(), SourceError> {
        let prefill = self.spec.prefill;
        let mut panels = self.register(outlet)?;
        let started = Instant::now();
        let prefill_us = u64::try_from(prefill.as_micros()).unwrap_or(u64::MAX);
        let timetable = Timetable::new(clock::now() - Interval::from_micros(prefill_us), self.spec.hz);

        let mut sent = 0;
        loop {
            let woke = Instant::now();
            let due = timetable.rows_due(prefill + started.elapsed());
            while sent < due {
                let upto = due.min(sent + MAX_BATCH_ROWS);
                let times: Vec<Timestamp> = (sent..upto).map(|row| timetable.time(row)).collect();
                for panel in &mut panels {
                    outlet.send(panel.batch(&times))?;
                }
                sent = upto;
                // Past already: only asks whether to stop.
                outlet.wait_until(woke)?;
            }
            let next_row = started.checked_add(timetable.offset(sent).saturating_sub(prefill));
            outlet.wait_until(next_row.unwrap_or(woke + LONGEST_NAP).max(woke + SHORTEST_NAP))?;
        }
    }

    fn register(&self, outlet: &Outlet) -> Result<Vec<Panel>, SourceError> {
        let digits = self.spec.groups.to_string().len().max(2);
        let interval = Interval::from_micros((1e6 / self.spec.hz).round() as u64);
        let mut panels = Vec::new();
        for group_number in 0..self.spec.groups {
            let measure = Measure::of_group(group_number);
            let number = format!("{:0digits$}", group_number + 1);
            let group = outlet.group(Group {
                name: format!("synthetic.{number}"),
                title: format!("Synthetic {number}"),
                unit: measure.unit.to_owned(),
                interval,
                bounds: measure.bounds,
            })?;
            let mut series = Vec::new();
            for series_number in 0..self.spec.series {
                let shape = Shape::of_series(series_number);
                let id = outlet.series(Series {
                    group,
                    name: format!("{} {}", shape.name(), series_number + 1),
                    kind: shape.kind(),
                    labels: vec![("shape".to_owned(), shape.name().to_owned())],
                })?;
                series.push((id, Signal::new(shape, self.spec.seed, group_number, series_number, self.spec.hz)));
            }
            panels.push(Panel { group, measure, series });
        }
        Ok(panels)
    }
}

impl Panel {
    /// The next rows.
    fn batch(&mut self, times: &[Timestamp]) -> Batch {
        let measure = self.measure;
        let columns = self.series.iter_mut().map(|(series, signal)| {
            let values = times.iter().map(|_| measure.value(signal.next())).collect();
            BatchColumn { series: *series, values }
        });
        Batch { group: self.group, columns: columns.collect(), times: times.to_vec() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::thread;

    use tokio::sync::mpsc;

    use super::*;
    use crate::ingest::stop_signal;
    use crate::stream::catalog::Catalog;

    /// Every group's rows in one batch, at least `rows` of them, as a running source sends them.
    fn run(spec: &SyntheticSpec, rows: usize) -> (Catalog, BTreeMap<GroupId, Batch>) {
        let catalog = Catalog::default();
        let (sender, mut batches) = mpsc::channel(16);
        let (stopper, signal) = stop_signal();
        let outlet = Outlet::new(catalog.clone(), sender, signal);
        let source = SyntheticSource::new(spec);
        let running = thread::spawn(move || source.run(&outlet));
        let mut groups: BTreeMap<GroupId, Batch> = BTreeMap::new();
        while groups.len() < spec.groups as usize || groups.values().any(|batch| batch.rows() < rows) {
            let batch = batches.blocking_recv().expect("runs until it is stopped");
            assert!(batch.rows() as u64 <= MAX_BATCH_ROWS);
            if let Some(whole) = groups.get_mut(&batch.group) {
                whole.append(batch).expect("the same columns");
            } else {
                groups.insert(batch.group, batch);
            }
        }
        stopper.stop();
        while batches.blocking_recv().is_some() {}
        assert!(matches!(running.join().expect("does not panic"), Err(SourceError::Stopped(_))));
        (catalog, groups)
    }

    fn spec() -> SyntheticSpec {
        SyntheticSpec { groups: 3, series: 7, hz: 1_000.0, prefill: Duration::from_secs(2), seed: 7 }
    }

    /// Equal, NaN included.
    fn bits(batch: &Batch, rows: usize) -> Vec<Vec<u64>> {
        let columns = batch.columns.iter();
        columns.map(|column| column.values[..rows].iter().map(|value| value.to_bits()).collect()).collect()
    }

    #[test]
    fn rows_go_on_from_history_to_live_without_a_hole_or_an_overlap() {
        let began = clock::now();
        let (_, groups) = run(&spec(), 2_300);
        for batch in groups.values() {
            let first = batch.times[0];
            assert!(first + Interval::from_secs(2) >= began, "history reaches back no further than asked");
            for (row, &time) in batch.times.iter().enumerate() {
                assert_eq!(time, first + Interval::from_millis(row as u64), "row {row}");
            }
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_values_however_they_are_cut_into_batches() {
        let (_, ours) = run(&spec(), 2_300);
        let (_, theirs) = run(&SyntheticSpec { prefill: Duration::from_millis(2_150), ..spec() }, 2_300);
        let (_, others) = run(&SyntheticSpec { seed: 8, ..spec() }, 2_300);
        for (group, batch) in &ours {
            assert_eq!(bits(batch, 2_300), bits(&theirs[group], 2_300));
            for (ours, others) in bits(batch, 2_300).into_iter().zip(bits(&others[group], 2_300)) {
                assert_ne!(ours, others);
            }
        }
    }

    #[test]
    fn groups_are_numbered_and_a_ratio_stays_a_ratio() {
        let (catalog, groups) = run(&SyntheticSpec { groups: 7, prefill: Duration::from_mins(1), ..spec() }, 60_000);
        let described = catalog.whole();
        assert_eq!(described.groups[0].1.name, "synthetic.01");
        assert_eq!(described.groups[6].1.title, "Synthetic 07");
        let mut ratios = 0;
        for (id, group) in &described.groups {
            if group.unit == "1" {
                ratios += 1;
                let values = groups[id].columns.iter().flat_map(|column| &column.values);
                assert!(values.filter(|value| !value.is_nan()).all(|value| (0.0..=1.0).contains(value)));
            }
        }
        assert!(ratios > 0);
    }
}
