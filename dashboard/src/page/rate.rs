//! How many a second, from a count that only grows.

/// The rate of a counter between two looks at it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rate {
    last: Option<(f64, u64)>,
    per_second: f64,
}

impl Rate {
    /// Takes the count at `seconds` (of any clock) and returns the rate since the last look. Looks closer together than a
    /// tenth of a second tell nothing and change nothing.
    pub fn update(&mut self, seconds: f64, count: u64) -> f64 {
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

    /// The rate as of the last look.
    pub const fn per_second(&self) -> f64 {
        self.per_second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_the_change_over_the_time() {
        let mut rate = Rate::default();
        assert!(rate.update(1.0, 100) < f64::EPSILON);
        assert!((rate.update(2.0, 160) - 60.0).abs() < f64::EPSILON);
        assert!((rate.update(2.01, 999) - 60.0).abs() < f64::EPSILON, "too soon to tell");
        assert!((rate.update(4.0, 160)).abs() < f64::EPSILON);
    }
}
