//! Columns of generated series.

use dashboard::chart::Columns;
use series::Summary;

/// Summaries by series and column.
pub(crate) struct Table(Vec<Vec<Summary>>);

impl Table {
    /// `samples` values a column, each from the series and the time in columns.
    pub(crate) fn new(series: usize, width: u32, samples: u32, value: impl Fn(usize, f64) -> f64) -> Self {
        let time = |x: u32, sample: u32| f64::from(x) + f64::from(sample) / f64::from(samples);
        let column = |series: usize, x: u32| {
            let values: Vec<f64> = (0..samples).map(|sample| value(series, time(x, sample))).collect();
            Summary::of(&values)
        };
        Self((0..series).map(|series| (0..width).map(|x| column(series, x)).collect()).collect())
    }
}

impl Columns for Table {
    fn series(&self) -> usize {
        self.0.len()
    }

    fn width(&self) -> u32 {
        self.0.first().map_or(0, Vec::len) as u32
    }

    fn summary(&self, series: usize, x: u32) -> Summary {
        self.0.get(series).and_then(|columns| columns.get(x as usize)).copied().unwrap_or(Summary::EMPTY)
    }
}

/// A pseudo-random number from 0 to 1, the same on every machine.
pub(crate) fn noise(seed: u64) -> f64 {
    // SplitMix64, after Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators" (2014).
    let mut bits = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}
