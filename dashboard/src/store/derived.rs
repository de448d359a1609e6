//! A group that is computed from another one: selected series, and a transform of them. It has the same times and
//! separate rings, so that a chart shows it like any group. While the source is held as buckets, it has no rows. Earlier times are
//! computed from the mean of each summary that the page has asked for; rates and differences read its last value.

use protocol::{Interval, SeriesId, Timestamp};
use series::transforms::histogram::{BUCKET_BOUND, BadBuckets};
use series::transforms::{Evaluator, Input, Transform};
use series::{NewRows, RowCursor, Selector, Summary};

use super::group::{Description, Group};
use super::past::{Past, PastSummary};

/// Rows that are computed at a time: few enough to stay in a processor's cache.
const BATCH_ROWS: u64 = 256;

/// The computation of a derived group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Derivation {
    /// The series to read; `None` reads all.
    pub selector: Option<Selector>,
    /// `None` copies the values.
    pub transform: Option<Transform>,
}

impl From<Transform> for Derivation {
    fn from(transform: Transform) -> Self {
        Self { selector: None, transform: Some(transform) }
    }
}

/// The output of a derivation, up to its source's newest row.
#[derive(Debug)]
pub struct DerivedGroup {
    derivation: Derivation,
    /// Computes the rows; `None` copies them.
    evaluator: Option<Evaluator>,
    group: Group,
    source: SourceShape,
    cursor: RowCursor,
    /// The version of the source's answers that were computed.
    past_version: u64,
    scratch: Scratch,
}

#[derive(Debug, Default)]
struct Scratch {
    times: Vec<Timestamp>,
    columns: Vec<Vec<f64>>,
    values: Vec<f64>,
    row: Vec<f64>,
}

/// The state of the source. If it changes, everything is computed again.
#[derive(Debug, PartialEq, Eq)]
struct SourceShape {
    descriptions: u64,
    unit: String,
    interval: Interval,
    /// Places of the selected series.
    selected: Vec<usize>,
}

impl SourceShape {
    fn of(source: &Group, selector: Option<&Selector>) -> Self {
        let is_selected = |place: &usize| selector.is_none_or(|selector| selects(selector, source, *place));
        Self {
            descriptions: source.descriptions(),
            unit: source.unit.clone(),
            interval: source.interval,
            selected: (0..source.series().len()).filter(is_selected).collect(),
        }
    }

    fn inputs<'s>(&self, source: &'s Group) -> Vec<Input<'s>> {
        let input = |&place: &usize| {
            let series = &source.series()[place];
            let bound = series.labels.iter().find(|(key, _)| key == BUCKET_BOUND);
            Input { name: &series.name, bucket_bound: bound.map(|(_, value)| value.as_str()) }
        };
        self.selected.iter().map(input).collect()
    }

    fn fits(&self, source: &Group) -> bool {
        self.descriptions == source.descriptions() && self.unit == source.unit && self.interval == source.interval
    }
}

/// Returns true if `selector` matches the series at `place` of `group`.
pub fn selects(selector: &Selector, group: &Group, place: usize) -> bool {
    let series = &group.series()[place];
    let labels = series.labels.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    selector.matches(&group.name, &series.name, labels)
}

impl DerivedGroup {
    /// A group without rows yet: [`update`](Self::update) computes those of `source`.
    ///
    /// # Errors
    /// [`BadBuckets`] if the transform reads histogram buckets and those of the source are malformed.
    pub fn new(derivation: Derivation, source: &Group) -> Result<Self, BadBuckets> {
        let shape = SourceShape::of(source, derivation.selector.as_ref());
        let inputs = shape.inputs(source);
        let start = |transform| Evaluator::new(transform, &inputs, source.longest_step());
        let evaluator = derivation.transform.map(start).transpose()?;
        let names: Vec<&str> = match &evaluator {
            Some(evaluator) => evaluator.names().iter().map(String::as_str).collect(),
            None => inputs.iter().map(|input| input.name).collect(),
        };
        let (unit, bounds) = match derivation.transform {
            Some(transform) => (transform.unit(&source.unit), transform.bounds(source.bounds)),
            None => (source.unit.clone(), source.bounds),
        };
        let (name, title, interval) = (&source.name, &source.title, source.interval);
        let description = Description { name, title, unit: &unit, interval, bounds, ..Description::default() };
        let mut group = Group::new(description, source.first_described());
        group.resize(source.capacity());
        // A transform of each series of a whole group keeps their numbers, and so their colours.
        let is_of_each = derivation.selector.is_none() && names.len() == shape.selected.len();
        for (place, name) in names.iter().enumerate() {
            let number = if is_of_each { source.series()[shape.selected[place]].number } else { place };
            group.add_computed(name, number);
        }
        let scratch =
            Scratch { columns: vec![Vec::new(); names.len()], row: vec![f64::NAN; names.len()], ..Scratch::default() };
        let cursor = RowCursor::new(source.generation(), source.rows().start);
        Ok(Self { derivation, evaluator, group, source: shape, cursor, past_version: 0, scratch })
    }

    pub const fn group(&self) -> &Group {
        &self.group
    }

    /// Computes the rows that were appended to `source` since the last call; all of them if earlier rows changed or the
    /// source has other series than before.
    ///
    /// Hot: once a display frame; within it, once a row.
    ///
    /// # Errors
    /// The errors of [`new`](Self::new).
    pub fn update(&mut self, source: &Group) -> Result<(), BadBuckets> {
        let held = if source.holds_buckets() { 0..0 } else { source.rows() };
        let mut rows = match self.cursor.advance(source.generation(), held.clone()) {
            NewRows::Appended(rows) if self.source.fits(source) => rows,
            _ => {
                *self = Self::new(self.derivation.clone(), source)?;
                self.cursor.advance(source.generation(), held.clone());
                held
            }
        };
        while !rows.is_empty() {
            let end = rows.end.min(rows.start + BATCH_ROWS);
            self.compute(source, rows.start, end);
            rows.start = end;
        }
        if self.past_version != source.past().version() {
            self.past_version = source.past().version();
            self.compute_past(source)?;
        }
        Ok(())
    }

