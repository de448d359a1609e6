//! Scaled columns: values that are integers over a power of ten or of two, as instruments report them.
//!
//! `0.25`, `0.75`, `1.5` are 25, 75 and 150 over 100; a column of them is written as packed integers. The quotient of two
//! exact numbers is rounded correctly, so a value that was parsed from decimal digits is restored bit for bit. The encoder
//! verifies this; a value that is not restored (NaN, -0.0, 1/3) becomes an exception, written in full beside its row. A run
//! of equal exceptions, such as rows in which a series was absent, is one exception. After ALP (Afroozeh, Kuffó and
//! Boncz, "ALP: Adaptive Lossless floating-Point Compression", SIGMOD 2024), with a division instead of a product, so that
//! no decimal needs an exception.
//!
//! | part | form |
//! | --- | --- |
//! | scale | one byte: `e` for 10^e (`e` 0 to 22), 128 + `k` for 2^k (`k` 0 to 52) |
//! | exceptions | varint byte length, then for each: rows since the last exception, rows after the first with the same value (varints), the value (8 bytes) |
//! | integers | the rest |

use bincode::{Decode, Encode};

use crate::codec;
use crate::entries::{Entries, EntriesBuffer, Item};
use crate::error::{EncodeError, ScaledError};
use crate::integers::{CHUNK, Integers, Plan};
use crate::outliers::{self, EXCEPTION_BITS};

/// Every power of ten that an f64 represents exactly.
const POWERS_OF_TEN: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// The encoder tries no larger power of ten: with more digits, packed integers are no shorter than raw values.
const MAX_DECIMALS: u8 = 10;
/// The encoder tries no larger power of two: 1/4096 of a degree or a volt is below the resolution of instruments.
const MAX_BITS: u8 = 12;
const BINARY: u8 = 1 << 7;
const LAST_BINARY: u8 = BINARY + 52;

/// Values tried to find a scale.
const PROBES: usize = 8;
/// The encoder gives up if no scale fits any of the first values.
const MAX_FAILED_PROBES: usize = 3;
/// The encoder allows one run of exceptions per 12 rows: with more, at ten bytes each, raw values are shorter.
const ROWS_PER_EXCEPTION: usize = 12;

/// Adding and then subtracting 1.5 * 2^52 rounds to an integer of at most 2^51.
const ROUNDER: f64 = 6_755_399_441_055_744.0;
const MAX_INTEGER: f64 = 2_251_799_813_685_248.0;

/// A value written in full.
#[derive(Clone, Copy, Debug, Encode, Decode)]
struct Exception {
    /// Rows between the previous exception's last row (or the start of the column) and this one's first.
    skipped: u32,
    /// Further rows with the same value.
    repeats: u32,
    value: f64,
}

impl Item<'_> for Exception {}

/// Working memory of the encoder.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    integers: Vec<i64>,
    without_outliers: Vec<i64>,
    /// Rows of exceptions, increasing.
    exceptions: Vec<u32>,
    entries: EntriesBuffer,
}

