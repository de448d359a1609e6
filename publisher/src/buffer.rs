//! Rows that wait to be sent, and the messages that the server is not known to hold. Bounded in bytes. No I/O, no clock.

use std::collections::VecDeque;
use std::sync::Arc;

use protocol::limits::MAX_MESSAGE_BYTES;
use protocol::{BlockBuffer, ClientMessage, EncodeError, GroupId, SeriesId, Timestamp};

use crate::error::RowError;

/// Blocks of a message: it has two numbers, a time and a length besides.
const MAX_BLOCKS_BYTES: usize = MAX_MESSAGE_BYTES - 64;

/// Rows of a group wait in columns up to this many bytes. Then they are encoded, which makes them shorter.
const PENDING_BYTES: usize = 32 << 10;

const VALUE_BYTES: usize = size_of::<f64>();

/// What a message takes besides its bytes.
const MESSAGE_BYTES: usize = 64;

/// A message of rows with its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Numbered {
    pub(crate) number: u64,
    pub(crate) rows: u64,
    pub(crate) bytes: Arc<[u8]>,
}

#[derive(Debug)]
pub(crate) struct Buffer {
    limit_bytes: usize,
    groups: Vec<Pending>,
    messages: VecDeque<Numbered>,
    /// Of messages and of rows that are not encoded.
    bytes: usize,
    last_number: u64,
    lost: u64,
    blocks: BlockBuffer,
}

/// Rows of one group that are not encoded yet.
#[derive(Debug)]
struct Pending {
    name: String,
    series: Vec<SeriesId>,
    times: Vec<Timestamp>,
    columns: Vec<Vec<f64>>,
    newest: Option<Timestamp>,
}

impl Pending {
    const fn bytes(&self) -> usize {
        self.times.len() * (1 + self.series.len()) * VALUE_BYTES
    }
}

impl Buffer {
    pub(crate) fn new(limit_bytes: usize) -> Self {
        Self {
            limit_bytes,
            groups: Vec::new(),
            messages: VecDeque::new(),
            bytes: 0,
            last_number: 0,
            lost: 0,
            blocks: BlockBuffer::default(),
        }
    }

    /// Adds a group, whose id is the number of groups then.
    pub(crate) fn add_group(&mut self, name: String, series: Vec<SeriesId>) {
        let columns = vec![Vec::new(); series.len()];
        self.groups.push(Pending { name, series, times: Vec::new(), columns, newest: None });
    }

    /// Adds a series to a group. Its rows so far are encoded without it.
    pub(crate) fn add_series(&mut self, group: GroupId, series: SeriesId) -> Result<(), EncodeError> {
        self.encode()?;
        if let Some(pending) = self.groups.get_mut(group.0 as usize - 1) {
            pending.series.push(series);
            pending.columns.push(Vec::new());
        }
        Ok(())
    }

    /// Appends a row. Drops the oldest rows if the buffer is full.
    ///
    /// Hot: once a row.
    pub(crate) fn row(&mut self, group: GroupId, time: Timestamp, values: &[f64]) -> Result<(), RowError> {
        let Some(pending) = self.groups.get_mut(group.0 as usize - 1) else { return Ok(()) };
        if values.len() != pending.series.len() {
            let (expected, found) = (pending.series.len(), values.len());
            return Err(RowError::Values { group: pending.name.clone(), expected, found });
        }
        if let Some(newest) = pending.newest
            && time <= newest
        {
            return Err(RowError::Order { group: pending.name.clone(), micros: newest.micros_since(time) });
        }
        pending.newest = Some(time);
        pending.times.push(time);
        for (column, &value) in pending.columns.iter_mut().zip(values) {
            column.push(value);
        }
        self.bytes += (1 + values.len()) * VALUE_BYTES;
        if pending.bytes() > PENDING_BYTES {
            // An error is a defect of this crate: the rows are lost, and counted.
            let _counted = self.encode();
        }
        self.drop_oldest();
        Ok(())
    }

