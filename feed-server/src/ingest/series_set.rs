//! A group whose series change from reading to reading: network interfaces, processes, the labels of a scrape.

use std::collections::BTreeMap;
use std::fmt;

use protocol::limits::MAX_NAME_BYTES;
use protocol::{GroupId, SeriesId, SeriesKind, Timestamp};

use crate::ingest::batch::Batch;
use crate::ingest::context::Registrar;
use crate::ingest::registry::{Group, RegisterError, Series};

/// Limit on the series of one reading; the rest is left out. Half of what a group may have: the others are those that ended lately.
pub const MAX_LIVE: usize = 1_024;

/// The subject of one series of a set, such as a process.
pub trait SeriesKey: Clone + Ord {
    fn name(&self) -> String;

    /// Unique within the set.
    fn labels(&self) -> Vec<(String, String)>;

    fn kind(&self) -> SeriesKind {
        SeriesKind::Gauge
    }
}

/// The only series of a group: it needs no label.
impl SeriesKey for &'static str {
    fn name(&self) -> String {
        (*self).to_owned()
    }

    fn labels(&self) -> Vec<(String, String)> {
        Vec::new()
    }
}

/// A label, whose value is also the name.
impl SeriesKey for (&'static str, &'static str) {
    fn name(&self) -> String {
        self.1.to_owned()
    }

    fn labels(&self) -> Vec<(String, String)> {
        vec![(self.0.to_owned(), self.1.to_owned())]
    }
}

/// A group, and the series of the last reading.
#[derive(Debug)]
pub struct SeriesSet<K> {
    description: Group,
    group: Option<GroupId>,
    live: BTreeMap<K, Live>,
    readings: u64,
    is_reported: bool,
}

#[derive(Debug)]
struct Live {
    series: SeriesId,
    last_reading: u64,
}

impl<K: SeriesKey> SeriesSet<K> {
    /// The group is not registered before it has a series or [`SeriesSet::register`] is called.
    pub const fn new(description: Group) -> Self {
        Self { description, group: None, live: BTreeMap::new(), readings: 0, is_reported: false }
    }

    /// Registers the group before it has series, so that a page shows it in its place.
    ///
    /// # Errors
    /// The errors of [`Registrar::group`].
    pub fn register(&mut self, registrar: &Registrar) -> Result<GroupId, RegisterError> {
        if let Some(group) = self.group {
            return Ok(group);
        }
        Ok(*self.group.insert(registrar.group(self.description.clone())?))
    }

    /// The group's id, once it is registered.
    pub const fn id(&self) -> Option<GroupId> {
        self.group
    }

    /// Changes the group's title for display.
    ///
    /// # Errors
    /// The errors of [`Registrar::group`].
    pub fn entitle(&mut self, registrar: &Registrar, title: String) -> Result<(), RegisterError> {
        if self.description.title == title {
            return Ok(());
        }
        self.description.title = title;
        if self.group.is_some() {
            registrar.group(self.description.clone())?;
        }
        Ok(())
    }

    /// Sets the keys of the rows that follow. Registers new and returning keys, and ends those that are missing. Returns the series of
    /// each key in the order given: `None` for a key that is repeated or beyond a limit.
    ///
    /// # Errors
    /// If the group or a series exceeds a limit, except the limit on the number of series.
    pub fn hold(
        &mut self,
        registrar: &Registrar,
        keys: impl IntoIterator<Item = K>,
    ) -> Result<Vec<Option<SeriesId>>, RegisterError> {
        self.readings += 1;
        let mut columns = Vec::new();
        let mut keys = keys.into_iter();
        for key in keys.by_ref().take(MAX_LIVE) {
            let is_repeated = self.live.get(&key).is_some_and(|live| live.last_reading == self.readings);
            columns.push(if is_repeated { None } else { self.series_within_limits(registrar, key)? });
        }
        let beyond = keys.count();
        self.report_beyond(registrar, beyond);
        columns.resize(columns.len() + beyond, None);
        self.end_gone(registrar);
        Ok(columns)
    }

