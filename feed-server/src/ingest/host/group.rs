//! A group of the host source: a set of series, with values rounded to their unit.

use protocol::{Bounds, Interval, Timestamp};

use super::rounding::Rounding;
use super::schedule::Cadence;
use crate::ingest::blocking::BlockingContext;
use crate::ingest::registry::Group;
use crate::ingest::series_set::{SeriesKey, SeriesSet};
use crate::ingest::source::SourceError;

#[derive(Debug)]
pub(super) struct HostGroup<K> {
    series: SeriesSet<K>,
    rounding: Rounding,
}

impl<K: SeriesKey> HostGroup<K> {
    pub(super) fn new(name: &str, title: &str, unit: &str, cadence: Cadence, bounds: Bounds) -> Self {
        let interval_us = u64::try_from(cadence.interval().as_micros()).unwrap_or(u64::MAX);
        let series = SeriesSet::new(Group {
            name: name.to_owned(),
            title: title.to_owned(),
            unit: unit.to_owned(),
            interval: Interval::from_micros(interval_us),
            bounds,
        });
        Self { series, rounding: Rounding::of_unit(unit) }
    }

    pub(super) fn register(&mut self, context: &BlockingContext) -> Result<(), SourceError> {
        self.series.register(&context.registrar)?;
        Ok(())
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
}
