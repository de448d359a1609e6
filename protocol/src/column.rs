//! Value columns: the encodings of one series' values in a block.
//!
//! | tag | encoding | bytes |
//! | --- | --- | --- |
//! | 0 | raw | `rows` x f64, little endian |
//! | 1 | constant | one f64, the value of every row |
//! | 2 | single | `rows` x f32, little endian: for values that f32 represents exactly |
//! | 3 | scaled | packed integers over a power of ten or two, and exceptions |
//!
//! The encoder writes the shortest, bit for bit. Its cost is bounded: three passes over the column, and a search for a scale
//! over nine values (docs/BENCHMARKS.md, "Encode").
//!
//! A reader skips columns of unknown encoding; their rows have no value ([`MISSING`]).

use bincode::{BorrowDecode, Encode};

use crate::codec;
use crate::entries::Item;
use crate::error::DecodeError;
use crate::id::SeriesId;
use crate::scaled;

/// A NaN with this bit pattern fills the rows in which a series has no value, so that all columns of a group have the same
/// length. A page draws it like any NaN: as a hole.
pub const MISSING: f64 = f64::from_bits(0x7ff4_4b59_4d49_5353);

/// Returns true for [`MISSING`] itself, and not for other NaNs.
pub const fn is_missing(value: f64) -> bool {
    value.to_bits() == MISSING.to_bits()
}

/// Tags of value columns.
pub mod encoding {
    /// One f64 per row.
    pub const RAW: u8 = 0;
    /// The same f64 in all rows.
    pub const CONSTANT: u8 = 1;
    /// One f32 per row.
    pub const SINGLE: u8 = 2;
    /// Packed integers over a power of ten or two.
    pub const SCALED: u8 = 3;

    /// The encodings that this version writes, increasing.
    pub const WRITTEN: [u8; 4] = [RAW, CONSTANT, SINGLE, SCALED];
}

/// Working memory of the encoder.
#[derive(Debug, Default)]
pub(crate) struct ColumnScratch {
    bytes: Vec<u8>,
    scaled: scaled::Scratch,
}

/// The values of one series in a block, one per row.
#[derive(Clone, Copy, Debug, PartialEq, Encode, BorrowDecode)]
pub struct Column<'a> {
    /// Matches a [`SeriesDescriptor`](crate::SeriesDescriptor) of the catalog.
    pub series: SeriesId,
    pub(crate) encoding: u8,
    pub(crate) bytes: &'a [u8],
}

impl<'a> Item<'a> for Column<'a> {
    fn take(bytes: &mut &'a [u8]) -> Option<Self> {
        let series = SeriesId(codec::take_u32(bytes)?);
        let (&encoding, rest) = bytes.split_first()?;
        *bytes = rest;
        Some(Self { series, encoding, bytes: codec::take_bytes(bytes)? })
    }
}

impl<'a> Column<'a> {
    /// Encodes `values` into `scratch` in the shortest lossless encoding.
    ///
    /// Hot: once per sample sent.
    pub(crate) fn encode(series: SeriesId, values: &[f64], scratch: &'a mut ColumnScratch) -> Self {
        let ColumnScratch { bytes, scaled } = scratch;
        bytes.clear();
        let first = values.first().copied().unwrap_or_default();
        let is_constant = !values.is_empty() && values.iter().all(|value| value.to_bits() == first.to_bits());
        let is_single =
            !is_constant && values.iter().all(|&value| f64::from(value as f32).to_bits() == value.to_bits());
        let limit = match (is_constant, is_single) {
            (true, _) => 8,
            (_, true) => values.len() * 4,
            _ => values.len() * 8,
        };
        // No encoding of several equal rows is shorter than a constant.
        let may_pack = !is_constant || values.len() == 1;
        if may_pack && scaled::encode(values, limit, scaled, bytes) {
            return Self { series, encoding: encoding::SCALED, bytes };
        }
        bytes.clear();
        let encoding = if is_constant {
            bytes.extend_from_slice(&first.to_le_bytes());
            encoding::CONSTANT
        } else if is_single {
            bytes.resize(values.len() * 4, 0);
            for (place, &value) in bytes.as_chunks_mut().0.iter_mut().zip(values) {
                *place = (value as f32).to_le_bytes();
            }
            encoding::SINGLE
        } else {
            bytes.resize(values.len() * 8, 0);
            for (place, value) in bytes.as_chunks_mut().0.iter_mut().zip(values) {
                *place = value.to_le_bytes();
            }
            encoding::RAW
        };
        Self { series, encoding, bytes }
    }

