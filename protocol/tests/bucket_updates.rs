//! Laws of bucket updates: a viewer that applies them holds the summaries of the server.

use proptest::prelude::*;
use protocol::{
    BlockMode, Body, BucketState, Epoch, Frame, GroupId, Header, Interval, ReaderHolds, Samples, SamplesBuffer,
    Sequence, SeriesId, SummaryFields, Timestamp,
};

const STEP: Interval = Interval::from_millis(100);

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000 + micros)
}

fn header(sequence: u64) -> Header {
    Header { epoch: Epoch(1), sequence: Sequence(sequence), sent: at(5), skipped: 0 }
}

/// The state of one bucket in a test.
#[derive(Clone, Debug)]
struct Step {
    series: Vec<SeriesId>,
    summaries: Vec<SummaryFields>,
    begins: bool,
    is_closed: bool,
}

fn value() -> BoxedStrategy<f64> {
    prop_oneof![8 => (-1_000_i32..1_000).prop_map(|cents| f64::from(cents) / 100.0), 1 => any::<f64>(), 1 => Just(-0.0)]
        .boxed()
}

fn count() -> BoxedStrategy<f64> {
    prop_oneof![Just(16.0), any::<u32>().prop_map(f64::from)].boxed()
}

/// Some updates of one group. A bucket keeps its series until the next begins.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let ids = prop_oneof![Just((1..9).collect()), proptest::collection::btree_set(0..1_000_u32, 0..20)];
    let bucket = (ids, 1..6_usize).prop_flat_map(|(ids, updates)| {
        let series: Vec<SeriesId> = ids.into_iter().map(SeriesId).collect();
        let summaries = proptest::collection::vec([value(), value(), value(), value(), value(), count()], series.len());
        let keeps = proptest::collection::vec(any::<[bool; 6]>(), series.len());
        let states = proptest::collection::vec((summaries, keeps), updates);
        states.prop_map(move |states| {
            let last = states.len() - 1;
            let mut before: Option<Vec<SummaryFields>> = None;
            let steps = states.into_iter().enumerate().map(|(number, (mut summaries, keeps))| {
                for (place, keeps) in keeps.iter().enumerate() {
                    // The first value never changes; others often stay.
                    let old = before.as_ref().map_or([summaries[place][0]; 6], |before| before[place]);
                    for field in 0..4 {
                        if field == 0 || keeps[field] {
                            summaries[place][field] = old[field];
                        }
                    }
                }
                before = Some(summaries.clone());
                Step { series: series.clone(), summaries, begins: number == 0, is_closed: number == last }
            });
            steps.collect::<Vec<_>>()
        })
    });
    proptest::collection::vec(bucket, 1..5).prop_map(|buckets| buckets.into_iter().flatten().collect())
}

fn bits(summaries: &[SummaryFields], fields: usize) -> Vec<Vec<u64>> {
    summaries.iter().map(|summary| summary[..fields].iter().map(|value| value.to_bits()).collect()).collect()
}

proptest! {
    #[test]
    fn a_viewer_that_applies_every_update_holds_the_summaries(groups in proptest::collection::vec(steps(), 1..4), per_frame in 1..9_usize) {
        // The updates of all groups, one group after another, cut into frames.
        let all: Vec<(u32, usize)> = (0_u32..).zip(&groups).flat_map(|(group, steps)| (0..steps.len()).map(move |step| (group, step))).collect();
        let mut held: Vec<Vec<SummaryFields>> = vec![Vec::new(); groups.len()];
        let mut buffer = SamplesBuffer::default();
        for part in all.chunks(per_frame) {
            buffer.start(at(50));
            for &(group, number) in part {
                let step = &groups[group as usize][number];
                let before = number.checked_sub(1).map(|before| &groups[group as usize][before]);
                let reader = match before {
                    Some(before) if !step.begins => ReaderHolds::Summaries(&before.summaries),
                    Some(before) if before.series == step.series => {
                        ReaderHolds::Before { start: at(0), summaries: &before.summaries }
                    }
                    _ => ReaderHolds::Nothing { start: at(0), step: STEP },
                };
                let Step { series, summaries, is_closed, .. } = step;
                let state = BucketState { group: GroupId(group), newest: at(number as i64), series, summaries, reader, is_closed: *is_closed };
                buffer.push_update(&state).expect("encodes");
            }
            let frame = Frame { header: header(1), body: Body::Samples(buffer.samples()) }.to_bytes().expect("fits");
            let frame = Frame::decode(&frame).expect("decodes");
            let Body::Samples(Samples { updates, .. }) = frame.body else { panic!("found {frame:?}") };
            prop_assert_eq!(updates.iter().count(), part.len());
            for (update, &(group, number)) in updates.iter().zip(part) {
                let step = &groups[group as usize][number];
                prop_assert_eq!((update.group, update.newest, update.is_closed), (GroupId(group), at(number as i64), step.is_closed));
                if let Some(begins) = update.begins {
                    prop_assert_eq!(begins.start, at(0));
                    let before = number.checked_sub(1).map(|before| &groups[group as usize][before].series);
                    prop_assert_eq!(begins.shape.is_none(), before == Some(&step.series));
                    if let Some(shape) = begins.shape {
                        prop_assert_eq!((shape.step, shape.series().collect::<Vec<_>>()), (STEP, step.series.clone()));
                    }
                }
                prop_assert!(update.apply_to(&mut held[group as usize]));
                let fields = if step.is_closed { 6 } else { 4 };
                prop_assert_eq!(bits(&held[group as usize], fields), bits(&step.summaries, fields));
            }
        }
    }
}

#[test]
fn rows_and_updates_share_a_frame_and_one_without_updates_is_of_the_kind_of_rows() {
    let mut buffer = SamplesBuffer::default();
    buffer.start(at(0));
    buffer.push(BlockMode::Merge, GroupId(1), &[at(0)], [(SeriesId(1), &[0.5][..])]).expect("encodes");
    assert_eq!(Body::Samples(buffer.samples()).kind(), 3);
    let (series, summaries) = (&[SeriesId(7)][..], &[[0.25; 6]][..]);
    let reader = ReaderHolds::Nothing { start: at(-50), step: STEP };
    let state = BucketState { group: GroupId(2), newest: at(0), series, summaries, reader, is_closed: false };
    buffer.push_update(&state).expect("encodes");
    let frame = Frame { header: header(1), body: Body::Samples(buffer.samples()) };
    assert_eq!((frame.body.kind(), frame.body.is_numbered()), (66, true));
    let bytes = frame.to_bytes().expect("fits");
    let read = Frame::decode(&bytes).expect("decodes");
    assert_eq!(read, frame);
    let Body::Samples(Samples { list, updates, .. }) = read.body else { panic!("found {read:?}") };
    assert_eq!((list.iter().count(), updates.iter().count()), (1, 1));
}
