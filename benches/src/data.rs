//! Deterministic data from a seed.

use std::f64::consts::TAU;

use crate::noise;
use crate::record::{Column, Record};

/// Behaviour of a series' values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Random in all 53 bits of the mantissa, so incompressible.
    Noise,
    /// A random walk, rounded to two decimals, such as a temperature.
    Walk,
    /// An integer that grows by about 1,000 per row, such as served requests.
    Counter,
    /// A sine plus noise, rounded to two decimals, such as a load in percent.
    Sine,
    /// A walk in whole pages of 4,096 bytes, such as used memory.
    Pages,
    /// One of five levels that seldom changes, such as a queue's length.
    Levels,
}

impl Signal {
    /// All signals but noise.
    pub const COMPRESSIBLE: [Self; 5] = [Self::Walk, Self::Counter, Self::Sine, Self::Pages, Self::Levels];

    /// Name in tables and benches.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Noise => "noise",
            Self::Walk => "walk, 2 decimals",
            Self::Counter => "counter with jitter",
            Self::Sine => "sine + noise, 2 decimals",
            Self::Pages => "bytes in pages of 4096",
            Self::Levels => "gauge of 5 levels",
        }
    }

    pub fn values(self, seed: u64, rows: usize) -> Vec<f64> {
        let mut now = match self {
            Self::Noise | Self::Sine | Self::Levels => 0.0,
            Self::Walk => 50.0,
            Self::Counter => 1e6,
            Self::Pages => 250_000.0,
        };
        let value = |row: usize| {
            let (random, chance) = (noise(seed, 1, row as u64), noise(seed, 2, row as u64));
            match self {
                Self::Noise => random,
                Self::Walk => {
                    now += random - 0.5;
                    hundredths(now)
                }
                Self::Counter => {
                    now += 950.0 + (random * 100.0).floor();
                    now
                }
                Self::Sine => hundredths(50.0 + 40.0 * (row as f64 * TAU / 300.0).sin() + 2.0 * (random - 0.5)),
                Self::Pages => {
                    now += ((random - 0.5) * 64.0).round();
                    now * 4096.0
                }
                Self::Levels => {
                    if chance < 0.1 {
                        now = (random * 5.0).floor();
                    }
                    now
                }
            }
        };
        (0..rows).map(value).collect()
    }
}

/// Rounds to two decimals.
fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// Columns x rows of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    pub columns: usize,
    pub rows: usize,
}

impl Shape {
    pub const fn new(columns: usize, rows: usize) -> Self {
        Self { columns, rows }
    }

    pub const fn values(self) -> usize {
        self.columns * self.rows
    }

    pub fn name(self) -> String {
        format!("{}x{}", self.columns, self.rows)
    }

    pub fn record(self, signal: Signal) -> Record {
        let columns = (0..self.columns)
            .map(|series| Column { series: series as u32, values: signal.values(series as u64, self.rows) });
        let (start, step) = (1_767_225_600_000_000, 1_000);
        let sent = start + (step * self.rows) as i64;
        Record { epoch: 7, sequence: 42, sent, start, step: step as u64, columns: columns.collect() }
    }
}
