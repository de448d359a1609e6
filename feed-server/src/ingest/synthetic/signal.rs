//! The shapes of signals: cases that a chart must show correctly.
//!
//! Shapes are defined in seconds, not in rows: a signal looks the same at any rate. Each series has its own random
//! generator: its values depend on the seed, the numbers of group and series, and the row alone.

use std::f64::consts::TAU;

use protocol::SeriesKind;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt, SeedableRng};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A random walk that returns to the middle.
    Walk,
    /// A wave with noise on it.
    Sine,
    /// Quiet, with sudden bursts.
    Bursts,
    /// Constant levels with jumps between them.
    Steps,
    /// Rises, and is reset to zero at random times.
    Counter,
    /// Quiet, with single samples far out.
    Spikes,
    /// A random walk with missing stretches.
    Gaps,
}

impl Shape {
    const ALL: [Self; 7] = [Self::Walk, Self::Sine, Self::Bursts, Self::Steps, Self::Counter, Self::Spikes, Self::Gaps];

    pub(super) const fn of_series(series: u32) -> Self {
        Self::ALL[series as usize % Self::ALL.len()]
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Walk => "walk",
            Self::Sine => "sine",
            Self::Bursts => "bursts",
            Self::Steps => "steps",
            Self::Counter => "counter",
            Self::Spikes => "spikes",
            Self::Gaps => "gaps",
        }
    }

    pub(super) const fn kind(self) -> SeriesKind {
        match self {
            Self::Counter => SeriesKind::Counter,
            _ => SeriesKind::Gauge,
        }
    }
}

/// The values of one series, from 0 to 1 or NaN.
#[derive(Debug)]
pub(super) struct Signal {
    rng: SignalRng,
    motion: Motion,
}

#[derive(Debug)]
enum Motion {
    Walk(Walk),
    Sine { phase: f64, turns_a_row: f64 },
    Bursts { start_chance: f64, height: f64, rows_left: u64 },
    Steps { level: f64, rows_left: u64 },
    Counter { total: f64, rise_a_row: f64, reset_chance: f64 },
    Spikes { chance: f64 },
    Gaps { walk: Walk, start_chance: f64, rows_left: u64 },
}

impl Signal {
    pub(super) fn new(shape: Shape, seed: u64, group: u32, series: u32, hz: f64) -> Self {
        let mut rng = SignalRng::new(seed, group, series, hz);
        let motion = match shape {
            Shape::Walk => Motion::Walk(Walk::new(&rng)),
            Shape::Sine => {
                let period_s = rng.between(2.0, 15.0);
                Motion::Sine { phase: rng.unit(), turns_a_row: rng.row_s / period_s }
            }
            Shape::Bursts => Motion::Bursts { start_chance: rng.chance_every(6.0), height: 0.0, rows_left: 0 },
            Shape::Steps => Motion::Steps { level: 0.0, rows_left: 0 },
            Shape::Counter => {
                let full_after_s = rng.between(15.0, 40.0);
                let rise_a_row = rng.row_s / full_after_s;
                Motion::Counter { total: 0.0, rise_a_row, reset_chance: rng.chance_every(60.0) }
            }
            Shape::Spikes => Motion::Spikes { chance: rng.chance_every(4.0) },
            Shape::Gaps => {
                let walk = Walk::new(&rng);
                Motion::Gaps { walk, start_chance: rng.chance_every(8.0), rows_left: 0 }
            }
        };
        Self { rng, motion }
    }

