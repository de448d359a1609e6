//! Collects samples and makes rows of them.

use std::collections::BTreeMap;

use protocol::{SeriesId, Timestamp};

use super::known_series::KnownSeries;
use super::place::Place;
use crate::ingest::batch::Batch;

type Values = Vec<(SeriesId, f64)>;

/// Samples that are not sent yet.
#[derive(Debug, Default)]
pub struct OpenRows {
    /// By group: those of the time at which the rows are taken.
    now: Vec<Values>,
    /// Those with times of their own.
    own: BTreeMap<(usize, Timestamp), Values>,
}

impl OpenRows {
    /// Adds a sample. One without a time has that at which the rows are taken. A value that is not a number is a hole.
    ///
    /// Hot: once per sample, watched by `benches/exposition.rs`.
    pub fn add(&mut self, place: Place, value: f64, time: Option<Timestamp>) {
        if value.is_nan() {
            return;
        }
        let values = if let Some(time) = time {
            self.own.entry((place.group, time)).or_default()
        } else {
            if self.now.len() <= place.group {
                self.now.resize_with(place.group + 1, Values::default);
            }
            &mut self.now[place.group]
        };
        values.push((place.series, value));
    }

    /// The rows so far, in order of time within each group. Of two values of a series at one time, the first stays; returns the number of others.
    pub fn take(&mut self, now: Timestamp, known: &KnownSeries) -> (Vec<Batch>, usize) {
        let of_now = self.now.iter_mut().enumerate().map(|(group, values)| ((group, now), std::mem::take(values)));
        let own = std::mem::take(&mut self.own).into_iter();
        let mut rows: Vec<_> = own.chain(of_now).filter(|(_, values)| !values.is_empty()).collect();
        rows.sort_by_key(|(place, _)| *place);
        let (mut batches, mut repeated): (Vec<Batch>, _) = (Vec::new(), 0);
        for ((group, time), mut values) in rows {
            let before = values.len();
            values.sort_by_key(|(series, _)| *series);
            values.dedup_by_key(|(series, _)| *series);
            repeated += before - values.len();
            let batch = Batch::row(known.group_id(group), time, values);
            let rest = match batches.last_mut() {
                Some(last) => last.append(batch).err(),
                None => Some(batch),
            };
            batches.extend(rest);
        }
        (batches, repeated)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use protocol::{Interval, Prominence, SeriesKind};

    use super::*;
    use crate::ingest::context::Registrar;
    use crate::ingest::health::SourceHealth;
    use crate::ingest::known_metrics::Metric;
    use crate::ingest::test_registry::TestRegistry;

    #[test]
    fn samples_of_one_time_are_a_row_and_those_with_times_have_their_own() {
        let registrar = Registrar::new(Arc::new(TestRegistry::default()), SourceHealth::new("test"), 1);
        let mut known = KnownSeries::new("job", 10, Interval::from_secs(1));
        let mut place = |name, label: &str| {
            let metric = Metric { name, unit: "1", kind: SeriesKind::Gauge, prominence: Prominence::Overview };
            let labels = vec![("l".to_owned(), label.to_owned())];
            known.place(&metric, label.to_owned(), labels, &registrar, Timestamp::default()).expect("a place")
        };
        let (a, b, other) = (place("m", "a"), place("m", "b"), place("n", "a"));
        let at = Timestamp::from_micros;
        let mut rows = OpenRows::default();
        for (place, value, time) in [
            (other, 5.0, None),
            (b, 2.0, None),
            (a, 1.0, None),
            (a, 9.0, None),
            (a, f64::NAN, Some(at(3))),
            (a, 7.0, Some(at(5))),
            (a, 8.0, Some(at(4))),
        ] {
            rows.add(place, value, time);
        }
        let (batches, repeated) = rows.take(at(10), &known);
        let group = known.group_id(a.group);
        let mut expected = Batch::row(group, at(4), [(a.series, 8.0)]);
        expected.append(Batch::row(group, at(5), [(a.series, 7.0)])).expect("is later");
        let now = Batch::row(group, at(10), [(a.series, 1.0), (b.series, 2.0)]);
        let third = Batch::row(known.group_id(other.group), at(10), [(other.series, 5.0)]);
        assert_eq!((batches, repeated), (vec![expected, now, third], 1));
        assert_eq!(rows.take(at(11), &known), (vec![], 0));
    }
}
