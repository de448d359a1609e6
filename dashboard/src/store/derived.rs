//! A group that is computed from another one: selected series, and a transform of them. It has the same times and
//! separate rings, so that a chart shows it like any group. While the source is held as buckets, it has no rows.

use protocol::{Interval, Timestamp};
use series::transforms::histogram::{BUCKET_BOUND, BadBuckets};
use series::transforms::{Evaluator, Input, Transform};
use series::{NewRows, RowCursor, Selector};

use super::group::{Description, Group};

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
        let bucket_bound = |labels: &'_ [(String, String)]| labels.iter().position(|(key, _)| key == BUCKET_BOUND);
        let inputs: Vec<_> = (shape.selected.iter())
            .map(|&place| {
                let series = &source.series()[place];
                let bucket_bound = bucket_bound(&series.labels).map(|label| series.labels[label].1.as_str());
                Input { name: &series.name, bucket_bound }
            })
            .collect();
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
        Ok(Self { derivation, evaluator, group, source: shape, cursor, scratch })
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