    /// The next row's value. Hot: once per sample.
    pub(super) fn next(&mut self) -> f64 {
        let rng = &mut self.rng;
        let value: f64 = match &mut self.motion {
            Motion::Walk(walk) => walk.next(rng),
            Motion::Sine { phase, turns_a_row } => {
                *phase = (*phase + *turns_a_row).fract();
                (*phase * TAU).sin().mul_add(0.4, 0.5) + 0.03 * rng.noise()
            }
            Motion::Bursts { start_chance, height, rows_left } => {
                if *rows_left > 0 {
                    *rows_left -= 1;
                    *height + 0.08 * rng.noise()
                } else {
                    if rng.happens(*start_chance) {
                        *height = rng.between(0.5, 0.9);
                        *rows_left = rng.rows(0.2, 1.5);
                    }
                    0.05 + 0.02 * rng.noise()
                }
            }
            Motion::Steps { level, rows_left } => {
                if *rows_left == 0 {
                    *rows_left = rng.rows(1.0, 6.0);
                    *level = rng.between(0.0, 1.0);
                }
                *rows_left -= 1;
                *level
            }
            Motion::Counter { total, rise_a_row, reset_chance } => {
                *total += *rise_a_row * 2.0 * rng.unit();
                if *total >= 1.0 || rng.happens(*reset_chance) {
                    *total = 0.0;
                }
                *total
            }
            Motion::Spikes { chance } => {
                if rng.happens(*chance) {
                    rng.between(0.6, 1.0)
                } else {
                    0.1 + 0.03 * rng.noise()
                }
            }
            Motion::Gaps { walk, start_chance, rows_left } => {
                let value = walk.next(rng);
                if *rows_left == 0 && rng.happens(*start_chance) {
                    *rows_left = rng.rows(0.5, 2.0);
                }
                if *rows_left > 0 {
                    *rows_left -= 1;
                    f64::NAN
                } else {
                    value
                }
            }
        };
        value.clamp(0.0, 1.0)
    }
}

/// An Ornstein-Uhlenbeck process: a random walk that is pulled to the middle.
#[derive(Debug)]
struct Walk {
    level: f64,
    pull: f64,
    stride: f64,
}

impl Walk {
    const MIDDLE: f64 = 0.5;
    /// Time constant of the return.
    const RETURN_S: f64 = 8.0;
    /// Standard deviation from the middle.
    const SPREAD: f64 = 0.16;

    fn new(rng: &SignalRng) -> Self {
        // In steps of a row, so that the spread does not depend on the rate.
        let pull = -(-rng.row_s / Self::RETURN_S).exp_m1();
        Self { level: Self::MIDDLE, pull, stride: Self::SPREAD * (pull * (2.0 - pull)).sqrt() }
    }

    fn next(&mut self, rng: &mut SignalRng) -> f64 {
        let step = self.pull * (Self::MIDDLE - self.level) + self.stride * SignalRng::PER_DEVIATION * rng.noise();
        self.level = (self.level + step).clamp(0.0, 1.0);
        self.level
    }
}

/// The random generator of a series, and the length of a row.
///
/// Xoshiro256++ by name: the standard generator of `rand` may change between releases, and the values of every seed
/// would change with it.
#[derive(Debug)]
struct SignalRng {
    generator: Xoshiro256PlusPlus,
    row_s: f64,
}

impl SignalRng {
    /// Scales [`SignalRng::noise`] to a standard deviation of 1.
    const PER_DEVIATION: f64 = 2.449_489_742_783_178;

    fn new(seed: u64, group: u32, series: u32, hz: f64) -> Self {
        // Hashes the seed: neighbouring seeds must not share series.
        let key = Xoshiro256PlusPlus::seed_from_u64(seed).next_u64();
        let numbers = u64::from(group) << 32 | u64::from(series);
        Self { generator: Xoshiro256PlusPlus::seed_from_u64(key ^ numbers), row_s: 1.0 / hz }
    }

