//! The rate of a counter.

/// Of values that are sent as summaries, those of two seconds arrive at once.
const OVER_S: f64 = 4.0;

/// Computes the increase per second over the last seconds.
#[derive(Clone, Debug, Default)]
pub(super) struct RateMeter {
    /// Times and counts, oldest first.
    counts: Vec<(f64, u64)>,
    per_second: f64,
}

impl RateMeter {
    /// Adds the count at `seconds` (of any clock) and returns the rate. Updates less than 0.1 s apart are ignored: their rate
    /// would be noise.
    pub(super) fn update(&mut self, seconds: f64, count: u64) -> f64 {
        if self.counts.last().is_none_or(|(then, _)| seconds - then >= 0.1) {
            self.counts.push((seconds, count));
            while self.counts.len() > 2 && seconds - self.counts[1].0 >= OVER_S {
                self.counts.remove(0);
            }
            let (then, before) = self.counts[0];
            if seconds > then {
                self.per_second = count.saturating_sub(before) as f64 / (seconds - then);
            }
        }
        self.per_second
    }

    /// The rate at the last update.
    pub(super) const fn per_second(&self) -> f64 {
        self.per_second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_the_increase_per_second_over_the_last_seconds() {
        let mut meter = RateMeter::default();
        let rates =
            [(1.0, 100), (2.0, 160), (2.01, 999), (4.0, 160), (9.0, 160)].map(|(at, count)| meter.update(at, count));
        assert_eq!(
            rates.map(f64::round).map(|rate| rate as u64),
            [0, 60, 60, 20, 0],
            "an update less than 0.1 s later is ignored"
        );
        let each_second =
            (0..20).map(|second| meter.update(f64::from(10 + second), 160 + u64::from(second as u32 / 2) * 2_000));
        assert!(each_second.skip(8).all(|rate| (rate - 1_000.0).abs() < 1e-9), "of two seconds at once");
    }
}
