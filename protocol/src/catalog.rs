//! Descriptors of groups and series. Data frames carry ids only; a catalog says what the ids mean.

use bincode::{BorrowDecode, Decode, Encode};

use crate::codec::Check;
use crate::entries::{Entries, Item};
use crate::error::{DecodeError, within};
use crate::id::{GroupId, SeriesId};
use crate::limits::{MAX_LABELS, MAX_NAME_BYTES};
use crate::time::Interval;

/// Groups and series that came or went. A large catalog spans several frames: the first `Whole`, the rest `Changes`.
#[derive(Clone, Copy, Debug, PartialEq, Encode, BorrowDecode)]
pub struct Catalog<'a> {
    /// Whether this replaces all that was said before.
    pub scope: CatalogScope,
    /// New groups, and groups whose description changed. Ids rise, here and in the other lists.
    pub groups: Entries<'a, GroupDescriptor<'a>>,
    /// New series, and series whose description changed. Their group stands in this or an earlier frame.
    pub series: Entries<'a, SeriesDescriptor<'a>>,
    /// Series that have ended: no more samples will come, and the last has left the server's history.
    pub retired: Entries<'a, SeriesId>,
}

impl Check for Catalog<'_> {
    fn check(&self) -> Result<(), DecodeError> {
        self.groups.check_rising("group descriptor", |group| group.id.0, |group| group.check())?;
        self.series.check_rising("series descriptor", |series| series.id.0, |series| series.check())?;
        self.retired.check_rising("retired series", |series| series.0, |_| Ok(()))
    }
}

/// Whether a catalog replaces or adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum CatalogScope {
    /// Replaces everything: what is not in it does not exist.
    Whole,
    /// Adds to what was said before.
    Changes,
}

/// A group: series of one unit that are sampled together. A page draws one panel for each.
#[derive(Clone, Copy, Debug, PartialEq, Encode, BorrowDecode)]
pub struct GroupDescriptor<'a> {
    /// The id that blocks carry.
    pub id: GroupId,
    /// Machine name, such as `network.bytes`.
    pub name: &'a str,
    /// What a person reads, such as `Network traffic`.
    pub title: &'a str,
    /// Unit of every value, in [UCUM](https://ucum.org/ucum) as OpenTelemetry uses it: `By/s`, `s`, `1`, `{packet}/s`.
    /// `1` is a ratio, shown in percent when its bounds are `0..1`.
    pub unit: &'a str,
    /// Time from one row to the next, as intended.
    pub interval: Interval,
    /// Where the value axis begins and ends.
    pub bounds: Bounds,
}

impl<'a> Item<'a> for GroupDescriptor<'a> {}

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

/// Where a group's value axis begins and ends.
#[derive(Clone, Copy, Debug, PartialEq, Encode, Decode)]
pub enum Bounds {
    /// Both ends follow the data.
    Auto,
    /// From zero to what the data needs.
    FromZero,
    /// Always these two; finite, `low < high`.
    Fixed {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
}

/// One series of a group.
#[derive(Clone, Copy, Debug, PartialEq, Encode, BorrowDecode)]
pub struct SeriesDescriptor<'a> {
    /// The id that columns carry.
    pub id: SeriesId,
    /// The group it is sampled with.
    pub group: GroupId,
    /// What a legend shows, such as `eth0 received`.
    pub name: &'a str,
    /// How its values are to be read.
    pub kind: SeriesKind,
    /// Key and value pairs that tell it from its siblings, such as `device` = `eth0`.
    pub labels: Entries<'a, Label<'a>>,
}

impl<'a> Item<'a> for SeriesDescriptor<'a> {}

impl SeriesDescriptor<'_> {
    fn check(&self) -> Result<(), DecodeError> {
        within("length of a series' name", self.name.len(), MAX_NAME_BYTES)?;
        let mut labels = 0;
        self.labels.check("label", |label| {
            labels += 1;
            within("labels of a series", labels, MAX_LABELS)?;
            within("length of a label's key", label.key.len(), MAX_NAME_BYTES)?;
            within("length of a label's value", label.value.len(), MAX_NAME_BYTES)
        })
    }
}

/// How a series' values are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum SeriesKind {
    /// A level: each value stands for itself.
    Gauge,
    /// A running total that only falls when its source restarts.
    Counter,
}

/// One label of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, BorrowDecode)]
pub struct Label<'a> {
    /// Such as `device`.
    pub key: &'a str,
    /// Such as `eth0`.
    pub value: &'a str,
}

impl<'a> Item<'a> for Label<'a> {}
