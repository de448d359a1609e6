//! What a frame can say.

use bincode::{BorrowDecode, Decode, Encode};

use crate::block::Blocks;
use crate::catalog::Catalog;
use crate::codec::{self, Check};
use crate::entries::{Entries, Item};
use crate::error::{DecodeError, EncodeError, within};
use crate::id::{Sequence, SeriesId};
use crate::limits::{MAX_NAME_BYTES, MAX_TEXT_BYTES};
use crate::time::{Interval, Timestamp};

/// A frame's body. The number of each kind is fixed for ever.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Body<'a> {
    /// First on every connection: who is speaking.
    Hello(Hello<'a>),
    /// What the ids mean.
    Catalog(Catalog<'a>),
    /// New samples, as they were measured.
    Samples(Samples<'a>),
    /// Samples from before the viewer came, or that it missed.
    History(History<'a>),
    /// Samples that the viewer will never get.
    Gap(Gap),
    /// Nothing new, but alive. The header's sequence tells a viewer whether it holds everything.
    Heartbeat(Heartbeat),
    /// Answer to a viewer's [`Probe`](crate::ClientMessage::Probe).
    Echo(Echo),
    /// A log line.
    Log(Log<'a>),
    /// A mark on the time axis.
    Annotation(Annotation<'a>),
    /// A rule that began or ceased to hold.
    Alert(Alert<'a>),
    /// Counts and hashes for one second, by which a viewer proves that it holds every sample.
    Tally(Tally<'a>),
    /// Passed on from another viewer.
    Relay(Relay<'a>),
    /// Last on a connection: why it ends.
    Bye(Bye<'a>),
    /// A kind this version does not know; skipped.
    Unknown {
        /// The kind found.
        kind: u8,
    },
}

/// Declares the kinds once: their numbers, and which structure each is.
macro_rules! kinds {
    ($($number:literal => $kind:ident, $what:literal;)*) => {
        impl<'a> Body<'a> {
            /// The number of this kind on the wire.
            pub const fn kind(&self) -> u8 {
                match self {
                    $(Self::$kind(_) => $number,)*
                    Self::Unknown { kind } => *kind,
                }
            }

            pub(crate) fn decode(kind: u8, bytes: &'a [u8]) -> Result<Self, DecodeError> {
                match kind {
                    $($number => {
                        let body: $kind = codec::decode_whole($what, bytes, codec::BODY)?;
                        body.check()?;
                        Ok(Self::$kind(body))
                    })*
                    kind => Ok(Self::Unknown { kind }),
                }
            }

            pub(crate) fn append_to(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
                match self {
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
    3 => Samples, "samples";
    4 => History, "history";
    5 => Gap, "gap";
    6 => Heartbeat, "heartbeat";
    7 => Echo, "echo";
    8 => Log, "log line";
    9 => Annotation, "annotation";
    10 => Alert, "alert";
    11 => Tally, "tally";
    12 => Relay, "relay";
    13 => Bye, "bye";
}

/// Who is speaking, and what it promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, BorrowDecode)]
pub struct Hello<'a> {
    /// Name and version of the server, such as `kymograph 0.1.0`.
    pub server: &'a str,
    /// The machine that is measured.
    pub host: &'a str,
    /// How far back the server's history may reach.
    pub history: Interval,
    /// A viewer that hears nothing for several of these has lost its server.
    pub heartbeat: Interval,
}

impl Check for Hello<'_> {
    fn check(&self) -> Result<(), DecodeError> {
        within("length of the server's name", self.server.len(), MAX_NAME_BYTES)?;
        within("length of the host's name", self.host.len(), MAX_NAME_BYTES)
    }
}

/// New samples. The header's sequence is the number of this frame.
#[derive(Clone, Copy, Debug, PartialEq, Encode, BorrowDecode)]
pub struct Samples<'a> {
    /// When the newest of them was handed over by its source.
    pub collected: Timestamp,
    /// When the hub gave them their sequence number.
    pub queued: Timestamp,
    /// The samples. A group may have several blocks; their times go on.
    pub blocks: Blocks<'a>,
}

impl Check for Samples<'_> {
    fn check(&self) -> Result<(), DecodeError> {
        self.blocks.check()
    }
}

/// Samples up to and including the header's sequence, oldest first within a group.
#[derive(Clone, Copy, Debug, PartialEq, Encode, BorrowDecode)]
pub struct History<'a> {
    /// Whether more follows.
    pub part: HistoryPart,
    /// The samples.
    pub blocks: Blocks<'a>,
}

impl Check for History<'_> {
    fn check(&self) -> Result<(), DecodeError> {
        self.blocks.check()
    }
}

/// Whether more of a history follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum HistoryPart {
    /// More follows.
    More,
    /// This was the last part: the viewer now holds everything up to the header's sequence.
    Last,
}

/// Samples that the viewer will never get. Draw a hole, not a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Gap {
    /// The last position the viewer holds.
    pub after: Sequence,
    /// The first position that follows the hole.
    pub until: Sequence,
    /// Why.
    pub cause: GapCause,
}

impl Check for Gap {}

/// Why there is a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum GapCause {
    /// The server no longer holds what lies between.
    HistoryExpired,
    /// The viewer's position belongs to another epoch: the server has started anew.
    EpochChanged,
    /// The viewer's position lies ahead of the stream, which cannot be.
    UnknownPosition,
}

/// Nothing new, but alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Heartbeat {
    /// The next frame comes within this time.
    pub next_within: Interval,
}

impl Check for Heartbeat {}

/// Answer to a probe, by which a viewer estimates the offset of the two clocks as NTP does (RFC 5905, section 8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Echo {
    /// The viewer's own time, as it stood in the probe.
    pub origin: Timestamp,
    /// When the server read the probe. When it answered stands in the header.
    pub received: Timestamp,
}

impl Check for Echo {}

/// A log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, BorrowDecode)]
pub struct Log<'a> {
    /// When it was written.
    pub at: Timestamp,
    /// How bad it is.
    pub severity: Severity,
    /// Who wrote it.
    pub source: &'a str,
    /// The line; text, never markup.
    pub text: &'a str,
}

impl Check for Log<'_> {
    fn check(&self) -> Result<(), DecodeError> {
        within("length of a log line's source", self.source.len(), MAX_NAME_BYTES)?;
        within("length of a log line", self.text.len(), MAX_TEXT_BYTES)
    }
}

