//! Rows of a group to which none is added: sealed, or about to be.

use std::ops::Range;
use std::sync::Arc;

use protocol::{EncodedRows, Sequence, Timestamp};

use crate::stream::slab::Slab;

/// Bytes of shared content besides itself: counters, and the allocator's own.
const SHARED_BYTES: usize = 2 * size_of::<usize>() + 16;

/// Consecutive rows of a group, which never change. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Segment {
    rows: Range<u64>,
    oldest: Timestamp,
    newest: Timestamp,
    last_sequence: Sequence,
    content: Content,
}

#[derive(Clone, Debug)]
pub enum Content {
    /// To be encoded.
    Closed(Arc<Slab>),
    /// Encoded once, for all viewers.
    Sealed(EncodedRows),
}

impl Segment {
    /// `None` for a slab without rows. `newest_before` is the newest time of the segment before.
    pub fn close(slab: Slab, newest_before: Option<Timestamp>) -> Option<Self> {
        let newest = slab.newest()?;
        Some(Self {
            rows: slab.numbers(),
            oldest: slab.oldest()?,
            newest: newest_before.map_or(newest, |before| before.max(newest)),
            last_sequence: slab.last_sequence(),
            content: Content::Closed(Arc::new(slab)),
        })
    }

    /// Replaces the rows by their encoded form.
    pub fn seal(&mut self, encoded: EncodedRows) {
        self.content = Content::Sealed(encoded);
    }

    /// Numbers of its rows, counted from the group's first.
    pub const fn rows(&self) -> &Range<u64> {
        &self.rows
    }

    /// The time of its first row.
    pub const fn oldest(&self) -> Timestamp {
        self.oldest
    }

    /// The newest time of its track up to its last row. It does not fall from segment to segment, also if rows are late.
    pub const fn newest(&self) -> Timestamp {
        self.newest
    }

    /// The sequence with which its last row was sent.
    pub const fn last_sequence(&self) -> Sequence {
        self.last_sequence
    }

    pub const fn content(&self) -> &Content {
        &self.content
    }

    pub fn heap_bytes(&self) -> usize {
        SHARED_BYTES
            + match &self.content {
                Content::Closed(slab) => size_of::<Slab>() + slab.heap_bytes(),
                Content::Sealed(encoded) => encoded.len(),
            }
    }
}
