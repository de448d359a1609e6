//! Rows that are not sealed, encoded for viewers that begin at about the same time.
//!
//! A thousand viewers that resume together need the same rows: those of the last tick. They are encoded once for each group.

use std::collections::BTreeMap;
use std::ops::Range;

use parking_lot::Mutex;
use protocol::{EncodedRows, GroupId};

/// A bound on the rows that are kept. The rows of more groups are encoded for each viewer.
const LIMIT_BYTES: usize = 4 << 20;
/// Bytes of an entry besides its rows.
const ENTRY_BYTES: usize = 160;

/// The rows of each group that were encoded last.
#[derive(Debug, Default)]
pub struct UnsealedRows(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    groups: BTreeMap<GroupId, (Range<u64>, EncodedRows)>,
    bytes: usize,
}

impl UnsealedRows {
    /// Encoded rows with these numbers.
    pub fn get(&self, group: GroupId, rows: &Range<u64>) -> Option<EncodedRows> {
        let kept = self.0.lock();
        let (numbers, encoded) = kept.groups.get(&group)?;
        (numbers == rows).then(|| encoded.clone())
    }

    /// Drops all rows: others have been published.
    pub fn clear(&self) {
        *self.0.lock() = Kept::default();
    }

    /// Keeps encoded rows in place of the last ones of the group, if there is room.
    pub fn keep(&self, group: GroupId, rows: Range<u64>, encoded: &EncodedRows) {
        let mut kept = self.0.lock();
        let bytes = ENTRY_BYTES + encoded.len();
        if kept.bytes + bytes > LIMIT_BYTES {
            return;
        }
        if let Some((_, last)) = kept.groups.insert(group, (rows, encoded.clone())) {
            kept.bytes -= ENTRY_BYTES + last.len();
        }
        kept.bytes += bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::{BlockBuffer, SeriesId, Timestamp};

    fn encoded(rows: usize) -> EncodedRows {
        let times: Vec<Timestamp> = (0..rows as i64).map(Timestamp::from_micros).collect();
        let values: Vec<f64> = (0..rows).map(|row| (row as f64).sqrt()).collect();
        let encoded = BlockBuffer::default().encode_rows(GroupId(1), &times, [(SeriesId(1), values.as_slice())]);
        encoded.expect("encodes")
    }

    #[test]
    fn the_rows_that_were_encoded_last_are_found_by_their_numbers() {
        let (kept, rows) = (UnsealedRows::default(), encoded(5));
        kept.keep(GroupId(1), 10..15, &rows);
        assert_eq!(kept.get(GroupId(1), &(10..15)).as_ref(), Some(&rows));
        assert_eq!((kept.get(GroupId(1), &(10..16)), kept.get(GroupId(2), &(10..15))), (None, None));
        kept.keep(GroupId(1), 10..16, &encoded(6));
        assert_eq!(kept.get(GroupId(1), &(10..15)), None);
    }

    #[test]
    fn the_bytes_of_the_kept_rows_are_bounded() {
        let (kept, rows) = (UnsealedRows::default(), encoded(500));
        for group in 0..2_000 {
            kept.keep(GroupId(group), 0..500, &rows);
            let held: usize = kept.0.lock().groups.values().map(|(_, rows)| ENTRY_BYTES + rows.len()).sum();
            assert_eq!(held, kept.0.lock().bytes);
            assert!(held <= LIMIT_BYTES);
        }
        assert!(kept.0.lock().bytes > LIMIT_BYTES / 2);
        assert_eq!(kept.get(GroupId(0), &(0..500)), Some(rows), "the first ones stay");
        kept.clear();
        assert_eq!((kept.get(GroupId(0), &(0..500)), kept.0.lock().bytes), (None, 0));
    }
}
