//! Groups: series that share rows.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use protocol::{Bounds, GroupId, Interval, Prominence, Timestamp};

use crate::catalog::{DescribedGroup, DescribedSeries};
use crate::error::{AnnounceError, RowError};
use crate::shared::Shared;

/// The description of a group, which [`GroupBuilder::series`] completes.
#[derive(Debug)]
pub struct GroupBuilder<'p> {
    shared: &'p Arc<Shared>,
    group: DescribedGroup,
    interval: Duration,
}

impl<'p> GroupBuilder<'p> {
    pub(crate) fn new(shared: &'p Arc<Shared>, name: &str) -> Self {
        let group = DescribedGroup { name: name.to_owned(), title: name.to_owned(), ..DescribedGroup::default() };
        Self { shared, group, interval: Duration::from_secs(1) }
    }

    /// The title on the page. The name by default.
    #[must_use]
    pub fn title(mut self, title: &str) -> Self {
        title.clone_into(&mut self.group.title);
        self
    }

    /// The unit of every value, in [UCUM](https://ucum.org/ucum): `By/s`, `s`, `{job}`, `1`. None by default.
    #[must_use]
    pub fn unit(mut self, unit: &str) -> Self {
        unit.clone_into(&mut self.group.unit);
        self
    }

    /// The intended time between two rows. 1 s by default. A group without a row for three of these, and for a second, looks old.
    #[must_use]
    pub const fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Both ends of the value axis. By default, those of the data.
    #[must_use]
    pub const fn bounds(mut self, low: f64, high: f64) -> Self {
        self.group.bounds = Bounds::Fixed { low, high };
        self
    }

    /// The group shows details: by default, the page shows it after all groups that do not.
    #[must_use]
    pub const fn detail(mut self) -> Self {
        self.group.prominence = Prominence::Detail;
        self
    }

    /// The suggested place on the page: groups of details, and all others, are each shown by rank. 0 by default.
    #[must_use]
    pub const fn rank(mut self, rank: u32) -> Self {
        self.group.rank = rank;
        self
    }

    /// Adds a series with labels before those of [`GroupBuilder::series`]. Its labels distinguish it from the other series of the
    /// group, also on the next start of the program; `name` is for display.
    #[must_use]
    pub fn labelled(mut self, name: &str, labels: &[(&str, &str)]) -> Self {
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        self.group.series.push(DescribedSeries { labels, ..DescribedSeries::named(name) });
        self
    }

    /// Adds series that are distinguished by their names (the label `series`), and adds the group to the publisher. The values of a row
    /// are in the order in which the series were added.
    ///
    /// # Errors
    /// If the publisher has a group of this name, the group has no series or too many, or a text is too long.
    pub fn series<'n>(mut self, names: impl IntoIterator<Item = &'n str>) -> Result<Group, AnnounceError> {
        self.group.series.extend(names.into_iter().map(DescribedSeries::named));
        self.group.interval = Interval::from_micros(u64::try_from(self.interval.as_micros()).unwrap_or(u64::MAX));
        self.group.check()?;
        let state = &mut *self.shared.lock();
        if state.catalog.find(&self.group.name).is_some() {
            return Err(AnnounceError::Again(self.group.name));
        }
        let name = self.group.name.clone();
        let (id, series) = state.catalog.add(self.group);
        state.buffer.add_group(name, series);
        Ok(Group { shared: Arc::clone(self.shared), id })
    }
}

/// A group of a publisher. Cheap to clone: all clones are one group.
#[derive(Clone, Debug)]
pub struct Group {
    shared: Arc<Shared>,
    id: GroupId,
}

impl Group {
    /// Appends a row to the buffer, and returns at once. A value that does not exist in this row is [`MISSING`](crate::MISSING).
    ///
    /// # Errors
    /// If the row does not have one value for each series, is not later than the last one, or the publisher has ended.
    pub fn row(&self, time: SystemTime, values: &[f64]) -> Result<(), RowError> {
        let mut state = self.shared.lock();
        if let Some(reason) = state.ended() {
            return Err(RowError::Ended(reason.to_owned()));
        }
        state.buffer.row(self.id, timestamp(time), values)
    }
}

/// Microseconds since 1970, negative before.
pub(crate) fn timestamp(time: SystemTime) -> Timestamp {
    let micros = |duration: Duration| i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(match time.duration_since(UNIX_EPOCH) {
        Ok(since) => micros(since),
        Err(before) => -micros(before.duration()),
    })
}
