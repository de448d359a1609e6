//! Packed integers: what the packed encodings of times and of values share.
//!
//! A list of `n` integers is told as its first and, for the others, levels (`x - first`) or differences from one to the
//! next, without the low bits that all of them leave zero. They come in chunks of [`CHUNK`]; the integers of a chunk are
//! written less the chunk's smallest, in as many bits as its largest needs (frame of reference, as in Zukowski et al.,
//! "Super-Scalar RAM-CPU Cache Compression", ICDE 2006).
//!
//! | part | form |
//! | --- | --- |
//! | order and shift | one byte: order (0 levels, 1 differences) * 64 + shift (0 to 63) |
//! | first | varint i64 |
//! | chunks | until `n - 1` integers are told |
//!
//! A chunk: its smallest as a varint i64; its width in bits, 0 to [`MAX_WIDTH`], in one byte; then its integers one after
//! another, the first in the lowest bits of the first byte, `ceil(count * width / 8)` bytes in all.
//!
//! Sums wrap at 64 bits, so whatever the bytes say, there is an answer.

use std::fmt;

use crate::codec;

/// Integers that share a width. Fewer, and the heads of chunks weigh; more, and one outlier widens many
/// (docs/BENCHMARKS.md, "Sizes").
pub(crate) const CHUNK: usize = 128;

/// The widest integer. One of any width at any bit can then be read with one load of eight bytes.
const MAX_WIDTH: u8 = 56;

/// Bytes of a full chunk of the widest integers, and room for a load of eight bytes at its last bit.
const CHUNK_BYTES: usize = CHUNK * MAX_WIDTH as usize / 8 + 8;

const ORDER_BIT: u8 = 1 << 6;

/// Why bytes are no list of packed integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadIntegers {
    /// There are no rows to be integers of.
    NoRows,
    /// They end too soon, or a varint in them is none.
    Truncated,
    /// An order that does not exist.
    Order(u8),
    /// A width above 56 bits.
    Width(u8),
    /// More bytes than the integers take.
    Trailing(usize),
}

impl fmt::Display for BadIntegers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRows => write!(f, "it packs integers for no rows"),
            Self::Truncated => write!(f, "its packed integers end too soon"),
            Self::Order(order) => write!(f, "its packed integers are of order {order}, which is neither 0 nor 1"),
            Self::Width(width) => write!(f, "its packed integers are {width} bits wide, more than {MAX_WIDTH}"),
            Self::Trailing(count) => write!(f, "{count} bytes follow its packed integers"),
        }
    }
}

/// Whether levels or differences are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Levels,
    Differences,
}

/// How a list is best told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    order: Order,
    shift: u8,
    /// What the chunks will take.
    pub(crate) bits: usize,
}

impl Plan {
    /// Tries both orders on paper: what a list takes follows from the smallest and the largest of each chunk.
    ///
    /// Hot: once per sample that is sent.
    pub(crate) fn of(integers: &[i64]) -> Self {
        let Some((&first, rest)) = integers.split_first() else {
            return Self { order: Order::Levels, shift: 0, bits: 0 };
        };
        let told = rest.iter().fold(0, |bits, integer| bits | integer.wrapping_sub(first));
        let shift = if told == 0 { 0 } else { told.trailing_zeros() as u8 };
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

    /// Appends `integers` to `out` and says whether it could: not when they are too far apart for [`MAX_WIDTH`] bits, nor
    /// when there are none.
    ///
    /// Hot: once per sample that is sent.
    pub(crate) fn encode(self, integers: &[i64], out: &mut Vec<u8>) -> bool {
        let Some((&first, rest)) = integers.split_first() else { return false };
        out.push(self.order as u8 * ORDER_BIT + self.shift);
        codec::put_i64(first, out);
        let mut last = 0;
        let mut told = [0_i64; CHUNK];
        for chunk in rest.chunks(CHUNK) {
            let told = &mut told[..chunk.len()];
            let mut range = Range::EMPTY;
            for (place, &integer) in told.iter_mut().zip(chunk) {
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
            pack(told, range.low, width, out);
        }
        true
    }
}

/// Appends the integers' distance from `low`, `width` bits each.
fn pack(integers: &[i64], low: i64, width: u8, out: &mut Vec<u8>) {
    let (mut held, mut count) = (0_u64, 0_u32);
    for &integer in integers {
        let told = integer.wrapping_sub(low) as u64;
        held |= told << count;
        count += u32::from(width);
        if count >= 64 {
            out.extend_from_slice(&held.to_le_bytes());
            count -= 64;
            held = told >> (u32::from(width) - count);
        }
    }
    out.extend_from_slice(&held.to_le_bytes()[..count.div_ceil(8) as usize]);
}

/// The smallest and the largest of some integers.
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

    /// Bits for each integer, told from the lowest.
    fn width(self) -> u8 {
        (64 - (self.high.wrapping_sub(self.low) as u64).leading_zeros()) as u8
    }

    /// Bits for `count` of them, and for their lowest.
    fn cost(self, count: usize) -> usize {
        count * usize::from(self.width()) + 8 * codec::bytes_of_i64(self.low)
    }
}

/// The integers of a chunk, not yet unpacked.
struct Chunk<'a> {
    low: i64,
    width: u8,
    bits: &'a [u8],
}

