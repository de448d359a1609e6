//! Bodies of frames, one structure per kind.

use std::ops::RangeInclusive;

use bincode::{BorrowDecode, Decode, Encode};

use crate::block::Blocks;
use crate::catalog::Catalog;
use crate::codec::{self, Check};
use crate::error::{DecodeError, EncodeError, within};
use crate::growing::with_fallback;
use crate::hello::Hello;
use crate::id::Sequence;
use crate::limits::MAX_TEXT_BYTES;
use crate::log::{Event, Logs};
use crate::publish::{Held, LeftOut};
use crate::samples::Samples;
use crate::summaries::{Answer, Summaries};
use crate::time::{Interval, Timestamp};

/// The body of a frame. The number of a kind never changes. 128 and above are left to private use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Body<'a> {
    /// First frame of a connection: describes the server.
    Hello(Hello<'a>),
    /// Descriptors of groups and series.
    Catalog(Catalog<'a>),
    /// Live samples, numbered.
    Samples(Samples<'a>),
    /// Samples from before the subscription, or missed by the viewer.
    History(History<'a>),
    /// Samples that the server cannot send.
    Gap(Gap),
    /// Proves that the server is alive. A viewer compares the header's sequence with its position to detect a loss.
    Heartbeat(Heartbeat),
    /// Reply to a viewer's [`Probe`](crate::ClientMessage::Probe).
    Echo(Echo),
    /// The answer to a request that the server does not serve.
    Refused(Refused<'a>),
    /// Last frame of a connection: the reason for its end.
    Bye(Bye<'a>),
    /// Part of the answer to a [`Query`](crate::ClientMessage::Query).
    Answer(Answer<'a>),
    /// The reply to a [`Subscribe`](crate::ClientMessage::Subscribe).
    Subscribed(Subscribed),
    /// Summaries from before the subscription, or missed by the viewer.
    Summaries(Summaries<'a>),
    /// The position that the server holds of a publisher.
    Held(Held),
    /// What the server does not register of an [`Announce`](crate::ClientMessage::Announce).
    LeftOut(LeftOut<'a>),
    /// Lines of logs. Numbered, like samples.
    Logs(Logs<'a>),
    /// Something that happened. Numbered, like samples.
    Event(Event<'a>),
    /// A kind unknown to this version, to be skipped.
    Unknown {
        /// Number from the preamble.
        kind: u8,
    },
}

/// Kinds that are numbered like `Samples`. A viewer that does not know one skips its body, and advances its position.
const NUMBERED: RangeInclusive<u8> = 64..=127;

/// Returns true if frames of this kind are numbered.
pub(crate) fn is_numbered(kind: u8) -> bool {
    kind == SAMPLES || NUMBERED.contains(&kind)
}

impl Body<'_> {
    /// Returns true if the header's sequence is the number of this frame, not the position of the stream.
    pub fn is_numbered(&self) -> bool {
        is_numbered(self.kind())
    }
}

/// The kinds whose times are relative to the header: rows, and rows with updates of buckets.
const SAMPLES: u8 = 3;
const UPDATED_SAMPLES: u8 = 66;

/// Declares number and structure of each other kind in one place.
macro_rules! kinds {
    ($($number:literal => $kind:ident, $what:literal;)*) => {
        impl<'a> Body<'a> {
            /// The kind number in the preamble.
            pub const fn kind(&self) -> u8 {
                match self {
                    Self::Samples(samples) if samples.updates.is_empty() => SAMPLES,
                    Self::Samples(_) => UPDATED_SAMPLES,
                    $(Self::$kind(_) => $number,)*
                    Self::Unknown { kind } => *kind,
                }
            }

            pub(crate) fn decode(kind: u8, bytes: &'a [u8], sent: Timestamp) -> Result<Self, DecodeError> {
                match kind {
                    SAMPLES => Samples::decode(bytes, sent).map(Self::Samples),
                    UPDATED_SAMPLES => Samples::decode_updated(bytes, sent).map(Self::Samples),
                    $($number => {
                        let body: $kind = codec::decode_known($what, bytes, codec::BODY)?;
                        body.check()?;
                        Ok(Self::$kind(body))
                    })*
                    kind => Ok(Self::Unknown { kind }),
                }
            }

            pub(crate) fn append_to(&self, sent: Timestamp, out: &mut Vec<u8>) -> Result<(), EncodeError> {
                match self {
                    Self::Samples(samples) => samples.append_to(sent, out),
                    $(Self::$kind(body) => codec::append(body, out, codec::BODY),)*
                    Self::Unknown { .. } => Ok(()),
                }
            }
        }
    };
}

kinds! {
    1 => Hello, "hello";
    2 => Catalog, "catalog";
    4 => History, "history";
    5 => Gap, "gap";
    6 => Heartbeat, "heartbeat";
    7 => Echo, "echo";
    8 => Refused, "refusal";
    9 => Bye, "bye";
    10 => Answer, "answer";
    11 => Subscribed, "subscription";
    12 => Summaries, "summaries";
    13 => Held, "held position";
    14 => LeftOut, "left out";
    64 => Logs, "logs";
    65 => Event, "event";
}

/// Samples up to and including the header's sequence.
#[derive(Clone, Copy, Debug, PartialEq, Encode, BorrowDecode)]
pub struct History<'a> {
    /// Marks the last frame of a history.
    pub part: HistoryPart,
    /// Oldest first within a group.
    pub blocks: Blocks<'a>,
}

impl Check for History<'_> {
    fn check(&self) -> Result<(), DecodeError> {
        self.blocks.check(0)
    }
}

/// Position of a frame in a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum HistoryPart {
    /// Another `History` frame follows.
    More,
    /// The viewer now holds all samples up to the header's sequence.
    Last,
}

/// Samples that the server cannot send. A page draws a hole, not a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Gap {
    /// The viewer's position before the gap.
    pub after: Sequence,
    /// The server holds all rows from this sequence on.
    pub until: Sequence,
    /// Reason for the loss.
    pub cause: GapCause,
    /// What is missing.
    pub content: GapContent,
}

impl Check for Gap {}

/// Cause of a gap. A reader treats an unknown variant as `HistoryExpired`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode)]
pub enum GapCause {
    /// The missing samples have been evicted from history.
    HistoryExpired,
    /// The viewer's position is of another epoch: the server has restarted.
    EpochChanged,
    /// The viewer's position is ahead of the stream.
    UnknownPosition,
}

/// What is missing. A reader treats an unknown variant as `Rows`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode)]
pub enum GapContent {
    /// Rows of one or several groups.
    #[default]
    Rows,
    /// `Logs` frames.
    Logs,
    /// `Event` frames.
    Events,
}

with_fallback!(GapContent: Rows, 1 => Logs, 2 => Events);

with_fallback!(GapCause: HistoryExpired, 1 => EpochChanged, 2 => UnknownPosition);

/// Proves that the server is alive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Heartbeat {
    /// The server sends another frame within this interval.
    pub next_within: Interval,
    /// Groups of the catalog.
    pub groups: u32,
    /// Those of them whose newest row is older than three of their intervals and older than one second, or that have no row. It
    /// includes groups that the viewer did not select.
    pub silent: u32,
}

impl Check for Heartbeat {}

/// Reply to a probe. A viewer estimates the offset of the two clocks from it as NTP does (RFC 5905, section 8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Echo {
    /// Time of the probe by the viewer's clock (the origin timestamp of RFC 5905).
    pub origin: Timestamp,
    /// Time at which the server read the probe. The time of the reply is in the header.
    pub received: Timestamp,
}

impl Check for Echo {}

/// The reply to a subscription. Its catalog and history follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Subscribed {
    /// The id of the request.
    pub id: u32,
    /// The number of series of the catalog that the viewer is sent.
    pub series: u32,
    /// Whether these are the series that it selected.
    pub extent: Extent,
}

impl Check for Subscribed {}

/// Whether a viewer is sent only the series that it selected. A reader treats an unknown variant as `Wider`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode)]
pub enum Extent {
    /// The series that it selected.
    Exact,
    /// More than these: too many viewers have different subscriptions, so that it shares one that includes its own.
    Wider,
}

with_fallback!(Extent: Wider, 0 => Exact);

/// The answer to a request that the server does not serve. The connection and the stream go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, BorrowDecode)]
pub struct Refused<'a> {
    /// Number of the request's kind.
    pub request: u8,
    /// For programs.
    pub code: RefusalCode,
    /// The reason in words, for people.
    pub text: &'a str,
    /// The id of the request; 0 if its kind has none.
    pub id: u32,
}

impl Check for Refused<'_> {
    fn check(&self) -> Result<(), DecodeError> {
        within("length of a refusal's text", self.text.len(), MAX_TEXT_BYTES)
    }
}

