//! Registers the groups and series of a source, within its limits.

use std::collections::{HashMap, VecDeque};

use protocol::limits::MAX_LABELS;
use protocol::{GroupId, Interval, SeriesId, Timestamp};

use super::metric::Metric;
use crate::ingest::context::Registrar;
use crate::ingest::names::{fitted, plain};
use crate::ingest::registry::{Group, RegisterError, Series};
use crate::ingest::row_interval::RowInterval;

/// Of one source. A page has a panel for each.
const MAX_GROUPS: usize = 1_024;
/// A series that has ended counts for so long: it stays in the catalog until its samples leave the history.
const COUNTS_AFTER_END: Interval = Interval::from_secs(600);

/// Where the samples of a series go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// In the order of registration.
    pub group: usize,
    pub series: SeriesId,
}

/// The groups and living series of a source.
#[derive(Debug)]
pub struct KnownSeries {
    source: String,
    limit: usize,
    interval: Interval,
    estimates_intervals: bool,
    groups: Vec<KnownGroup>,
    by_name: HashMap<String, usize>,
    /// The number of users of each living series: two label sets may become one.
    living: HashMap<SeriesId, usize>,
    /// The times at which series ended, oldest first.
    ended: VecDeque<Timestamp>,
    /// A series beyond a limit has been named.
    is_over: bool,
}

#[derive(Debug)]
struct KnownGroup {
    id: GroupId,
    described: Group,
    interval: RowInterval,
    /// The interval is that of this series, whose last sample has this time.
    followed: Option<(SeriesId, Timestamp)>,
}

impl KnownSeries {
    /// `source` begins the names of its groups. `interval` is the intended time from row to row.
    pub fn new(source: &str, limit: usize, interval: Interval) -> Self {
        let (groups, by_name, living, ended, is_over) = Default::default();
        let (source, estimates_intervals) = (source.to_owned(), false);
        Self { source, limit, interval, estimates_intervals, groups, by_name, living, ended, is_over }
    }

    /// Estimates the time from row to row, beginning with the interval that was given.
    #[must_use]
    pub fn estimating_intervals(self) -> Self {
        Self { estimates_intervals: true, ..self }
    }

    /// The place of a series that is new to the caller. `name` is for display. `None` if it is beyond a limit: the first one is named. The caller must
    /// [`end`](Self::end) it.
    pub fn place(
        &mut self,
        metric: &Metric<'_>,
        name: String,
        labels: Vec<(String, String)>,
        registrar: &Registrar,
        now: Timestamp,
    ) -> Option<Place> {
        while self.ended.front().is_some_and(|ended| now.since(*ended) > COUNTS_AFTER_END) {
            self.ended.pop_front();
            self.is_over = false;
        }
        match self.register(metric, name, labels, registrar) {
            Ok(place) => Some(place),
            Err(refusal) => {
                if !std::mem::replace(&mut self.is_over, true) {
                    registrar.report(&refusal);
                }
                None
            }
        }
    }

    fn register(
        &mut self,
        metric: &Metric<'_>,
        name: String,
        mut labels: Vec<(String, String)>,
        registrar: &Registrar,
    ) -> Result<Place, Refusal> {
        if self.living.len() + self.ended.len() >= self.limit {
            return Err(Refusal::Series { series: described(metric, &labels), limit: self.limit });
        }
        if labels.len() > MAX_LABELS {
            return Err(Refusal::Labels { series: described(metric, &labels), found: labels.len() });
        }
        for (name, value) in &mut labels {
            (*name, *value) = (fitted(std::mem::take(name)), fitted(std::mem::take(value)));
        }
        let (name, kind) = (fitted(name), metric.kind);
        let group = self.group(metric, registrar)?;
        let mut series = Series { group: self.groups[group].id, name, kind, labels };
        let id = match registrar.series(series.clone()) {
            // The group had no series for so long that it was forgotten.
            Err(RegisterError::NoSuchGroup(_)) => {
                series.group = registrar.group(self.groups[group].described.clone())?;
                self.groups[group].id = series.group;
                registrar.series(series)
            }
            registered => registered,
        }?;
        *self.living.entry(id).or_insert(0) += 1;
        Ok(Place { group, series: id })
    }

    fn group(&mut self, metric: &Metric<'_>, registrar: &Registrar) -> Result<usize, Refusal> {
        if let Some(&group) = self.by_name.get(metric.name) {
            let mut described = self.description(metric);
            described.interval = self.groups[group].described.interval;
            if self.groups[group].described != described {
                registrar.group(described.clone())?;
                self.groups[group].described = described;
            }
            return Ok(group);
        }
        if self.groups.len() >= MAX_GROUPS {
            return Err(Refusal::Groups { group: metric.name.to_owned() });
        }
        let described = self.description(metric);
        let id = registrar.group(described.clone())?;
        let known = (!self.estimates_intervals).then_some(self.interval);
        self.groups.push(KnownGroup {
            id,
            described,
            interval: RowInterval::new(known, self.interval),
            followed: None,
        });
        self.by_name.insert(metric.name.to_owned(), self.groups.len() - 1);
        Ok(self.groups.len() - 1)
    }

