//! Messages to the server, from a viewer or a publisher.

use bincode::{Decode, Encode};

use crate::block::Blocks;
use crate::catalog::{GroupDescriptor, SeriesDescriptor, check_descriptors};
use crate::codec;
use crate::entries::Entries;
use crate::error::{DecodeError, EncodeError, within};
use crate::id::{Epoch, Revision, Sequence, SeriesId};
use crate::limits::{MAX_MESSAGE_BYTES, MAX_NAME_BYTES};
use crate::preamble::Preamble;
use crate::selection::{Selection, Subset};
use crate::time::{Interval, Timestamp};

/// A message to the server. The number of a kind never changes. 128 and above are left to private use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ClientMessage<'a> {
    /// Requests history from `start`, then live samples. Replaces an earlier subscription.
    Subscribe {
        /// First sample of the stream.
        start: Start,
        /// The series.
        subset: Subset<'a>,
    },
    /// Requests an [`Echo`](crate::Echo) for the estimate of the clock offset.
    Probe {
        /// Time of the probe by the viewer's clock.
        origin: Timestamp,
    },
    /// Limits the rate of frames.
    Pace {
        /// A hidden page receives heartbeats only.
        visibility: Visibility,
        /// Maximum; 0 for heartbeats only.
        frames_per_second: u8,
    },
    /// Requests a range of time as [`Answer`](crate::Answer) frames: rows if the range has fewer than two for
    /// each column of the picture, otherwise summaries.
    Query {
        /// Chosen by the viewer. No other query that is not answered yet may have it.
        id: u32,
        /// The series.
        selection: Selection<'a>,
        /// Start of the range.
        from: Timestamp,
        /// End of the range, which is not in it.
        to: Timestamp,
        /// The number of columns of the picture.
        columns: u32,
        /// Whether a coarse answer is sent first.
        order: AnswerOrder,
    },
    /// Ends a query. The rest of its answer is not sent.
    Cancel {
        /// The query.
        id: u32,
    },
    /// Of a publisher: its first message. The server answers with [`Held`](crate::Held).
    Open {
        /// The publisher's name, which it keeps over restarts.
        publisher: &'a str,
        /// A random number of this process, below 2^53. [`Rows`](Self::Rows) are numbered within it.
        run: u64,
    },
    /// Of a publisher: describes groups and series under ids that it chooses, for this connection.
    Announce {
        /// Ids strictly increasing.
        groups: Entries<'a, GroupDescriptor<'a>>,
        /// Ids strictly increasing. Their group is in this message or an earlier one.
        series: Entries<'a, SeriesDescriptor<'a>>,
    },
    /// Of a publisher: rows of announced series.
    Rows {
        /// Counted from 1 in each run. Rises from message to message; those that the publisher has dropped are missing.
        number: u64,
        /// Rows that the publisher has dropped in this run so far, because its buffer was full.
        lost: u64,
        /// Of mode [`Merge`](crate::BlockMode::Merge), with the publisher's ids.
        blocks: Blocks<'a>,
    },
    /// Of a publisher: these series have no further rows.
    End {
        /// The publisher's ids, strictly increasing.
        series: Entries<'a, SeriesId>,
    },
    /// A kind unknown to this version, to be [refused](crate::Refused).
    Unknown {
        /// Number from the preamble.
        kind: u8,
    },
}

/// Start of a viewer's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Start {
    /// This long before now.
    Window(Interval),
    /// After the viewer's position. If the server cannot resume there, it sends a [`Gap`](crate::Gap) and the history of
    /// length `window` before now.
    After {
        /// Epoch of the viewer's position.
        epoch: Epoch,
        /// Sequence of the viewer's position.
        sequence: Sequence,
        /// Length of the history if the viewer's epoch is over or its position is unknown, and of series that are added.
        window: Interval,
        /// Revision of the viewer's catalog: if it is the current one, it is not sent again. 0 for none.
        revision: Revision,
    },
}

/// Order of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub enum AnswerOrder {
    /// At the resolution that the query asks for.
    #[default]
    Direct,
    /// At a sixteenth of the columns first, then at all of them.
    CoarseFirst,
}

/// Visibility of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Visibility {
    /// The page is on screen.
    Visible,
    /// The page is in a hidden tab or window.
    Hidden,
}

/// Declares number and fields (in wire order) of each kind in one place.
macro_rules! kinds {
    ($($number:literal => $kind:ident { $($field:ident),* }, $what:literal;)*) => {
        impl<'a> ClientMessage<'a> {
            /// The kind number in the preamble.
            pub const fn kind(&self) -> u8 {
                match self {
                    $(Self::$kind { .. } => $number,)*
                    Self::Unknown { kind } => *kind,
                }
            }

            fn decode_body(kind: u8, body: &'a [u8]) -> Result<Self, DecodeError> {
                match kind {
                    $($number => {
                        let ($($field,)*) = codec::decode_known($what, body, codec::BODY)?;
                        Ok(Self::$kind { $($field),* })
                    })*
                    kind => Ok(Self::Unknown { kind }),
                }
            }

            fn append_to(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
                match self {
                    $(Self::$kind { $($field),* } => codec::append(&($($field,)*), out, codec::BODY),)*
                    Self::Unknown { .. } => Ok(()),
                }
            }
        }
    };
}

kinds! {
    1 => Subscribe { start, subset }, "subscribe";
    2 => Probe { origin }, "probe";
    3 => Pace { visibility, frames_per_second }, "pace";
    4 => Query { id, selection, from, to, columns, order }, "query";
    5 => Cancel { id }, "cancel";
    6 => Open { publisher, run }, "opening";
    7 => Announce { groups, series }, "announcement";
    8 => Rows { number, lost, blocks }, "rows";
    9 => End { series }, "end of series";
}

impl<'a> ClientMessage<'a> {
    /// The kind number of [`Query`](Self::Query), which a [`Refused`](crate::Refused) names.
    pub const QUERY: u8 = 4;

    /// Subscribes to everything.
    pub const fn subscribe(start: Start) -> Self {
        Self::Subscribe { start, subset: Subset::Everything }
    }

    /// Decodes a message without allocating. An unknown kind is no error.
    ///
    /// # Errors
    /// [`DecodeError`] if the message is malformed or exceeds a limit.
    pub fn decode(message: &'a [u8]) -> Result<Self, DecodeError> {
        let (preamble, body) = Preamble::decode(message, Preamble::BYTES)?;
        let decoded = Self::decode_body(preamble.kind, body)?;
        match decoded {
            Self::Query { selection, .. } => selection.check()?,
            Self::Subscribe { subset, .. } => subset.check()?,
            Self::Open { publisher, .. } => within("length of a publisher's name", publisher.len(), MAX_NAME_BYTES)?,
            Self::Announce { groups, series } => check_descriptors(&groups, &series)?,
            Self::Rows { blocks, .. } => blocks.check(0)?,
            Self::End { series } => series.check_increasing("ended series", |series| series.0, |_| Ok(()))?,
            _ => {}
        }
        Ok(decoded)
    }

    /// Encodes the message into a new vector.
    ///
    /// # Errors
    /// [`EncodeError::TooLong`] if the message would exceed [`MAX_MESSAGE_BYTES`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::new();
        Preamble::open(self.kind(), &mut out);
        self.append_to(&mut out)?;
        if out.len() > MAX_MESSAGE_BYTES {
            return Err(EncodeError::TooLong { found: out.len(), limit: MAX_MESSAGE_BYTES });
        }
        Preamble::seal(&mut out, Preamble::BYTES);
        Ok(out)
    }
}
