//! The frames for viewers that begin or resume, and the number of encodes that they cost. No sockets.

use std::sync::Arc;

use crate::model::{Viewer, WINDOW};
use feed_server::deliver::history_blocks::HistoryBlocks;
use feed_server::deliver::hub::{Bounds, Hub};
use feed_server::deliver::session::cursor::{Charge, Cursor};
use feed_server::deliver::session::request::{RequestedSelection, StreamRequest};
use feed_server::deliver::subscription::Part;
use feed_server::ingest::batch::{Batch, BatchColumn};
use feed_server::ingest::registry::{Group, Registry, Series};
use feed_server::stream::buckets::steps::Steps;
use feed_server::stream::selected_by::SelectedBy;
use feed_server::telemetry::Telemetry;
use protocol::limits::MAX_MESSAGE_BYTES;
use protocol::{BlockMode, Body, Frame, GroupId, Interval, Revision, Sequence, SeriesId, SeriesKind, Start, Timestamp};

const EVERYTHING: Start = Start::Window(Interval::from_micros(u64::MAX));

fn hub() -> Arc<Hub> {
    let bounds = Bounds { history: WINDOW, history_bytes: 64 << 20, ring_bytes: 1 << 20, series: 100_000 };
    Arc::new(Hub::new("test".to_owned(), bounds, Telemetry::default()))
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_micros(millis * 1_000)
}

/// Rows of a group, a millisecond apart.
fn rows(group: u32, first: i64, count: i64, series: std::ops::Range<u32>) -> Batch {
    let columns = series.map(|series| BatchColumn {
        series: SeriesId(series),
        values: (first..first + count).map(|row| f64::from(series) + (row % 977) as f64 / 100.0).collect(),
    });
    Batch { group: GroupId(group), times: (first..first + count).map(at).collect(), columns: columns.collect() }
}

/// A message without its WebSocket head.
fn message(framed: &[u8]) -> &[u8] {
    match framed[1] {
        126 => &framed[4..],
        127 => &framed[10..],
        _ => &framed[2..],
    }
}

/// Sends all that a viewer misses, and returns the frames.
fn backfill(hub: &Arc<Hub>, start: Start) -> Vec<Vec<u8>> {
    let mut viewer = hub.join();
    let mut cursor = Cursor::at(start.into(), Charge::Overall);
    let (mut blocks, mut frames) = (HistoryBlocks::default(), Vec::new());
    while cursor.needs_turn() {
        let turn = cursor.next_turn(&mut viewer, &mut blocks, 100_000).expect("encodes");
        frames.extend(turn.frames.iter().map(|frame| message(frame).to_vec()));
    }
    frames
}

fn resume(hub: &Hub, position: u64) -> Start {
    Start::After { epoch: hub.epoch, sequence: Sequence(position), window: Interval::ZERO, revision: Revision(0) }
}

#[test]
fn a_thousand_viewers_that_resume_together_cost_no_more_encodes_than_one() {
    const GROUPS: u32 = 12;
    let hub = hub();
    let publish = |tick: i64| {
        hub.publish((1..=GROUPS).map(|group| rows(group, tick * 16, 16, group * 8..group * 8 + 8)), at(tick * 16))
            .expect("encodes");
        hub.seal(1 << 14).expect("encodes");
    };
    (1..=3_000).for_each(publish);
    let encoded = || hub.telemetry.history_blocks_encoded.get();
    let sealed = encoded();
    backfill(&hub, resume(&hub, 1_000));
    let one = encoded() - sealed;
    assert!((1..=u64::from(GROUPS)).contains(&one), "only open rows are encoded, found {one}");
    for viewer in 0..1_000 {
        backfill(&hub, resume(&hub, 500 + viewer));
    }
    assert_eq!(encoded() - sealed, one);

    // Rows that arrive meanwhile are encoded once for each tick, not for each viewer.
    let before = encoded();
    for tick in 3_001..=3_010 {
        publish(tick);
        for viewer in 0..100 {
            backfill(&hub, resume(&hub, 500 + viewer));
        }
    }
    let ticks_and_seals = 10 * u64::from(GROUPS) + u64::from(GROUPS);
    assert!(encoded() - before <= ticks_and_seals, "{}", encoded() - before);
}