    /// Encodes the rows that wait into messages.
    pub(crate) fn encode(&mut self) -> Result<(), EncodeError> {
        let mut groups = std::mem::take(&mut self.groups);
        let (mut rows, before) = (0, self.messages.len());
        let encoded = self.encode_groups(&mut groups);
        for pending in &mut groups {
            rows += pending.times.len() as u64;
            self.bytes -= pending.bytes();
            pending.times.clear();
            pending.columns.iter_mut().for_each(Vec::clear);
        }
        self.groups = groups;
        if encoded.is_err() {
            let in_messages: u64 = self.messages.iter().skip(before).map(|message| message.rows).sum();
            self.lost += rows - in_messages;
        }
        encoded
    }

    fn encode_groups(&mut self, groups: &mut [Pending]) -> Result<(), EncodeError> {
        let base = groups.iter().filter_map(|pending| pending.times.last()).max().copied().unwrap_or_default();
        self.blocks.start(base);
        let mut rows_of_message = 0;
        for (id, pending) in (1..).map(GroupId).zip(groups) {
            let most = |rows| BlockBuffer::most_bytes(pending.series.len(), rows);
            // At least one row of the widest group fits.
            let at_once = (MAX_BLOCKS_BYTES.saturating_sub(most(0)) / (most(1) - most(0))).max(1);
            for from in (0..pending.times.len()).step_by(at_once) {
                let rows = from..pending.times.len().min(from + at_once);
                if !self.blocks.is_empty() && self.blocks.len() + most(rows.len()) > MAX_BLOCKS_BYTES {
                    self.finish_message(rows_of_message)?;
                    self.blocks.start(base);
                    rows_of_message = 0;
                }
                let columns = pending.series.iter().zip(&pending.columns);
                let columns = columns.map(|(&series, values)| (series, &values[rows.clone()]));
                self.blocks.push(id, &pending.times[rows.clone()], columns)?;
                rows_of_message += rows.len() as u64;
            }
        }
        self.finish_message(rows_of_message)
    }

    fn finish_message(&mut self, rows: u64) -> Result<(), EncodeError> {
        if rows == 0 {
            return Ok(());
        }
        let number = self.last_number + 1;
        let message = ClientMessage::Rows { number, lost: self.lost, blocks: self.blocks.blocks() }.to_bytes()?;
        self.last_number = number;
        self.bytes += MESSAGE_BYTES + message.len();
        self.messages.push_back(Numbered { number, rows, bytes: message.into() });
        Ok(())
    }

    fn drop_oldest(&mut self) {
        while self.bytes > self.limit_bytes {
            let Some(oldest) = self.messages.pop_front() else {
                // Many groups, whose rows take the buffer before they are encoded.
                if self.encode().is_err() || self.messages.is_empty() {
                    return;
                }
                continue;
            };
            self.bytes -= MESSAGE_BYTES + oldest.bytes.len();
            self.lost += oldest.rows;
        }
    }

    /// Forgets the messages up to `number`, which the server holds.
    pub(crate) fn release(&mut self, number: u64) {
        while let Some(held) = self.messages.pop_front_if(|oldest| oldest.number <= number) {
            self.bytes -= MESSAGE_BYTES + held.bytes.len();
        }
    }

    /// The oldest messages after `number`, at most `count`.
    pub(crate) fn after(&self, number: u64, count: usize) -> Vec<Numbered> {
        let first = self.messages.partition_point(|message| message.number <= number);
        self.messages.range(first..).take(count).cloned().collect()
    }

    /// The number of the last message.
    pub(crate) const fn last_number(&self) -> u64 {
        self.last_number
    }

    /// Rows that were dropped because the buffer was full.
    pub(crate) const fn lost(&self) -> u64 {
        self.lost
    }

    /// True if the server holds every message, and no row waits.
    pub(crate) fn is_held(&self) -> bool {
        self.messages.is_empty() && self.groups.iter().all(|pending| pending.times.is_empty())
    }

    #[cfg(test)]
    fn counted_bytes(&self) -> usize {
        let messages = self.messages.iter().map(|message| MESSAGE_BYTES + message.bytes.len());
        messages.chain(self.groups.iter().map(Pending::bytes)).sum()
    }
}

#[cfg(test)]
mod tests;
