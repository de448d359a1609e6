//! Memory of a hub whose groups have any shape. A test binary of its own: it measures the memory of its process.

#![allow(clippy::disallowed_macros, clippy::disallowed_methods, reason = "a test")]

use std::sync::Arc;

use feed_server::deliver::hub::{Bounds, Hub};
use feed_server::ingest::batch::{Batch, BatchColumn};
use feed_server::process::Usage;
use feed_server::telemetry::Telemetry;
use protocol::{GroupId, Interval, SeriesId, Timestamp};

const HISTORY_BYTES: usize = 16 << 20;

/// Values that no encoding shortens.
fn batch(group: u32, first_row: i64, rows: usize, series: impl Iterator<Item = u32>) -> Batch {
    let times = (first_row..first_row + rows as i64).map(Timestamp::from_micros).collect();
    let noise = |series: u32, row: i64| {
        let bits = (row as u64 ^ u64::from(series) << 40).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        f64::from_bits(0x3ff0_0000_0000_0000 | bits >> 12)
    };
    let columns = series.map(|series| BatchColumn {
        series: SeriesId(series),
        values: (first_row..first_row + rows as i64).map(|row| noise(series, row)).collect(),
    });
    Batch { group: GroupId(group), times, columns: columns.collect() }
}

/// Publishes the batches of `batches(tick)` until three times the bound was sent. Returns the most resident memory.
fn most_memory(mut batches: impl FnMut(u32) -> Vec<Batch>) -> usize {
    let bounds = Bounds {
        history: Interval::from_secs(86_400),
        history_bytes: HISTORY_BYTES,
        ring_bytes: HISTORY_BYTES / 4,
        series: 1,
    };
    let hub = Arc::new(Hub::new("test".to_owned(), bounds, Telemetry::default()));
    let (mut sent, mut most) = (0, 0);
    for tick in 0.. {
        let batches = batches(tick);
        sent += batches.iter().map(Batch::bytes).sum::<usize>();
        hub.publish(batches, Timestamp::default()).expect("encodes");
        hub.seal(usize::MAX).expect("encodes");
        if tick.is_multiple_of(16) {
            most = most.max(Usage::now().expect("is readable").resident_bytes as usize);
        }
        if sent > 3 * HISTORY_BYTES {
            break;
        }
    }
    let held = hub.telemetry.history_bytes.get();
    assert!(held > 0.8 * HISTORY_BYTES as f64, "the history is full, found {held} bytes");
    most
}

#[test]
fn groups_of_any_shape_stay_within_the_bound_of_memory() {
    // Of the 16 MiB that are promised for everything else, this process without sockets and sources needs less than half.
    let promised = HISTORY_BYTES + HISTORY_BYTES / 5 + (8 << 20);
    let check = |shape: &str, most: usize| {
        println!("{shape}: at most {} KiB resident", most >> 10);
        assert!(most < promised, "{shape}: {most} bytes, at most {promised} are promised");
    };
    let one_row = |tick: u32| i64::from(tick);
    let narrow = |tick| (1..=2_000).map(|group| batch(group, one_row(tick) * 20, 20, group..=group)).collect();
    check("2,000 groups of one series", most_memory(narrow));
    let wide = |tick| vec![batch(1, one_row(tick) * 8, 8, 1..=2_000)];
    check("a group of 2,000 series", most_memory(wide));
    let come_and_go = |tick| vec![batch(1, one_row(tick), 1, tick * 50..tick * 50 + 500)];
    check("500 series, of which 50 are replaced in each row", most_memory(come_and_go));
    let alternate = |tick: u32| {
        let series = if tick.is_multiple_of(2) { 1..=1 } else { 1..=1_000 };
        vec![batch(1, one_row(tick), 1, series)]
    };
    check("rows of one series and of 1,000 in turn", most_memory(alternate));
    let mixed = |tick: u32| {
        let group =
            |group: u32| batch(group, one_row(tick) * 50, 1 + (group as usize * 7) % 50, 1..=1 + group * 13 % 300);
        (1..=100).map(group).collect()
    };
    check("100 groups, wide and short, narrow and long", most_memory(mixed));
    let phases = |tick: u32| {
        let phase = tick / 2_000;
        (1..=20).map(|group| batch(phase * 20 + group, one_row(tick) * 4, 4, 1..=1 + (phase * 97) % 40)).collect()
    };
    check("groups that end, and others that begin", most_memory(phases));
}
