//! Joins short segments: a segment has fields of its own, and each of its columns too, which weigh in a short one.

use std::collections::BTreeSet;

use protocol::column::{MISSING, is_missing};
use protocol::limits::MAX_GROUP_SERIES;
use protocol::{BlockBuffer, EncodeError, EncodedRows, GroupId, SeriesId, Timestamp};

use crate::stream::segment::{Content, Segment};
use crate::stream::slab::most_rows;

/// One segment with the rows of `parts`, which follow one another in time; `None` if it would not fit a frame, or save no
/// memory.
///
/// # Errors
/// If the rows cannot be encoded, which is a defect.
pub fn join(
    group: GroupId,
    parts: &[Segment<EncodedRows>],
    buffer: &mut BlockBuffer,
) -> Result<Option<Segment<EncodedRows>>, EncodeError> {
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return Ok(None) };
    let blocks: Vec<_> = parts.iter().filter_map(|part| part.content.block()).collect();
    let series: BTreeSet<SeriesId> =
        blocks.iter().flat_map(|block| block.columns.iter().map(|column| column.series)).collect();
    let series: Vec<SeriesId> = series.into_iter().collect();
    let times: Vec<Timestamp> = blocks.iter().flat_map(|block| block.times.iter()).collect();
    if blocks.len() < parts.len() || series.len() > MAX_GROUP_SERIES || times.len() > most_rows(series.len()) {
        return Ok(None);
    }
    let mut values = vec![MISSING; series.len() * times.len()];
    let mut start = 0;
    for block in &blocks {
        let rows = block.rows as usize;
        for column in &block.columns {
            let place = series.binary_search(&column.series).ok();
            let Some((place, encoded)) = place.zip(column.values()) else { return Ok(None) };
            encoded.copy_to(&mut values[place * times.len() + start..][..rows]);
        }
        start += rows;
    }
    let columns = series.iter().copied().zip(values.chunks_exact(times.len()));
    let columns = columns.filter(|(_, values)| values.iter().any(|&value| !is_missing(value)));
    let content = buffer.encode_rows(group, &times, columns)?;
    let before: usize = parts.iter().map(|part| size_of_val(part) + part.content.heap_bytes()).sum();
    if size_of_val(first) + content.heap_bytes() >= before {
        return Ok(None);
    }
    let rows = first.rows.start..last.rows.end;
    Ok(Some(Segment { rows, oldest: first.oldest, newest: last.newest, last_sequence: last.last_sequence, content }))
}

#[cfg(test)]
mod tests {
    use protocol::Sequence;

    use super::*;

    fn heap_bytes(segments: &[Segment<EncodedRows>]) -> usize {
        segments.iter().map(|segment| size_of_val(segment) + segment.content.heap_bytes()).sum()
    }

    fn part(rows: std::ops::Range<u64>, series: &[u32]) -> Segment<EncodedRows> {
        let time = |row: u64| Timestamp::from_micros(row as i64 * 1_000);
        let times: Vec<Timestamp> = rows.clone().map(time).collect();
        let value = |series: u32, row: u64| f64::from(series) + (row % 50) as f64 / 100.0;
        let values = |&series: &u32| (SeriesId(series), rows.clone().map(|row| value(series, row)).collect::<Vec<_>>());
        let columns: Vec<_> = series.iter().map(values).collect();
        let columns = columns.iter().map(|(series, values)| (*series, values.as_slice()));
        let content = BlockBuffer::default().encode_rows(GroupId(1), &times, columns).expect("encodes");
        let (oldest, newest, last_sequence) = (time(rows.start), time(rows.end - 1), Sequence(rows.end));
        Segment { rows, oldest, newest, last_sequence, content }
    }

    fn content(segments: &[Segment<EncodedRows>]) -> Vec<(SeriesId, Timestamp, u64)> {
        let mut all = Vec::new();
        for block in segments.iter().filter_map(|segment| segment.content.block()) {
            for column in &block.columns {
                let mut values = vec![0.0; block.rows as usize];
                column.values().expect("known").copy_to(&mut values);
                let values = block.times.iter().zip(values).filter(|(_, value)| !is_missing(*value));
                all.extend(values.map(|(time, value)| (column.series, time, value.to_bits())));
            }
        }
        all.sort_unstable();
        all
    }

    #[test]
    fn a_joined_segment_has_the_rows_of_its_parts_in_fewer_bytes() {
        let parts = [part(5..60, &[1, 3]), part(60..100, &[3]), part(100..160, &[1, 2, 3])];
        let joined = join(GroupId(1), &parts, &mut BlockBuffer::default()).expect("encodes").expect("fits");
        assert_eq!((joined.rows.clone(), joined.last_sequence, joined.content.rows()), (5..160, Sequence(160), 155));
        assert_eq!((joined.oldest, joined.newest), (parts[0].oldest, parts[2].newest));
        assert_eq!(content(std::slice::from_ref(&joined)), content(&parts));
        assert!(heap_bytes(&[joined]) < heap_bytes(&parts));
    }

    #[test]
    fn segments_that_exceed_a_frame_together_are_not_joined() {
        let wide = |rows: std::ops::Range<u64>, first: u32| part(rows, &(first..first + 300).collect::<Vec<_>>());
        let join =
            |parts: &[Segment<EncodedRows>]| join(GroupId(1), parts, &mut BlockBuffer::default()).expect("encodes");
        assert!(join(&[wide(0..10, 1), wide(10..20, 1)]).is_some());
        assert!(join(&[wide(0..10, 1), wide(10..20, 1_000)]).is_none());
        assert!(join(&[]).is_none());
    }
}
