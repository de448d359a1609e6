//! The series that a request selects.

use bincode::{BorrowDecode, Encode};

use crate::entries::Entries;
use crate::error::DecodeError;
use crate::id::SeriesId;

/// A set of series.
#[derive(Clone, Copy, Debug, PartialEq, Encode, BorrowDecode)]
pub enum Selection<'a> {
    /// The series that match the text of a selector, as docs/PROTOCOL.md describes it. The server reads the text.
    Selector(&'a str),
    /// Series of the catalog, ids strictly increasing. Ids that the catalog does not have select nothing.
    Series(Entries<'a, SeriesId>),
}

impl Selection<'_> {
    pub(crate) fn check(&self) -> Result<(), DecodeError> {
        match self {
            Self::Selector(_) => Ok(()),
            Self::Series(series) => series.check_increasing("selected series", |series| series.0, |_| Ok(())),
        }
    }
}
