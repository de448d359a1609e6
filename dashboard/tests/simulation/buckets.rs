//! The rows that a bucket of the page summarizes.

use dashboard::store::Group;
use protocol::column::MISSING;
use protocol::{Epoch, Timestamp};
use series::Summary;

/// A sent row: its epoch, its time, and the bits of its values.
type Sent<'a> = (Epoch, Timestamp, &'a [u64]);

/// The rows of a bucket, which were sent in one epoch.
#[derive(Debug, Default)]
pub(crate) struct BucketRows {
    /// Those that it summarizes.
    pub(crate) held: Vec<Timestamp>,
    /// Those after them.
    pub(crate) cut: Vec<Timestamp>,
}

/// Finds the rows that the bucket `row` of a group summarizes: the first ones of an epoch of `sent`, which are all rows that were sent
/// in its time.
///
/// # Panics
/// If it summarizes no such rows.
pub(crate) fn rows_of(group: &Group, row: u64, sent: &[Sent<'_>]) -> BucketRows {
    let epochs = sent.chunk_by(|(one, ..), (other, ..)| one == other).rev();
    let mut parts = epochs.flat_map(|of_epoch| (1..=of_epoch.len()).rev().map(|count| of_epoch.split_at(count)));
    let found: Vec<Summary> = (0..group.series().len()).map(|series| group.summary(series, row..row + 1)).collect();
    let is_held = |(part, _): &(&[Sent<'_>], &[Sent<'_>])| {
        found.iter().enumerate().all(|(series, found)| {
            let values = part.iter().map(|(.., values)| values[series]).filter(|&bits| bits != MISSING.to_bits());
            is_summary_of(found, &Summary::of(&values.map(f64::from_bits).collect::<Vec<f64>>()))
        })
    };
    let (held, cut) =
        parts.find(is_held).unwrap_or_else(|| panic!("{found:?} of {} summarize no part of {sent:?}", group.name));
    let times = |part: &[Sent<'_>]| part.iter().map(|(_, time, _)| *time).collect();
    BucketRows { held: times(held), cut: times(cut) }
}

/// The sum and the count of a bucket that was not closed are not known: it counts as one value.
fn is_summary_of(found: &Summary, expected: &Summary) -> bool {
    // A minimum of zero may have either sign.
    let bits =
        |Summary { first, last, min, max, .. }: &Summary| [*first, *last, *min + 0.0, *max + 0.0].map(f64::to_bits);
    if expected.is_empty() || found.is_empty() {
        return expected.is_empty() == found.is_empty();
    }
    bits(found) == bits(expected) && [1, expected.count].contains(&found.count)
}
