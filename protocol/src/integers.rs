//! Packed integers: the encoding that packed times and scaled values share.
//!
//! A list of `n` integers is written as its first integer and, for the others, either levels (`x - first`) or differences
//! of consecutive levels, without the low bits that are zero in all of them. They are split into chunks of [`CHUNK`]. The
//! integers of a chunk are written less the chunk's minimum, in as many bits as its maximum needs (frame of reference, as
//! in Zukowski et al., "Super-Scalar RAM-CPU Cache Compression", ICDE 2006).
//!
//! | part | form |
//! | --- | --- |
//! | order and shift | one byte: order (0 levels, 1 differences) * 64 + shift (0 to 63) |
//! | first | varint i64 |
//! | chunks | the other `n - 1` integers |
//!
//! A chunk: its minimum as a varint i64; its width in bits, 0 to [`MAX_WIDTH`], in one byte; then its integers, the first
//! in the lowest bits of the first byte, `ceil(count * width / 8)` bytes in all.
//!
//! Sums wrap at 64 bits, so every byte sequence of valid structure has a result.

use crate::codec;
use crate::error::PackedError;

/// Integers that share a width. With fewer, chunk heads take more of the bytes; with more, an outlier widens more of them
/// (see "Sizes" in docs/BENCHMARKS.md).
pub(crate) const CHUNK: usize = 128;

/// Bits of an integer. An integer of up to 56 bits at any bit offset can be read with one load of eight bytes.
const MAX_WIDTH: u8 = 56;

/// Bytes of a full chunk of the widest integers, plus eight for a load at its last bit.
const CHUNK_BYTES: usize = CHUNK * MAX_WIDTH as usize / 8 + 8;

const ORDER_BIT: u8 = 1 << 6;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Levels,
    Differences,
}

/// The shortest form of a list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    order: Order,
    shift: u8,
    /// Estimated size of the chunks.
    pub(crate) bits: usize,
}

impl Plan {
    /// Compares the size of both orders, which follows from minimum and maximum of each chunk.
    ///
    /// Hot: once per sample sent.
    pub(crate) fn of(integers: &[i64]) -> Self {
        let Some((&first, rest)) = integers.split_first() else {
            return Self { order: Order::Levels, shift: 0, bits: 0 };
        };
        let used_bits = rest.iter().fold(0, |bits, integer| bits | integer.wrapping_sub(first));
        let shift = if used_bits == 0 { 0 } else { used_bits.trailing_zeros() as u8 };
        let (mut level_bits, mut difference_bits) = (0, 0);
        let mut last = 0;
        for chunk in rest.chunks(CHUNK) {
            let (mut levels, mut differences) = (Range::EMPTY, Range::EMPTY);
            for &integer in chunk {
                let level = integer.wrapping_sub(first) >> shift;
                levels.include(level);
                differences.include(level.wrapping_sub(last));
                last = level;
            }
            level_bits += levels.cost(chunk.len());
            difference_bits += differences.cost(chunk.len());
        }
        if difference_bits < level_bits {
            Self { order: Order::Differences, shift, bits: difference_bits }
        } else {
            Self { order: Order::Levels, shift, bits: level_bits }
        }
    }

    /// Appends `integers` to `out`. Returns false for an empty list, or if a chunk needs more than [`MAX_WIDTH`] bits.
    ///
    /// Hot: once per sample sent.
    pub(crate) fn encode(self, integers: &[i64], out: &mut Vec<u8>) -> bool {
        let Some((&first, rest)) = integers.split_first() else { return false };
        out.push(self.order as u8 * ORDER_BIT + self.shift);
        codec::put_i64(first, out);
        let mut last = 0;
        let mut numbers = [0_i64; CHUNK];
        for chunk in rest.chunks(CHUNK) {
            let numbers = &mut numbers[..chunk.len()];
            let mut range = Range::EMPTY;
            for (place, &integer) in numbers.iter_mut().zip(chunk) {
                let level = integer.wrapping_sub(first) >> self.shift;
                *place = match self.order {
                    Order::Levels => level,
                    Order::Differences => level.wrapping_sub(last),
                };
                range.include(*place);
                last = level;
            }
            let width = range.width();
            if width > MAX_WIDTH {
                return false;
            }
            codec::put_i64(range.low, out);
            out.push(width);
            pack(numbers, range.low, width, out);
        }
        true
    }
}

/// Appends the distance of each integer from `low` in `width` bits.
fn pack(integers: &[i64], low: i64, width: u8, out: &mut Vec<u8>) {
    let (mut pending, mut count) = (0_u64, 0_u32);
    for &integer in integers {
        let distance = integer.wrapping_sub(low) as u64;
        pending |= distance << count;
        count += u32::from(width);
        if count >= 64 {
            out.extend_from_slice(&pending.to_le_bytes());
            count -= 64;
            pending = distance >> (u32::from(width) - count);
        }
    }
    out.extend_from_slice(&pending.to_le_bytes()[..count.div_ceil(8) as usize]);
}

#[derive(Clone, Copy)]
struct Range {
    low: i64,
    high: i64,
}

impl Range {
    const EMPTY: Self = Self { low: i64::MAX, high: i64::MIN };

    fn include(&mut self, integer: i64) {
        self.low = self.low.min(integer);
        self.high = self.high.max(integer);
    }

    /// Bits of an integer's distance from the minimum.
    fn width(self) -> u8 {
        (64 - (self.high.wrapping_sub(self.low) as u64).leading_zeros()) as u8
    }

    /// Bits of a chunk of `count` integers, its minimum included.
    fn cost(self, count: usize) -> usize {
        count * usize::from(self.width()) + 8 * codec::bytes_of_i64(self.low)
    }
}