    pub(crate) fn check(&self, rows: u32) -> Result<(), DecodeError> {
        let series = self.series;
        let expected = match self.encoding {
            encoding::RAW => rows as usize * 8,
            encoding::CONSTANT => 8,
            encoding::SINGLE => rows as usize * 4,
            encoding::SCALED => {
                return scaled::check(self.bytes, rows as usize)
                    .map_err(|reason| DecodeError::MalformedColumn { series, reason });
            }
            _ => return Ok(()),
        };
        if self.bytes.len() != expected {
            return Err(DecodeError::ColumnLength { series, rows, found: self.bytes.len(), expected });
        }
        Ok(())
    }

    /// One of the tags in [`encoding`], or a tag unknown to this version.
    pub const fn encoding(&self) -> u8 {
        self.encoding
    }

    /// The column's values. Returns `None` if the encoding is unknown to this version.
    pub fn values(&self) -> Option<Values<'a>> {
        match self.encoding {
            encoding::RAW => Some(Values::Raw(self.bytes)),
            encoding::CONSTANT => Some(Values::Constant(constant(self.bytes))),
            encoding::SINGLE => Some(Values::Single(self.bytes)),
            encoding::SCALED => Some(Values::Scaled { bytes: self.bytes, from_row: 0 }),
            _ => None,
        }
    }
}

/// The values of a column, still encoded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Values<'a> {
    /// Eight little-endian bytes per value.
    Raw(&'a [u8]),
    /// The same value in all rows.
    Constant(f64),
    /// Four little-endian bytes per value.
    Single(&'a [u8]),
    /// Packed integers over a power of ten or two.
    Scaled {
        /// The column, from its first row.
        bytes: &'a [u8],
        /// The first row to copy.
        from_row: usize,
    },
}

impl Values<'_> {
    /// The values without the first `row` rows.
    #[must_use]
    pub fn from_row(self, row: usize) -> Self {
        match self {
            Self::Raw(bytes) => Self::Raw(bytes.get(row * 8..).unwrap_or_default()),
            constant @ Self::Constant(_) => constant,
            Self::Single(bytes) => Self::Single(bytes.get(row * 4..).unwrap_or_default()),
            Self::Scaled { bytes, from_row } => Self::Scaled { bytes, from_row: from_row + row },
        }
    }

    /// Copies the first `out.len()` values to `out`, which must not be longer than the column.
    ///
    /// Hot: once per sample.
    pub fn copy_to(&self, out: &mut [f64]) {
        match self {
            Self::Raw(bytes) => {
                for (place, word) in out.iter_mut().zip(bytes.as_chunks().0) {
                    *place = f64::from_le_bytes(*word);
                }
            }
            Self::Constant(value) => out.fill(*value),
            Self::Single(bytes) => {
                for (place, word) in out.iter_mut().zip(bytes.as_chunks().0) {
                    *place = f64::from(f32::from_le_bytes(*word));
                }
            }
            Self::Scaled { bytes, from_row } => scaled::copy_to(bytes, *from_row, out),
        }
    }
}

/// The value of a constant column. [`Column::check`] has verified its length.
fn constant(bytes: &[u8]) -> f64 {
    bytes.first_chunk().map_or(MISSING, |word| f64::from_le_bytes(*word))
}
