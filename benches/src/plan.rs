//! What is timed, under which names: the benches run it, the summary looks it up.

use crate::data::{Shape, Signal};

/// What a codec is timed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// From a record to bytes.
    Encode,
    /// From bytes to values in the rings.
    DecodeIntoRing,
    /// From bytes to an owned record.
    DecodeOwned,
}

impl Task {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::DecodeIntoRing, Self::DecodeOwned, Self::Encode];

    /// The criterion group.
    pub fn group(self, signal: Signal) -> String {
        let task = match self {
            Self::Encode => "encode",
            Self::DecodeIntoRing => "decode into ring",
            Self::DecodeOwned => "decode owned",
        };
        format!("codecs/{task}/{}", signal.name())
    }

    /// The shapes that are timed.
    pub const fn shapes(self, signal: Signal) -> &'static [Shape] {
        match (self, signal) {
            (Self::DecodeIntoRing, Signal::Noise) => &SHAPES,
            (Self::Encode, Signal::Noise) => &[SHAPES[1], TARGET, SHAPES[3], SHAPES[4], SHAPES[6], SHAPES[7]],
            _ => &[TARGET, SHAPES[7]],
        }
    }
}

/// The signals that records are made of.
pub const SIGNALS: [Signal; 2] = [Signal::Noise, Signal::Walk];

/// The shape that the targets are about: 10,000 values of one series.
pub const TARGET: Shape = SHAPES[2];

/// One series, longer and longer; then many series x few ticks, few series x many ticks, and a frame of a wall of 96
/// series at 1 kHz.
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

/// What a block codec is timed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockTask {
    /// From columns to bytes.
    Encode,
    /// From bytes to the columns' places.
    Decode,
}

impl BlockTask {
    /// The criterion group.
    pub fn group(self, signal: Signal) -> String {
        let task = match self {
            Self::Encode => "encode",
            Self::Decode => "decode",
        };
        format!("packed/{task}/{}", signal.name())
    }
}

/// Rows of a block whose size is compared.
pub const BLOCK_ROWS: [usize; 5] = [60, 128, 250, 500, 1_000];

/// Rows of a block that is timed.
pub const TIMED_BLOCK_ROWS: [usize; 3] = [60, 250, 1_000];

/// Columns of a block.
pub const BLOCK_COLUMNS: usize = 8;
