//! Time columns: the encodings of the times of a block's rows.
//!
//! Times are written relative to the base time of the frame's [`Blocks`](crate::Blocks), so that a time takes a few bytes.
//!
//! | tag | encoding | bytes |
//! | --- | --- | --- |
//! | 0 | raw | `rows` x i64, little endian, since the Unix epoch |
//! | 1 | regular | start (varint i64), step (varint u64): row `i` is at `base + start + i * step` |
//! | 2 | packed | packed integers: row `i` is at `base + integer i` |
//!
//! Sums wrap at 64 bits. Times are strictly increasing.

use bincode::{BorrowDecode, Encode};

use crate::codec;
use crate::error::DecodeError;
use crate::id::GroupId;
use crate::integers::{CHUNK, Integers, Plan, Runs};
use crate::time::Timestamp;

/// Tags of time columns.
pub mod times_encoding {
    /// One i64 per row.
    pub const RAW: u8 = 0;
    /// A start and a constant step.
    pub const REGULAR: u8 = 1;
    /// Packed integers relative to the base time.
    pub const PACKED: u8 = 2;
}

/// The times of a block's rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Times<'a> {
    base: Timestamp,
    rows: u32,
    column: TimesColumn<'a>,
}

/// A time column as encoded, without base time and row count.
#[derive(Clone, Copy, Debug, PartialEq, Encode, BorrowDecode)]
pub(crate) struct TimesColumn<'a> {
    encoding: u8,
    bytes: &'a [u8],
}

impl<'a> TimesColumn<'a> {
    /// Encodes `times` into `scratch` in the shortest encoding.
    pub(crate) fn encode(
        times: &[Timestamp],
        base: Timestamp,
        integers: &mut Vec<i64>,
        scratch: &'a mut Vec<u8>,
    ) -> Self {
        scratch.clear();
        integers.clear();
        integers.extend(times.iter().map(|time| time.micros().wrapping_sub(base.micros())));
        if let Some((start, step)) = regular(integers) {
            codec::put_i64(start, scratch);
            codec::put_u64(step, scratch);
            return Self { encoding: times_encoding::REGULAR, bytes: scratch };
        }
        if Plan::of(integers).encode(integers, scratch) && scratch.len() < times.len() * 8 {
            return Self { encoding: times_encoding::PACKED, bytes: scratch };
        }
        scratch.clear();
        for time in times {
            scratch.extend_from_slice(&time.micros().to_le_bytes());
        }
        Self { encoding: times_encoding::RAW, bytes: scratch }
    }

    /// Removes a column from the front of `bytes`.
    pub(crate) fn take(bytes: &mut &'a [u8]) -> Option<Self> {
        let (&encoding, rest) = bytes.split_first()?;
        *bytes = rest;
        Some(Self { encoding, bytes: codec::take_bytes(bytes)? })
    }

    fn regular(&self) -> Option<(i64, u64)> {
        let mut bytes = self.bytes;
        let (start, step) = (codec::take_i64(&mut bytes)?, codec::take_u64(&mut bytes)?);
        bytes.is_empty().then_some((start, step))
    }
}

/// Start and step. Returns `None` unless they determine every time exactly.
fn regular(times: &[i64]) -> Option<(i64, u64)> {
    let (&first, rest) = times.split_first()?;
    let step = rest.first().map_or(0, |second| second.wrapping_sub(first));
    let mut expected = first;
    for &time in rest {
        expected = expected.wrapping_add(step);
        if time != expected {
            return None;
        }
    }
    Some((first, u64::try_from(step).ok()?))
}

impl<'a> Times<'a> {
    pub(crate) const fn new(column: TimesColumn<'a>, base: Timestamp, rows: u32) -> Self {
        Self { base, rows, column }
    }

