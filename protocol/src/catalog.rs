//! Descriptors of groups and series. Blocks carry ids only; a catalog describes them.

use bincode::de::Decoder;
use bincode::{BorrowDecode, Decode, Encode};

use crate::codec::Check;
use crate::entries::{Entries, Item};
use crate::error::{DecodeError, within};
use crate::growing::{growing, skip_rest, with_fallback};
use crate::id::{GroupId, Revision, SeriesId};
use crate::limits::{MAX_LABELS, MAX_NAME_BYTES};
use crate::time::Interval;

/// Added and retired groups and series. A large catalog, and a large change, spans several frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Encode, BorrowDecode)]
pub struct Catalog<'a> {
    /// Replaces or extends earlier catalogs.
    pub scope: CatalogScope,
    /// The revision that the viewer holds after this frame; 0 if the next catalog frame continues this one.
    pub revision: Revision,
    /// New and changed groups. Ids are strictly increasing in each list.
    pub groups: Entries<'a, GroupDescriptor<'a>>,
    /// New and changed series. Their group is in this frame or an earlier one.
    pub series: Entries<'a, SeriesDescriptor<'a>>,
    /// Series without further samples, whose last sample has been evicted from the server's history.
    pub retired: Entries<'a, SeriesId>,
    /// Groups whose last series has retired.
    pub retired_groups: Entries<'a, GroupId>,
}

impl Check for Catalog<'_> {
    fn check(&self) -> Result<(), DecodeError> {
        check_descriptors(&self.groups, &self.series)?;
        self.retired.check_increasing("retired series", |series| series.0, |_| Ok(()))?;
        self.retired_groups.check_increasing("retired group", |group| group.0, |_| Ok(()))
    }
}

pub(crate) fn check_descriptors(
    groups: &Entries<'_, GroupDescriptor<'_>>,
    series: &Entries<'_, SeriesDescriptor<'_>>,
) -> Result<(), DecodeError> {
    groups.check_increasing("group descriptor", |group| group.id.0, |group| group.check())?;
    series.check_increasing("series descriptor", |series| series.id.0, |series| series.check())
}

/// Relation of a catalog to earlier ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub enum CatalogScope {
    /// Replaces earlier catalogs: groups and series not listed do not exist.
    #[default]
    Whole,
    /// Adds to earlier catalogs.
    Changes,
    /// The catalog that the viewer named in its request is the current one.
    Unchanged,
}

/// A group: series of one unit that share a clock. By default, a page draws one panel per group.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GroupDescriptor<'a> {
    /// [`Block::group`](crate::Block::group) of its samples.
    pub id: GroupId,
    /// Name for programs, such as `network.bytes`.
    pub name: &'a str,
    /// Name for display, such as `Network traffic`.
    pub title: &'a str,
    /// Unit of every value, in [UCUM](https://ucum.org/ucum) as OpenTelemetry uses it: `By/s`, `s`, `1`, `{packet}/s`.
    /// `1` is a ratio, shown in percent when its bounds are `0..1`.
    pub unit: &'a str,
    /// Intended time between rows.
    pub interval: Interval,
    /// Ends of the value axis.
    pub bounds: Bounds,
    /// A default layout shows groups of details after all others.
    pub prominence: Prominence,
    /// Suggested place: groups of one prominence are ordered by rank, then by id. 0 if the source suggests none.
    pub rank: u32,
}

impl<'a> Item<'a> for GroupDescriptor<'a> {}

growing!(
    GroupDescriptor { id: GroupId, name: &'a str, title: &'a str, unit: &'a str, interval: Interval, bounds: Bounds },
    appended { prominence: Prominence, rank: u32 }
);

impl GroupDescriptor<'_> {
    fn check(&self) -> Result<(), DecodeError> {
        within("length of a group's name", self.name.len(), MAX_NAME_BYTES)?;
        within("length of a group's title", self.title.len(), MAX_NAME_BYTES)?;
        within("length of a group's unit", self.unit.len(), MAX_NAME_BYTES)?;
        match self.bounds {
            Bounds::Fixed { low, high } if !(low.is_finite() && high.is_finite() && low < high) => {
                Err(DecodeError::BadBounds { what: "a group's axis", low, high })
            }
            _ => Ok(()),
        }
    }
}

