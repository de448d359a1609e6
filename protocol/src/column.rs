//! Columns: how the times and the values of a block lie on the wire.
//!
//! | tag | times | bytes |
//! | --- | --- | --- |
//! | 0 | raw | `rows` x i64, little endian |
//! | 1 | regular | start i64, step u64: row `i` is at `start + i * step` |
//!
//! | tag | values | bytes |
//! | --- | --- | --- |
//! | 0 | raw | `rows` x f64, little endian, bit for bit |
//! | 1 | constant | one f64 that stands for every row |
//!
//! A column of an encoding that this version does not know is skipped: its rows read as [`MISSING`].

use bincode::{BorrowDecode, Encode};

use crate::error::DecodeError;
use crate::id::{GroupId, SeriesId};
use crate::time::{Interval, Timestamp};

/// The value of a row that a series has no value in: a NaN of this bit pattern, so that columns of series which come and
/// go can be kept side by side. A reader draws it as it draws any NaN, as a hole.
pub const MISSING: f64 = f64::from_bits(0x7ff4_4b59_4d49_5353);

/// Tags of time columns.
pub mod times_encoding {
    /// One i64 a row.
    pub const RAW: u8 = 0;
    /// A start and a step.
    pub const REGULAR: u8 = 1;
}

/// Tags of value columns.
pub mod encoding {
    /// One f64 a row.
    pub const RAW: u8 = 0;
    /// One f64 for all rows.
    pub const CONSTANT: u8 = 1;
}

/// When each row of a block was measured.
#[derive(Clone, Copy, Debug, PartialEq, Encode, BorrowDecode)]
pub struct Times<'a> {
    encoding: u8,
    bytes: &'a [u8],
}

impl<'a> Times<'a> {
    /// Encodes `times` into `scratch` in its shortest form.
    pub(crate) fn encode(times: &[Timestamp], scratch: &'a mut Vec<u8>) -> Self {
        scratch.clear();
        if let Some((start, step)) = regular(times) {
            scratch.extend_from_slice(&start.micros().to_le_bytes());
            scratch.extend_from_slice(&step.micros().to_le_bytes());
            return Self { encoding: times_encoding::REGULAR, bytes: scratch };
        }
        for time in times {
            scratch.extend_from_slice(&time.micros().to_le_bytes());
        }
        Self { encoding: times_encoding::RAW, bytes: scratch }
    }

    pub(crate) fn check(&self, group: GroupId, rows: u32) -> Result<(), DecodeError> {
        let expected = match self.encoding {
            times_encoding::RAW => rows as usize * 8,
            times_encoding::REGULAR => 16,
            encoding => return Err(DecodeError::UnknownTimesEncoding { group, encoding }),
        };
        if self.bytes.len() != expected {
            return Err(DecodeError::TimesLength { group, rows, found: self.bytes.len(), expected });
        }
        Ok(())
    }

    /// The times of `rows` rows, in the order of the rows.
    pub fn iter(&self, rows: u32) -> impl Iterator<Item = Timestamp> + use<'a> {
        let words = self.bytes.chunks_exact(8);
        let (start, step) = match self.encoding {
            times_encoding::REGULAR => {
                let mut ends = words.clone().map(i64_from);
                (ends.next().unwrap_or(0), ends.next().unwrap_or(0))
            }
            _ => (0, 0),
        };
        let regular = self.encoding == times_encoding::REGULAR;
        let mut words = words.map(i64_from);
        (0..i64::from(rows)).map_while(move |row| {
            let micros = if regular { start.wrapping_add(row.wrapping_mul(step)) } else { words.next()? };
            Some(Timestamp::from_micros(micros))
        })
    }
}

/// Start and step, when every time follows from them exactly.
fn regular(times: &[Timestamp]) -> Option<(Timestamp, Interval)> {
    let (&first, rest) = times.split_first()?;
    let step = match rest.first() {
        Some(second) => u64::try_from(second.micros().checked_sub(first.micros())?).ok()?,
        None => 0,
    };
    let mut expected = first;
    for &time in rest {
        expected = Timestamp::from_micros(expected.micros().checked_add_unsigned(step)?);
        if time != expected {
            return None;
        }
    }
    Some((first, Interval::from_micros(step)))
}

/// One series' values in a block, a value a row.
#[derive(Clone, Copy, Debug, PartialEq, Encode, BorrowDecode)]
pub struct Column<'a> {
    /// The series.
    pub series: SeriesId,
    encoding: u8,
    bytes: &'a [u8],
}

impl<'a> Column<'a> {
    /// Encodes `values` into `scratch` in its shortest form that keeps every bit.
    pub(crate) fn encode(series: SeriesId, values: &[f64], scratch: &'a mut Vec<u8>) -> Self {
        scratch.clear();
        let constant = values.split_first().filter(|(first, rest)| rest.iter().all(|v| v.to_bits() == first.to_bits()));
        if let Some((first, _)) = constant {
            scratch.extend_from_slice(&first.to_le_bytes());
            return Self { series, encoding: encoding::CONSTANT, bytes: scratch };
        }
        for value in values {
            scratch.extend_from_slice(&value.to_le_bytes());
        }
        Self { series, encoding: encoding::RAW, bytes: scratch }
    }

    pub(crate) fn check(&self, rows: u32) -> Result<(), DecodeError> {
        let expected = match self.encoding {
            encoding::RAW => rows as usize * 8,
            encoding::CONSTANT => 8,
            _ => return Ok(()),
        };
        if self.bytes.len() != expected {
            return Err(DecodeError::ColumnLength { series: self.series, rows, found: self.bytes.len(), expected });
        }
        Ok(())
    }

    /// The column's values, or `None` when this version does not know its encoding.
    pub fn values(&self) -> Option<Values<'a>> {
        match self.encoding {
            encoding::RAW => Some(Values::Raw(self.bytes)),
            encoding::CONSTANT => Some(Values::Constant(f64_from(self.bytes))),
            _ => None,
        }
    }
}

/// A column's values, still on the wire.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Values<'a> {
    /// Eight little-endian bytes a value.
    Raw(&'a [u8]),
    /// One value for every row.
    Constant(f64),
}

impl Values<'_> {
    /// The values from row `row` on.
    #[must_use]
    pub fn from_row(self, row: usize) -> Self {
        match self {
            Self::Raw(bytes) => Self::Raw(bytes.get(row * 8..).unwrap_or_default()),
            constant @ Self::Constant(_) => constant,
        }
    }

    /// Writes the values to `out`, a value a row.
    ///
    /// Hot: once per sample. `out` has one place for each row of the block; what is left over on either side stays.
    pub fn copy_to(&self, out: &mut [f64]) {
        match self {
            Self::Raw(bytes) => {
                for (place, word) in out.iter_mut().zip(bytes.chunks_exact(8)) {
                    *place = f64_from(word);
                }
            }
            Self::Constant(value) => out.fill(*value),
        }
    }
}

/// Reads eight bytes. A shorter slice, which [`Column::check`] rules out, reads as zero.
fn f64_from(bytes: &[u8]) -> f64 {
    f64::from_bits(i64_from(bytes) as u64)
}

fn i64_from(bytes: &[u8]) -> i64 {
    bytes.first_chunk::<8>().map_or(0, |word| i64::from_le_bytes(*word))
}
