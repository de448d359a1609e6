//! The ends of a value axis: chosen from what the data needs, and held still while it breathes.
//!
//! An axis grows at once, so that nothing is ever cut off. It shrinks only when the data has needed much less for a
//! while: an axis that moves with every sample can't be read.

use protocol::{Bounds, Interval, Timestamp};

use super::steps::Steps;

/// How long the data has to need less before the axis shrinks.
const PATIENCE: Interval = Interval::from_secs(3);

/// The part of the span below which the data counts as needing less.
const ROOMY: f64 = 0.6;

/// Steps into which the needed span is cut: the ends are rounded to one. More would round less, and move more often.
const STEPS_IN_SPAN: f64 = 5.0;

/// Values beyond this count as this, so that spans stay finite.
const LARGEST: f64 = 1e300;

/// The range while nothing has been seen.
const NOTHING_SEEN: Extent = Extent { low: 0.0, high: 1.0 };

#[derive(Clone, Copy, Debug, PartialEq)]
struct Extent {
    low: f64,
    high: f64,
}

impl Extent {
    fn span(self) -> f64 {
        self.high - self.low
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
    current: Option<Extent>,
    roomy: Option<Roomy>,
}

impl RangeTracker {
    /// A tracker that has seen nothing, with ends that are round in these steps.
    pub fn new(steps: Steps) -> Self {
        Self { steps, current: None, roomy: None }
    }

    /// The low and high end for what is on screen at `now`: the smallest and largest value, or none.
    ///
    /// Within the bounds that the group asks for, the range always holds what was observed. Fixed bounds always stand.
    pub fn update(&mut self, observed: Option<(f64, f64)>, bounds: &Bounds, now: Timestamp) -> (f64, f64) {
        if let Bounds::Fixed { low, high } = bounds {
            return (*low, *high);
        }
        if let Some(seen) = observed.and_then(Extent::checked) {
            let zero = Extent { low: 0.0, high: 0.0 };
            self.follow(if *bounds == Bounds::FromZero { seen.with(zero) } else { seen }, now);
        }
        let Extent { low, high } = self.current.unwrap_or(NOTHING_SEEN);
        (low, high)
    }

    fn follow(&mut self, needed: Extent, now: Timestamp) {
        let Some(current) = self.current else {
            self.current = Some(needed.rounded(self.steps));
            return;
        };
        if !current.holds(needed) {
            self.current = Some(current.with(needed).rounded(self.steps));
            self.roomy = None;
            return;
        }
        let roomy = match self.roomy {
            // A clock that went back begins the wait anew.
            Some(roomy) if roomy.since <= now => Roomy { needed: roomy.needed.with(needed), ..roomy },
            _ => Roomy { since: now, needed },
        };
        let waited = now.micros_since(roomy.since);
        if roomy.needed.span() >= current.span() * ROOMY {
            self.roomy = None;
        } else if u64::try_from(waited).is_ok_and(|waited| waited >= PATIENCE.micros()) {
            self.current = Some(roomy.needed.rounded(self.steps));
            self.roomy = None;
        } else {
            self.roomy = Some(roomy);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: f64) -> Timestamp {
        Timestamp::from_micros((seconds * 1e6) as i64)
    }

    fn first(observed: (f64, f64), bounds: Bounds, steps: Steps) -> (f64, f64) {
        RangeTracker::new(steps).update(Some(observed), &bounds, at(0.0))
    }

    #[test]
    fn ends_are_round() {
        assert_eq!(first((0.3, 93.0), Bounds::FromZero, Steps::Decimal), (0.0, 100.0));
        assert_eq!(first((41.0, 58.0), Bounds::Auto, Steps::Decimal), (40.0, 60.0));
        assert_eq!(first((0.0, 900.0), Bounds::FromZero, Steps::Binary), (0.0, 1024.0));
        assert_eq!(first((-3.0, 7.0), Bounds::FromZero, Steps::Decimal), (-4.0, 8.0));
    }

    #[test]
    fn a_level_gets_room_on_both_sides() {
        assert_eq!(first((50.0, 50.0), Bounds::Auto, Steps::Decimal), (44.0, 56.0));
        assert_eq!(first((0.0, 0.0), Bounds::Auto, Steps::Decimal), (0.0, 1.0));
    }

    #[test]
    fn fixed_bounds_stand() {
        assert_eq!(first((-9.0, 9.0), Bounds::Fixed { low: 0.0, high: 1.0 }, Steps::Decimal), (0.0, 1.0));
    }

    #[test]
    fn nothing_seen_is_a_range_too() {
        let mut tracker = RangeTracker::new(Steps::Decimal);
        assert_eq!(tracker.update(None, &Bounds::Auto, at(0.0)), (0.0, 1.0));
        assert_eq!(tracker.update(Some((f64::NAN, 3.0)), &Bounds::Auto, at(0.0)), (0.0, 1.0));
        assert_eq!(tracker.update(Some((400.0, 600.0)), &Bounds::Auto, at(0.0)), (400.0, 600.0));
    }

    #[test]
    fn an_axis_grows_at_once_and_shrinks_after_three_seconds() {
        let mut tracker = RangeTracker::new(Steps::Decimal);
        let mut high_at = |high: f64, now: f64| tracker.update(Some((0.0, high)), &Bounds::FromZero, at(now)).1;
        for (high, now, shown) in [(9.0, 0.0, 10.0), (95.0, 0.1, 100.0), (9.0, 0.2, 100.0), (9.0, 3.1, 100.0)] {
            assert!((high_at(high, now) - shown).abs() < 1e-9, "{high} at {now}");
        }
        assert!((high_at(9.0, 3.3) - 10.0).abs() < 1e-9);
    }

    #[test]
    fn a_need_that_returns_keeps_the_axis() {
        let mut tracker = RangeTracker::new(Steps::Decimal);
        for second in 0..60 {
            let high = if second % 2 == 0 { 90.0 } else { 10.0 };
            assert_eq!(tracker.update(Some((0.0, high)), &Bounds::FromZero, at(f64::from(second))), (0.0, 100.0));
        }
    }

    proptest! {
        #[test]
        fn the_range_holds_the_data(
            observed in prop::collection::vec((any::<f64>(), any::<f64>(), 0_i64..9_000_000), 1..20),
            binary: bool, from_zero: bool,
        ) {
            let bounds = if from_zero { Bounds::FromZero } else { Bounds::Auto };
            let mut tracker = RangeTracker::new(if binary { Steps::Binary } else { Steps::Decimal });
            let mut now = 0;
            for (a, b, passed) in observed {
                now += passed;
                let (low, high) = tracker.update(Some((a, b)), &bounds, Timestamp::from_micros(now));
                prop_assert!(low.is_finite() && high.is_finite() && low < high, "{low} {high}");
                if a.abs() < LARGEST && b.abs() < LARGEST {
                    prop_assert!(low <= a.min(b) && a.max(b) <= high, "{low} {a} {b} {high}");
                    prop_assert!(!from_zero || (low <= 0.0 && high >= 0.0));
                }
            }
        }
    }
}
