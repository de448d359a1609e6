//! How values spread along an axis: evenly, or by their logarithm.

/// How values spread along an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mapping {
    /// Equal differences are equally long.
    #[default]
    Linear,
    /// Equal ratios are equally long. Only values above zero have a place.
    Log,
}

impl Mapping {
    /// How far apart two values lie: their difference, or the decades between them. Not a number where a value has no
    /// place.
    pub fn distance(self, low: f64, high: f64) -> f64 {
        self.place(high) - self.place(low)
    }

    /// Where a value stands on an axis without ends: itself, or its decade.
    pub(super) fn place(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Log => value.log10(),
        }
    }
}
