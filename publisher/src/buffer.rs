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
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    /// A buffer with groups of these widths.
    fn buffer(limit_bytes: usize, widths: &[usize]) -> Buffer {
        let mut buffer = Buffer::new(limit_bytes);
        let mut series = (1..).map(SeriesId);
        for (number, &width) in widths.iter().enumerate() {
            buffer.add_group(number.to_string(), series.by_ref().take(width).collect());
        }
        buffer
    }

    /// Times and first values of the rows of a message, by group.
    fn rows(message: &Numbered) -> Vec<(u32, i64, f64)> {
        let ClientMessage::Rows { number, blocks, .. } = ClientMessage::decode(&message.bytes).expect("decodes") else {
            panic!("rows");
        };
        assert_eq!(number, message.number);
        let mut rows = Vec::new();
        for block in &blocks {
            let mut values = vec![0.0; block.rows as usize];
            let first = block.columns.iter().next().expect("a column");
            first.values().expect("known").copy_to(&mut values);
            rows.extend(block.times.iter().zip(values).map(|(time, value)| (block.group.0, time.micros(), value)));
        }
        assert_eq!(rows.len() as u64, message.rows);
        rows
    }

    #[test]
    fn rows_of_the_wrong_width_or_order_are_refused() {
        let mut buffer = buffer(1 << 20, &[2]);
        buffer.row(GroupId(1), at(5), &[1.0, 2.0]).expect("accepted");
        let error = |result: Result<(), RowError>| result.expect_err("refused").to_string();
        let wrong = error(buffer.row(GroupId(1), at(6), &[1.0]));
        assert_eq!(wrong, "a row of group \"0\" must have 2 values, one for each series, found 1");
        let early = error(buffer.row(GroupId(1), at(2), &[1.0, 2.0]));
        assert_eq!(early, "a row of group \"0\" must be later than the last one, found one that is 3 us earlier");
    }

    #[test]
    fn the_widest_group_fits_a_message_with_any_values() {
        let width = protocol::limits::MAX_GROUP_SERIES;
        let mut buffer = buffer(1 << 30, &[width, 3]);
        for row in 0..10 {
            let values: Vec<f64> = (0..width)
                .map(|column| f64::from_bits(((column + row * 7_919) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)))
                .collect();
            buffer.row(GroupId(1), at(row as i64 * 1_001), &values).expect("accepted");
            buffer.row(GroupId(2), at(row as i64), &values[..3]).expect("accepted");
        }
        buffer.encode().expect("fits");
        let messages = buffer.after(0, 100);
        assert_eq!(messages.iter().map(|message| message.rows).sum::<u64>(), 20);
        assert!(messages.iter().all(|message| rows(message).len() as u64 == message.rows));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Every row is in one message, is held, or is counted as lost; and the bound holds.
        #[test]
        fn every_row_is_in_one_message_or_lost_and_the_bound_holds(
            steps in vec((0..4_u8, 0..3_u32, 0..60_usize), 0..60),
            limit in 3_000..100_000_usize,
        ) {
            let widths = [1, 7, 300];
            let mut buffer = buffer(limit, &widths);
            let (mut next, mut pushed, mut held) = ([0_i64; 3], 0_u64, 0_u64);
            for (what, group, count) in steps {
                match what {
                    0 | 1 => for _ in 0..count {
                        let place = group as usize;
                        next[place] += 1;
                        pushed += 1;
                        let values = vec![next[place] as f64; widths[place]];
                        buffer.row(GroupId(group + 1), at(next[place]), &values).expect("accepted");
                        prop_assert!(buffer.bytes <= limit, "{} bytes", buffer.bytes);
                    },
                    2 => buffer.encode().expect("encodes"),
                    _ => {
                        let sent = buffer.after(0, count % 5);
                        held += sent.iter().map(|message| message.rows).sum::<u64>();
                        if let Some(last) = sent.last() {
                            buffer.release(last.number);
                        }
                    }
                }
                prop_assert_eq!(buffer.bytes, buffer.counted_bytes());
            }
            buffer.encode().expect("encodes");
            let messages = buffer.after(0, usize::MAX);
            prop_assert!(messages.is_sorted_by(|one, next| one.number < next.number));
            let all: Vec<_> = messages.iter().flat_map(rows).collect();
            prop_assert_eq!(all.len() as u64 + held + buffer.lost(), pushed);
            for group in 1..=3 {
                let of_group: Vec<_> = all.iter().filter(|row| row.0 == group).map(|row| (row.1, row.2)).collect();
                prop_assert!(of_group.is_sorted_by(|one, next| one.0 < next.0));
                prop_assert!(of_group.iter().all(|&(time, value)| time == value as i64));
            }
        }
    }
}
