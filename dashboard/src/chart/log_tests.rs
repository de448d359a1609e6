//! Charts on a logarithmic axis of values above, at and below zero.

use super::extremes::LogLimit;
use super::tests::{Feed, HEIGHT, WIDTH};
use super::{Kind, LiveChart, Options};
use crate::view::{Mapping, RangeMode, Steps};

/// A chart of 20 s: the values in the first series, their negatives in the second.
fn drawn(kind: Kind, hz: i64, value: impl Fn(i64) -> f64) -> LiveChart {
    let mut feed = Feed::new(hz);
    feed.run(hz * 20, value);
    let mut chart = LiveChart::new(Steps::Decimal);
    chart.resize(WIDTH, HEIGHT, 0);
    chart.set_options(Options { kind, mapping: Mapping::Log, range: RangeMode::Automatic });
    feed.draw(&mut chart, feed.now());
    chart
}

fn inked(chart: &LiveChart, x: u32) -> Vec<u32> {
    let is_inked = |y: &u32| chart.pixels().pixel(x, *y).is_some_and(|pixel| pixel[3] > 0);
    (0..HEIGHT).filter(is_inked).collect()
}

#[test]
fn a_zero_does_not_hide_the_smallest_values() {
    for (kind, hz) in [(Kind::Line, 10), (Kind::Line, 1_000), (Kind::Heatmap, 10), (Kind::Heatmap, 1_000)] {
        // Half a column of zeros, and columns of each value.
        let chart = drawn(kind, hz, |row| match row * 20 / hz % 20 {
            0 => 0.0,
            1..10 => 2e-6,
            _ => 300.0,
        });
        let (low, high) = (chart.scale().low(), chart.scale().high());
        assert!((1e-7..=2e-6).contains(&low) && (300.0..=1e3).contains(&high), "{kind:?}, {hz} Hz: {low} to {high}");
        assert_eq!(chart.log_limit(), LogLimit::Series(2), "zeros of the first and negatives of the second");
    }
}

#[test]
fn stacks_begin_at_their_smallest_value() {
    for kind in [Kind::Area, Kind::Bars] {
        let chart = drawn(kind, 10, |row| if row < 100 { 2e-6 } else { 300.0 });
        let (low, high) = (chart.scale().low(), chart.scale().high());
        assert!((1e-7..=2e-6).contains(&low) && (300.0..=1e3).contains(&high), "{kind:?}: {low} to {high}");
        assert_eq!(chart.log_limit(), LogLimit::Series(1), "the second is negative");
    }
}

#[test]
fn a_column_with_zeros_alone_is_a_gap_and_one_with_both_reaches_the_lower_edge() {
    // Ten rows a column.
    let chart = drawn(Kind::Line, 100, |row| match row / 10 {
        100..120 => 0.0,
        150 if row % 10 == 5 => -3.0,
        _ => 10.0,
    });
    assert!((102..118).all(|x| inked(&chart, x).is_empty()), "only zeros");
    let lower = inked(&chart, 50);
    assert!(!lower.is_empty() && !lower.contains(&(HEIGHT - 1)), "{lower:?}");
    assert!((149..=151).any(|x| inked(&chart, x).contains(&(HEIGHT - 1))), "a value below zero beside others");
}

#[test]
fn a_sample_of_zero_breaks_a_line_of_single_samples() {
    let chart = drawn(Kind::Line, 10, |row| if (100..120).contains(&row) { 0.0 } else { 10.0 });
    assert!((103..117).all(|x| inked(&chart, x).is_empty()));
    assert!(!inked(&chart, 50).is_empty() && !inked(&chart, 150).is_empty());
}

#[test]
fn a_chart_without_positive_values_says_so() {
    for kind in [Kind::Line, Kind::Area, Kind::Bars, Kind::Heatmap] {
        let chart = drawn(kind, 10, |_| 0.0);
        assert_eq!((chart.scale().low(), chart.scale().high()), (1.0, 10.0));
        assert_eq!(chart.log_limit(), LogLimit::Everything);
        let blank = (0..WIDTH).all(|x| inked(&chart, x).is_empty());
        assert!(blank, "{kind:?}");
    }
    assert_eq!(
        LogLimit::Series(3).to_string(),
        "3 series have values of 0 or below, which a logarithmic axis cannot show"
    );
    assert_eq!(LogLimit::Nothing.to_string(), "");
}
