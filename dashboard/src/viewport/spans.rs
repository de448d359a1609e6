//! The round spans that keys and buttons step through.

use protocol::Interval;

use super::view::LIVE_SPANS;

/// 1-2-5 below a second, and from there on the steps of a clock.
const SPANS_US: [u64; 28] = [
    1_000,
    2_000,
    5_000,
    10_000,
    20_000,
    50_000,
    100_000,
    200_000,
    500_000,
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    20_000_000,
    30_000_000,
    60_000_000,
    120_000_000,
    300_000_000,
    600_000_000,
    1_200_000_000,
    1_800_000_000,
    3_600_000_000,
    7_200_000_000,
    18_000_000_000,
    43_200_000_000,
    86_400_000_000,
    604_800_000_000,
    2_678_400_000_000,
];

/// The round spans to choose from.
pub fn offered() -> impl Iterator<Item = Interval> {
    SPANS_US.into_iter().map(Interval::from_micros).filter(|span| *span >= LIVE_SPANS.start)
}

/// The longest round span that is shorter, or the shortest one.
pub(super) fn shorter(span: Interval) -> Interval {
    let below = SPANS_US.into_iter().rev().find(|&round| round < span.micros());
    Interval::from_micros(below.unwrap_or(SPANS_US[0]))
}

/// The shortest round span that is longer, or the longest one.
pub(super) fn longer(span: Interval) -> Interval {
    let above = SPANS_US.into_iter().find(|&round| round > span.micros());
    Interval::from_micros(above.unwrap_or(SPANS_US[SPANS_US.len() - 1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_lead_from_any_span_to_the_next_round_one() {
        let secs = Interval::from_secs;
        assert_eq!((shorter(secs(60)), longer(secs(60))), (secs(30), secs(120)));
        assert_eq!((shorter(secs(47)), longer(secs(47))), (secs(30), secs(60)));
        assert_eq!((shorter(secs(1)), longer(secs(1))), (Interval::from_millis(500), secs(2)));
        assert_eq!(
            (shorter(Interval::from_micros(3)), longer(secs(3_000_000))),
            (Interval::from_millis(1), secs(2_678_400))
        );
    }

    #[test]
    fn round_spans_rise() {
        assert!(SPANS_US.is_sorted_by(|a, b| a < b));
    }
}