/// Appends `values` to `out` if they need fewer than `limit` bytes. Otherwise returns false and leaves incomplete bytes in
/// `out`, which the caller clears.
///
/// Hot: once per sample sent.
pub(crate) fn encode(values: &[f64], limit: usize, scratch: &mut Scratch, out: &mut Vec<u8>) -> bool {
    let Some(scale) = find_scale(values) else { return false };
    let Scratch { integers, without_outliers, exceptions, entries } = scratch;
    if !to_integers(values, scale, integers, exceptions) {
        return false;
    }
    let mut plan = Plan::of(integers);
    let exact = exceptions.len();
    if outliers::replace(integers, without_outliers, exceptions) {
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

/// Encodes exceptions for these rows, one per run of equal values.
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

/// The divisor of a scale byte, or `None` if the byte has no meaning.
fn divisor(scale: u8) -> Option<f64> {
    match scale {
        ..BINARY => POWERS_OF_TEN.get(usize::from(scale)).copied(),
        BINARY..=LAST_BINARY => Some((1_u64 << (scale - BINARY)) as f64),
        _ => None,
    }
}

/// The smallest scale for a sample of the column's values. Returns `None` if it fits less than half of them.
fn find_scale(values: &[f64]) -> Option<u8> {
    let step = values.len().div_ceil(PROBES).max(1);
    // Most rows can be empty if the series was present for a part of the time.
    let present = values.iter().copied().filter(|value| value.is_finite());
    let spread = values.iter().step_by(step).copied().chain(values.last().copied()).filter(|value| value.is_finite());
    let probes = || spread.clone().chain(present.clone().take(2));
    if let Some(bits) = probes().map(fraction_bits).max().filter(|&bits| bits <= MAX_BITS) {
        return Some(BINARY + bits);
    }
    let (mut scale, mut fitted, mut failed) = (0, 0, 0);
    for value in probes() {
        match (scale..=MAX_DECIMALS).find(|&scale| to_integer(value, scale).is_some()) {
            Some(smallest) => {
                scale = smallest;
                fitted += 1;
            }
            None => failed += 1,
        }
        if fitted == 0 && failed == MAX_FAILED_PROBES {
            return None;
        }
    }
    (fitted > failed).then_some(scale)
}

/// The smallest `k` for which `value * 2^k` is an integer.
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

/// The integer for a value at a scale. Returns `None` unless dividing it restores the value bit for bit.
pub(crate) fn to_integer(value: f64, scale: u8) -> Option<i64> {
    let divisor = divisor(scale)?;
    let product = value * divisor;
    let rounded = product + ROUNDER - ROUNDER;
    // Far from an integer: skip the division, the slowest step.
    if (product - rounded).abs() > product.abs() * (4.0 * f64::EPSILON) {
        return None;
    }
    ((rounded / divisor).to_bits() == value.to_bits() && rounded.abs() < MAX_INTEGER).then_some(rounded as i64)
}

/// Computes the integers and the rows of exceptions. Returns false if there are too many exceptions.
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
            let continues_run = exceptions
                .last()
                .is_some_and(|&last| last as usize + 1 == row && values[last as usize].to_bits() == value.to_bits());
            if !continues_run {
                let Some(left) = runs_left.checked_sub(1) else { return false };
                runs_left = left;
            }
            exceptions.push(row as u32);
        }
        // The integer of an exception is not read. Repeating the previous (or, at the start, the next) costs least.
        integers.push(last.unwrap_or(0));
    }
    true
}

/// The parts of a scaled column, still packed.
#[derive(Clone, Copy, Debug)]
struct Parts<'a> {
    divisor: f64,
    exceptions: Entries<'a, Exception>,
    integers: &'a [u8],
}

impl<'a> Parts<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self, ScaledError> {
        let (&scale, mut rest) = bytes.split_first().ok_or(ScaledError::Exceptions)?;
        let divisor = divisor(scale).ok_or(ScaledError::Scale(scale))?;
        let exceptions = codec::take_bytes(&mut rest).ok_or(ScaledError::Exceptions)?;
        Ok(Self { divisor, exceptions: Entries::from_bytes(exceptions), integers: rest })
    }
}

/// Returns an error unless `bytes` are a scaled column of `rows` rows.
pub(crate) fn check(bytes: &[u8], rows: usize) -> Result<(), ScaledError> {
    let parts = Parts::open(bytes)?;
    let mut row = 0_u64;
    let mut check = |exception: Exception| {
        row += u64::from(exception.skipped) + u64::from(exception.repeats);
        if row >= rows as u64 {
            return Err(ScaledError::ExceptionRow { row, rows });
        }
        row += 1;
        Ok(())
    };
    parts.exceptions.check_with(|_| ScaledError::Exceptions, &mut check)?;
    Integers::check(parts.integers, rows).map_err(ScaledError::Integers)
}

/// Copies rows `skip..skip + out.len()` of a column that [`check`] accepts to `out`.
///
/// Hot: once per sample.
pub(crate) fn copy_to(bytes: &[u8], skip: usize, out: &mut [f64]) {
    let Ok(parts) = Parts::open(bytes) else { return };
    let mut runs = Integers::from_bytes(parts.integers).runs(skip + out.len());
    let mut run = [0; CHUNK];
    let (mut to_skip, mut written) = (skip, 0);
    while written < out.len() {
        let count = runs.next(&mut run);
        let skipped = count.min(to_skip);
        to_skip -= skipped;
        let integers = &run[skipped..count];
        for (value, integer) in out[written..].iter_mut().zip(integers) {
            *value = *integer as f64 / parts.divisor;
        }
        written += integers.len();
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
