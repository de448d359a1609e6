use proptest::prelude::*;
use protocol::{Sequence, SeriesId};
use series::Summary;

use super::*;
use crate::ingest::batch::Batch;
use crate::stream::history::History;
use crate::stream::late_rows::divide;
use crate::stream::summaries::bucket::SeriesSummary;

const GROUP: GroupId = GroupId(1);
const WINDOW: Interval = Interval::from_millis(1_500);

/// A time, and the value of each series; `None` for a series without one.
type Row = (i64, [Option<f64>; 2]);

fn tiers() -> [TierBounds; 3] {
    [100, 1_000, 3_000].map(|step| TierBounds {
        step: Interval::from_millis(step),
        keep: Interval::from_secs(1_000),
        bytes: 1 << 20,
    })
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_micros(millis * 1_000)
}

fn batch(&(millis, values): &Row) -> Batch {
    let values = (1..).map(SeriesId).zip(values).filter_map(|(series, value)| Some((series, value?)));
    Batch::row(GROUP, at(millis), values)
}

/// Sends rows through a history, and seals after those whose numbers are in `seals`. Returns the summaries, and the rows that were
/// accepted.
fn summarized(rows: &[Row], window: Interval, seals: &[usize]) -> (Summaries, Vec<Row>) {
    let (mut history, mut summaries) = (History::new(Interval::from_secs(10_000), 1 << 24), Summaries::new(tiers()));
    history.set_merge_window(GROUP, window);
    let (mut buffer, mut accepted) = (BlockBuffer::default(), Vec::new());
    for (number, row) in rows.iter().enumerate() {
        let held = |time, row: &mut [(SeriesId, f64)]| history.drop_held(GROUP, time, row);
        let newest = history.newest(GROUP);
        let oldest = newest.filter(|_| window > Interval::ZERO).map(|newest| newest - window);
        let divided = divide(batch(row), newest, oldest, held);
        for batch in [Some(divided.rising), divided.late].into_iter().flatten().filter(|batch| batch.rows() > 0) {
            history.push(&batch, Sequence(number as u64 + 1));
            let value = |series: u32| {
                let column = batch.columns.iter().find(|column| column.series == SeriesId(series));
                column.map(|column| column.values[0])
            };
            accepted.push((row.0, [value(1), value(2)]));
        }
        if seals.contains(&number) {
            seal(&mut history, &mut summaries, window, &mut buffer);
        }
    }
    seal(&mut history, &mut summaries, window, &mut buffer);
    (summaries, accepted)
}

fn seal(history: &mut History, summaries: &mut Summaries, window: Interval, buffer: &mut BlockBuffer) {
    while let Some((group, arrival, slab)) = history.next_unsealed() {
        let encoded = slab.encode(group, buffer).expect("encodes");
        summaries.add(group, arrival, &slab, window, buffer).expect("encodes");
        history.seal(group, arrival, slab, encoded);
    }
}

fn all(summaries: &Summaries, step: Interval) -> Vec<(Timestamp, Vec<SeriesSummary>)> {
    let tier = summaries.tiers.iter().find(|tier| tier.bounds().step == step).expect("a tier");
    let (mut parts, series) = (TierParts::default(), [1, 2].map(SeriesId));
    tier.add_parts(GROUP, &(Timestamp::MIN..Timestamp::MAX), &series, &mut parts);
    let mut buckets: BTreeMap<Timestamp, Vec<SeriesSummary>> = BTreeMap::new();
    for sealed in &parts.sealed {
        sealed.for_each(&series, |place, start, summary| {
            buckets.entry(start).or_default().push(SeriesSummary { series: series[place], summary });
        });
    }
    for (start, series, bucket) in &parts.newest {
        buckets.entry(*start).or_default().push(SeriesSummary { series: *series, summary: bucket.summary() });
    }
    buckets.into_iter().collect()
}

/// The summary of the values of one series in a bucket, one after another.
fn expected(rows: &[Row], bucket: i64, step: i64, series: usize) -> Option<Summary> {
    let mut rows: Vec<(i64, f64)> = rows
        .iter()
        .filter(|(millis, _)| (bucket..bucket + step).contains(millis))
        .filter_map(|(millis, values)| Some((*millis, values[series].filter(|value| value.is_finite())?)))
        .collect();
    rows.sort_by_key(|(millis, _)| *millis);
    let values: Vec<f64> = rows.iter().map(|(_, value)| *value).collect();
    let sum = series::ExactSum::of(&values).value();
    (!values.is_empty()).then(|| Summary { sum, ..Summary::of(&values) })
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let value = prop_oneof![
        6 => (-100_000..100_000_i32).prop_map(|cents| Some(f64::from(cents) / 100.0)),
        1 => Just(None),
        1 => Just(Some(f64::NAN)),
        1 => Just(Some(f64::INFINITY)),
        2 => (-1e6..1e6).prop_map(Some),
    ];
    // Steps forward, and some back: late, or too late.
    let step = prop_oneof![12 => 1..40_i64, 2 => 100..900_i64, 3 => -1_700..0_i64];
    let row = (step, [value.clone(), value]);
    proptest::collection::vec(row, 20..600).prop_map(|rows| {
        let mut newest = 0;
        let place = |(step, values): (i64, [Option<f64>; 2])| {
            let time = newest + step;
            newest = newest.max(time);
            (time, values)
        };
        rows.into_iter().map(place).collect()
    })
}

