//! Recorded streams: messages one after another, each behind its length (u32, little endian).

use std::collections::BTreeMap;
use std::io::{self, Write};

use protocol::{Body, DecodeError, Frame, GroupId, SeriesId, Timestamp};

/// A minute of a busy machine's host metrics at 10 Hz: two cores compiling, a viewer watching.
pub const HOST_MINUTE: &[u8] = include_bytes!("../data/host_minute.frames");

/// Appends a message.
///
/// # Errors
/// When it cannot be written.
pub fn append(message: &[u8], recording: &mut impl Write) -> io::Result<()> {
    recording.write_all(&(message.len() as u32).to_le_bytes())?;
    recording.write_all(message)
}

/// One group's rows, column by column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// When each was measured.
    pub times: Vec<Timestamp>,
    /// A value a row of each series.
    pub columns: BTreeMap<SeriesId, Vec<f64>>,
}

/// The rows of every group in a recording.
///
/// # Errors
/// When a message does not decode.
pub fn read(mut recording: &[u8]) -> Result<BTreeMap<GroupId, Rows>, DecodeError> {
    let mut groups: BTreeMap<GroupId, Rows> = BTreeMap::new();
    while let Some((length, rest)) = recording.split_first_chunk() {
        let (message, rest) = rest.split_at(rest.len().min(u32::from_le_bytes(*length) as usize));
        recording = rest;
        let Body::History(history) = Frame::decode(message)?.body else { continue };
        for block in &history.blocks {
            let rows = groups.entry(block.group).or_default();
            let before = rows.times.len();
            rows.times.extend(&block.times);
            for column in &block.columns {
                let values = rows.columns.entry(column.series).or_default();
                values.resize(rows.times.len(), protocol::column::MISSING);
                if let Some(column) = column.values() {
                    column.copy_to(&mut values[before..]);
                }
            }
        }
    }
    for rows in groups.values_mut() {
        let Rows { times, columns } = rows;
        for values in columns.values_mut() {
            values.resize(times.len(), protocol::column::MISSING);
        }
    }
    Ok(groups)
}
