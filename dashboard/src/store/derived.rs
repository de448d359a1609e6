//! A group that is computed from another: same rows, rings of its own, so that a chart shows it as any.

use protocol::{Entries, SeriesDescriptor, SeriesId, SeriesKind, Timestamp};

use super::group::{Description, Group};
use series::transforms::histogram::{BUCKET_BOUND, BadBuckets};
use series::transforms::{Evaluator, Input, Transform};

/// Rows that are computed at a time: few enough to stay in a processor's cache.
const ROWS: u64 = 256;

/// What is computed from a group, up to its newest row.
#[derive(Debug)]
pub struct DerivedGroup {
    transform: Transform,
    evaluator: Evaluator,
    group: Group,
    /// What the source was when this began; another series or other rows mean to begin anew.
    source: (u64, usize),
    next_row: u64,
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
    /// What `transform` makes of `source`, whose rows are taken in by [`update`](Self::update).
    ///
    /// # Errors
    /// When a histogram is asked for and the source's buckets are malformed.
    pub fn new(transform: Transform, source: &Group) -> Result<Self, BadBuckets> {
        let bound = |labels: &'_ [(String, String)]| labels.iter().position(|(key, _)| key == BUCKET_BOUND);
        let sources: Vec<_> = (source.series().iter())
            .map(|series| {
                let bound = bound(&series.labels).map(|place| series.labels[place].1.as_str());
                Input { name: &series.name, bucket_bound: bound }
            })
            .collect();
        let evaluator = Evaluator::new(transform, &sources, source.longest_step())?;
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
            group.admit(&SeriesDescriptor { id, group: protocol::GroupId(0), name, kind, labels: Entries::default() });
        }
        let scratch = Scratch {
            columns: vec![Vec::new(); evaluator.names().len()],
            row: vec![f64::NAN; evaluator.names().len()],
            ..Scratch::default()
        };
        let source = (source.generation(), source.series().len());
        Ok(Self { transform, evaluator, group, source, next_row: 0, scratch })
    }

    /// What is computed.
    pub const fn transform(&self) -> Transform {
        self.transform
    }

    /// The computed rows.
    pub const fn group(&self) -> &Group {
        &self.group
    }

    /// Takes in what the source has got since the last call. A source that is no longer what it was is taken in anew, from
    /// the oldest row that it holds.
    ///
    /// Hot: once a display frame; within it, once a row.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn update(&mut self, source: &Group) -> Result<(), BadBuckets> {
        let is_same = self.source == (source.generation(), source.series().len())
            && self.group.capacity() == source.capacity()
            && self.next_row >= source.rows().start;
        if !is_same && self.next_row > 0 || self.source.1 != source.series().len() {
            *self = Self::new(self.transform, source)?;
        }
        let mut rows = self.next_row.max(source.rows().start)..source.rows().end;
        self.next_row = rows.end;
        while !rows.is_empty() {
            let end = rows.end.min(rows.start + ROWS);
            self.take(source, rows.start, end);
            rows.start = end;
        }
        Ok(())
    }

    fn take(&mut self, source: &Group, start: u64, end: u64) {
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
        // A ring shorter than this holds the end alone.
        let skip = times.len().saturating_sub(self.group.capacity());
        if skip > 0 {
            times.drain(..skip);
            for column in columns.iter_mut() {
                column.drain(..skip);
            }
        }
        self.group.append_values(times, columns);
    }
}
