//! Samples one by one: the encoding of rows that are sent as soon as they are measured.
//!
//! A column of one row takes its series, its encoding, its length and its scale for one value. Here, neighbours share
//! these: samples stand in the order of time and then of series, and a run of them has one byte of head. A list is a sequence
//! of runs. The high four bits of a run's head are its kind, the low four its count.
//!
//! | kind | content |
//! | --- | --- |
//! | 0 time | signed short: microseconds since the previous time of the list, or since the base. Count 0: series continue; 1: the next series is 0 |
//! | 1 gap | nothing: the next series is higher by the count |
//! | 2 zeros | nothing: each value is 0 |
//! | 3 raw | an f64 for each value |
//! | 4 singles | an f32 for each value |
//! | 5 multiples | signed shorts: each value is 1,024 times the integer |
//! | 6 to 15 decimals | signed shorts: each value is the integer over 10^(kind - 6) |
//!
//! A count of `n` is written as `n - 1` up to 15, and above as 15 and the short `n - 16`. After each value, the next series is higher by one.
//! A short is an integer in groups of seven bits, the lowest first; the high bit of each byte but the last is set; it has at most
//! seven bytes. A signed short is a short with zigzag.

use crate::codec;
use crate::column::is_missing;
use crate::error::{DecodeError, SampleListError};
use crate::id::SeriesId;
use crate::limits::MAX_FRAME_VALUES;
use crate::scaled;
use crate::time::Timestamp;

/// One value of one series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Time of its row.
    pub time: Timestamp,
    /// Matches a [`SeriesDescriptor`](crate::SeriesDescriptor) of the catalog, which names the group.
    pub series: SeriesId,
    /// Bit for bit as it was measured.
    pub value: f64,
}

/// Kinds of runs.
mod kind {
    pub(super) const TIME: u8 = 0;
    pub(super) const GAP: u8 = 1;
    pub(super) const ZEROS: u8 = 2;
    pub(super) const RAW: u8 = 3;
    pub(super) const SINGLES: u8 = 4;
    pub(super) const MULTIPLES: u8 = 5;
    /// And one for each further decimal.
    pub(super) const INTEGERS: u8 = 6;
}

/// Divisors of the kinds from [`kind::INTEGERS`] on.
const POWERS: [f64; 10] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
/// The same as integers.
const FACTORS: [i64; 10] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];
const MULTIPLE: f64 = 1_024.0;
/// Smaller integers are not written as multiples: that saves no byte.
const LEAST_MULTIPLE: f64 = 65_536.0;
/// Counts from here on have further bytes.
const LONG_COUNT: u32 = 16;
/// Integers of a run are smaller, so that a signed short holds them.
const MAX_INTEGER: f64 = 281_474_976_710_656.0;
/// Times of a list are closer to its base, so that a signed short holds each difference.
const MAX_DISTANCE: u64 = 1 << 46;
/// The most bytes that a row takes beside its samples: the head of a time, and a signed short.
const ROW_HEAD_BYTES: usize = 8;
/// The most bytes that a sample takes: the heads of a gap and of a run, the count of the gap, and a raw value.
const SAMPLE_BYTES: usize = 2 + 5 + 8;
/// In the middle of other values, so many zeros are written as a run: its head and that of the next run take two bytes.
const ZEROS_WORTH_A_RUN: usize = 3;

/// Samples in the order of time and then of series, which borrow from the message.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SampleList<'a> {
    base: Timestamp,
    bytes: &'a [u8],
}

impl<'a> SampleList<'a> {
    /// A list that has not been checked yet.
    pub(crate) const fn new(base: Timestamp, bytes: &'a [u8]) -> Self {
        Self { base, bytes }
    }

    pub(crate) const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    pub(crate) const fn base(&self) -> Timestamp {
        self.base
    }

    /// Returns true if there are no samples.
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The samples.
    pub const fn iter(&self) -> SampleIter<'a> {
        SampleIter { rest: self.bytes, time: self.base, series: 0, is_timed: false, kind: kind::GAP, left: 0 }
    }

    /// Checks every run and returns the number of samples.
    ///
    /// # Errors
    /// [`DecodeError`] if a run is malformed, or if there are more than `limit` samples.
    pub(crate) fn check(&self) -> Result<u64, DecodeError> {
        let mut iter = self.iter();
        let mut samples = 0;
        while !iter.rest.is_empty() {
            iter.open_run().map_err(DecodeError::MalformedSamples)?;
            samples += u64::from(iter.left);
            if samples > MAX_FRAME_VALUES {
                return Err(DecodeError::Limit { what: "values of a frame", found: samples, limit: MAX_FRAME_VALUES });
            }
            while iter.left > 0 {
                iter.take_value().ok_or(DecodeError::MalformedSamples(SampleListError::Truncated))?;
            }
        }
        Ok(samples)
    }
}

impl<'a> IntoIterator for &SampleList<'a> {
    type Item = Sample;
    type IntoIter = SampleIter<'a>;
    fn into_iter(self) -> SampleIter<'a> {
        self.iter()
    }
}

