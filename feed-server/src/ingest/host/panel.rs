//! A group whose series come and go with what there is to measure.

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::limits::MAX_NAME_BYTES;
use protocol::{Bounds, GroupId, Interval, SeriesId, SeriesKind, Timestamp};

use super::Pace;
use super::resolution::Resolution;
use crate::ingest::batch::Batch;
use crate::ingest::{Outlet, SourceError};
use crate::stream::catalog::{CatalogError, Group, Series};

/// Series that a panel shows at once. More than a large machine has cores; a host with thousands of virtual interfaces
/// shows the first of them.
const MAX_LIVE: usize = 512;

/// What a series of a panel follows.
pub(super) trait Item: Clone + Ord {
    /// What a legend shows.
    fn name(&self) -> String;

    /// What tells it from its siblings.
    fn labels(&self) -> Vec<(String, String)> {
        Vec::new()
    }
}

impl Item for &'static str {
    fn name(&self) -> String {
        (*self).to_owned()
    }
}

/// A group, and the series in it that are alive.
#[derive(Debug)]
pub(super) struct Panel<I> {
    description: Group,
    group: Option<GroupId>,
    resolution: Resolution,
    live: BTreeMap<I, Live>,
    readings: u64,
}

#[derive(Debug)]
struct Live {
    series: SeriesId,
    last_seen: u64,
}

impl<I: Item> Panel<I> {
    /// A panel that is not registered until it has something to show.
    pub(super) fn new(name: &str, title: &str, unit: &str, pace: Pace, bounds: Bounds) -> Self {
        let description = Group {
            name: name.to_owned(),
            title: title.to_owned(),
            unit: unit.to_owned(),
            interval: interval(pace.interval()),
            bounds,
        };
        let resolution = Resolution::of_unit(unit);
        Self { description, group: None, resolution, live: BTreeMap::new(), readings: 0 }
    }

    /// Registers the group, so that its place on the page is taken before it has series.
    pub(super) fn register(&mut self, outlet: &Outlet) -> Result<GroupId, SourceError> {
        if let Some(group) = self.group {
            return Ok(group);
        }
        let group = outlet.group(self.description.clone())?;
        self.group = Some(group);
        Ok(group)
    }

    /// Shows one reading: registers items that are new, ends those that are gone, and sends a row of the values. An item
    /// without a value yet is registered only.
    pub(super) fn show(
        &mut self,
        outlet: &Outlet,
        time: Timestamp,
        reading: impl IntoIterator<Item = (I, Option<f64>)>,
    ) -> Result<(), SourceError> {
        self.readings += 1;
        let mut row = Vec::new();
        for (item, value) in reading.into_iter().take(MAX_LIVE) {
            let series = self.series(outlet, item)?;
            row.extend(series.zip(value.map(|value| self.resolution.round(value))));
        }
        self.live.retain(|_, live| {
            let gone = live.last_seen != self.readings;
            if gone {
                outlet.end(live.series);
            }
            !gone
        });
        if let Some(group) = self.group.filter(|_| !row.is_empty()) {
            outlet.send(Batch::row(group, time, row))?;
        }
        Ok(())
    }

    /// The item's series; none when there is no room for it, perhaps for those that ended lately.
    fn series(&mut self, outlet: &Outlet, item: I) -> Result<Option<SeriesId>, SourceError> {
        if let Some(live) = self.live.get_mut(&item) {
            live.last_seen = self.readings;
            return Ok(Some(live.series));
        }
        let group = self.register(outlet)?;
        let labels = item.labels().into_iter().map(|(key, value)| (fit(key), fit(value))).collect();
        match outlet.series(Series { group, name: fit(item.name()), kind: SeriesKind::Gauge, labels }) {
            Ok(series) => {
                self.live.insert(item, Live { series, last_seen: self.readings });
                Ok(Some(series))
            }
            Err(error @ (CatalogError::GroupFull { .. } | CatalogError::Full { .. })) => {
                outlet.left_out(&error);
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// How often rows are intended, as the catalog says it.
fn interval(duration: Duration) -> Interval {
    Interval::from_micros(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
}

/// Names come from the system and may be of any length.
fn fit(mut name: String) -> String {
    name.truncate(name.floor_char_boundary(MAX_NAME_BYTES));
    name
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;
    use crate::ingest::stop_signal;
    use crate::stream::catalog::Catalog;

    struct Stage {
        catalog: Catalog,
        outlet: Outlet,
        batches: mpsc::Receiver<Batch>,
        panel: Panel<&'static str>,
    }

    fn stage() -> Stage {
        let catalog = Catalog::default();
        let (sender, batches) = mpsc::channel(64);
        let (_, signal) = stop_signal();
        let outlet = Outlet::new(catalog.clone(), sender, signal);
        let panel = Panel::new("g", "G", "By", Pace::Steady(Duration::from_millis(100)), Bounds::FromZero);
        Stage { catalog, outlet, batches, panel }
    }

    impl Stage {
        fn show(&mut self, second: i64, reading: &[(&'static str, Option<f64>)]) {
            let time = Timestamp::from_micros(second * 1_000_000);
            self.panel.show(&self.outlet, time, reading.iter().copied()).expect("not stopped");
        }

        fn names(&self) -> Vec<String> {
            self.catalog.whole().series.into_iter().map(|(_, series)| series.name).collect()
        }
    }

    #[test]
    fn a_panel_without_anything_to_show_is_not_registered() {
        let mut stage = stage();
        stage.show(1, &[]);
        assert_eq!(stage.catalog.len(), (0, 0));
        assert!(stage.batches.try_recv().is_err());
    }

    #[test]
    fn an_item_without_a_value_is_registered_and_sends_nothing() {
        let mut stage = stage();
        stage.show(1, &[("b", None), ("a", None)]);
        assert_eq!(stage.names(), ["b", "a"]);
        assert!(stage.batches.try_recv().is_err());
        stage.show(2, &[("b", Some(1.0)), ("a", None)]);
        assert_eq!(stage.batches.try_recv().expect("a row").columns.len(), 1);
    }

    #[test]
    fn what_vanishes_is_ended_and_a_new_series_when_it_returns() {
        let mut stage = stage();
        stage.show(1, &[("a", Some(1.0)), ("b", Some(2.0))]);
        stage.show(2, &[("a", Some(1.0))]);
        stage.catalog.retire_before(Timestamp::MAX);
        assert_eq!(stage.names(), ["a"]);
        stage.show(3, &[("a", Some(1.0)), ("b", Some(2.0))]);
        assert_eq!(stage.names(), ["a", "b"]);
        let series = stage.catalog.whole().series;
        assert_eq!(series[1].0, SeriesId(3));
    }

    #[test]
    fn a_full_group_leaves_out_what_does_not_fit() {
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
        struct Numbered(usize);
        impl Item for Numbered {
            fn name(&self) -> String {
                "ü".repeat(MAX_NAME_BYTES) + &self.0.to_string()
            }
        }
        let stage = stage();
        let mut panel = Panel::new("g", "G", "By", Pace::Steady(Duration::from_secs(1)), Bounds::Auto);
        // Each reading has other items: the ended ones stay in the group until history lets them go.
        for reading in 0..6 {
            let items = (0..2 * MAX_LIVE).map(|item| (Numbered(reading * 10_000 + item), None));
            panel.show(&stage.outlet, Timestamp::default(), items).expect("never fails");
        }
        assert_eq!(stage.catalog.len(), (1, protocol::limits::MAX_GROUP_SERIES));
    }
}
