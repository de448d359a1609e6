//! A group that is computed from another one by a transform. It has the same times and rings of its own, so that a chart
//! shows it like any group.

use protocol::{Entries, GroupId, SeriesDescriptor, SeriesId, SeriesKind, Timestamp};
use series::transforms::histogram::{BUCKET_BOUND, BadBuckets};
use series::transforms::{Evaluator, Input, Transform};
use series::{NewRows, RowCursor};

use super::group::{Description, Group};

/// Rows that are computed at a time: few enough to stay in a processor's cache.
const BATCH_ROWS: u64 = 256;

/// The output of a transform, up to its source's newest row.
#[derive(Debug)]
pub struct DerivedGroup {
    transform: Transform,
    evaluator: Evaluator,
    group: Group,
    /// Number of series of the source: if it changes, everything is computed again.
    source_series: usize,
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

impl DerivedGroup {
    /// A group without rows yet: [`update`](Self::update) computes those of `source`.
    ///
    /// # Errors
    /// [`BadBuckets`] if the transform reads histogram buckets and those of the source are malformed.
    pub fn new(transform: Transform, source: &Group) -> Result<Self, BadBuckets> {
        let bucket_bound = |labels: &'_ [(String, String)]| labels.iter().position(|(key, _)| key == BUCKET_BOUND);
        let inputs: Vec<_> = (source.series().iter())
            .map(|series| {
                let bucket_bound = bucket_bound(&series.labels).map(|label| series.labels[label].1.as_str());
                Input { name: &series.name, bucket_bound }
            })
            .collect();
        let evaluator = Evaluator::new(transform, &inputs, source.longest_step())?;
        let mut group = Group::new(Description {
            name: &source.name,
            title: &source.title,
            unit: &transform.unit(&source.unit),
            interval: source.interval,
            bounds: transform.bounds(source.bounds),
        });
        group.resize(source.capacity());
        for (number, name) in evaluator.names().iter().enumerate() {
            let (id, kind) = (SeriesId(number as u32), SeriesKind::Gauge);
            group.admit(&SeriesDescriptor { id, group: GroupId(0), name, kind, labels: Entries::default() });
        }
        let scratch = Scratch {
            columns: vec![Vec::new(); evaluator.names().len()],
            row: vec![f64::NAN; evaluator.names().len()],
            ..Scratch::default()
        };
        let cursor = RowCursor::new(source.generation(), source.rows().start);
        Ok(Self { transform, evaluator, group, source_series: source.series().len(), cursor, scratch })
    }

    pub const fn transform(&self) -> Transform {
        self.transform
    }

    /// The computed rows.
    pub const fn group(&self) -> &Group {
        &self.group
    }

    /// Computes the rows that were appended to `source` since the last call; all of them if earlier rows changed or the
    /// source has got other series.
    ///
    /// Hot: once a display frame; within it, once a row.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn update(&mut self, source: &Group) -> Result<(), BadBuckets> {
        let mut rows = match self.cursor.advance(source.generation(), source.rows()) {
            NewRows::Appended(rows) if self.source_series == source.series().len() => rows,
            _ => {
                *self = Self::new(self.transform, source)?;
                self.cursor.advance(source.generation(), source.rows());
                source.rows()
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
            values.extend((0..source.series().len()).map(|series| source.value(series, number)));
            self.evaluator.next(time, values, row);
            times.push(time);
            for (column, &value) in columns.iter_mut().zip(row.iter()) {
                column.push(value);
            }
        }
        // A ring shorter than the batch keeps its end.
        let skip = times.len().saturating_sub(self.group.capacity());
        times.drain(..skip);
        columns.iter_mut().for_each(|column| _ = column.drain(..skip));
        self.group.append_values(times, columns);
    }
}
