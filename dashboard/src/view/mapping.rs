//! Linear and logarithmic axes.

/// The mapping from values to positions on an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mapping {
    /// Equal differences have equal lengths.
    #[default]
    Linear,
    /// Equal ratios have equal lengths. Only positive values have a position.
    Log,
}

impl Mapping {
    /// The distance of two values: their difference, or the number of decades between them. NaN if one has no position.
    pub fn distance(self, low: f64, high: f64) -> f64 {
        self.place(high) - self.place(low)
    }

    /// The position of a value on an axis without ends: the value, or its decimal logarithm.
    pub(super) fn place(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Log => value.log10(),
        }
    }
}
