//! Scaled columns: values that are integers over a power of ten or of two, as instruments give them.
//!
//! `0.25`, `0.75`, `1.5` are 25, 75 and 150 over 100; a column of them is packed as [integers](crate::integers). The
//! quotient of two exact numbers is rounded correctly, so a value that was read from decimal digits comes back bit for
//! bit; the encoder tries, and what does not come back (NaN, -0.0, 1/3) is an exception, written out in full beside its
//! row; a run of them, as of rows in which a series was not there, is one. After ALP (Afroozeh, Kuffó and Boncz, "ALP: Adaptive Lossless floating-Point Compression", SIGMOD 2024), with a
//! division in place of a product, so that no decimal needs an exception.
//!
//! | part | form |
//! | --- | --- |
//! | scale | one byte: `e` for 10^e (`e` 0 to 22), 128 + `k` for 2^k (`k` 0 to 52) |
//! | exceptions | varint byte length, then for each: rows since the last, rows that follow with the same value (varints), the value (8 bytes) |
//! | integers | the rest |

use bincode::{Decode, Encode};

use crate::codec;
use crate::entries::{Entries, EntriesBuffer, Item};
use crate::error::EncodeError;
use crate::integers::{BadIntegers, CHUNK, Integers, Plan};
use crate::outliers;

/// Powers of ten up to the last that an f64 holds exactly.
const POWERS_OF_TEN: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// The encoder looks no further: beyond it, what is left of 53 bits packs no better than raw.
const MOST_DECIMALS: u8 = 10;
/// The encoder's limit for powers of two: a 1/4096 of a degree or a volt is finer than instruments read.
const MOST_BITS: u8 = 12;
const BINARY: u8 = 1 << 7;
const LAST_BINARY: u8 = BINARY + 52;

/// Values looked at to find a scale.
const PROBES: usize = 8;
/// What an exception takes: the row and the repeats in a byte each, the value in eight.
pub(crate) const EXCEPTION_BITS: usize = 80;
/// Noise is given up after so many values that no scale holds.
const HOPELESS: usize = 3;
/// One run of exceptions for so many rows: at ten bytes each, more would not pay.
const ROWS_PER_EXCEPTION: usize = 12;

/// Adding and taking away 1.5 * 2^52 rounds to an integer; and below 2^51 the sum's low bits are that integer.
const ROUNDER: f64 = 6_755_399_441_055_744.0;
const LARGEST: f64 = 2_251_799_813_685_248.0;

/// Why bytes are no scaled column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadScaled {
    /// A scale that does not exist.
    #[error("its scale is {0}, which is neither a power of ten (0 to 22) nor of two (128 to 180)")]
    Scale(u8),
    /// The list of exceptions is broken.
    #[error("its exceptions cannot be read")]
    Exceptions,
    /// An exception to a row that is not there.
    #[error("it has an exception to row {0}, which it does not have")]
    ExceptionRow(u64),
    /// The integers are broken.
    #[error("{0}")]
    Integers(BadIntegers),
}

/// A value written out in full.
#[derive(Clone, Copy, Debug, Encode, Decode)]
struct Exception {
    /// Rows between the last exception's last, or the column's first row, and this one's first.
    skipped: u32,
    /// Rows after the first that have the value too.
    repeats: u32,
    value: f64,
}

impl Item<'_> for Exception {}

/// Working memory of the encoder.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    integers: Vec<i64>,
    without_outliers: Vec<i64>,
    /// Rows of exceptions, rising.
    exceptions: Vec<u32>,
    entries: EntriesBuffer,
}

