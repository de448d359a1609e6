//! The series that a request selects.

use bincode::de::BorrowDecoder;
use bincode::de::read::Reader as _;
use bincode::enc::Encoder;
use bincode::{BorrowDecode, Encode};

use crate::entries::Entries;
use crate::error::DecodeError;
use crate::id::{GroupId, SeriesId};

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
        /// The selected series of which the viewer does not hold all rows up to its position: they begin with the window.
        added: Selection<'a>,
    },
}

impl Subset<'_> {
    pub(crate) fn check(&self) -> Result<(), DecodeError> {
        match self {
            Self::Everything => Ok(()),
            Self::Of { selection, added, .. } => selection.check().and_then(|()| added.check()),
        }
    }
}

impl Encode for Subset<'_> {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), bincode::error::EncodeError> {
        match self {
            Self::Everything => Ok(()),
            Self::Of { id, selection, added } => (id, selection, added).encode(encoder),
        }
    }
}

impl<'de: 'a, 'a, C> BorrowDecode<'de, C> for Subset<'a> {
    fn borrow_decode<D: BorrowDecoder<'de, Context = C>>(decoder: &mut D) -> Result<Self, bincode::error::DecodeError> {
        if decoder.borrow_reader().peek_read(1).is_none() {
            return Ok(Self::Everything);
        }
        let (id, selection, added) = BorrowDecode::borrow_decode(decoder)?;
        Ok(Self::Of { id, selection, added })
    }
}