proptest! {
    #[test]
    fn closed_buckets_are_exact_in_every_tier_and_do_not_depend_on_seals(
        rows in rows(),
        seals in proptest::collection::vec(0..600_usize, 0..40),
        has_window in any::<bool>(),
    ) {
        let window = if has_window { WINDOW } else { Interval::ZERO };
        let (summaries, accepted) = summarized(&rows, window, &seals);
        let (others, _) = summarized(&rows, window, &[]);
        for TierBounds { step, .. } in tiers() {
            let millis = step.micros() as i64 / 1_000;
            let buckets = all(&summaries, step);
            let theirs = all(&others, step);
            prop_assert_eq!(buckets.len(), theirs.len());
            for (ours, theirs) in buckets.iter().zip(&theirs) {
                prop_assert_eq!(ours, theirs);
            }
            prop_assert!(buckets.windows(2).all(|pair| pair[0].0 < pair[1].0));
            for (start, found) in &buckets {
                for series in 0..2_usize {
                    let found = found.iter().find(|of| of.series == SeriesId(series as u32 + 1)).map(|of| of.summary);
                    let bucket = start.micros() / 1_000;
                    prop_assert_eq!(found, expected(&accepted, bucket, millis, series), "series {} at {}", series, bucket);
                }
            }
            // No bucket with values between the closed ones is left out.
            if let (Some(first), Some(last)) = (buckets.first(), buckets.last()) {
                for bucket in (first.0.micros() / 1_000..last.0.micros() / 1_000).step_by(millis as usize) {
                    let has_values = (0..2).any(|series| expected(&accepted, bucket, millis, series).is_some());
                    prop_assert_eq!(has_values, buckets.iter().any(|(start, _)| *start == at(bucket)));
                }
            }
        }
    }
}

fn seconds(count: i64) -> Vec<Row> {
    (0..count).map(|second| (second * 1_000, [Some(second as f64 / 10.0), None])).collect()
}

#[test]
fn a_bucket_of_one_row_takes_the_memory_of_one_value() {
    let (summaries, _) = summarized(&seconds(4_000), Interval::ZERO, &[]);
    let bytes: Vec<usize> = summaries.bytes().map(|(_, bytes)| bytes).collect();
    let buckets = all(&summaries, Interval::from_secs(1));
    assert!(buckets.len() > 3_000, "found {}", buckets.len());
    assert!(buckets.iter().all(|(_, series)| series[0].summary.count == 1));
    // The newest 128 are not encoded.
    assert!(bytes[1] < 128 * 128 + 4 * buckets.len(), "{bytes:?} for {} buckets", buckets.len());
}

#[test]
fn buckets_are_evicted_by_age_and_by_bytes_of_their_tier() {
    let (mut summaries, _) = summarized(&seconds(4_000), Interval::ZERO, &[]);
    let oldest =
        |summaries: &Summaries, secs| all(summaries, Interval::from_secs(secs)).first().map(|(start, _)| *start);
    assert_eq!((oldest(&summaries, 1), oldest(&summaries, 3)), (Some(at(0)), Some(at(0))));
    summaries.evict(at(4_000_000));
    assert!(oldest(&summaries, 1).is_some_and(|oldest| oldest > at(2_800_000) && oldest <= at(3_000_000)));
    let held = summaries.bytes().nth(1).map_or(0, |(_, bytes)| bytes);
    let bounds = tiers().map(|tier| TierBounds { bytes: held / 2, ..tier });
    for (tier, bounds) in summaries.tiers.iter_mut().zip(bounds) {
        tier.set_bounds(bounds);
    }
    summaries.evict(at(4_000_000));
    assert!(summaries.bytes().all(|(_, bytes)| bytes <= held / 2));
    assert!(oldest(&summaries, 1).is_some(), "the newest stay");
}

#[test]
fn after_the_clock_was_set_back_buckets_from_then_on_are_made_again() {
    let mut summaries = Summaries::new(tiers());
    let mut buffer = BlockBuffer::default();
    let mut add = |summaries: &mut Summaries, seconds: std::ops::Range<i64>, value: f64| {
        let mut slab = Slab::new(0, 512, vec![SeriesId(1)]);
        for second in seconds {
            slab.push(&(&batch(&(second * 1_000, [Some(value), None]))).into(), Sequence(1));
        }
        summaries.add(GROUP, Arrival::InOrder, &slab, Interval::ZERO, &mut buffer).expect("encodes");
    };
    add(&mut summaries, 0..300, 1.0);
    summaries.restart(GROUP, at(200_000));
    add(&mut summaries, 200..290, 2.0);
    let buckets = all(&summaries, Interval::from_secs(1));
    assert!(buckets.windows(2).all(|pair| pair[0].0 < pair[1].0), "{buckets:?}");
    let values: Vec<f64> = buckets.iter().map(|(_, series)| series[0].summary.max).collect();
    let changed = buckets.partition_point(|(start, _)| *start < at(200_000));
    assert!(values[..changed].iter().all(|&value| value < 1.5) && values[changed..].iter().all(|&value| value > 1.5));
    // The bucket of 3 s in which 10 s lies has begun before.
    let mut few = Summaries::new(tiers());
    add(&mut few, 0..20, 1.0);
    few.restart(GROUP, at(10_000));
    add(&mut few, 10..19, 2.0);
    for tier in tiers() {
        let buckets = all(&few, tier.step);
        assert!(buckets.windows(2).all(|pair| pair[0].0 < pair[1].0), "{:?}", tier.step);
    }
    assert_eq!(changed, 200, "the buckets before stay");
}