    /// Takes one reading, with each key at most once. Registers new and returning keys, ends those that are missing, and
    /// returns a row of the values, if any. A key without a value is only registered.
    ///
    /// # Errors
    /// If the group or a series exceeds a limit, except the limit on the number of series: series beyond it are left out.
    pub fn row(
        &mut self,
        registrar: &Registrar,
        time: Timestamp,
        reading: impl IntoIterator<Item = (K, Option<f64>)>,
    ) -> Result<Option<Batch>, RegisterError> {
        self.readings += 1;
        let mut row = Vec::new();
        let mut reading = reading.into_iter();
        for (key, value) in reading.by_ref().take(MAX_LIVE) {
            let series = self.series_within_limits(registrar, key)?;
            row.extend(series.zip(value));
        }
        self.report_beyond(registrar, reading.count());
        self.end_gone(registrar);
        Ok(self.group.filter(|_| !row.is_empty()).map(|group| Batch::row(group, time, row)))
    }

    /// `None` if there are too many series.
    fn series_within_limits(&mut self, registrar: &Registrar, key: K) -> Result<Option<SeriesId>, RegisterError> {
        match self.series(registrar, key) {
            Ok(series) => Ok(Some(series)),
            Err(error @ (RegisterError::GroupFull { .. } | RegisterError::Full { .. })) => {
                self.report_once(registrar, &error);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn series(&mut self, registrar: &Registrar, key: K) -> Result<SeriesId, RegisterError> {
        if let Some(live) = self.live.get_mut(&key) {
            live.last_reading = self.readings;
            return Ok(live.series);
        }
        let labels = key.labels().into_iter().map(|(name, value)| (cut(name), cut(value))).collect();
        let mut described =
            Series { group: self.register(registrar)?, name: cut(key.name()), kind: key.kind(), labels };
        let series = match registrar.series(described.clone()) {
            // The group had no series for so long that it was forgotten.
            Err(RegisterError::NoSuchGroup(_)) => {
                self.group = None;
                described.group = self.register(registrar)?;
                registrar.series(described)?
            }
            registered => registered?,
        };
        self.live.insert(key, Live { series, last_reading: self.readings });
        Ok(series)
    }

    fn end_gone(&mut self, registrar: &Registrar) {
        let readings = self.readings;
        let gone: Vec<SeriesId> =
            self.live.extract_if(.., |_, live| live.last_reading != readings).map(|(_, live)| live.series).collect();
        for series in gone {
            // Two keys may share a series: labels are cut.
            if self.live.values().all(|live| live.series != series) {
                registrar.end(series);
            }
        }
    }

    fn report_beyond(&mut self, registrar: &Registrar, beyond: usize) {
        if beyond > 0 {
            let group = &self.description.name;
            let error =
                format!("{beyond} series of group {group:?} are left out: a reading must have at most {MAX_LIVE}");
            self.report_once(registrar, &error);
        }
    }

    /// The next reading finds the same limit again.
    fn report_once(&mut self, registrar: &Registrar, error: &impl fmt::Display) {
        if !std::mem::replace(&mut self.is_reported, true) {
            registrar.report(error);
        }
    }
}

/// Names come from the system and may have any length.
fn cut(mut name: String) -> String {
    name.truncate(name.floor_char_boundary(MAX_NAME_BYTES));
    name
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use protocol::limits::MAX_GROUP_SERIES;
    use protocol::{Bounds, Interval};

    use super::*;
    use crate::ingest::health::SourceHealth;
    use crate::ingest::test_registry::TestRegistry;

    fn group() -> Group {
        let (name, title, unit) = ("g".into(), "G".into(), "By".into());
        Group { name, title, unit, interval: Interval::from_millis(100), bounds: Bounds::FromZero, ..Group::default() }
    }

    struct Stage<K> {
        registry: Arc<TestRegistry>,
        registrar: Registrar,
        set: SeriesSet<K>,
    }

    impl<K: SeriesKey> Stage<K> {
        fn new() -> Self {
            let registry = Arc::new(TestRegistry::default());
            let registrar = Registrar::new(Arc::<TestRegistry>::clone(&registry), SourceHealth::new("test"), 1);
            Self { registry, registrar, set: SeriesSet::new(group()) }
        }

        fn row(&mut self, reading: impl IntoIterator<Item = (K, Option<f64>)>) -> Option<Batch> {
            self.set.row(&self.registrar, Timestamp::default(), reading).expect("registers")
        }
    }

    #[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
    struct Numbered(usize);

    impl SeriesKey for Numbered {
        fn name(&self) -> String {
            "ü".repeat(MAX_NAME_BYTES) + &self.0.to_string()
        }

        fn labels(&self) -> Vec<(String, String)> {
            vec![("number".to_owned(), self.0.to_string())]
        }
    }

    #[test]
    fn a_set_without_series_registers_nothing() {
        let mut stage = Stage::<&'static str>::new();
        assert_eq!(stage.row([]), None);
        assert_eq!(stage.registry.groups(), []);
    }

    #[test]
    fn a_key_without_a_value_is_registered_and_has_no_column() {
        let mut stage = Stage::new();
        assert_eq!(stage.row([(("part", "b"), None), (("part", "a"), None)]), None);
        assert_eq!(stage.registry.live(), 2);
        assert_eq!(stage.row([(("part", "b"), Some(1.0)), (("part", "a"), None)]).expect("a row").columns.len(), 1);
    }

    #[test]
    fn a_series_ends_with_its_key_and_is_revived_under_the_same_id() {
        let mut stage = Stage::new();
        let (a, b) = (("part", "a"), ("part", "b"));
        let first = stage.row([(a, Some(1.0)), (b, Some(2.0))]).expect("a row");
        stage.row([(a, Some(1.0))]);
        assert_eq!((stage.registry.live(), stage.registrar.health().status().series), (1, 1));
        assert_eq!(stage.row([(a, Some(1.0)), (b, Some(2.0))]).expect("a row").columns, first.columns);
        assert_eq!((stage.registry.live(), stage.registrar.health().status().series), (2, 2));
    }

    #[test]
    fn held_keys_have_their_series_in_the_order_given() {
        let mut stage = Stage::new();
        let [a, b, c] = ["a", "b", "c"].map(|name| ("part", name));
        let mut hold = |keys: &[(&'static str, &'static str)]| {
            stage.set.hold(&stage.registrar, keys.iter().copied()).expect("registers")
        };
        let first = hold(&[a, b]);
        let second = hold(&[c, b, b, a]);
        assert_eq!((second[1], second[2], second[3]), (first[1], None, first[0]), "a repeated key has one series");
        assert_eq!(hold(&[c]), [second[0]]);
        assert_eq!(stage.registry.live(), 1, "the others have ended");
    }

    #[test]
    fn a_group_that_was_forgotten_is_registered_again() {
        let mut stage = Stage::new();
        stage.row([(("part", "a"), Some(1.0))]);
        stage.row([]);
        stage.registry.forget_groups();
        assert!(stage.row([(("part", "b"), Some(2.0))]).is_some());
        assert_eq!(stage.registry.groups().len(), 1);
    }

    #[test]
    fn a_title_that_changes_is_registered() {
        let mut stage = Stage::new();
        stage.set.entitle(&stage.registrar, "Before".into()).expect("is held");
        stage.row([(("part", "a"), Some(1.0))]);
        stage.set.entitle(&stage.registrar, "After".into()).expect("registers");
        let titles: Vec<_> = stage.registry.groups().into_iter().map(|group| group.title).collect();
        assert_eq!(titles.last().map(String::as_str), Some("After"), "{titles:?}");
    }

    #[test]
    fn keys_beyond_a_limit_are_left_out_and_reported_once() {
        let mut stage = Stage::new();
        let row = stage.row((0..MAX_LIVE + 3).map(|number| (Numbered(number), Some(0.0)))).expect("a row");
        assert_eq!(row.columns.len(), MAX_LIVE);
        let reported = stage.registrar.health().status().last_error.expect("a report");
        assert_eq!(reported, "3 series of group \"g\" are left out: a reading must have at most 1024");
    }

    #[test]
    fn a_full_group_leaves_out_new_keys_and_keeps_the_others() {
        let mut stage = Stage::new();
        stage.registry.limit(MAX_GROUP_SERIES);
        for reading in 0..4 {
            stage.row((0..2 * MAX_LIVE).map(|number| (Numbered(reading * 10_000 + number), None)));
        }
        assert_eq!(stage.registry.series().len(), MAX_GROUP_SERIES);
    }
}
