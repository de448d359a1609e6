//! The ends of a tracked range, and the times at which they move.

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
fn a_single_value_gets_room_on_both_sides() {
    assert_eq!(first((50.0, 50.0), Bounds::Auto, Steps::Decimal), (44.0, 56.0));
    assert_eq!(first((0.0, 0.0), Bounds::Auto, Steps::Decimal), (0.0, 1.0));
}

#[test]
fn fixed_bounds_are_kept() {
    assert_eq!(first((-9.0, 9.0), Bounds::Fixed { low: 0.0, high: 1.0 }, Steps::Decimal), (0.0, 1.0));
}

#[test]
fn without_data_there_is_a_range() {
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
fn data_that_needs_the_axis_again_keeps_it() {
    let mut tracker = RangeTracker::new(Steps::Decimal);
    for second in 0..60 {
        let high = if second % 2 == 0 { 90.0 } else { 10.0 };
        assert_eq!(tracker.update(Some((0.0, high)), &Bounds::FromZero, at(f64::from(second))), (0.0, 100.0));
    }
}

fn log_tracker() -> RangeTracker {
    let mut tracker = RangeTracker::new(Steps::Decimal);
    tracker.set_mapping(Mapping::Log);
    tracker
}

#[test]
fn a_logarithmic_axis_grows_at_once_and_shrinks_after_three_seconds() {
    let mut tracker = log_tracker();
    let mut high_at = |high: f64, now: f64| tracker.update(Some((1.0, high)), &Bounds::FromZero, at(now)).1;
    for (high, now, shown) in [(80.0, 0.0, 100.0), (2e5, 0.1, 1e6), (80.0, 0.2, 1e6), (80.0, 3.1, 1e6)] {
        assert!((high_at(high, now) / shown - 1.0).abs() < 1e-9, "{high} at {now}");
    }
    assert!((high_at(80.0, 3.3) - 100.0).abs() < 1e-9);
}

#[test]
fn a_logarithmic_axis_holds_positive_values() {
    assert_eq!(log_tracker().update(None, &Bounds::Auto, at(0.0)), (1.0, 10.0));
    assert_eq!(log_tracker().update(Some((-3.0, 5.0)), &Bounds::Auto, at(0.0)), (1.0, 10.0));
    let (low, high) = log_tracker().update(Some((3e-7, 100.0)), &Bounds::FromZero, at(0.0));
    assert!((low / 1e-7 - 1.0).abs() < 1e-9 && (high - 100.0).abs() < 1e-9, "{low} {high}");
}

#[test]
fn a_logarithmic_axis_between_fixed_ends_from_zero_begins_at_the_data() {
    let percent = Bounds::Fixed { low: 0.0, high: 100.0 };
    let mut tracker = log_tracker();
    assert_eq!(tracker.update(None, &percent, at(0.0)), (0.0, 100.0), "the scale chooses a low end");
    let is_from_data = |tracker: &mut RangeTracker, high: f64| {
        let ends = tracker.update(Some((2e-4, 40.0)), &percent, at(0.0));
        (ends.0 / 1e-4 - 1.0).abs() < 1e-9 && (ends.1 / high - 1.0).abs() < 1e-9
    };
    assert!(is_from_data(&mut tracker, 100.0));
    tracker.set_mode(RangeMode::Fixed { low: -5.0, high: 50.0 });
    assert!(is_from_data(&mut tracker, 50.0));
    tracker.set_mode(RangeMode::Fixed { low: 5.0, high: 50.0 });
    assert_eq!(tracker.update(Some((2e-4, 40.0)), &percent, at(0.0)), (5.0, 50.0));
}

#[test]
fn ends_set_by_the_user_take_precedence_until_they_are_removed() {
    let mut tracker = RangeTracker::new(Steps::Decimal);
    let fixed = Bounds::Fixed { low: 0.0, high: 1.0 };
    tracker.set_mode(RangeMode::Fixed { low: -5.0, high: 5.0 });
    for bounds in [Bounds::Auto, Bounds::FromZero, fixed] {
        assert_eq!(tracker.update(Some((0.0, 90.0)), &bounds, at(0.0)), (-5.0, 5.0));
    }
    tracker.set_mode(RangeMode::Automatic);
    assert_eq!(tracker.update(None, &Bounds::FromZero, at(0.0)), (0.0, 100.0));
}

proptest! {
    #[test]
    fn a_logarithmic_range_holds_the_data(
        observed in prop::collection::vec((-300.0_f64..300.0, -300.0_f64..300.0, 0_i64..9_000_000), 1..20),
    ) {
        let mut tracker = log_tracker();
        let mut now = 0;
        for (a, b, passed) in observed {
            now += passed;
            let (a, b) = (10_f64.powf(a.min(b)), 10_f64.powf(a.max(b)));
            let (low, high) = tracker.update(Some((a, b)), &Bounds::Auto, Timestamp::from_micros(now));
            prop_assert!(0.0 < low && low <= a && b <= high && high.is_finite() && low < high);
        }
    }

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