#[test]
fn every_row_of_a_long_backfill_is_sent_once_in_frames_that_fit() {
    let hub = hub();
    for tick in 0..1_200 {
        hub.publish([rows(1, tick * 16, 16, 1..4), rows(2, tick * 16, 16, 9..10)], at(tick * 16)).expect("encodes");
        hub.seal(1_000).expect("encodes");
    }
    let frames = backfill(&hub, EVERYTHING);
    let (mut viewer, mut sent) = (Viewer::new(Some(hub.epoch)), 0);
    for frame in &frames {
        assert!(frame.len() <= MAX_MESSAGE_BYTES);
        if let Body::History(history) = Frame::decode(frame).expect("decodes").body {
            sent += history.blocks.iter().map(|block| block.rows as usize).sum::<usize>();
        }
        viewer.take(frame);
    }
    assert_eq!((sent, viewer.held.len()), (2 * 1_200 * 16, 2 * 1_200 * 16));
    for ((_, time), values) in &viewer.held {
        for (series, bits) in values {
            let expected = f64::from(series.0) + (time.micros() / 1_000 % 977) as f64 / 100.0;
            assert_eq!(*bits, expected.to_bits());
        }
    }
    assert!(frames.iter().filter(|frame| frame.len() > MAX_MESSAGE_BYTES / 2).count() > 1, "frames are filled");
}

#[test]
fn rows_of_a_group_with_more_columns_than_a_frame_holds_are_sent() {
    const SERIES: u32 = 3_600;
    let hub = hub();
    // Each row has a series of its own.
    for series in 1..=SERIES {
        hub.publish([rows(1, i64::from(series), 1, series..series + 1)], at(i64::from(series))).expect("encodes");
    }
    for seals in [0, usize::MAX] {
        hub.seal(seals).expect("encodes");
        let mut viewer = Viewer::new(Some(hub.epoch));
        for frame in backfill(&hub, EVERYTHING) {
            viewer.take(&frame);
        }
        assert_eq!(viewer.held.len(), SERIES as usize);
        assert!(viewer.held.values().all(|values| values.len() == 1));
    }
}

#[test]
fn the_first_rows_of_a_group_replace_those_of_another_epoch() {
    let hub = hub();
    let _viewer = hub.join();
    let mode = |first: i64| {
        let seen = hub.everything().ring_end();
        hub.publish([rows(1, first, 2, 1..3)], at(first)).expect("encodes");
        let frames = hub.everything().recent(seen).frames;
        match Frame::decode(message(&frames[0].bytes)).expect("decodes").body {
            Body::Samples(samples) => {
                assert_ne!(samples.list.is_empty(), samples.blocks.is_empty(), "a list is merged");
                samples.blocks.iter().next().map_or(BlockMode::Merge, |block| block.mode)
            }
            other => panic!("found {other:?}"),
        }
    };
    assert_eq!([0, 2, 4].map(mode), [BlockMode::Replace, BlockMode::Merge, BlockMode::Merge]);
}

#[test]
fn one_series_of_a_wide_group_is_sent_in_turns_that_are_charged_for_the_columns_they_pass() {
    const SERIES: u32 = 1_000;
    let hub = hub();
    let (name, title, unit, interval) = ("g".to_owned(), String::new(), "1".to_owned(), Interval::from_millis(1));
    let group = Group { name, title, unit, interval, ..Group::default() };
    let group = hub.catalog.register_group(group).expect("fits");
    for number in 0..SERIES {
        let (name, labels) = (String::new(), vec![("number".to_owned(), number.to_string())]);
        hub.catalog.register_series(Series { group, name, kind: SeriesKind::Gauge, labels }).expect("fits");
    }
    for tick in 0..500 {
        hub.publish([rows(group.0, tick * 16, 16, 1..SERIES + 1)], at(tick * 16)).expect("encodes");
        hub.seal(1 << 16).expect("encodes");
    }
    let by = SelectedBy::Ids(vec![SeriesId(1)]);
    let added = SelectedBy::Ids(Vec::new());
    let selection = Some(RequestedSelection { id: 1, to: Part { by, steps: Steps::default() }, added });
    let mut cursor = Cursor::at(StreamRequest { start: EVERYTHING, selection }, Charge::Viewer);
    let (mut viewer, mut blocks, room) = (hub.join(), HistoryBlocks::default(), 100_000);
    let (mut turns, mut cost, mut rows) = (0, 0, 0);
    while cursor.needs_turn() {
        let turn = cursor.next_turn(&mut viewer, &mut blocks, room).expect("encodes");
        (turns, cost) = (turns + 1, cost + turn.cost);
        for frame in &turn.frames {
            if let Body::History(history) = Frame::decode(message(frame)).expect("decodes").body {
                rows += history.blocks.iter().map(|block| block.rows as usize).sum::<usize>();
                assert!(history.blocks.iter().all(|block| block.columns.iter().count() == 1));
            }
        }
    }
    assert_eq!(rows, 500 * 16);
    let sent: usize = rows * size_of::<f64>();
    assert!(cost > 4 * sent && turns > 4, "{turns} turns that cost {cost}, for {sent} bytes of values");
}
