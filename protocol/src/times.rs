//! Time columns: how the times of a block's rows lie on the wire.
//!
//! Told from the origin of the frame's [`Blocks`](crate::Blocks), so that a time takes a few bytes.
//!
//! | tag | encoding | bytes |
//! | --- | --- | --- |
//! | 0 | raw | `rows` x i64, little endian, from the Unix epoch |
//! | 1 | regular | start (varint i64), step (varint u64): row `i` is at `origin + start + i * step` |
//! | 2 | packed | packed integers: row `i` is at `origin + integer i` |
//!
//! Sums wrap at 64 bits. Times rise from row to row.

use bincode::{BorrowDecode, Encode};

use crate::codec;
use crate::error::DecodeError;
use crate::id::GroupId;
use crate::integers::{CHUNK, Integers, Plan, Runs};
use crate::time::Timestamp;

/// Tags of time columns.
pub mod times_encoding {
    /// One i64 a row.
    pub const RAW: u8 = 0;
    /// A start and a step.
    pub const REGULAR: u8 = 1;
    /// Packed integers.
    pub const PACKED: u8 = 2;
}

/// When each row of a block was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Times<'a> {
    origin: Timestamp,
    rows: u32,
    column: TimesColumn<'a>,
}

/// As it lies on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Encode, BorrowDecode)]
pub(crate) struct TimesColumn<'a> {
    encoding: u8,
    bytes: &'a [u8],
}

impl<'a> TimesColumn<'a> {
    /// Encodes `times` into `scratch` in its shortest form.
    pub(crate) fn encode(
        times: &[Timestamp],
        origin: Timestamp,
        integers: &mut Vec<i64>,
        scratch: &'a mut Vec<u8>,
    ) -> Self {
        scratch.clear();
        integers.clear();
        integers.extend(times.iter().map(|time| time.micros().wrapping_sub(origin.micros())));
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

    /// Takes a column off the front of `bytes`.
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

/// Start and step, when every time follows from them exactly.
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
    pub(crate) const fn new(column: TimesColumn<'a>, origin: Timestamp, rows: u32) -> Self {
        Self { origin, rows, column }
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
                return Err(DecodeError::TimesFall { group, row });
            }
            last = Some(time);
        }
        Ok(())
    }

    /// That regular times rise follows from the first and the last.
    fn check_regular(&self, group: GroupId) -> Result<(), DecodeError> {
        let (start, step) = self.column.regular().ok_or(DecodeError::MalformedRegular { group })?;
        let Some(steps) = self.rows.checked_sub(1).filter(|&steps| steps > 0) else { return Ok(()) };
        let first = self.origin.micros().wrapping_add(start);
        let last = step.checked_mul(u64::from(steps)).and_then(|span| first.checked_add_unsigned(span));
        if step == 0 || last.is_none() {
            return Err(DecodeError::TimesFall { group, row: 1 });
        }
        Ok(())
    }

    /// The tag of its [encoding](times_encoding).
    pub const fn encoding(&self) -> u8 {
        self.column.encoding
    }

    /// How many rows.
    pub const fn len(&self) -> usize {
        self.rows as usize
    }

    /// Whether there is no row.
    pub const fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The times, in the order of the rows.
    pub fn iter(&self) -> TimesIter<'a> {
        let reader = match self.column.encoding {
            times_encoding::REGULAR => {
                let (next, step) = self.column.regular().unwrap_or_default();
                Reader::Regular { next: self.origin.micros().wrapping_add(next), step }
            }
            times_encoding::PACKED => {
                let runs = Integers::of(self.column.bytes).runs(self.len());
                Reader::Packed { origin: self.origin.micros(), runs, run: [0; CHUNK], place: 0, told: 0 }
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

/// Walks [`Times`].
#[derive(Clone, Debug)]
pub struct TimesIter<'a> {
    reader: Reader<'a>,
    left: usize,
}

#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "lives for one loop, on the stack: the other variants do not pay for it")]
enum Reader<'a> {
    Raw(&'a [u8]),
    Regular { next: i64, step: u64 },
    Packed { origin: i64, runs: Runs<'a>, run: [i64; CHUNK], place: usize, told: usize },
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
            Reader::Packed { origin, runs, run, place, told } => {
                if place == told {
                    (*place, *told) = (0, runs.next(run));
                }
                let integer = *run.get(*place)?;
                *place += 1;
                origin.wrapping_add(integer)
            }
        };
        Some(Timestamp::from_micros(micros))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for TimesIter<'_> {}
