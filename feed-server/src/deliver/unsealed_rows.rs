//! Rows that are not sealed, encoded for viewers that begin at about the same time.
//!
//! A thousand viewers that resume together need the same rows: those of the last tick. They are encoded once for each track.

use std::collections::BTreeMap;
use std::ops::Range;

use parking_lot::Mutex;
use protocol::{EncodedRows, GroupId, Sequence};

use crate::stream::backfill::NextRows;
use crate::stream::group_history::Arrival;

/// A bound on the rows that are kept. The rows of more groups are encoded for each viewer.
const LIMIT_BYTES: usize = 4 << 20;
/// Bytes of an entry besides its rows.
const ENTRY_BYTES: usize = 160;

/// The rows of each track that were encoded last.
#[derive(Debug, Default)]
pub struct UnsealedRows(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    tracks: BTreeMap<(GroupId, Arrival), KeptRows>,
    bytes: usize,
}

#[derive(Debug)]
struct KeptRows {
    numbers: Range<u64>,
    /// The sequence of the last of them: a late row may have been added without a new number.
    through: Sequence,
    encoded: EncodedRows,
}

impl UnsealedRows {
    /// The encoded form of these rows.
    pub fn get(&self, rows: &NextRows) -> Option<EncodedRows> {
        let kept = self.0.lock();
        let held = kept.tracks.get(&(rows.group, rows.arrival))?;
        ((&held.numbers, held.through) == (&rows.rows, rows.through)).then(|| held.encoded.clone())
    }

    /// Drops all rows: others have been published.
    pub fn clear(&self) {
        *self.0.lock() = Kept::default();
    }

    /// Keeps encoded rows in place of the last ones of their track, if there is room.
    pub fn keep(&self, rows: &NextRows, encoded: &EncodedRows) {
        let mut kept = self.0.lock();
        let bytes = ENTRY_BYTES + encoded.len();
        if kept.bytes + bytes > LIMIT_BYTES {
            return;
        }
        let held = KeptRows { numbers: rows.rows.clone(), through: rows.through, encoded: encoded.clone() };
        if let Some(last) = kept.tracks.insert((rows.group, rows.arrival), held) {
            kept.bytes -= ENTRY_BYTES + last.encoded.len();
        }
        kept.bytes += bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::backfill::NextContent;
    use crate::stream::selected_series::Columns;
    use protocol::{BlockBuffer, BlockMode, SeriesId, Timestamp};

    fn next(group: u32, rows: Range<u64>, through: u64) -> NextRows {
        let (group, through, content) = (GroupId(group), Sequence(through), NextContent::Open);
        NextRows {
            group,
            arrival: Arrival::InOrder,
            rows,
            mode: BlockMode::Merge,
            through,
            content,
            columns: Columns::All,
        }
    }

    fn encoded(rows: usize) -> EncodedRows {
        let times: Vec<Timestamp> = (0..rows as i64).map(Timestamp::from_micros).collect();
        let values: Vec<f64> = (0..rows).map(|row| (row as f64).sqrt()).collect();
        let encoded = BlockBuffer::default().encode_rows(GroupId(1), &times, [(SeriesId(1), values.as_slice())]);
        encoded.expect("encodes")
    }

    #[test]
    fn the_rows_that_were_encoded_last_are_found_by_their_numbers() {
        let (kept, rows) = (UnsealedRows::default(), encoded(5));
        kept.keep(&next(1, 10..15, 7), &rows);
        assert_eq!(kept.get(&next(1, 10..15, 7)).as_ref(), Some(&rows));
        assert_eq!((kept.get(&next(1, 10..16, 7)), kept.get(&next(2, 10..15, 7))), (None, None));
        assert_eq!(kept.get(&next(1, 10..15, 8)), None, "a late row has the time of another");
        kept.keep(&next(1, 10..16, 7), &encoded(6));
        assert_eq!(kept.get(&next(1, 10..15, 7)), None);
    }

    #[test]
    fn the_bytes_of_the_kept_rows_are_bounded() {
        let (kept, rows) = (UnsealedRows::default(), encoded(500));
        for group in 0..2_000 {
            kept.keep(&next(group, 0..500, 7), &rows);
            let held: usize = kept.0.lock().tracks.values().map(|rows| ENTRY_BYTES + rows.encoded.len()).sum();
            assert_eq!(held, kept.0.lock().bytes);
            assert!(held <= LIMIT_BYTES);
        }
        assert!(kept.0.lock().bytes > LIMIT_BYTES / 2);
        assert_eq!(kept.get(&next(0, 0..500, 7)), Some(rows), "the first ones stay");
        kept.clear();
        assert_eq!((kept.get(&next(0, 0..500, 7)), kept.0.lock().bytes), (None, 0));
    }
}
