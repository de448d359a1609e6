//! The first frame of a connection: the server, and what server and viewer may do.

use bincode::{BorrowDecode, Decode, Encode};

use crate::codec::Check;
use crate::entries::{Entries, Item};
use crate::error::{DecodeError, within};
use crate::growing::with_fallback;
use crate::limits::MAX_NAME_BYTES;
use crate::time::Interval;

/// Describes the server, what it can do, and what this viewer may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Encode, BorrowDecode)]
pub struct Hello<'a> {
    /// Name and version of the server, such as `kymograph 0.1.0`.
    pub server: &'a str,
    /// Name of the measured machine.
    pub host: &'a str,
    /// Maximum age of samples in the server's history.
    pub history: Interval,
    /// A viewer that receives nothing for three of these intervals treats the connection as lost.
    pub heartbeat: Interval,
    /// What this viewer may do.
    pub role: Role,
    /// Limits on the messages of this viewer.
    pub limits: ViewerLimits,
    /// The [encodings of columns](crate::column::encoding) that the server writes, increasing.
    pub encodings: &'a [u8],
    /// Optional parts of the protocol that the server supports.
    pub features: Entries<'a, Feature<'a>>,
    /// Limits on the queries of this viewer.
    pub queries: QueryLimits,
}

impl Check for Hello<'_> {
    fn check(&self) -> Result<(), DecodeError> {
        within("length of the server's name", self.server.len(), MAX_NAME_BYTES)?;
        within("length of the host's name", self.host.len(), MAX_NAME_BYTES)?;
        self.features.check("feature", |feature| within("length of a feature's name", feature.0.len(), MAX_NAME_BYTES))
    }
}

/// What a viewer or a publisher may do. A reader treats an unknown variant as `View`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode)]
pub enum Role {
    /// Read samples and the state of the server.
    #[default]
    View,
    /// Also change what all viewers share.
    Edit,
    /// Send rows, and read nothing.
    Publish,
}

with_fallback!(Role: View, 1 => Edit, 2 => Publish);

/// Limits on the messages of one viewer. The server closes the connection of one that exceeds them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct ViewerLimits {
    /// Bytes of a message.
    pub message_bytes: u32,
    /// Messages a second, on average.
    pub messages: u32,
    /// Messages at once.
    pub messages_at_once: u32,
    /// Bytes a second, on average.
    pub bytes: u32,
    /// Bytes at once.
    pub bytes_at_once: u32,
}

/// Limits on the queries of one viewer. The server refuses a query that exceeds them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct QueryLimits {
    /// Queries that are not answered yet.
    pub at_once: u32,
    /// Columns of a query.
    pub columns: u32,
    /// Selected series times columns of a query.
    pub summaries: u32,
}

/// The name of an optional part of the protocol. A viewer ignores names that it does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, BorrowDecode)]
pub struct Feature<'a>(pub &'a str);

impl Feature<'_> {
    /// A resume may name the revision of the viewer's catalog, so that an unchanged catalog is not sent again.
    pub const REVISIONS: Self = Self("revisions");
    /// The server answers [`Query`](crate::ClientMessage::Query).
    pub const QUERIES: Self = Self("queries");
    /// A viewer may [subscribe](crate::ClientMessage::Subscribe) to a [`Subset`](crate::Subset).
    pub const SUBSETS: Self = Self("subsets");
    /// A subset may have a [`Resolution`](crate::Resolution).
    pub const SUMMARIES: Self = Self("summaries");
}

impl<'a> Item<'a> for Feature<'a> {}
