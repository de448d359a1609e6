//! Tasks, shapes and names of the measurements, shared by the benches and the summary.

use crate::data::{Shape, Signal};

/// A timed operation of a codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    Encode,
    /// Decodes values into the rings.
    DecodeIntoRing,
    /// Decodes an owned record.
    DecodeOwned,
}

impl Task {
    pub const ALL: [Self; 3] = [Self::DecodeIntoRing, Self::DecodeOwned, Self::Encode];

    pub fn group(self, signal: Signal) -> String {
        let task = match self {
            Self::Encode => "encode",
            Self::DecodeIntoRing => "decode into ring",
            Self::DecodeOwned => "decode owned",
        };
        format!("codecs/{task}/{}", signal.name())
    }

    pub const fn shapes(self, signal: Signal) -> &'static [Shape] {
        match (self, signal) {
            (Self::DecodeIntoRing, Signal::Noise) => &SHAPES,
            (Self::Encode, Signal::Noise) => &[SHAPES[1], TARGET, SHAPES[3], SHAPES[4], SHAPES[6], SHAPES[7]],
            _ => &[TARGET, SHAPES[7]],
        }
    }
}

pub const SIGNALS: [Signal; 2] = [Signal::Noise, Signal::Walk];

/// The shape of the targets: 10,000 values of one series.
pub const TARGET: Shape = SHAPES[2];

/// One series of increasing length; many series x few rows; few series x many rows; a frame of a wall of 96 series at 1 kHz.
pub const SHAPES: [Shape; 8] = [
    Shape::new(1, 100),
    Shape::new(1, 1_000),
    Shape::new(1, 10_000),
    Shape::new(1, 100_000),
    Shape::new(400, 2),
    Shape::new(1_000, 1),
    Shape::new(8, 1_000),
    Shape::new(96, 16),
];

/// A timed operation of a block codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockTask {
    Encode,
    /// Decodes a block into rings.
    Decode,
}

impl BlockTask {
    pub fn group(self, signal: Signal) -> String {
        let task = match self {
            Self::Encode => "encode",
            Self::Decode => "decode",
        };
        format!("packed/{task}/{}", signal.name())
    }
}

/// Rows of the blocks whose sizes are compared.
pub const BLOCK_ROWS: [usize; 5] = [60, 128, 250, 500, 1_000];

/// Rows of the timed blocks.
pub const TIMED_BLOCK_ROWS: [usize; 3] = [60, 250, 1_000];

pub const BLOCK_COLUMNS: usize = 8;