/// Appends `values` to `out` and says whether they pack into fewer than `limit` bytes. What was appended when they don't
/// is worthless.
///
/// Hot: once per sample that is sent.
pub(crate) fn encode(values: &[f64], limit: usize, scratch: &mut Scratch, out: &mut Vec<u8>) -> bool {
    let Some(scale) = find_scale(values) else { return false };
    let Scratch { integers, without_outliers, exceptions, entries } = scratch;
    if !to_integers(values, scale, integers, exceptions) {
        return false;
    }
    let mut plan = Plan::of(integers);
    let exact = exceptions.len();
    if outliers::set_apart(integers, without_outliers, exceptions) {
        let without = Plan::of(without_outliers);
        if without.bits + (exceptions.len() - exact) * EXCEPTION_BITS < plan.bits {
            std::mem::swap(integers, without_outliers);
            exceptions.sort_unstable();
            exceptions.dedup();
            plan = without;
        } else {
            exceptions.truncate(exact);
        }
    }
    if write_exceptions(values, exceptions, entries).is_err() {
        return false;
    }
    out.push(scale);
    codec::append(&entries.entries::<Exception>(), out, codec::BODY).is_ok()
        && plan.encode(integers, out)
        && out.len() < limit
}

/// Writes the values of these rows, a run of equal ones at a time.
fn write_exceptions(values: &[f64], rows: &[u32], out: &mut EntriesBuffer) -> Result<(), EncodeError> {
    out.clear();
    let value = |row: u32| values[row as usize];
    let runs = rows.chunk_by(|&row, &next| next == row + 1 && value(next).to_bits() == value(row).to_bits());
    let mut next = 0;
    for run in runs {
        let (first, repeats) = (run[0], run.len() as u32 - 1);
        out.push(&Exception { skipped: first - next, repeats, value: value(first) })?;
        next = first + repeats + 1;
    }
    Ok(())
}

/// The number that integers of this scale are divided by.
fn divisor(scale: u8) -> Option<f64> {
    match scale {
        ..BINARY => POWERS_OF_TEN.get(usize::from(scale)).copied(),
        BINARY..=LAST_BINARY => Some((1_u64 << (scale - BINARY)) as f64),
        _ => None,
    }
}

/// The smallest scale that holds a few values from all over the column; `None` when it holds fewer than half of them.
fn find_scale(values: &[f64]) -> Option<u8> {
    let step = values.len().div_ceil(PROBES).max(1);
    // Of a series that was there for a while only, most rows have no value.
    let present = values.iter().copied().filter(|value| value.is_finite());
    let spread = values.iter().step_by(step).copied().chain(values.last().copied()).filter(|value| value.is_finite());
    let probes = || spread.clone().chain(present.clone().take(2));
    if let Some(bits) = probes().map(fraction_bits).max().filter(|&bits| bits <= MOST_BITS) {
        return Some(BINARY + bits);
    }
    let (mut scale, mut held, mut failed) = (0, 0, 0);
    for value in probes() {
        match (scale..=MOST_DECIMALS).find(|&scale| to_integer(value, scale).is_some()) {
            Some(smallest) => {
                scale = smallest;
                held += 1;
            }
            None => failed += 1,
        }
        if held == 0 && failed == HOPELESS {
            return None;
        }
    }
    (held > failed).then_some(scale)
}

/// How often a value must be doubled to be an integer.
const fn fraction_bits(value: f64) -> u8 {
    const MANTISSA_BITS: u32 = f64::MANTISSA_DIGITS - 1;
    let bits = value.to_bits();
    let exponent = (bits >> MANTISSA_BITS) as u32 & 0x7ff;
    let mantissa = bits & ((1 << MANTISSA_BITS) - 1);
    if exponent == 0 {
        return if mantissa == 0 { 0 } else { u8::MAX };
    }
    let point = (1023 + MANTISSA_BITS).saturating_sub(exponent);
    let fraction = point.saturating_sub((mantissa | 1 << MANTISSA_BITS).trailing_zeros());
    if fraction > u8::MAX as u32 { u8::MAX } else { fraction as u8 }
}

