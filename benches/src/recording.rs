//! Recorded streams: a sequence of messages, each preceded by its length (u32, little endian).

use std::collections::BTreeMap;
use std::io::{self, Write};

use protocol::{Body, DecodeError, Frame, GroupId, SeriesId, Timestamp};

/// A minute of host metrics at 10 Hz, recorded while two cores compiled and a viewer was connected.
pub const HOST_MINUTE: &[u8] = include_bytes!("../data/host_minute.frames");

///
/// # Errors
/// If the writer returns an error.
pub fn append(message: &[u8], recording: &mut impl Write) -> io::Result<()> {
    recording.write_all(&(message.len() as u32).to_le_bytes())?;
    recording.write_all(message)
}

/// Rows of a group in columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    pub times: Vec<Timestamp>,
    pub columns: BTreeMap<SeriesId, Vec<f64>>,
}

/// The rows of every group in a recording.
///
/// # Errors
/// If a message does not decode.
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
