//! Registers the series of a source, within its limits.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};

use protocol::limits::MAX_LABELS;
use protocol::{GroupId, Interval, SeriesId, Timestamp};

use super::known_groups::KnownGroups;
use super::metric::Metric;
use super::place::Place;
use super::refusal::{Refusal, described};
use crate::ingest::context::Registrar;
use crate::ingest::names::fitted;
use crate::ingest::registry::{RegisterError, Series};

/// A series that has ended counts for so long: it stays in the catalog until its samples leave the history.
const COUNTS_AFTER_END: Interval = Interval::from_secs(600);

/// The groups and series of a source.
#[derive(Debug)]
pub struct KnownSeries {
    limit: usize,
    groups: KnownGroups,
    hasher: RandomState,
    /// By the hash of metric and labels. Those that have ended count too, for a while.
    series: HashMap<u64, Known>,
    keys: HashMap<SeriesId, u64>,
    /// Oldest first. A series may have begun again since.
    ended: VecDeque<(Timestamp, u64)>,
    /// A series beyond a limit has been named.
    is_over: bool,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    series: SeriesId,
    /// Two label sets may become one series.
    users: usize,
    ended: Timestamp,
}

impl KnownSeries {
    /// `source` begins the names of its groups. `interval` is the intended time from row to row.
    pub fn new(source: &str, limit: usize, interval: Interval) -> Self {
        let (hasher, series, keys, ended, is_over) = Default::default();
        Self { limit, groups: KnownGroups::new(source, interval), hasher, series, keys, ended, is_over }
    }

    /// Estimates the time from row to row, beginning with the interval that was given.
    #[must_use]
    pub fn estimating_intervals(mut self) -> Self {
        self.groups.estimates_intervals = true;
        self
    }

    /// The place of a series that is new to the caller. `name` is for display. `None` if it is beyond a limit: the first one is named. The caller must
    /// [`end`](Self::end) each place that it gets.
    pub fn place(
        &mut self,
        metric: &Metric<'_>,
        name: String,
        mut labels: Vec<(String, String)>,
        registrar: &Registrar,
        now: Timestamp,
    ) -> Option<Place> {
        self.forget_ended(now);
        labels.sort_unstable();
        let key = self.hasher.hash_one((metric.name, &labels));
        match self.register(key, metric, name, labels, registrar, now) {
            Ok(place) => Some(place),
            Err(refusal) => {
                if !std::mem::replace(&mut self.is_over, true) {
                    registrar.report(&refusal);
                }
                None
            }
        }
    }

    fn forget_ended(&mut self, now: Timestamp) {
        while let Some(&(ended, key)) = self.ended.front()
            && now.since(ended) > COUNTS_AFTER_END
        {
            self.ended.pop_front();
            if let Some(known) = self.series.get(&key)
                && known.users == 0
                && known.ended == ended
            {
                self.keys.remove(&known.series);
                self.series.remove(&key);
                self.is_over = false;
            }
        }
    }

    fn register(
        &mut self,
        key: u64,
        metric: &Metric<'_>,
        name: String,
        mut labels: Vec<(String, String)>,
        registrar: &Registrar,
        now: Timestamp,
    ) -> Result<Place, Refusal> {
        // One that lives, or has ended, is there already.
        if self.series.len() >= self.limit && !self.series.contains_key(&key) {
            return Err(Refusal::Series { series: described(metric, &labels), limit: self.limit });
        }
        if labels.len() > MAX_LABELS {
            return Err(Refusal::Labels { series: described(metric, &labels), found: labels.len() });
        }
        for (name, value) in &mut labels {
            (*name, *value) = (fitted(std::mem::take(name)), fitted(std::mem::take(value)));
        }
        let (name, kind) = (fitted(name), metric.kind);
        let group = self.groups.group(metric, registrar, now)?;
        let mut described = Series { group: self.groups.id(group), name, kind, labels };
        let series = match registrar.series(described.clone()) {
            Err(RegisterError::NoSuchGroup(_)) => {
                described.group = self.groups.register_again(group, registrar)?;
                registrar.series(described)
            }
            registered => registered,
        }?;
        let known = self.series.entry(key).or_insert(Known { series, users: 0, ended: now });
        known.series = series;
        known.users += 1;
        if known.users == 1 {
            self.groups.began(group);
        }
        self.keys.insert(series, key);
        Ok(Place { group, series })
    }

    pub fn group_id(&self, group: usize) -> GroupId {
        self.groups.id(group)
    }

    /// Takes the time of a sample, for the estimate of the interval of its group.
    ///
    /// Hot: once per sample with a time of its own.
    pub fn observe(&mut self, place: Place, time: Timestamp, registrar: &Registrar) {
        self.groups.observe(place, time, registrar);
    }

    /// The interval of a group.
    pub fn interval(&self, group: usize) -> Interval {
        self.groups.interval(group)
    }

