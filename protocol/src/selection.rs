//! The series that a request selects.

use bincode::de::BorrowDecoder;
use bincode::de::read::Reader as _;
use bincode::enc::Encoder;
use bincode::{BorrowDecode, Encode};

use crate::entries::{Entries, Item};
use crate::error::DecodeError;
use crate::id::{GroupId, SeriesId};
use crate::time::Interval;

/// A set of series.
#[derive(Clone, Copy, Debug, PartialEq, Encode, BorrowDecode)]
pub enum Selection<'a> {
    /// The series that match the text of a selector, as docs/PROTOCOL.md describes it. The server reads the text.
    Selector(&'a str),
    /// Series of the catalog, ids strictly increasing. Ids that the catalog does not have select nothing.
    Series(Entries<'a, SeriesId>),
    /// All series of these groups, also those that the catalog gets later; ids strictly increasing.
    Groups(Entries<'a, GroupId>),
}

impl Selection<'_> {
    pub(crate) fn check(&self) -> Result<(), DecodeError> {
        match self {
            Self::Selector(_) => Ok(()),
            Self::Series(series) => series.check_increasing("selected series", |series| series.0, |_| Ok(())),
            Self::Groups(groups) => groups.check_increasing("selected group", |group| group.0, |_| Ok(())),
        }
    }
}

/// The part of the stream that a viewer subscribes to. Written at the end of a body; without bytes, it is everything.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Subset<'a> {
    /// All series of the catalog.
    #[default]
    Everything,
    /// Some series.
    Of {
        /// Of the request: chosen by the viewer, for [`Subscribed`](crate::Subscribed).
        id: u32,
        /// The series.
        selection: Selection<'a>,
        /// The selected series of which the viewer does not hold all rows, or not in this resolution: they begin with the window.
        added: Selection<'a>,
        /// Rows or summaries.
        resolution: Resolution<'a>,
    },
}

/// The resolution of a subscription.
#[derive(Clone, Copy, Debug, Default, PartialEq, Encode, BorrowDecode)]
pub struct Resolution<'a> {
    /// The step of summaries; 0 for rows.
    pub step: Interval,
    /// Groups with another step, ids strictly increasing.
    pub groups: Entries<'a, GroupStep>,
}

/// The step of the summaries of one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, BorrowDecode)]
pub struct GroupStep {
    /// The group.
    pub group: GroupId,
    /// The step of summaries; 0 for rows.
    pub step: Interval,
}

impl Item<'_> for GroupStep {}

impl Resolution<'_> {
    /// All groups are sent as rows.
    pub const ROWS: Self = Self { step: Interval::ZERO, groups: Entries::from_bytes(&[]) };

    fn check(&self) -> Result<(), DecodeError> {
        self.groups.check_increasing("group with a step", |of| of.group.0, |_| Ok(()))
    }
}

impl Subset<'_> {
    pub(crate) fn check(&self) -> Result<(), DecodeError> {
        match self {
            Self::Everything => Ok(()),
            Self::Of { selection, added, resolution, .. } => {
                selection.check().and_then(|()| added.check()).and_then(|()| resolution.check())
            }
        }
    }
}

impl Encode for Subset<'_> {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), bincode::error::EncodeError> {
        match self {
            Self::Everything => Ok(()),
            Self::Of { id, selection, added, resolution } => (id, selection, added, resolution).encode(encoder),
        }
    }
}

impl<'de: 'a, 'a, C> BorrowDecode<'de, C> for Subset<'a> {
    fn borrow_decode<D: BorrowDecoder<'de, Context = C>>(decoder: &mut D) -> Result<Self, bincode::error::DecodeError> {
        if decoder.borrow_reader().peek_read(1).is_none() {
            return Ok(Self::Everything);
        }
        let (id, selection, added, resolution) = BorrowDecode::borrow_decode(decoder)?;
        Ok(Self::Of { id, selection, added, resolution })
    }
}
