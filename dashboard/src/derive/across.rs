//! One series from all of a group: sum, mean, least, greatest.

/// What is told of the values of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Across {
    /// All together.
    Sum,
    /// Their mean.
    Average,
    /// The least.
    Least,
    /// The greatest.
    Greatest,
}

impl Across {
    /// What a row comes to. Values that are not finite are left out; a row without any has no value.
    pub fn of(self, values: &[f64]) -> f64 {
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        let fold = |join: fn(f64, f64) -> f64| finite().reduce(join).unwrap_or(f64::NAN);
        match self {
            Self::Sum => fold(|a, b| a + b),
            Self::Average => fold(|a, b| a + b) / finite().count() as f64,
            Self::Least => fold(f64::min),
            Self::Greatest => fold(f64::max),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_measured_is_left_out() {
        let row = [3.0, f64::NAN, -1.0, f64::INFINITY, 7.0];
        let told = [Across::Sum, Across::Average, Across::Least, Across::Greatest].map(|across| across.of(&row));
        assert_eq!(told.map(f64::to_bits), [9.0, 3.0, -1.0, 7.0].map(f64::to_bits));
        assert!(Across::Sum.of(&[f64::NAN]).is_nan() && Across::Average.of(&[]).is_nan());
    }
}
