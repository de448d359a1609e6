//! Lines to rows: registers groups and series, and collects the values of each group.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use protocol::limits::MAX_LABELS;
use protocol::{Bounds, GroupId, Interval, SeriesId, SeriesKind, Timestamp};

use super::group_rows::GroupRows;
use super::line::Line;
use super::line_settings::LineSettings;
use crate::ingest::batch::Batch;
use crate::ingest::context::Registrar;
use crate::ingest::names::{fitted, plain};
use crate::ingest::registry::{Group, Series};
use crate::ingest::row_interval::RowInterval;

/// The interval of a group whose rows are still few.
const AT_FIRST: Interval = Interval::from_secs(1);
/// A series without values for this long has ended, or for so many intervals of its group if that is longer.
const ENDS_AFTER: Interval = Interval::from_secs(300);
const ENDS_AFTER_INTERVALS: u64 = 3;
/// Ended series are looked for this often.
const LOOK_EVERY: Interval = Interval::from_secs(30);
/// Of one source. A page has a panel for each.
const MAX_GROUPS: usize = 256;

#[derive(Debug)]
pub(super) struct Rows {
    settings: LineSettings,
    /// By the part that the values of lines name.
    groups: HashMap<String, KnownGroup>,
    /// By group, labels and name.
    series: HashMap<String, KnownSeries>,
    /// The key of the value that is added.
    key: String,
    looked_at: Timestamp,
    /// Values of series beyond a limit.
    refused: u64,
    /// A series beyond a limit has been named.
    is_over: bool,
}

#[derive(Debug)]
struct KnownGroup {
    described: Group,
    rows: GroupRows,
}

#[derive(Debug)]
struct KnownSeries {
    group: String,
    id: SeriesId,
    last_row: u64,
    last_value: Timestamp,
}

impl Rows {
    pub(super) fn new(settings: LineSettings) -> Self {
        let (groups, series, looked_at) = Default::default();
        Self { settings, groups, series, key: String::new(), looked_at, refused: 0, is_over: false }
    }

    /// Adds the values of a line that arrived at `now`. Values of series beyond a limit are refused and counted.
    pub(super) fn add(&mut self, line: &Line<'_>, registrar: &Registrar, now: Timestamp) {
        for value in &line.values {
            if !self.groups.contains_key(&*value.group) && !self.add_group(&value.group, value.unit, registrar) {
                self.refused += 1;
                continue;
            }
            self.key.clear();
            for part in [&*value.group, &*value.name]
                .into_iter()
                .chain(line.labels.iter().flat_map(|(key, of)| [&**key, &**of]))
            {
                let _infallible = write!(self.key, "{part}\0");
            }
            if !self.series.contains_key(self.key.as_str())
                && !self.add_series(line, &value.group, &value.name, registrar)
            {
                self.refused += 1;
                continue;
            }
            if let (Some(group), Some(series)) =
                (self.groups.get_mut(&*value.group), self.series.get_mut(self.key.as_str()))
            {
                series.last_value = now;
                group.rows.add(series.id, &mut series.last_row, value.value, line.time);
            }
        }
    }

    /// The rows that are complete at `now`.
    pub(super) fn settle(&mut self, rest: Rest, registrar: &Registrar, now: Timestamp) -> Vec<Batch> {
        let mut batches = Vec::new();
        for KnownGroup { described, rows } in self.groups.values_mut() {
            if rest == Rest::Closed {
                rows.close();
            }
            batches.extend(rows.settle(now));
            if let Some(interval) = rows.interval.take_change() {
                described.interval = interval;
                if let Err(error) = registrar.group(described.clone()) {
                    registrar.report(&error);
                }
            }
        }
        if now.micros_since(self.looked_at) >= LOOK_EVERY.micros().cast_signed() {
            self.looked_at = now;
            self.end_silent(registrar, now);
        }
        batches
    }

    /// Values of series beyond a limit since the last call.
    pub(super) const fn take_refused(&mut self) -> u64 {
        std::mem::replace(&mut self.refused, 0)
    }

    /// Returns false if the group is beyond a limit.
    fn add_group(&mut self, suffix: &str, unit: &'static str, registrar: &Registrar) -> bool {
        if self.groups.len() >= MAX_GROUPS {
            let source = &self.settings.name;
            if !std::mem::replace(&mut self.is_over, true) {
                let group = format!("{source}.{}", plain(suffix));
                registrar.report(&format!("group {group} is left out: a source has at most {MAX_GROUPS} groups"));
            }
            return false;
        }
        let interval = RowInterval::new(self.settings.interval, AT_FIRST);
        let described = described(&self.settings.name, suffix, unit, interval.stated());
        match registrar.group(described.clone()) {
            Ok(id) => {
                let rows = GroupRows::new(id, interval);
                self.groups.insert(suffix.to_owned(), KnownGroup { described, rows });
                true
            }
            Err(error) => {
                registrar.report(&error);
                false
            }
        }
    }