/// A chunk that is still packed.
struct Chunk<'a> {
    low: i64,
    width: u8,
    bits: &'a [u8],
}

/// A list of packed integers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Integers<'a> {
    order: Order,
    shift: u8,
    first: i64,
    chunks: &'a [u8],
}

impl<'a> Integers<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self, PackedError> {
        let (&head, mut chunks) = bytes.split_first().ok_or(PackedError::Truncated)?;
        let order = match head / ORDER_BIT {
            0 => Order::Levels,
            1 => Order::Differences,
            order => return Err(PackedError::Order(order)),
        };
        let first = codec::take_i64(&mut chunks).ok_or(PackedError::Truncated)?;
        Ok(Self { order, shift: head % ORDER_BIT, first, chunks })
    }

    /// Returns an error unless `bytes` are exactly `count` integers. Reads the heads of the chunks only.
    pub(crate) fn check(bytes: &'a [u8], count: usize) -> Result<(), PackedError> {
        let mut left = count.checked_sub(1).ok_or(PackedError::NoRows)?;
        let mut rest = Self::open(bytes)?.chunks;
        while left > 0 {
            let count = left.min(CHUNK);
            next_chunk(&mut rest, count)?;
            left -= count;
        }
        if rest.is_empty() { Ok(()) } else { Err(PackedError::Trailing(rest.len())) }
    }

    /// Expects bytes that [`Integers::check`] accepts. All integers of other bytes are zero.
    pub(crate) fn from_bytes(bytes: &'a [u8]) -> Self {
        Self::open(bytes).unwrap_or(Self { order: Order::Levels, shift: 0, first: 0, chunks: &[] })
    }

    /// Unpacks the first `count` integers.
    pub(crate) const fn runs(self, count: usize) -> Runs<'a> {
        Runs { integers: self, left: count, level: 0, next_part: NextPart::First }
    }
}

/// The part that is unpacked next.
#[derive(Clone, Copy, Debug)]
enum NextPart {
    First,
    Chunks,
}

/// Unpacks integers in runs of at most [`CHUNK`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Runs<'a> {
    integers: Integers<'a>,
    left: usize,
    level: i64,
    next_part: NextPart,
}

impl Runs<'_> {
    /// Writes the next integers to the front of `run`. Returns their number, 0 at the end.
    ///
    /// Hot: the loops over a run execute once per sample.
    pub(crate) fn next(&mut self, run: &mut [i64; CHUNK]) -> usize {
        let Integers { order, shift, first, chunks } = &mut self.integers;
        let count = match self.next_part {
            NextPart::First => self.left.min(1),
            NextPart::Chunks => self.left.min(CHUNK),
        };
        self.left -= count;
        let run = &mut run[..count];
        if matches!(std::mem::replace(&mut self.next_part, NextPart::Chunks), NextPart::First) {
            run.fill(*first);
            return count;
        }
        match next_chunk(chunks, count) {
            Ok(chunk) => chunk.unpack(run),
            Err(_) => run.fill(0),
        }
        if *order == Order::Differences {
            for integer in run.iter_mut() {
                self.level = self.level.wrapping_add(*integer);
                *integer = self.level;
            }
        }
        for integer in run.iter_mut() {
            *integer = first.wrapping_add(*integer << *shift);
        }
        count
    }
}

/// Removes a chunk of `count` integers from the front of `rest`.
fn next_chunk<'a>(rest: &mut &'a [u8], count: usize) -> Result<Chunk<'a>, PackedError> {
    let low = codec::take_i64(rest).ok_or(PackedError::Truncated)?;
    let (&width, bits) = rest.split_first().ok_or(PackedError::Truncated)?;
    if width > MAX_WIDTH {
        return Err(PackedError::Width { found: width, limit: MAX_WIDTH });
    }
    let (bits, after) =
        bits.split_at_checked((count * usize::from(width)).div_ceil(8)).ok_or(PackedError::Truncated)?;
    *rest = after;
    Ok(Chunk { low, width, bits })
}

impl Chunk<'_> {
    /// Hot: once per sample.
    fn unpack(&self, run: &mut [i64]) {
        let mut bytes = [0_u8; CHUNK_BYTES];
        let Some(front) = bytes.get_mut(..self.bits.len()) else { return };
        front.copy_from_slice(self.bits);
        UNPACKERS[usize::from(self.width)](&bytes, self.low, run);
    }
}

type Unpack = fn(&[u8; CHUNK_BYTES], i64, &mut [i64]);

/// One function per width: every shift is a constant, and eight integers need one bounds check. A fifth faster than one
/// loop for all widths.
const UNPACKERS: [Unpack; MAX_WIDTH as usize + 1] = {
    macro_rules! widths {
        ($($width:literal)*) => { [$(unpack::<$width>),*] };
    }
    widths! {
        0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28
        29 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56
    }
};

/// Adds integers of `WIDTH` bits to `low`, eight at a time: eight of them fill `WIDTH` bytes.
fn unpack<const WIDTH: usize>(bytes: &[u8; CHUNK_BYTES], low: i64, run: &mut [i64]) {
    let mask = (1_u64 << WIDTH) - 1;
    for (group, integers) in run.chunks_mut(8).enumerate() {
        let Some(window) = bytes.get(group * WIDTH..group * WIDTH + WIDTH + 8) else { return };
        let integer = |number: usize| {
            let word = window[number * WIDTH / 8..].first_chunk().map_or(0, |word| u64::from_le_bytes(*word));
            low.wrapping_add((word >> (number * WIDTH % 8) & mask) as i64)
        };
        if let Ok(integers) = <&mut [i64; 8]>::try_from(&mut *integers) {
            *integers = std::array::from_fn(integer);
        } else {
            integers.iter_mut().enumerate().for_each(|(number, place)| *place = integer(number));
        }
    }
}
