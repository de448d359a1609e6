//! The rate of a counter.

/// Computes the increase per second between two updates.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RateMeter {
    last: Option<(f64, u64)>,
    per_second: f64,
}

impl RateMeter {
    /// Adds the count at `seconds` (of any clock) and returns the rate since the last update. Updates less than 0.1 s apart
    /// are ignored: their rate would be noise.
    pub(super) fn update(&mut self, seconds: f64, count: u64) -> f64 {
        match self.last {
            Some((then, before)) if seconds - then >= 0.1 => {
                self.per_second = count.saturating_sub(before) as f64 / (seconds - then);
                self.last = Some((seconds, count));
            }
            Some(_) => {}
            None => self.last = Some((seconds, count)),
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
    fn the_rate_is_the_increase_per_second() {
        let mut meter = RateMeter::default();
        assert!(meter.update(1.0, 100) < f64::EPSILON);
        assert!((meter.update(2.0, 160) - 60.0).abs() < f64::EPSILON);
        assert!((meter.update(2.01, 999) - 60.0).abs() < f64::EPSILON, "less than 0.1 s later");
        assert!((meter.update(4.0, 160)).abs() < f64::EPSILON);
    }
}