/// Iterator over the samples of a [`SampleList`].
#[derive(Clone, Debug)]
pub struct SampleIter<'a> {
    rest: &'a [u8],
    time: Timestamp,
    /// Id of the next sample.
    series: u32,
    /// A time has been read.
    is_timed: bool,
    /// Kind and rest of the current run of values.
    kind: u8,
    left: u32,
}

impl SampleIter<'_> {
    /// Reads the head of a run, and all of one without values.
    fn open_run(&mut self) -> Result<(), SampleListError> {
        let (&head, rest) = self.rest.split_first().ok_or(SampleListError::Truncated)?;
        self.rest = rest;
        let (kind, low) = (head >> 4, u32::from(head & 15));
        if kind == kind::TIME {
            match low {
                0 => {}
                1 => self.series = 0,
                _ => return Err(SampleListError::Time(head)),
            }
            let since = codec::take_signed_short(&mut self.rest).ok_or(SampleListError::Truncated)?;
            self.time = Timestamp::from_micros(self.time.micros().wrapping_add(since));
            self.is_timed = true;
            return Ok(());
        }
        let count = if low + 1 < LONG_COUNT {
            low + 1
        } else {
            let more = codec::take_short(&mut self.rest).ok_or(SampleListError::Truncated)?;
            u32::try_from(more + u64::from(LONG_COUNT)).map_err(|_| SampleListError::Series)?
        };
        let after = self.series.checked_add(count).ok_or(SampleListError::Series)?;
        if kind == kind::GAP {
            self.series = after;
        } else if self.is_timed {
            (self.kind, self.left) = (kind, count);
        } else {
            return Err(SampleListError::NoTime);
        }
        Ok(())
    }

    /// The next value of the current run. `None` if the bytes end too early.
    ///
    /// Hot: once a sample.
    fn take_value(&mut self) -> Option<f64> {
        let value = match self.kind {
            kind::ZEROS => 0.0,
            kind::RAW => f64::from_le_bytes(self.take_bytes()?),
            kind::SINGLES => f32::from_le_bytes(self.take_bytes()?).into(),
            kind::MULTIPLES => codec::take_signed_short(&mut self.rest)? as f64 * MULTIPLE,
            kind => {
                codec::take_signed_short(&mut self.rest)? as f64 / POWERS.get(usize::from(kind - kind::INTEGERS))?
            }
        };
        self.series += 1;
        self.left -= 1;
        Some(value)
    }

    fn take_bytes<const BYTES: usize>(&mut self) -> Option<[u8; BYTES]> {
        let (bytes, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*bytes)
    }
}

impl Iterator for SampleIter<'_> {
    type Item = Sample;

    fn next(&mut self) -> Option<Sample> {
        while self.left == 0 {
            if self.rest.is_empty() {
                return None;
            }
            self.open_run().ok()?;
        }
        let series = SeriesId(self.series);
        Some(Sample { time: self.time, series, value: self.take_value()? })
    }
}

/// How a value is written in the fewest bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Written {
    /// The kind of its run.
    kind: u8,
    /// For kinds of integers.
    integer: i64,
}

impl Written {
    /// Hot: once a sample sent.
    fn of(value: f64) -> Self {
        if value.to_bits() == 0 {
            return Self { kind: kind::ZEROS, integer: 0 };
        }
        let multiple = (value / MULTIPLE) as i64;
        if value.abs() >= LEAST_MULTIPLE
            && multiple.unsigned_abs() < MAX_INTEGER as u64
            && (multiple as f64 * MULTIPLE).to_bits() == value.to_bits()
        {
            return Self { kind: kind::MULTIPLES, integer: multiple };
        }
        let integer_over = |decimals| Some((decimals, scaled::to_integer(value, decimals)?));
        if let Some((decimals, integer)) = (0..POWERS.len() as u8).find_map(integer_over)
            && (integer as f64).abs() < MAX_INTEGER
        {
            return Self { kind: kind::INTEGERS + decimals, integer };
        }
        let is_single = f64::from(value as f32).to_bits() == value.to_bits();
        Self { kind: if is_single { kind::SINGLES } else { kind::RAW }, integer: 0 }
    }

    /// The integer for a run of this kind, if the value can stand in it.
    fn integer_in(self, kind: u8) -> Option<i64> {
        let power = |decimals: u8| Some(*FACTORS.get(usize::from(decimals))?);
        let factor = match (self.kind, kind) {
            (own, run) if own == run => return Some(self.integer),
            (kind::ZEROS, kind::MULTIPLES..) => return Some(0),
            (kind::MULTIPLES, kind::INTEGERS..) => power(kind - kind::INTEGERS)? * MULTIPLE as i64,
            // The quotient of the same numbers, whose two sides are exact, is rounded to the same value.
            (own @ kind::INTEGERS.., run) => power(run.checked_sub(own)?)?,
            _ => return None,
        };
        self.integer.checked_mul(factor).filter(|integer| integer.unsigned_abs() < MAX_INTEGER as u64)
    }
}

