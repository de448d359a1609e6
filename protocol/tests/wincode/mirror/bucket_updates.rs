//! Updates of buckets, and histories of summaries. The updates stay packed.

use super::super::read;
use super::head::Timestamp;
use super::summaries::{SummaryBlocks, take};

#[derive(Debug)]
pub(crate) struct BucketUpdates<'a> {
    base: Timestamp,
    list: &'a [u8],
}

#[derive(Debug)]
pub(crate) struct Summaries<'a> {
    blocks: SummaryBlocks<'a>,
    open: BucketUpdates<'a>,
}

impl<'a> BucketUpdates<'a> {
    /// Reads what is left of a body.
    pub(crate) fn read(list: &'a [u8], base: Timestamp) -> Self {
        Self { base, list: if list.is_empty() { &[] } else { read(list) } }
    }
}

impl<'a> Summaries<'a> {
    pub(crate) fn read(mut body: &'a [u8]) -> Self {
        let mut written = Vec::new();
        let (blocks, base) = (take(&mut body, &mut written), take(&mut body, &mut written));
        Self { blocks, open: BucketUpdates::read(body, base) }
    }
}
