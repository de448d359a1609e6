//! Our frames of at most 64 KiB, borrowed and copied once.

use protocol::limits::MAX_BLOCK_ROWS;
use protocol::{BlockMode, Body, Epoch, Frame, Header, Preamble, SamplesBuffer, Sequence, SeriesId, Timestamp};

use super::{OURS, Peer};
use crate::GROUP;
use crate::record::{Record, Ring};

#[derive(Debug, Default)]
pub struct Kymograph {
    times: Vec<Timestamp>,
    live: SamplesBuffer,
    message: Vec<u8>,
}

impl Peer for Kymograph {
    fn name(&self) -> &'static str {
        OURS
    }

    fn encode(&mut self, record: &Record, send: &mut dyn FnMut(&[u8])) {
        let (all_rows, step) = (record.rows(), max_rows(record.columns.len()));
        for first in (0..all_rows).step_by(step) {
            let rows = first..all_rows.min(first + step);
            let time = |row: usize| Timestamp::from_micros(record.start + record.step as i64 * row as i64);
            self.times.clear();
            self.times.extend(rows.clone().map(time));
            let columns = record.columns.iter();
            let columns = columns.map(|column| (SeriesId(column.series), &column.values[rows.clone()]));
            self.live.start(time(rows.end - 1));
            self.live.push(BlockMode::Merge, GROUP, &self.times, columns).expect("every column has all rows");
            let now = Timestamp::from_micros(record.sent);
            let header =
                Header { epoch: Epoch(record.epoch), sequence: Sequence(record.sequence), sent: now, skipped: 0 };
            let body = Body::Samples(self.live.samples());
            Frame { header, body }.encode(&mut self.message).expect("so many rows fit");
            send(&self.message);
        }
    }

    fn decode_into(&mut self, mut bytes: &[u8], ring: &mut Ring) {
        while let Some((message, rest)) = split(bytes) {
            decode_message(message, ring);
            bytes = rest;
        }
    }
}

/// Rows that fit a message without compression.
fn max_rows(columns: usize) -> usize {
    // Fields of body and block, and times; series, encoding and length of each column.
    let rest = 128 + 16 * columns;
    ((Frame::MAX_BODY_BYTES - rest) / (8 * columns)).min(MAX_BLOCK_ROWS as usize)
}

/// Splits off the first message. Its length is in its preamble.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let preamble = bytes.first_chunk::<{ Preamble::BYTES }>()?;
    let body_bytes = u32::from_le_bytes([preamble[4], preamble[5], preamble[6], preamble[7]]);
    bytes.split_at_checked(Frame::HEAD_BYTES + body_bytes as usize)
}

/// Decodes a message into `ring`.
///
/// # Panics
/// If it is not a `Samples` frame, or its columns do not fit the ring.
pub fn decode_message(message: &[u8], ring: &mut Ring) {
    let frame = Frame::decode(message).expect("decodes");
    let Body::Samples(samples) = frame.body else { panic!("expected samples, found {:?}", frame.body) };
    let mut time = None;
    for sample in &samples.list {
        if time.is_some_and(|time| time != sample.time) {
            ring.advance(1);
        }
        time = Some(sample.time);
        ring.place(sample.series.0, 1)[0] = sample.value;
    }
    if time.is_some() {
        ring.advance(1);
    }
    for block in &samples.blocks {
        let rows = block.rows as usize;
        for column in &block.columns {
            column.values().expect("a known encoding").copy_to(ring.place(column.series.0, rows));
        }
        ring.advance(rows);
    }
}
