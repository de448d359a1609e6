//! One series from all series of a group: sum, mean, minimum, maximum.

/// A fold over the values of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Across {
    /// The sum of the values.
    Sum,
    /// The arithmetic mean of the values.
    Average,
    /// The minimum of the values.
    Min,
    /// The maximum of the values.
    Max,
}

impl Across {
    /// Folds a row. Values that are not finite are skipped; a row without a finite value gives NaN.
    pub fn of(self, values: &[f64]) -> f64 {
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        let fold = |join: fn(f64, f64) -> f64| finite().reduce(join).unwrap_or(f64::NAN);
        match self {
            Self::Sum => fold(|a, b| a + b),
            Self::Average => fold(|a, b| a + b) / finite().count() as f64,
            Self::Min => fold(f64::min),
            Self::Max => fold(f64::max),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_are_not_finite_are_skipped() {
        let row = [3.0, f64::NAN, -1.0, f64::INFINITY, 7.0];
        let folded = [Across::Sum, Across::Average, Across::Min, Across::Max].map(|across| across.of(&row));
        assert_eq!(folded.map(f64::to_bits), [9.0, 3.0, -1.0, 7.0].map(f64::to_bits));
        assert!(Across::Sum.of(&[f64::NAN]).is_nan() && Across::Average.of(&[]).is_nan());
    }
}
