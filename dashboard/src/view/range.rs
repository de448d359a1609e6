//! The ends of a value axis: chosen from what the data needs, and held still while it breathes.
//!
//! An axis grows at once, so that nothing is ever cut off. It shrinks only when the data has needed much less for a
//! while: an axis that moves with every sample can't be read.

use protocol::{Bounds, Interval, Timestamp};

use super::log_steps;
use super::mapping::Mapping;
use super::steps::Steps;

/// How long the data has to need less before the axis shrinks.
const PATIENCE: Interval = Interval::from_secs(3);

/// The part of the span below which the data counts as needing less.
const ROOMY: f64 = 0.6;

/// Steps into which the needed span is cut: the ends are rounded to one. More would round less, and move more often.
const STEPS_IN_SPAN: f64 = 5.0;

/// Values beyond this count as this, so that spans stay finite.
const LARGEST: f64 = 1e300;

/// The range while nothing has been seen, or nothing that has a place.
const NOTHING_SEEN: Extent = Extent { low: 0.0, high: 1.0 };
const NOTHING_SEEN_LOG: Extent = Extent { low: 1.0, high: 10.0 };

/// The smallest value that a logarithmic axis has a place for.
const SMALLEST_LOG: f64 = 1e-300;

/// How far a logarithmic axis reaches down from the largest value when the smallest has no place: three decades.
const RATIO_WITHOUT_LOW: f64 = 1e-3;

/// How an axis' ends are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum RangeMode {
    /// By the group's bounds and the data.
    #[default]
    Automatic,
    /// By the user, whatever the group and the data say.
    Fixed {
        /// The low end.
        low: f64,
        /// The high end.
        high: f64,
    },
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

    /// The two as far as a logarithmic axis has a place for them; none if it has for neither.
    fn above_zero(self) -> Option<Self> {
        let high = self.high.max(SMALLEST_LOG);
        let low = if self.low > 0.0 { self.low } else { high * RATIO_WITHOUT_LOW };
        (self.high > 0.0).then(|| Self { low: low.max(SMALLEST_LOG), high })
    }

    fn holds(self, other: Self) -> bool {
        self.low <= other.low && other.high <= self.high
    }

    fn with(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    /// The two in order and within reason; none if one is not a number.
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
        // Far from zero the quotient has no digits left to round.
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

/// When the data began to need less, and all that it needed since.
#[derive(Clone, Copy, Debug)]
struct Roomy {
    since: Timestamp,
    needed: Extent,
}

/// Chooses the ends of one axis, from frame to frame.
#[derive(Clone, Debug)]
pub struct RangeTracker {
    steps: Steps,
    mapping: Mapping,
    mode: RangeMode,
    current: Option<Extent>,
    roomy: Option<Roomy>,
}

impl RangeTracker {
    /// A tracker that has seen nothing, with ends that are round in these steps.
    pub fn new(steps: Steps) -> Self {
        Self { steps, mapping: Mapping::Linear, mode: RangeMode::Automatic, current: None, roomy: None }
    }

    /// Rounds and compares by another mapping from now on. The axis begins anew if it is another one.
    pub fn set_mapping(&mut self, mapping: Mapping) {
        if self.mapping != mapping {
            (self.mapping, self.current, self.roomy) = (mapping, None, None);
        }
    }

    /// Begins anew: what was seen is no longer shown.
    pub fn forget(&mut self) {
        (self.current, self.roomy) = (None, None);
    }

    /// How values spread along the axis.
    pub fn mapping(&self) -> Mapping {
        self.mapping
    }

    /// Chooses the ends otherwise from now on. Back from fixed ends the axis is where the data has brought it.
    pub fn set_mode(&mut self, mode: RangeMode) {
        self.mode = mode;
    }

    /// How the ends are chosen.
    pub fn mode(&self) -> RangeMode {
        self.mode
    }

    /// The low and high end for what is on screen at `now`: the smallest and largest value, or none.
    ///
    /// Within the bounds that the group asks for, the range always holds what was observed. Fixed bounds always stand,
    /// and the user's before the group's. A logarithmic range holds what lies above zero; where the smallest value does
    /// not, it reaches three decades down from the largest. Fixed ends are given back as they are.
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
            (RangeMode::Fixed { low, high }, _) => (low, high),
            (RangeMode::Automatic, Bounds::Fixed { low, high }) => (*low, *high),
            _ => {
                let nothing = if self.mapping == Mapping::Log { NOTHING_SEEN_LOG } else { NOTHING_SEEN };
                let Extent { low, high } = self.current.unwrap_or(nothing);
                (low, high)
            }
        }
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
            // A clock that went back begins the wait anew.
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