/// Ends of a group's value axis. A reader treats an unknown variant as `Auto`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Encode)]
pub enum Bounds {
    /// Minimum and maximum of the data.
    #[default]
    Auto,
    /// Zero and the maximum of the data.
    FromZero,
    /// Both ends are constant and finite, with `low` below `high`.
    #[allow(missing_docs, reason = "documented at the variant")]
    Fixed { low: f64, high: f64 },
}

impl<C> Decode<C> for Bounds {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, bincode::error::DecodeError> {
        Ok(match u32::decode(decoder)? {
            0 => Self::Auto,
            1 => Self::FromZero,
            2 => Self::Fixed { low: f64::decode(decoder)?, high: f64::decode(decoder)? },
            _ => {
                // Its fields are not known, so that the next field of the structure cannot be found.
                skip_rest(decoder);
                Self::Auto
            }
        })
    }
}

bincode::impl_borrow_decode!(Bounds);

/// Where a default layout shows a group. A reader treats an unknown variant as `Overview`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Encode)]
pub enum Prominence {
    /// Before all groups of details.
    #[default]
    Overview,
    /// After all others.
    Detail,
}

with_fallback!(Prominence: Overview, 1 => Detail);

/// A series of a group, identified by the group and the labels in any order. Its group never changes within an epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeriesDescriptor<'a> {
    /// [`Column::series`](crate::Column::series) of its samples.
    pub id: SeriesId,
    /// The group that contains the series.
    pub group: GroupId,
    /// Name for display, such as `eth0 received`.
    pub name: &'a str,
    /// Meaning of the values.
    pub kind: SeriesKind,
    /// Distinguish the series of a group, such as `device` = `eth0`.
    pub labels: Entries<'a, Label<'a>>,
}

impl<'a> Item<'a> for SeriesDescriptor<'a> {}

growing!(SeriesDescriptor { id: SeriesId, group: GroupId, name: &'a str, kind: SeriesKind, labels: Entries<'a, Label<'a>> });

impl SeriesDescriptor<'_> {
    fn check(&self) -> Result<(), DecodeError> {
        within("length of a series' name", self.name.len(), MAX_NAME_BYTES)?;
        check_labels(&self.labels)
    }
}

pub(crate) fn check_labels(list: &Entries<'_, Label<'_>>) -> Result<(), DecodeError> {
    let mut labels = 0;
    list.check("label", |label| {
        labels += 1;
        within("number of labels", labels, MAX_LABELS)?;
        within("length of a label's key", label.key.len(), MAX_NAME_BYTES)?;
        within("length of a label's value", label.value.len(), MAX_NAME_BYTES)
    })
}

/// Meaning of a series' values. A reader treats an unknown variant as `Gauge`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode)]
pub enum SeriesKind {
    /// A level, independent of earlier values.
    Gauge,
    /// A running total that decreases only if its source restarts.
    Counter,
    /// The running total of a histogram's bucket. Its label `le` is the bucket's upper bound.
    Bucket,
    /// A number that names a state, such as 0 and 1 for a link that is down or up. Values between two states do not exist.
    State,
}

with_fallback!(SeriesKind: Gauge, 1 => Counter, 2 => Bucket, 3 => State);

/// A key and a value that describe something, such as `device` = `eth0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, BorrowDecode)]
pub struct Label<'a> {
    /// At most [`MAX_NAME_BYTES`] bytes.
    pub key: &'a str,
    /// At most [`MAX_NAME_BYTES`] bytes.
    pub value: &'a str,
}

impl<'a> Item<'a> for Label<'a> {}
