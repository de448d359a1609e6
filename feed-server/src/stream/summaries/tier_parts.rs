//! What a tier has of some series in a range.

use protocol::{SeriesId, Timestamp};

use crate::stream::group_history::Arrival;
use crate::stream::summaries::bucket::Bucket;
use crate::stream::summaries::encoded::EncodedSummaries;

/// Shares the summaries that are encoded.
#[derive(Clone, Debug, Default)]
pub struct TierParts {
    /// Of all series of the group, in order of time. Buckets may lie outside the range.
    pub sealed: Vec<EncodedSummaries>,
    /// Of newer buckets, and of parts of those that are open: the start of each.
    pub newest: Vec<(Timestamp, SeriesId, Bucket)>,
    /// The numbers of the first rows of each track that are not in these.
    pub next_rows: [u64; Arrival::BOTH.len()],
}