/// The integer that a value is over a scale, when it comes back from it bit for bit.
fn to_integer(value: f64, scale: u8) -> Option<i64> {
    let divisor = divisor(scale)?;
    let product = value * divisor;
    let rounded = product + ROUNDER - ROUNDER;
    // Far from an integer: no need to divide, which takes longest.
    if (product - rounded).abs() > product.abs() * (4.0 * f64::EPSILON) {
        return None;
    }
    ((rounded / divisor).to_bits() == value.to_bits() && rounded.abs() < LARGEST).then_some(rounded as i64)
}

/// Finds the integers, and the rows that have none; `false` when these are too many.
fn to_integers(values: &[f64], scale: u8, integers: &mut Vec<i64>, exceptions: &mut Vec<u32>) -> bool {
    integers.clear();
    exceptions.clear();
    let mut last = None;
    let mut runs_left = values.len() / ROWS_PER_EXCEPTION + 1;
    for (row, &value) in values.iter().enumerate() {
        if let Some(integer) = to_integer(value, scale) {
            if last.is_none() {
                integers.fill(integer);
            }
            last = Some(integer);
        } else {
            let goes_on = exceptions
                .last()
                .is_some_and(|&last| last as usize + 1 == row && values[last as usize].to_bits() == value.to_bits());
            if !goes_on {
                let Some(left) = runs_left.checked_sub(1) else { return false };
                runs_left = left;
            }
            exceptions.push(row as u32);
        }
        // Any integer would do in an exception's row; the one before costs least, and at the start the one after.
        integers.push(last.unwrap_or(0));
    }
    true
}

/// A scaled column, not yet unpacked.
#[derive(Clone, Copy, Debug)]
struct Parts<'a> {
    divisor: f64,
    exceptions: Entries<'a, Exception>,
    integers: &'a [u8],
}

impl<'a> Parts<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self, BadScaled> {
        let (&scale, mut rest) = bytes.split_first().ok_or(BadScaled::Exceptions)?;
        let divisor = divisor(scale).ok_or(BadScaled::Scale(scale))?;
        let exceptions = codec::take_bytes(&mut rest).ok_or(BadScaled::Exceptions)?;
        Ok(Self { divisor, exceptions: Entries::of(exceptions), integers: rest })
    }
}

/// Whether `bytes` are a scaled column of `rows` rows.
pub(crate) fn check(bytes: &[u8], rows: usize) -> Result<(), BadScaled> {
    let parts = Parts::open(bytes)?;
    let mut row = 0_u64;
    let mut check = |exception: Exception| {
        row += u64::from(exception.skipped) + u64::from(exception.repeats);
        if row >= rows as u64 {
            return Err(BadScaled::ExceptionRow(row));
        }
        row += 1;
        Ok(())
    };
    parts.exceptions.walk(|_| BadScaled::Exceptions, &mut check)?;
    Integers::check(parts.integers, rows).map_err(BadScaled::Integers)
}

/// Writes rows `skip..skip + out.len()` of a column that [`check`] accepted to `out`.
///
/// Hot: once per sample.
pub(crate) fn copy_to(bytes: &[u8], skip: usize, out: &mut [f64]) {
    let Ok(parts) = Parts::open(bytes) else { return };
    let mut runs = Integers::of(parts.integers).runs(skip + out.len());
    let mut run = [0; CHUNK];
    let (mut to_skip, mut place) = (skip, 0);
    while place < out.len() {
        let count = runs.next(&mut run);
        let skipped = count.min(to_skip);
        to_skip -= skipped;
        let told = &run[skipped..count];
        for (value, integer) in out[place..].iter_mut().zip(told) {
            *value = *integer as f64 / parts.divisor;
        }
        place += told.len();
    }
    let mut row = 0;
    for exception in &parts.exceptions {
        let first = row + exception.skipped as usize;
        row = first + exception.repeats as usize + 1;
        let wanted = first.max(skip)..row.min(skip + out.len());
        if !wanted.is_empty() {
            out[wanted.start - skip..wanted.end - skip].fill(exception.value);
        }
    }
}