    /// Ends a series that was placed, at `time`, unless another user has placed it too.
    pub fn end(&mut self, place: Place, registrar: &Registrar, time: Timestamp) {
        let Some(&key) = self.keys.get(&place.series) else { return };
        let Some(known) = self.series.get_mut(&key).filter(|known| known.users > 0) else { return };
        known.users -= 1;
        if known.users == 0 {
            known.ended = time;
            self.ended.push_back((time, key));
            self.groups.ended(place, time);
            registrar.end_at(place.series, time);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use protocol::{Prominence, SeriesKind};

    use super::*;
    use crate::ingest::health::SourceHealth;
    use crate::ingest::known_metrics::known_groups::MAX_GROUPS;
    use crate::ingest::test_registry::TestRegistry;

    struct Stage {
        registry: Arc<TestRegistry>,
        registrar: Registrar,
        known: KnownSeries,
    }

    impl Stage {
        fn new(limit: usize) -> Self {
            let registry = Arc::new(TestRegistry::default());
            let registrar = Registrar::new(Arc::<TestRegistry>::clone(&registry), SourceHealth::new("test"), 1);
            Self { registry, registrar, known: KnownSeries::new("job", limit, Interval::from_secs(1)) }
        }

        fn place(&mut self, name: &str, labels: &[(&str, &str)], second: i64) -> Option<Place> {
            let (kind, prominence) = (SeriesKind::Gauge, Prominence::Overview);
            let metric = Metric { name, unit: "1", kind, prominence };
            let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            self.known.place(
                &metric,
                "x".to_owned(),
                labels,
                &self.registrar,
                Timestamp::from_micros(second * 1_000_000),
            )
        }

        fn error(&self) -> Option<String> {
            self.registrar.health().status().last_error
        }
    }

    #[test]
    fn a_metric_is_a_group_and_a_label_set_a_series() {
        let mut stage = Stage::new(10);
        let first = stage.place("a", &[("b", "1"), ("job", "j")], 0).expect("a place");
        let same = stage.place("a", &[("b", "1"), ("job", "j")], 0).expect("a place");
        let other = stage.place("a", &[("b", "2")], 0).expect("a place");
        let elsewhere = stage.place("b", &[("b", "2")], 0).expect("a place");
        assert_eq!(first, same);
        assert_eq!((first.group, other.group, elsewhere.group), (0, 0, 1));
        let groups: Vec<_> = stage.registry.groups().into_iter().map(|group| (group.name, group.title)).collect();
        assert_eq!(groups, [("job.a".to_owned(), "a".to_owned()), ("job.b".to_owned(), "b".to_owned())]);
    }

    #[test]
    fn a_series_of_two_users_ends_with_the_last() {
        let mut stage = Stage::new(10);
        let place = stage.place("a", &[], 0).expect("a place");
        stage.place("a", &[], 0);
        stage.known.end(place, &stage.registrar, Timestamp::default());
        assert_eq!(stage.registry.live(), 1);
        stage.known.end(place, &stage.registrar, Timestamp::default());
        assert_eq!(stage.registry.live(), 0);
        stage.known.end(place, &stage.registrar, Timestamp::default());
    }

    #[test]
    fn series_beyond_the_limit_are_refused_and_the_first_is_named() {
        let mut stage = Stage::new(2);
        let place = stage.place("a", &[("b", "1")], 0).expect("a place");
        assert!(stage.place("a", &[("b", "2")], 0).is_some());
        assert_eq!(stage.place("a", &[("b", "3")], 0), None);
        let error = stage.error().expect("an error");
        assert!(error.starts_with("series a{b=\"3\"} is left out: `series` of this source allows 2"), "{error}");
        stage.known.end(place, &stage.registrar, Timestamp::from_micros(1_000_000));
        assert_eq!(stage.place("a", &[("b", "3")], 2), None, "the one that has ended still counts");
        let again = stage.place("a", &[("b", "1")], 3).expect("its own place");
        assert_eq!(again.series, place.series);
        stage.known.end(again, &stage.registrar, Timestamp::from_micros(4_000_000));
        assert!(stage.place("a", &[("b", "3")], 700).is_some());
    }

    #[test]
    fn too_many_groups_and_labels_are_refused() {
        let mut stage = Stage::new(10_000);
        let labels: Vec<String> = (0..33).map(|number| format!("l{number}")).collect();
        let labels: Vec<(&str, &str)> = labels.iter().map(|name| (name.as_str(), "x")).collect();
        assert!(stage.place("a", &labels[..32], 0).is_some() && stage.place("a", &labels, 0).is_none());
        assert!(stage.error().is_some_and(|error| error.contains("at most 32 labels, found 33")));
        let placed: Vec<Place> = (0..2_000).filter_map(|number| stage.place(&format!("m{number}"), &[], 0)).collect();
        assert_eq!(placed.len(), MAX_GROUPS - 1);
        stage.known.end(placed[7], &stage.registrar, Timestamp::from_micros(1_000_000));
        assert_eq!(stage.place("new", &[], 2), None, "rows of the one that has ended may wait");
        assert_eq!(stage.place("new", &[], 70).map(|place| place.group), Some(placed[7].group));
        assert_eq!(stage.place("m7", &[], 71), None);
    }

    #[test]
    fn a_group_that_was_forgotten_is_registered_again() {
        let mut stage = Stage::new(10);
        let place = stage.place("a", &[("b", "1")], 0).expect("a place");
        stage.known.end(place, &stage.registrar, Timestamp::default());
        stage.registry.forget_groups();
        assert!(stage.place("a", &[("b", "2")], 0).is_some());
        assert_eq!(stage.registry.groups().len(), 1);
    }
}
