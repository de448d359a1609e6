//! What the server tells a publisher: the position that it holds, and what it does not register.
//!
//! A publisher's own messages are [`Open`](crate::ClientMessage::Open), [`Announce`](crate::ClientMessage::Announce),
//! [`Rows`](crate::ClientMessage::Rows) and [`End`](crate::ClientMessage::End).

use bincode::{BorrowDecode, Decode, Encode};

use crate::codec::Check;
use crate::entries::Entries;
use crate::error::{DecodeError, within};
use crate::id::{GroupId, SeriesId};
use crate::limits::MAX_TEXT_BYTES;

/// The number up to which the server holds the rows of a publisher. Sent after `Open`, when the number rises, and once a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Held {
    /// The run of the publisher's `Open`.
    pub run: u64,
    /// The number of the last `Rows` message of this run that the stream has accepted; 0 if this server has accepted none.
    pub number: u64,
    /// Rows of this publisher that the server has dropped since its start because of their times.
    pub dropped: u64,
}

impl Check for Held {}

/// Groups and series of an `Announce` that the server does not register. The connection goes on; values of these series are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Encode, BorrowDecode)]
pub struct LeftOut<'a> {
    /// The publisher's ids, strictly increasing. All series of these groups are left out.
    pub groups: Entries<'a, GroupId>,
    /// The publisher's ids, strictly increasing.
    pub series: Entries<'a, SeriesId>,
    /// The reason for the first of them in words, for people.
    pub text: &'a str,
}

impl Check for LeftOut<'_> {
    fn check(&self) -> Result<(), DecodeError> {
        self.groups.check_increasing("group that is left out", |group| group.0, |_| Ok(()))?;
        self.series.check_increasing("series that is left out", |series| series.0, |_| Ok(()))?;
        within("length of a reason", self.text.len(), MAX_TEXT_BYTES)
    }
}
