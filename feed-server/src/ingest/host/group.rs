//! A group of the host source: a set of series, with values rounded to their unit, and rows that wait to be sent.

use protocol::column::is_missing;
use protocol::{Bounds, GroupId, Interval, SeriesId, Timestamp};

use super::order;
use super::rounding::Rounding;
use super::schedule::Cadence;
use crate::ingest::batch::{Batch, BatchColumn};
use crate::ingest::blocking::BlockingContext;
use crate::ingest::registry::Group;
use crate::ingest::series_set::{SeriesKey, SeriesSet};
use crate::ingest::source::SourceError;

/// The rows of this time are sent as one batch: the server publishes sixty times a second, and a batch of one row costs as
/// much as one of ten.
const ROWS_WITHIN_US: i64 = 8_000;
/// Series that were refused are registered again after this time.
const HOLD_AGAIN_US: i64 = 60_000_000;

#[derive(Debug)]
pub(super) struct HostGroup<K> {
    series: SeriesSet<K>,
    interval_us: i64,
    rounding: Rounding,
    /// The series of each value of a row; `None` for one beyond a limit.
    columns: Vec<Option<SeriesId>>,
    times: Vec<Timestamp>,
    /// The values of each column, one for each time.
    values: Vec<Vec<f64>>,
    /// All keys, if some were refused, and the time of the first row without them.
    refused: Option<(Option<Timestamp>, Vec<K>)>,
}

impl<K: SeriesKey> HostGroup<K> {
    pub(super) fn new(name: &str, title: &str, unit: &str, cadence: Cadence, bounds: Bounds) -> Self {
        let interval_us = i64::try_from(cadence.interval().as_micros()).unwrap_or(i64::MAX / 2);
        let interval = Interval::from_micros(interval_us as u64);
        let (prominence, rank) = order::place_of(name);
        let (name, title, unit_text) = (name.to_owned(), title.to_owned(), unit.to_owned());
        let series = SeriesSet::new(Group { name, title, unit: unit_text, interval, bounds, prominence, rank });
        let (columns, times, values) = (Vec::new(), Vec::new(), Vec::new());
        Self { series, interval_us, rounding: Rounding::of_unit(unit), columns, times, values, refused: None }
    }

    pub(super) fn register(&mut self, context: &BlockingContext) -> Result<(), SourceError> {
        self.series.register(&context.registrar)?;
        Ok(())
    }

    /// Changes the title of the group.
    pub(super) fn entitle(&mut self, context: &BlockingContext, title: String) -> Result<(), SourceError> {
        Ok(self.series.entitle(&context.registrar, title)?)
    }

    /// Sends a reading as a row. See [`SeriesSet::row`].
    pub(super) fn send(
        &mut self,
        context: &BlockingContext,
        time: Timestamp,
        reading: impl IntoIterator<Item = (K, Option<f64>)>,
    ) -> Result<(), SourceError> {
        let rounding = self.rounding;
        let rounded = reading.into_iter().map(|(key, value)| (key, value.map(|value| rounding.round(value))));
        if let Some(row) = self.series.row(&context.registrar, time, rounded)? {
            context.send(row)?;
        }
        Ok(())
    }

    /// Sets the series of the rows that follow. See [`SeriesSet::hold`].
    pub(super) fn hold(
        &mut self,
        context: &BlockingContext,
        keys: impl IntoIterator<Item = K>,
    ) -> Result<(), SourceError> {
        self.flush(context)?;
        self.columns.clear();
        self.values.clear();
        let keys: Vec<K> = keys.into_iter().collect();
        self.columns = self.series.hold(&context.registrar, keys.iter().cloned())?;
        self.values.resize_with(self.columns.len(), Vec::new);
        self.refused = self.columns.contains(&None).then_some((None, keys));
        Ok(())
    }

    /// Registers refused series again after a while: others may have made room.
    fn hold_again(&mut self, context: &BlockingContext, time: Timestamp) -> Result<(), SourceError> {
        let Some((since, _)) = &mut self.refused else { return Ok(()) };
        let since = *since.get_or_insert(time);
        if time.micros_since(since) < HOLD_AGAIN_US {
            return Ok(());
        }
        let keys = self.refused.take().map(|(_, keys)| keys);
        self.hold(context, keys.unwrap_or_default())
    }

    /// Appends a row: a value for each key of [`hold`](Self::hold), in that order. A row without any value is left out. Hot: once per reading.
    pub(super) fn row(
        &mut self,
        context: &BlockingContext,
        time: Timestamp,
        values: impl IntoIterator<Item = f64>,
    ) -> Result<(), SourceError> {
        self.hold_again(context, time)?;
        if self.times.last().is_some_and(|&last| time <= last) {
            self.flush(context)?;
        }
        let (rounding, mut has_value) = (self.rounding, false);
        for (column, value) in self.values.iter_mut().zip(values) {
            // Rounding would change the bits that say that a value is missing.
            let is_missing = is_missing(value);
            has_value |= !is_missing;
            column.push(if is_missing { value } else { rounding.round(value) });
        }
        if has_value {
            self.times.push(time);
        } else {
            let rows = self.times.len();
            self.values.iter_mut().for_each(|column| column.truncate(rows));
        }
        match self.times.first() {
            Some(&first) if time.micros_since(first) + self.interval_us > ROWS_WITHIN_US => self.flush(context),
            _ => Ok(()),
        }
    }

    /// Sends the rows that wait.
    fn flush(&mut self, context: &BlockingContext) -> Result<(), SourceError> {
        let Some(group) = self.series.id().filter(|_| !self.times.is_empty()) else { return Ok(()) };
        let batch = self.take(group);
        Ok(context.send(batch)?)
    }

    fn take(&mut self, group: GroupId) -> Batch {
        let rows = self.times.len();
        let mut columns = Vec::with_capacity(self.columns.len());
        for (&series, values) in self.columns.iter().zip(&mut self.values) {
            // A column without any value needs no bytes.
            if let Some(series) = series
                && values.iter().any(|&value| !is_missing(value))
            {
                columns.push(BatchColumn { series, values: values.clone() });
            }
            values.clear();
        }
        let mut times = Vec::with_capacity(rows);
        times.append(&mut self.times);
        Batch { group, times, columns }
    }
}
