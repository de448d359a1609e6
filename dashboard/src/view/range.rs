//! The ends of a value axis: chosen from the data, and kept stable.
//!
//! An axis grows at once, so that no value is cut off. It shrinks only after the data has needed much less for a while: an
//! axis that moves with every sample cannot be read.

use protocol::{Bounds, Interval, Timestamp};

use super::log_steps;
use super::mapping::Mapping;
use super::steps::Steps;

/// The axis shrinks after the data has needed less for this long.
const PATIENCE: Interval = Interval::from_secs(3);

/// The data needs less if its span is below this fraction of the axis.
const ROOMY: f64 = 0.6;

/// Steps in the needed span, to which the ends are rounded. With more steps the axis would move more often.
const STEPS_IN_SPAN: f64 = 5.0;

/// Values are clamped to this, so that spans stay finite.
const LARGEST: f64 = 1e300;

/// The range without data, or without data that the mapping can place.
const NOTHING_SEEN: Extent = Extent { low: 0.0, high: 1.0 };
const NOTHING_SEEN_LOG: Extent = Extent { low: 1.0, high: 10.0 };

/// The smallest value on a logarithmic axis.
const SMALLEST_LOG: f64 = 1e-300;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum RangeMode {
    /// From the group's bounds and the data.
    #[default]
    Automatic,
    /// Chosen by the user.
    Fixed { low: f64, high: f64 },
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Extent {
    low: f64,
    high: f64,
}

impl Extent {
    fn span(self) -> f64 {
        self.high - self.low
    }

    /// The extent on a logarithmic axis. `None` if it is not above zero.
    fn above_zero(self) -> Option<Self> {
        (self.low > 0.0).then(|| Self { low: self.low.max(SMALLEST_LOG), high: self.high.max(SMALLEST_LOG) })
    }

    fn holds(self, other: Self) -> bool {
        self.low <= other.low && other.high <= self.high
    }

    fn with(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    /// The two values in order and clamped. `None` if one is NaN.
    fn checked((a, b): (f64, f64)) -> Option<Self> {
        let within = |value: f64| value.clamp(-LARGEST, LARGEST);
        (!a.is_nan() && !b.is_nan()).then(|| Self { low: within(a.min(b)), high: within(a.max(b)) })
    }

    /// Round ends around this extent.
    fn rounded(self, steps: Steps) -> Self {
        if self.span() <= 0.0 {
            return self.around_a_level(steps);
        }
        let step = steps.at_least(self.span() / STEPS_IN_SPAN);
        let (low, high) = ((self.low / step).floor() * step, (self.high / step).ceil() * step);
        // Far from zero the quotient is not precise enough to round outwards.
        Self { low: low.min(self.low), high: high.max(self.high) }
    }

    /// Ends around a single value.
    fn around_a_level(self, steps: Steps) -> Self {
        if self.low == 0.0 {
            return NOTHING_SEEN;
        }
        let half = steps.at_most(self.low.abs() / 10.0);
        Self { low: self.low - half, high: self.high + half }.rounded(steps)
    }
}

/// The time since which the data has needed less, and the extent that it has needed since.
#[derive(Clone, Copy, Debug)]
struct Roomy {
    since: Timestamp,
    needed: Extent,
}

/// Chooses the ends of one axis for each frame.
#[derive(Clone, Debug)]
pub struct RangeTracker {
    steps: Steps,
    mapping: Mapping,
    mode: RangeMode,
    current: Option<Extent>,
    roomy: Option<Roomy>,
}

impl RangeTracker {
    /// A tracker without data, whose ends are round in `steps`.
    pub fn new(steps: Steps) -> Self {
        Self { steps, mapping: Mapping::Linear, mode: RangeMode::Automatic, current: None, roomy: None }
    }

    /// Sets the mapping. If it changes, the data seen so far is forgotten.
    pub fn set_mapping(&mut self, mapping: Mapping) {
        if self.mapping != mapping {
            (self.mapping, self.current, self.roomy) = (mapping, None, None);
        }
    }

    /// Forgets the data seen so far.
    pub fn forget(&mut self) {
        (self.current, self.roomy) = (None, None);
    }

    pub fn mapping(&self) -> Mapping {
        self.mapping
    }

    /// Sets the choice of the ends. Automatic ends follow the data even while they are not in use.
    pub fn set_mode(&mut self, mode: RangeMode) {
        self.mode = mode;
    }

    /// The low and high end at `now`, given the smallest and the largest value on screen; on a logarithmic axis, of those
    /// above zero.
    ///
    /// Ends fixed by the user take precedence over fixed bounds of the group, and these over the data. Other ranges include
    /// all observed values. If a low end that is fixed is not above zero, a logarithmic axis begins at the data.
    pub fn update(&mut self, observed: Option<(f64, f64)>, bounds: &Bounds, now: Timestamp) -> (f64, f64) {
        if let Some(seen) = observed.and_then(Extent::checked) {
            let zero = Extent { low: 0.0, high: 0.0 };
            let needed = match self.mapping {
                Mapping::Log => seen.above_zero(),
                Mapping::Linear if *bounds == Bounds::FromZero => Some(seen.with(zero)),
                Mapping::Linear => Some(seen),
            };
            if let Some(needed) = needed {
                self.follow(needed, now);
            }
        }
        match (self.mode, bounds) {
            (RangeMode::Fixed { low, high }, _) => (self.low_end(low, high), high),
            (RangeMode::Automatic, Bounds::Fixed { low, high }) => (self.low_end(*low, *high), *high),
            _ => {
                let nothing = if self.mapping == Mapping::Log { NOTHING_SEEN_LOG } else { NOTHING_SEEN };
                let Extent { low, high } = self.current.unwrap_or(nothing);
                (low, high)
            }
        }
    }

    /// A low end that was fixed, or that of the data if it has no place on the axis.
    fn low_end(&self, low: f64, high: f64) -> f64 {
        let has_place = self.mapping == Mapping::Linear || low > 0.0;
        let seen = self.current.filter(|seen| !has_place && seen.low < high);
        seen.map_or(low, |seen| seen.low)
    }

    fn span(&self, extent: Extent) -> f64 {
        self.mapping.distance(extent.low, extent.high)
    }

    fn round(&self, extent: Extent) -> Extent {
        match self.mapping {
            Mapping::Linear => extent.rounded(self.steps),
            Mapping::Log => {
                let (low, high) = log_steps::rounded_ends(extent.low, extent.high, self.steps);
                Extent { low, high }
            }
        }
    }

    fn follow(&mut self, needed: Extent, now: Timestamp) {
        let Some(current) = self.current else {
            self.current = Some(self.round(needed));
            return;
        };
        if !current.holds(needed) {
            self.current = Some(self.round(current.with(needed)));
            self.roomy = None;
            return;
        }
        let roomy = match self.roomy {
            // If the clock was set back, the wait starts again.
            Some(roomy) if roomy.since <= now => Roomy { needed: roomy.needed.with(needed), ..roomy },
            _ => Roomy { since: now, needed },
        };
        let waited = now.micros_since(roomy.since);
        if self.span(roomy.needed) >= self.span(current) * ROOMY {
            self.roomy = None;
        } else if u64::try_from(waited).is_ok_and(|waited| waited >= PATIENCE.micros()) {
            self.current = Some(self.round(roomy.needed));
            self.roomy = None;
        } else {
            self.roomy = Some(roomy);
        }
    }
}

#[cfg(test)]
mod tests;