/// Encodes a [`SampleList`] and reuses its memory from frame to frame.
#[derive(Debug, Default)]
pub(crate) struct SampleListBuffer {
    base: Timestamp,
    samples: Vec<Sample>,
    /// For each sample of a row.
    written: Vec<Written>,
    bytes: Vec<u8>,
}

impl SampleListBuffer {
    /// The most bytes that rows take of which each has this many samples.
    pub(crate) const fn most_bytes(samples: usize, rows: usize) -> usize {
        rows * (ROW_HEAD_BYTES + samples * SAMPLE_BYTES)
    }

    /// Removes all samples and keeps the memory. Times are written relative to `base`.
    pub(crate) fn start(&mut self, base: Timestamp) {
        self.base = base;
        self.samples.clear();
        self.bytes.clear();
    }

    /// Returns true if samples of this time can be pushed.
    pub(crate) fn accepts(&self, time: Timestamp) -> bool {
        time.micros().checked_sub(self.base.micros()).is_some_and(|distance| distance.unsigned_abs() < MAX_DISTANCE)
    }

    /// Appends a sample, unless its value is missing.
    pub(crate) fn push(&mut self, sample: Sample) {
        if !is_missing(sample.value) {
            self.samples.push(sample);
        }
    }

    /// Encodes the samples that were pushed.
    pub(crate) fn encode(&mut self) {
        let order = |sample: &Sample| (sample.time, sample.series);
        if !self.samples.is_sorted_by_key(order) {
            self.samples.sort_unstable_by_key(order);
        }
        self.bytes.clear();
        let Self { base, samples, written, bytes } = self;
        let mut cursor = Cursor { time: *base, series: 0 };
        for row in samples.chunk_by(|one, other| one.time == other.time && one.series < other.series) {
            written.clear();
            written.extend(row.iter().map(|sample| Written::of(sample.value)));
            cursor.put_row(row, written, bytes);
        }
    }

    /// The samples at the time of [`encode`](Self::encode).
    pub(crate) fn list(&self) -> SampleList<'_> {
        SampleList::new(self.base, &self.bytes)
    }
}

/// What a reader knows after the runs so far: the time, and the series that follows without a gap.
struct Cursor {
    time: Timestamp,
    series: u32,
}

impl Cursor {
    /// Appends samples of one time, series increasing.
    fn put_row(&mut self, mut row: &[Sample], mut written: &mut [Written], out: &mut Vec<u8>) {
        let Some(first) = row.first() else { return };
        let restarts = first.series.0 < self.series;
        if restarts {
            self.series = 0;
        }
        out.push(kind::TIME << 4 | u8::from(restarts));
        codec::put_signed_short(first.time.micros_since(self.time), out);
        self.time = first.time;
        while let (Some(first), Some(kind)) = (row.first(), written.first().map(|written| written.kind)) {
            if first.series.0 > self.series {
                put_head(kind::GAP, first.series.0 - self.series, out);
            }
            let count = take_run(row, written);
            put_head(kind, count as u32, out);
            let (run, others) = written.split_at_mut(count);
            for (sample, written) in row.iter().zip(run) {
                put_value(kind, sample.value, written.integer, out);
            }
            self.series = first.series.0 + count as u32;
            (row, written) = (&row[count..], others);
        }
    }
}

/// Returns the number of samples from the front that are written in one run, of the first one's kind, and sets their
/// integers for it.
fn take_run(row: &[Sample], written: &mut [Written]) -> usize {
    let kind = written[0].kind;
    let mut count = 1;
    while count < row.len() && row[count - 1].series.0 + 1 == row[count].series.0 {
        let next = written[count];
        if next.kind != kind {
            let Some(integer) = next.integer_in(kind) else { break };
            // The head of a run of its own would take a byte.
            let is_short = codec::bytes_of_signed_short(integer) <= codec::bytes_of_signed_short(next.integer) + 1;
            let zeros = written[count..].iter().take(ZEROS_WORTH_A_RUN);
            if !is_short || zeros.take_while(|written| written.kind == kind::ZEROS).count() == ZEROS_WORTH_A_RUN {
                break;
            }
            written[count].integer = integer;
        }
        count += 1;
    }
    count
}

fn put_head(kind: u8, count: u32, out: &mut Vec<u8>) {
    let low = (count - 1).min(LONG_COUNT - 1);
    out.push(kind << 4 | low as u8);
    if low == LONG_COUNT - 1 {
        codec::put_short((count - LONG_COUNT).into(), out);
    }
}

fn put_value(kind: u8, value: f64, integer: i64, out: &mut Vec<u8>) {
    match kind {
        kind::ZEROS => {}
        kind::RAW => out.extend_from_slice(&value.to_le_bytes()),
        kind::SINGLES => out.extend_from_slice(&(value as f32).to_le_bytes()),
        _ => codec::put_signed_short(integer, out),
    }
}

#[cfg(test)]
mod tests;