    /// The series that are read.
    pub(super) fn read<'s>(&self, source: &'s Group) -> impl Iterator<Item = SeriesId> + use<'_, 's> {
        self.source.selected.iter().filter_map(|&place| source.series().get(place)?.id)
    }

    /// Computes the answers to queries.
    fn compute_past(&mut self, source: &Group) -> Result<(), BadBuckets> {
        let past = source.past();
        let Some(range) = past.range().cloned() else {
            self.group.change_past(Past::clear);
            return Ok(());
        };
        let inputs = self.source.inputs(source);
        // Summaries that follow each other have no hole between them.
        let longest_step = Interval::from_micros(past.longest().micros().saturating_mul(2)).max(source.longest_step());
        let transform = self.derivation.transform;
        let mut evaluator = transform.map(|transform| Evaluator::new(transform, &inputs, longest_step)).transpose()?;
        let reads_totals = transform.is_some_and(Transform::reads_totals);
        let value_of = |summary: &Summary| match summary.count {
            0 => f64::NAN,
            _ if reads_totals => summary.last,
            count => summary.sum / f64::from(count),
        };
        let (mut values, mut row) = (Vec::new(), vec![f64::NAN; self.group.series().len()]);
        let mut computed = Vec::new();
        for (start, step, summaries) in past.buckets() {
            values.clear();
            values.extend(self.source.selected.iter().map(|&place| summaries.get(place).map_or(f64::NAN, value_of)));
            match &mut evaluator {
                Some(evaluator) => evaluator.next(start, &values, &mut row),
                None => row.copy_from_slice(&values),
            }
            computed.extend(row.iter().enumerate().filter(|(_, value)| value.is_finite()).map(|(series, &value)| {
                let summary = Summary { first: value, last: value, min: value, max: value, sum: value, count: 1 };
                PastSummary { series, start, step, summary }
            }));
        }
        let step = past.step();
        self.group.change_past(|own| own.replace(step, range, computed));
        Ok(())
    }

    fn compute(&mut self, source: &Group, start: u64, end: u64) {
        let Scratch { times, columns, values, row } = &mut self.scratch;
        times.clear();
        columns.iter_mut().for_each(Vec::clear);
        for number in start..end {
            let time = source.time(number);
            values.clear();
            values.extend(self.source.selected.iter().map(|&place| source.value(place, number)));
            match &mut self.evaluator {
                Some(evaluator) => evaluator.next(time, values, row),
                None => row.copy_from_slice(values),
            }
            times.push(time);
            for (column, &value) in columns.iter_mut().zip(row.iter()) {
                column.push(value);
            }
        }
        // A ring shorter than the batch keeps its end.
        let skip = times.len().saturating_sub(self.group.capacity());
        times.drain(..skip);
        for column in columns.iter_mut() {
            column.drain(..skip);
        }
        self.group.append_values(times, columns);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::row_sender::{RowSender, at};

    const SECOND: Interval = Interval::from_secs(1);

    /// Summaries of ten rows each, of two series that rise by one and by two a row, before row 100.
    fn sender_with_past() -> RowSender {
        let mut sender = RowSender::new(2);
        sender.row(100, [(1, 100.0), (2, 200.0)]);
        let summary = |series: usize, first_row: i64| {
            let value = |row: i64| (row * (series as i64 + 1)) as f64;
            let (first, last) = (value(first_row), value(first_row + 9));
            let sum = (first_row..first_row + 10).map(value).sum();
            let summary = Summary { first, last, min: first, max: last, sum, count: 10 };
            PastSummary { series, start: at(first_row), step: SECOND, summary }
        };
        let all: Vec<PastSummary> =
            (0..10).flat_map(|bucket| [0, 1].map(|series| summary(series, 10 * bucket))).collect();
        sender.change_past(|past| past.replace(SECOND, at(0)..at(100), all));
        sender
    }

    fn derived(sender: &RowSender, transform: &str) -> DerivedGroup {
        let transform: Transform = transform.parse().expect("well formed");
        let mut derived = DerivedGroup::new(transform.into(), sender.group()).expect("well formed");
        derived.update(sender.group()).expect("well formed");
        derived
    }

    #[test]
    fn earlier_times_are_computed_from_the_means_of_summaries() {
        let sender = sender_with_past();
        let sum = derived(&sender, "sum");
        // Rows 10 to 19: 14.5 and 29 on average.
        assert_eq!(sum.group().past().summary(0, at(10)..at(20)).last.to_bits(), 43.5_f64.to_bits());
        assert!(sum.group().past().has(&(at(0)..at(100))) && sum.group().rows().end == 1);
    }

    #[test]
    fn rates_of_earlier_times_are_computed_from_the_last_values_of_summaries() {
        let rate = derived(&sender_with_past(), "rate");
        let per_s = |series| rate.group().past().summary(series, at(50)..at(60)).last;
        assert_eq!([per_s(0), per_s(1)].map(f64::to_bits), [10.0_f64, 20.0].map(f64::to_bits));
        assert!(rate.group().past().summary(0, at(0)..at(10)).is_empty(), "nothing is before");
    }

    #[test]
    fn answers_that_are_dropped_leave_nothing() {
        let mut sender = sender_with_past();
        let mut sum = derived(&sender, "sum");
        sender.change_past(Past::clear);
        sum.update(sender.group()).expect("well formed");
        assert!(sum.group().past().range().is_none());
    }
}