    pub(crate) fn check(&self, group: GroupId) -> Result<(), DecodeError> {
        let (rows, bytes) = (self.rows, self.column.bytes);
        match self.column.encoding {
            times_encoding::RAW if bytes.len() != rows as usize * 8 => {
                return Err(DecodeError::TimesLength { group, rows, found: bytes.len(), expected: rows as usize * 8 });
            }
            times_encoding::REGULAR => return self.check_regular(group),
            times_encoding::PACKED => {
                Integers::check(bytes, rows as usize)
                    .map_err(|reason| DecodeError::MalformedTimes { group, reason })?;
            }
            times_encoding::RAW => {}
            encoding => return Err(DecodeError::UnknownTimesEncoding { group, encoding }),
        }
        let mut last = None;
        for (row, time) in self.iter().enumerate() {
            if last.is_some_and(|last| time <= last) {
                return Err(DecodeError::TimesOrder { group, row });
            }
            last = Some(time);
        }
        Ok(())
    }

    /// Regular times are increasing if the step is positive and the last time does not overflow.
    fn check_regular(&self, group: GroupId) -> Result<(), DecodeError> {
        let (start, step) = self.column.regular().ok_or(DecodeError::MalformedRegular { group })?;
        let Some(steps) = self.rows.checked_sub(1).filter(|&steps| steps > 0) else { return Ok(()) };
        let first = self.base.micros().wrapping_add(start);
        let last = step.checked_mul(u64::from(steps)).and_then(|span| first.checked_add_unsigned(span));
        if step == 0 || last.is_none() {
            return Err(DecodeError::TimesOrder { group, row: 1 });
        }
        Ok(())
    }

    /// One of the tags in [`times_encoding`].
    pub const fn encoding(&self) -> u8 {
        self.column.encoding
    }

    /// Number of rows in the block.
    pub const fn len(&self) -> usize {
        self.rows as usize
    }

    /// Returns true if the block has no rows.
    pub const fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The times in row order.
    pub fn iter(&self) -> TimesIter<'a> {
        let reader = match self.column.encoding {
            times_encoding::REGULAR => {
                let (next, step) = self.column.regular().unwrap_or_default();
                Reader::Regular { next: self.base.micros().wrapping_add(next), step }
            }
            times_encoding::PACKED => {
                let runs = Integers::from_bytes(self.column.bytes).runs(self.len());
                Reader::Packed { base: self.base.micros(), runs, run: [0; CHUNK], next: 0, end: 0 }
            }
            _ => Reader::Raw(self.column.bytes),
        };
        TimesIter { reader, left: self.len() }
    }
}

impl<'a> IntoIterator for &Times<'a> {
    type Item = Timestamp;
    type IntoIter = TimesIter<'a>;
    fn into_iter(self) -> TimesIter<'a> {
        self.iter()
    }
}

/// Iterator over the times of [`Times`].
#[derive(Clone, Debug)]
pub struct TimesIter<'a> {
    reader: Reader<'a>,
    left: usize,
}

#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "lives on the stack for one loop, so the size costs nothing")]
enum Reader<'a> {
    Raw(&'a [u8]),
    Regular { next: i64, step: u64 },
    Packed { base: i64, runs: Runs<'a>, run: [i64; CHUNK], next: usize, end: usize },
}

impl Iterator for TimesIter<'_> {
    type Item = Timestamp;

    fn next(&mut self) -> Option<Timestamp> {
        self.left = self.left.checked_sub(1)?;
        let micros = match &mut self.reader {
            Reader::Raw(bytes) => {
                let (word, rest) = bytes.split_first_chunk()?;
                *bytes = rest;
                i64::from_le_bytes(*word)
            }
            Reader::Regular { next, step } => {
                let micros = *next;
                *next = next.wrapping_add_unsigned(*step);
                micros
            }
            Reader::Packed { base, runs, run, next, end } => {
                if next == end {
                    (*next, *end) = (0, runs.next(run));
                }
                let integer = *run.get(*next)?;
                *next += 1;
                base.wrapping_add(integer)
            }
        };
        Some(Timestamp::from_micros(micros))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for TimesIter<'_> {}
