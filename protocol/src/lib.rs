//! Wire format between a feed server, its viewers, and the programs that publish rows to it.
//!
//! A WebSocket message holds one [`Frame`] (from the server) or one [`ClientMessage`] (from a viewer or a publisher). Both start with
//! a [`Preamble`] of eight bytes: magic, protocol version, kind and body length. The preamble precedes the body, so that a
//! reader can skip an unknown kind. Bodies are encoded with [bincode 2] (`standard()`: little endian,
//! varints); the [`Header`] of a frame has fixed offsets.
//!
//! Samples are encoded in columns. A [`Block`] holds rows of one group: a time column, and a value column per series.
//! Decoding copies nothing: strings and columns borrow from the message.
//!
//! ```
//! use protocol::{Body, Bye, ByeReason, Header, Epoch, Frame, Interval, Sequence, Timestamp};
//!
//! let header = Header { epoch: Epoch(7), sequence: Sequence(42), sent: Timestamp::from_micros(1_000), skipped: 0 };
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
//! | [`frame`] | messages to a viewer: preamble, header, body |
//! | [`client_message`] | messages from a viewer or a publisher |
//! | [`body`] | bodies of frames: samples, history, gap, heartbeat, bye, ... |
//! | [`catalog`] | descriptors of groups and series |
//! | [`block`], [`times`], [`mod@column`] | sample blocks and the encodings of their columns |
//! | `integers`, `scaled`, `outliers` | packed integers, decimals as integers, exceptions |
//! | [`samples`], [`sample_list`] | live samples: blocks, and short rows as a list of samples |
//! | [`selection`] | the series of a request |
//! | [`publish`] | the answers to a publisher |
//! | [`summaries`], [`summary_buffer`] | blocks of summaries, and the answer to a query; their encoding |
//! | [`hello`] | the first frame of a connection: what server and viewer may do |
//! | [`mod@log`] | lines of logs, and events |
//! | [`entries`], `growing` | lists that borrow their items from the message; what later versions may extend |
//! | [`preamble`], [`time`], [`id`] | the first eight bytes; times; identifiers |
//! | [`limits`], [`close_codes`], [`error`] | limits, WebSocket close codes, errors |
//!
//! # Not in this crate
//! I/O, clocks, async runtimes, browsers. Callers pass times as arguments.
//!
//! [bincode 2]: https://docs.rs/bincode/2.0.1/bincode/

#![warn(missing_docs)]

pub mod block;
pub mod body;
pub mod bucket_updates;
pub mod bucket_updates_buffer;
pub mod catalog;
pub mod client_message;
pub mod close_codes;
mod codec;
pub mod column;
pub mod entries;
pub mod error;
pub mod frame;
mod growing;
pub mod hello;
pub mod id;
mod integers;
pub mod limits;
pub mod log;
mod outliers;
pub mod preamble;
pub mod publish;
pub mod sample_list;
pub mod samples;
mod scaled;
mod scaled_value;
pub mod selection;
pub mod summaries;
pub mod summary_buffer;
pub mod time;
pub mod times;

pub use block::{Block, BlockBuffer, BlockMode, Blocks, EncodedRows};
pub use body::{
    Body, Bye, ByeReason, Echo, Extent, Gap, GapCause, GapContent, Heartbeat, History, HistoryPart, RefusalCode,
    Refused, Subscribed,
};
pub use bucket_updates::{BucketShape, BucketStart, BucketUpdate, BucketUpdates, SummaryFields};
pub use bucket_updates_buffer::{BucketState, BucketUpdatesBuffer, ReaderHolds};
pub use catalog::{Bounds, Catalog, CatalogScope, GroupDescriptor, Label, Prominence, SeriesDescriptor, SeriesKind};
pub use client_message::{AnswerOrder, ClientMessage, Start, Visibility};
pub use column::Column;
pub use entries::{Entries, EntriesBuffer};
pub use error::{DecodeError, EncodeError, PackedError, SampleListError, ScaledError};
pub use frame::{Frame, Header};
pub use hello::{Feature, Hello, QueryLimits, Role, ViewerLimits};
pub use id::{Epoch, GroupId, Revision, Sequence, SeriesId};
pub use log::{Event, EventKind, LogLine, Logs, Severity};
pub use preamble::{PROTOCOL_VERSION, Preamble, SUBPROTOCOL, SUBPROTOCOL_PREFIX};
pub use publish::{Held, LeftOut};
pub use sample_list::{Sample, SampleList};
pub use samples::{Samples, SamplesBuffer};
pub use scaled_value::StatedValue;
pub use selection::{GroupStep, Resolution, Selection, Subset};
pub use summaries::{Answer, AnswerPart, Summaries, SummaryBlock, SummaryBlocks, SummaryColumns, SummaryField};
pub use summary_buffer::{SummaryBuffer, SummaryColumnsBuffer, SummaryValues};
pub use time::{Interval, Timestamp};
pub use times::Times;