/// The reason why a request is not served. A viewer that does not know a code shows the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct RefusalCode(pub u32);

impl RefusalCode {
    /// The server knows no request of this kind.
    pub const UNKNOWN_KIND: Self = Self(0);
    /// The text of the selection is not a selector. Of queries and subscriptions.
    pub const MALFORMED_SELECTOR: Self = Self(1);
    /// The request exceeds a limit, or its number of columns is 0.
    pub const TOO_LARGE: Self = Self(2);
    /// Too many requests of this kind are not answered yet.
    pub const TOO_MANY: Self = Self(3);
    /// The range is empty: its start is not before its end.
    pub const EMPTY_RANGE: Self = Self(4);
    /// A request with this id is not answered yet.
    pub const ID_IN_USE: Self = Self(5);
}

/// Reason for the end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, BorrowDecode)]
pub struct Bye<'a> {
    /// For programs: whether to reconnect.
    pub reason: ByeReason,
    /// Minimum delay before reconnecting; add a random part.
    pub retry_after: Interval,
    /// The reason in words, for people.
    pub text: &'a str,
}

impl Check for Bye<'_> {
    fn check(&self) -> Result<(), DecodeError> {
        within("length of a bye's text", self.text.len(), MAX_TEXT_BYTES)
    }
}

/// Reason for a server to end a connection. A reader treats an unknown variant as `Overloaded`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode)]
pub enum ByeReason {
    /// The server stops or restarts: reconnect.
    ServerStopping,
    /// The server is at a limit: reconnect later.
    Overloaded,
    /// The viewer violated the protocol: do not reconnect with the same program.
    Refused,
}

with_fallback!(ByeReason: Overloaded, 0 => ServerStopping, 2 => Refused);
