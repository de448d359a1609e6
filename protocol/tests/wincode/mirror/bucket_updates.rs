//! Updates of buckets, and histories of summaries. The updates stay packed.

use super::head::Timestamp;
use super::summaries::{SummaryBlocks, WireColumn, take};

#[derive(Debug, Default)]
pub(crate) struct BucketUpdates<'a> {
    base: Timestamp,
    list: &'a [u8],
    columns: [WireColumn<'a>; 6],
}

#[derive(Debug)]
pub(crate) struct Summaries<'a> {
    blocks: SummaryBlocks<'a>,
    open: BucketUpdates<'a>,
}

impl<'a> BucketUpdates<'a> {
    pub(crate) fn none(base: Timestamp) -> Self {
        Self { base, ..Self::default() }
    }

    /// Reads what is left of a body, field by field, since wincode has no schema for columns that may be left out.
    pub(crate) fn read(mut rest: &'a [u8], base: Timestamp) -> Self {
        let (bytes, mut written) = (rest, Vec::new());
        let mut updates = Self::none(base);
        updates.list = take(&mut rest, &mut written);
        let mask: u8 = take(&mut rest, &mut written);
        for (field, column) in updates.columns.iter_mut().enumerate() {
            if mask & 1 << field != 0 {
                *column = take(&mut rest, &mut written);
            }
        }
        assert_eq!(written, bytes);
        updates
    }
}

impl<'a> Summaries<'a> {
    pub(crate) fn read(mut body: &'a [u8]) -> Self {
        let mut written = Vec::new();
        let (blocks, base) = (take(&mut body, &mut written), take(&mut body, &mut written));
        Self { blocks, open: BucketUpdates::read(body, base) }
    }
}