    /// Returns false if the series is beyond a limit. The first that is refused is named.
    fn add_series(&mut self, line: &Line<'_>, group: &str, name: &str, registrar: &Registrar) -> bool {
        let Some(known) = self.groups.get(group) else { return false };
        let series = series(known.rows.id, line, name);
        let limit = self.settings.series;
        if self.series.len() >= limit {
            let (name, of) = (&series.name, &self.settings.name);
            if !std::mem::replace(&mut self.is_over, true) {
                let what = format!("series {name:?} is left out: `series` of {of} allows {limit}");
                registrar.report(&format!("{what}; raise it, or remove labels that change. Further ones are counted"));
            }
            return false;
        }
        match registrar.series(series) {
            Ok(id) => {
                let new = KnownSeries { group: group.to_owned(), id, last_row: 0, last_value: Timestamp::default() };
                self.series.insert(self.key.clone(), new);
                true
            }
            Err(error) => {
                if !std::mem::replace(&mut self.is_over, true) {
                    registrar.report(&error);
                }
                false
            }
        }
    }

    /// Ends series that have had no value for a while, and makes room for others.
    fn end_silent(&mut self, registrar: &Registrar, now: Timestamp) {
        let before = self.series.len();
        self.series.retain(|_, known| {
            let interval = self.groups.get(&known.group).map_or(AT_FIRST, |group| group.rows.interval.stated());
            let ends_after = interval.micros().saturating_mul(ENDS_AFTER_INTERVALS).max(ENDS_AFTER.micros());
            let is_living = now.micros_since(known.last_value) <= i64::try_from(ends_after).unwrap_or(i64::MAX);
            if !is_living {
                registrar.end(known.id);
            }
            is_living
        });
        // A group without living series is forgotten, so that the limit is one on living groups.
        let living: HashSet<&str> = self.series.values().map(|known| known.group.as_str()).collect();
        self.groups.retain(|suffix, _| living.contains(&**suffix));
        self.is_over &= self.series.len() == before;
    }
}

/// Whether further lines may belong to the last row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    Open,
    Closed,
}

fn described(source: &str, suffix: &str, unit: &'static str, interval: Interval) -> Group {
    let (name, title) = if suffix.is_empty() {
        (source.to_owned(), source.to_owned())
    } else {
        (format!("{source}.{}", plain(suffix)), format!("{source} {suffix}"))
    };
    let bounds = if unit == "%" { Bounds::FromZero } else { Bounds::Auto };
    let unit = if unit.is_empty() { "1" } else { unit };
    Group { name: fitted(name), title: fitted(title), unit: unit.to_owned(), interval, bounds, ..Group::default() }
}

fn series(group: GroupId, line: &Line<'_>, name: &str) -> Series {
    let mut labels: Vec<(String, String)> =
        line.labels.iter().map(|(key, value)| (fitted(key.to_string()), fitted(value.to_string()))).collect();
    let of_labels = line.labels.iter().map(|(_, value)| &**value);
    let words: Vec<&str> = of_labels.chain([name].into_iter().filter(|name| !name.is_empty())).collect();
    let shown = words.join(" ");
    if !name.is_empty() {
        labels.push(("field".to_owned(), fitted(name.to_owned())));
    }
    labels.truncate(MAX_LABELS);
    let is_counter = name.ends_with("_total");
    let kind = if is_counter { SeriesKind::Counter } else { SeriesKind::Gauge };
    Series { group, name: fitted(shown), kind, labels }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ingest::health::SourceHealth;
    use crate::ingest::lines::line::LineValue;
    use crate::ingest::lines::line_settings::Format;
    use crate::ingest::test_registry::TestRegistry;

    /// The series that live so many minutes after the only value.
    fn living_after(interval: Option<Interval>, minutes: [u64; 2]) -> [usize; 2] {
        let registrar = Registrar::new(Arc::new(TestRegistry::default()), SourceHealth::new("test"), 1);
        let (name, format, merge) = ("test".to_owned(), Format::Auto, Interval::ZERO);
        let mut rows = Rows::new(LineSettings { name, format, interval, series: 10, merge });
        let began = Timestamp::from_micros(1_796_000_000_000_000);
        let line = Line { values: vec![LineValue::of("a", 1.0, None)], ..Line::default() };
        rows.add(&line, &registrar, began);
        minutes.map(|minutes| {
            rows.settle(Rest::Closed, &registrar, began + Interval::from_secs(60 * minutes));
            registrar.health().status().series
        })
    }

    #[test]
    fn a_silent_series_ends_after_five_minutes_or_three_intervals() {
        assert_eq!(living_after(None, [4, 6]), [1, 0]);
        assert_eq!(living_after(Some(Interval::from_secs(600)), [29, 31]), [1, 0]);
    }
}