    /// From 0 to 1.
    fn unit(&mut self) -> f64 {
        self.generator.random()
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// From -1 to 1, triangular: the sum of two halves of one draw.
    fn noise(&mut self) -> f64 {
        let draw = self.generator.next_u64();
        let halves = (draw >> 32) + (draw & u64::from(u32::MAX));
        halves as f64 / f64::from(u32::MAX) - 1.0
    }

    fn happens(&mut self, chance: f64) -> bool {
        self.unit() < chance
    }

    /// The chance in each row of an event that happens every `seconds` on average.
    fn chance_every(&self, seconds: f64) -> f64 {
        -(-self.row_s / seconds).exp_m1()
    }

    /// A random number of rows, at least one.
    fn rows(&mut self, shortest_s: f64, longest_s: f64) -> u64 {
        (self.between(shortest_s, longest_s) / self.row_s).round().max(1.0) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: [f64; 4] = [0.5, 10.0, 144.0, 1_000.0];

    /// Two minutes, or a thousand rows when they last longer.
    fn values(shape: Shape, hz: f64) -> Vec<f64> {
        let mut signal = Signal::new(shape, 1, 2, 3, hz);
        (0..((120.0 * hz) as usize).max(1_000)).map(|_| signal.next()).collect()
    }

    fn jumps(values: &[f64], by: f64) -> usize {
        values.windows(2).filter(|pair| (pair[1] - pair[0]).abs() > by).count()
    }

    #[test]
    fn series_take_the_shapes_in_turn() {
        let shapes: Vec<Shape> = (0..7).map(Shape::of_series).collect();
        assert_eq!(shapes, Shape::ALL);
        assert_eq!(Shape::of_series(7), Shape::Walk);
    }

    #[test]
    fn values_are_between_0_and_1_and_missing_only_in_gaps() {
        for hz in RATES {
            for shape in Shape::ALL {
                for value in values(shape, hz) {
                    assert!(
                        (0.0..=1.0).contains(&value) || shape == Shape::Gaps && value.is_nan(),
                        "{shape:?} {value}"
                    );
                }
            }
        }
    }

    #[test]
    fn every_shape_has_its_features() {
        let at_100_hz = |shape| values(shape, 100.0);
        let walk = at_100_hz(Shape::Walk);
        assert!(jumps(&walk, 0.05) == 0 && walk.iter().any(|&value| (value - 0.5).abs() > 0.1));
        let sine = at_100_hz(Shape::Sine);
        assert!(sine.iter().any(|&value| value > 0.85) && sine.iter().any(|&value| value < 0.15));
        let bursts = at_100_hz(Shape::Bursts);
        let busy = bursts.iter().filter(|&&value| value > 0.4).count();
        assert!(busy > 100 && busy < bursts.len() / 2, "{busy}");
        let steps = at_100_hz(Shape::Steps);
        assert!((20..=120).contains(&jumps(&steps, 0.0)));
        let counter = at_100_hz(Shape::Counter);
        let resets = counter.windows(2).filter(|pair| pair[1] < pair[0]).collect::<Vec<_>>();
        assert!(!resets.is_empty() && resets.iter().all(|pair| pair[1] == 0.0));
        let spikes = at_100_hz(Shape::Spikes);
        let single = spikes.windows(3).filter(|three| three[0] < 0.2 && three[1] > 0.5 && three[2] < 0.2).count();
        assert!(single > 5 && spikes.iter().filter(|&&value| value > 0.2).count() < 100, "{single}");
        let gaps = at_100_hz(Shape::Gaps);
        let missing = gaps.iter().filter(|value| value.is_nan()).count();
        assert!(missing > 50 && missing < gaps.len() / 2, "{missing}");
    }

    #[test]
    fn every_series_has_its_own_values() {
        let first = |seed, group, series| Signal::new(Shape::Walk, seed, group, series, 10.0).next().to_bits();
        let mut seen: Vec<u64> = Vec::new();
        for seed in 0..10 {
            for group in 0..10 {
                seen.extend((0..10).map(|series| first(seed, group, series)));
            }
        }
        assert_eq!(first(3, 4, 5), first(3, 4, 5));
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 1_000);
    }

    /// Frozen: a seed in a bug report must give the same values in later versions.
    #[test]
    fn a_seed_gives_these_values() {
        let mut signal = Signal::new(Shape::Steps, 1, 0, 3, 0.1);
        let levels = [0.836_611_874_675_13, 0.441_263_428_548_938_96, 0.808_682_226_778_912];
        assert_eq!([signal.next(), signal.next(), signal.next()].map(f64::to_bits), levels.map(f64::to_bits));
    }
}