    fn description(&self, metric: &Metric<'_>) -> Group {
        Group {
            name: fitted(format!("{}.{}", self.source, plain(metric.name))),
            title: fitted(metric.name.to_owned()),
            unit: metric.unit.to_owned(),
            interval: self.interval,
            bounds: metric.bounds(),
            prominence: metric.prominence,
            rank: metric.rank(),
        }
    }

    pub fn group_id(&self, group: usize) -> GroupId {
        self.groups[group].id
    }

    /// Takes the time of a sample, for the estimate of the interval of its group.
    ///
    /// Hot: once per sample with a time of its own.
    pub fn observe(&mut self, place: Place, time: Timestamp, registrar: &Registrar) {
        let group = &mut self.groups[place.group];
        let (series, before) = *group.followed.get_or_insert((place.series, time));
        if series != place.series || before >= time {
            return;
        }
        group.followed = Some((series, time));
        group.interval.add(1, Some(before), time);
        if let Some(interval) = group.interval.take_change() {
            group.described.interval = interval;
            if let Err(error) = registrar.group(group.described.clone()) {
                registrar.report(&error);
            }
        }
    }

    /// The interval of a group.
    pub fn interval(&self, group: usize) -> Interval {
        self.groups[group].interval.stated()
    }

    /// Ends a series that was placed, at `time`, unless another user has placed it too.
    pub fn end(&mut self, series: SeriesId, registrar: &Registrar, time: Timestamp) {
        let Some(users) = self.living.get_mut(&series) else { return };
        *users -= 1;
        if *users == 0 {
            self.living.remove(&series);
            for group in self.groups.iter_mut().filter(|group| group.followed.is_some_and(|(of, _)| of == series)) {
                group.followed = None;
            }
            self.ended.push_back(time);
            registrar.end_at(series, time);
        }
    }
}

/// The reason why a series is refused.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error(
        "series {series} is left out: `series` of this source allows {limit}, with those that ended in the last {} minutes. Raise it, or remove \
         labels that change. Further ones are counted",
        COUNTS_AFTER_END.micros() / 60_000_000
    )]
    Series { series: String, limit: usize },
    #[error(
        "series {series} is left out: a series must have at most {MAX_LABELS} labels, found {found}. Further ones are counted"
    )]
    Labels { series: String, found: usize },
    #[error(
        "metric {group} is left out: a source has at most {MAX_GROUPS} metrics. Drop those that you do not need. Further ones are counted"
    )]
    Groups { group: String },
    #[error(transparent)]
    Register(#[from] RegisterError),
}

/// A series as Prometheus writes it.
fn described(metric: &Metric<'_>, labels: &[(String, String)]) -> String {
    let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    format!("{}{{{}}}", metric.name, labels.join(","))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use protocol::{Prominence, SeriesKind};

    use super::*;
    use crate::ingest::health::SourceHealth;
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
        stage.known.end(place.series, &stage.registrar, Timestamp::default());
        assert_eq!(stage.registry.live(), 1);
        stage.known.end(place.series, &stage.registrar, Timestamp::default());
        assert_eq!(stage.registry.live(), 0);
        stage.known.end(place.series, &stage.registrar, Timestamp::default());
    }

    #[test]
    fn series_beyond_the_limit_are_refused_and_the_first_is_named() {
        let mut stage = Stage::new(2);
        let place = stage.place("a", &[("b", "1")], 0).expect("a place");
        assert!(stage.place("a", &[("b", "2")], 0).is_some());
        assert_eq!(stage.place("a", &[("b", "3")], 0), None);
        let error = stage.error().expect("an error");
        assert!(error.starts_with("series a{b=\"3\"} is left out: `series` of this source allows 2"), "{error}");
        stage.known.end(place.series, &stage.registrar, Timestamp::from_micros(1_000_000));
        assert_eq!(stage.place("a", &[("b", "3")], 2), None, "the one that has ended still counts");
        assert!(stage.place("a", &[("b", "3")], 700).is_some());
    }

    #[test]
    fn too_many_groups_and_labels_are_refused() {
        let mut stage = Stage::new(10_000);
        let labels: Vec<String> = (0..33).map(|number| format!("l{number}")).collect();
        let labels: Vec<(&str, &str)> = labels.iter().map(|name| (name.as_str(), "x")).collect();
        assert!(stage.place("a", &labels[..32], 0).is_some() && stage.place("a", &labels, 0).is_none());
        assert!(stage.error().is_some_and(|error| error.contains("at most 32 labels, found 33")));
        let placed = (0..2_000).filter(|number| stage.place(&format!("m{number}"), &[], 0).is_some()).count();
        assert_eq!(placed, MAX_GROUPS - 1);
    }

    #[test]
    fn a_group_that_was_forgotten_is_registered_again() {
        let mut stage = Stage::new(10);
        let place = stage.place("a", &[("b", "1")], 0).expect("a place");
        stage.known.end(place.series, &stage.registrar, Timestamp::default());
        stage.registry.forget_groups();
        assert!(stage.place("a", &[("b", "2")], 0).is_some());
        assert_eq!(stage.registry.groups().len(), 1);
    }
}
