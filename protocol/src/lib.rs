//! The wire: what a feed server and a viewer say to each other, and nothing else.
//!
//! One WebSocket message holds one [`Frame`] (server to viewer) or one [`ClientMessage`] (viewer to server). Both open
//! with the same eight bytes, a [`Preamble`]: magic, protocol version, kind and body length. They stand outside the
//! body, so that a reader can skip a kind it does not know. Everything after it is [bincode 2] (`standard()`: little
//! endian, varints), save the frame's fixed [`Header`].
//!
//! Samples travel in columns. A [`Block`] holds one group of series that were sampled together: one time column and a
//! value column for each series. Nothing is copied while decoding: strings and columns borrow from the message.
//!
//! ```
//! use protocol::{Body, Bye, ByeReason, Header, Epoch, Frame, Interval, Sequence, Timestamp};
//!
//! let header = Header { epoch: Epoch(7), sequence: Sequence(42), sent: Timestamp::from_micros(1_000) };
//! let bye = Bye { reason: ByeReason::ServerStopping, retry_after: Interval::from_millis(250), text: "restart" };
//! let bytes = Frame { header, body: Body::Bye(bye) }.to_bytes()?;
//! let frame = Frame::decode(&bytes)?;
//! assert_eq!(frame.header.sequence, Sequence(42));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Layout
//! | module | subject |
//! | --- | --- |
//! | [`frame`] | a whole message to a viewer: preamble, header, body |
//! | [`client_message`] | a whole message from a viewer |
//! | [`body`] | what a frame can say: samples, history, gap, heartbeat, bye, ... |
//! | [`catalog`] | descriptors of groups and series; data frames carry ids only |
//! | [`block`], [`times`], [`mod@column`] | sample blocks and the encodings of their columns |
//! | `integers`, `scaled` | what the packed encodings have in common; decimals as integers |
//! | [`entries`] | a list that borrows its items from the message |
//! | [`preamble`], [`time`], [`id`] | the shared eight bytes; units; names |
//! | [`limits`], [`error`] | every bound, and how a broken one is reported |
//!
//! # What this crate does not know
//! No I/O, no clock, no async runtime, no browser. Time comes in as an argument.
//!
//! [bincode 2]: https://docs.rs/bincode/2.0.1/bincode/

#![warn(missing_docs)]

pub mod block;
pub mod body;
pub mod catalog;
pub mod client_message;
mod codec;
pub mod column;
pub mod entries;
pub mod error;
pub mod frame;
pub mod id;
mod integers;
pub mod limits;
mod outliers;
pub mod preamble;
mod scaled;
pub mod time;
pub mod times;

pub use block::{Block, BlockBuffer, Blocks, Visit, Visitor};
pub use body::{
    Alert, AlertState, Annotation, AnnotationKind, Body, Bye, ByeReason, Echo, Gap, GapCause, Heartbeat, Hello,
    History, HistoryPart, Log, Relay, Samples, SeriesTally, Severity, Tally,
};
pub use catalog::{Bounds, Catalog, CatalogScope, GroupDescriptor, Label, SeriesDescriptor, SeriesKind};
pub use client_message::{ClientMessage, Start, Visibility};
pub use column::Column;
pub use entries::{Entries, EntriesBuffer};
pub use error::{DecodeError, EncodeError};
pub use frame::{Frame, Header};
pub use id::{Epoch, GroupId, Sequence, SeriesId};
pub use integers::BadIntegers;
pub use preamble::{PROTOCOL_VERSION, Preamble};
pub use scaled::BadScaled;
pub use time::{Interval, Timestamp};
pub use times::Times;