/// How bad a log line or an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Severity {
    /// For whoever debugs.
    Debug,
    /// Worth knowing.
    Info,
    /// Worth a look.
    Warning,
    /// Something failed.
    Error,
    /// Someone should be woken.
    Critical,
}

/// A mark on the time axis.
#[derive(Clone, Copy, Debug, PartialEq, Encode, BorrowDecode)]
pub struct Annotation<'a> {
    /// Its number within the epoch.
    pub id: u64,
    /// What made it.
    pub kind: AnnotationKind,
    /// Where it begins.
    pub at: Timestamp,
    /// Where it ends; equal to `at` for a point.
    pub until: Timestamp,
    /// The stream's position at `at`, so that pre-roll can be asked for exactly.
    pub position: Sequence,
    /// The series it concerns; none for all.
    pub series: Entries<'a, SeriesId>,
    /// Who made it.
    pub author: &'a str,
    /// What it says; text, never markup.
    pub text: &'a str,
}

impl Check for Annotation<'_> {
    fn check(&self) -> Result<(), DecodeError> {
        self.series.check_rising("annotated series", |series| series.0, |_| Ok(()))?;
        within("length of an annotation's author", self.author.len(), MAX_NAME_BYTES)?;
        within("length of an annotation", self.text.len(), MAX_TEXT_BYTES)
    }
}

/// What made an annotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum AnnotationKind {
    /// A person's note.
    Note,
    /// A trigger that hit.
    TriggerHit,
}

/// A rule that began or ceased to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, BorrowDecode)]
pub struct Alert<'a> {
    /// When its state changed.
    pub at: Timestamp,
    /// The series that the rule watches.
    pub series: SeriesId,
    /// How bad it is.
    pub severity: Severity,
    /// What it has become.
    pub state: AlertState,
    /// The rule's name.
    pub name: &'a str,
    /// What it says; text, never markup.
    pub text: &'a str,
}

impl Check for Alert<'_> {
    fn check(&self) -> Result<(), DecodeError> {
        within("length of an alert's name", self.name.len(), MAX_NAME_BYTES)?;
        within("length of an alert", self.text.len(), MAX_TEXT_BYTES)
    }
}

/// What an alert has become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum AlertState {
    /// The rule holds.
    Firing,
    /// It no longer does.
    Resolved,
}

/// What was sent for one second.
#[derive(Clone, Copy, Debug, PartialEq, Encode, BorrowDecode)]
pub struct Tally<'a> {
    /// The second: samples from here up to, not including, one second later.
    pub second: Timestamp,
    /// A tally a series that had samples in it.
    pub series: Entries<'a, SeriesTally>,
}

impl Check for Tally<'_> {
    fn check(&self) -> Result<(), DecodeError> {
        self.series.check_rising("tally", |tally| tally.series.0, |_| Ok(()))
    }
}

/// How many samples of one series were sent for a second, and what they add up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SeriesTally {
    /// The series.
    pub series: SeriesId,
    /// Samples in this second.
    pub count: u32,
    /// Wrapping sum over the samples of `time * 0x9E37_79B9_7F4A_7C15 ^ value bits`: order does not matter.
    pub hash: u64,
}

impl Item<'_> for SeriesTally {}

/// Passed on from another viewer, unread by the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, BorrowDecode)]
pub struct Relay<'a> {
    /// Who sent it.
    pub from: &'a str,
    /// What it sent.
    pub payload: &'a [u8],
}

impl Check for Relay<'_> {
    fn check(&self) -> Result<(), DecodeError> {
        within("length of a relay's sender", self.from.len(), MAX_NAME_BYTES)?;
        within("length of a relayed message", self.payload.len(), MAX_TEXT_BYTES)
    }
}

/// Why the connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, BorrowDecode)]
pub struct Bye<'a> {
    /// Why, for a program.
    pub reason: ByeReason,
    /// Come back no sooner than this, plus a random part.
    pub retry_after: Interval,
    /// Why, for a person.
    pub text: &'a str,
}

impl Check for Bye<'_> {
    fn check(&self) -> Result<(), DecodeError> {
        within("length of a bye's text", self.text.len(), MAX_TEXT_BYTES)
    }
}

/// Why a server ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum ByeReason {
    /// The server stops or restarts: come back.
    ServerStopping,
    /// The server has as much to do as it can: come back later.
    Overloaded,
    /// The viewer broke the protocol: do not come back unchanged.
    Refused,
}