/// Reads a list of packed integers that [`Integers::check`] has accepted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Integers<'a> {
    order: Order,
    shift: u8,
    first: i64,
    chunks: &'a [u8],
}

impl<'a> Integers<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self, BadIntegers> {
        let (&head, mut chunks) = bytes.split_first().ok_or(BadIntegers::Truncated)?;
        let order = match head / ORDER_BIT {
            0 => Order::Levels,
            1 => Order::Differences,
            order => return Err(BadIntegers::Order(order)),
        };
        let first = codec::take_i64(&mut chunks).ok_or(BadIntegers::Truncated)?;
        Ok(Self { order, shift: head % ORDER_BIT, first, chunks })
    }

    /// Whether `bytes` are `count` integers and nothing else. Looks at the heads of the chunks only.
    pub(crate) fn check(bytes: &'a [u8], count: usize) -> Result<(), BadIntegers> {
        let mut left = count.checked_sub(1).ok_or(BadIntegers::NoRows)?;
        let mut rest = Self::open(bytes)?.chunks;
        while left > 0 {
            let told = left.min(CHUNK);
            next_chunk(&mut rest, told)?;
            left -= told;
        }
        if rest.is_empty() { Ok(()) } else { Err(BadIntegers::Trailing(rest.len())) }
    }

    /// The integers in `bytes`. Of bytes that [`Integers::check`] refuses, all read as zero.
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        Self::open(bytes).unwrap_or(Self { order: Order::Levels, shift: 0, first: 0, chunks: &[] })
    }

    /// A reader of the `count` integers.
    pub(crate) const fn runs(self, count: usize) -> Runs<'a> {
        Runs { integers: self, left: count, level: 0, place: Place::First }
    }
}

/// Where a reader stands.
#[derive(Clone, Copy, Debug)]
enum Place {
    First,
    Chunks,
}

/// Unpacks integers, a run at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Runs<'a> {
    integers: Integers<'a>,
    left: usize,
    level: i64,
    place: Place,
}

impl Runs<'_> {
    /// Writes the next integers to the front of `run` and says how many; 0 at the end.
    ///
    /// Hot: the loops over a run, once per sample.
    pub(crate) fn next(&mut self, run: &mut [i64; CHUNK]) -> usize {
        let Integers { order, shift, first, chunks } = &mut self.integers;
        let told = match self.place {
            Place::First => self.left.min(1),
            Place::Chunks => self.left.min(CHUNK),
        };
        self.left -= told;
        let run = &mut run[..told];
        if matches!(std::mem::replace(&mut self.place, Place::Chunks), Place::First) {
            run.fill(*first);
            return told;
        }
        match next_chunk(chunks, told) {
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
        told
    }
}

/// Takes the next chunk, of `count` integers, off `rest`.
fn next_chunk<'a>(rest: &mut &'a [u8], count: usize) -> Result<Chunk<'a>, BadIntegers> {
    let low = codec::take_i64(rest).ok_or(BadIntegers::Truncated)?;
    let (&width, bits) = rest.split_first().ok_or(BadIntegers::Truncated)?;
    if width > MAX_WIDTH {
        return Err(BadIntegers::Width(width));
    }
    let (bits, after) =
        bits.split_at_checked((count * usize::from(width)).div_ceil(8)).ok_or(BadIntegers::Truncated)?;
    *rest = after;
    Ok(Chunk { low, width, bits })
}

impl Chunk<'_> {
    /// Hot: once per sample.
    fn unpack(&self, run: &mut [i64]) {
        let mut bytes = [0_u8; CHUNK_BYTES];
        let Some(held) = bytes.get_mut(..self.bits.len()) else { return };
        held.copy_from_slice(self.bits);
        UNPACKERS[usize::from(self.width)](&bytes, self.low, run);
    }
}

/// Adds the integers in some bytes to the lowest.
type Unpack = fn(&[u8; CHUNK_BYTES], i64, &mut [i64]);

/// One function a width: with the width known, every shift is a constant and eight integers need one check of bounds.
/// A fifth faster than one loop for all widths.
const UNPACKERS: [Unpack; MAX_WIDTH as usize + 1] = {
    macro_rules! widths {
        ($($width:literal)*) => { [$(unpack::<$width>),*] };
    }
    widths! {
        0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28
        29 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56
    }
};

/// Reads integers of `WIDTH` bits, eight at a time: eight of them fill `WIDTH` bytes.
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
