//! Encoded bytes and encoding time per sample. Prints a table.
//!
//! Sizes are those of complete frames: header, heads of blocks and columns, times.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use benches::effort::Effort;
use benches::recording::{self, HOST_MINUTE, Rows};
use feed_server::ingest::config::SourceConfig;
use feed_server::ingest::{self, SyntheticSettings};
use feed_server::stream::catalog::Catalog;
use feed_server::stream::packing::FRAME_ROOM_BYTES;
use feed_server::telemetry::Telemetry;
use protocol::{BlockMode, Body, Frame, GroupId, Header, Interval, SamplesBuffer, SeriesId, Timestamp};

/// Rows of a block: live at 10 Hz, live at 1,000 Hz, and history.
const ROWS: [usize; 9] = [1, 2, 3, 4, 5, 16, 60, 250, 1_000];

fn main() -> Result<()> {
    let effort = Effort::of_bench("sizes");
    println!("| data | rows a block | frames | B/sample | encode, ns/sample |");
    println!("| --- | --: | --: | --: | --: |");
    report("host metrics, 10 Hz, a minute", &recording::read(HOST_MINUTE)?, effort)?;
    report("synthetic, 100 Hz, a minute, 2 decimals", &synthetic()?, effort)?;
    report("white noise", &noise(), effort)
}

fn report(name: &str, groups: &BTreeMap<GroupId, Rows>, effort: Effort) -> Result<()> {
    for rows in ROWS {
        let mut best = encode(groups, rows)?;
        let repetitions = if effort == Effort::Full { 9 } else { 0 };
        for _ in 0..repetitions {
            let again = encode(groups, rows)?;
            best.seconds = best.seconds.min(again.seconds);
        }
        let samples: usize = groups.values().map(|rows| rows.times.len() * rows.columns.len()).sum();
        let (each, nanoseconds) = (best.bytes as f64 / samples as f64, best.seconds * 1e9 / samples as f64);
        println!("| {name} | {rows} | {} | {each:.2} | {nanoseconds:.1} |", best.frames);
    }
    Ok(())
}

struct Encoded {
    frames: usize,
    bytes: usize,
    seconds: f64,
}

/// Encodes every group in blocks of `rows` rows. A frame contains a block of each group, like a live frame, if they fit.
fn encode(groups: &BTreeMap<GroupId, Rows>, rows: usize) -> Result<Encoded> {
    let mut encoded = Encoded { frames: 0, bytes: 0, seconds: 0.0 };
    let (mut live, mut frame) = (SamplesBuffer::default(), Vec::new());
    let longest = groups.values().map(|rows| rows.times.len()).max().unwrap_or_default();
    let started = Instant::now();
    for first in (0..longest).step_by(rows) {
        let part = |group: &Rows| first.min(group.times.len())..(first + rows).min(group.times.len());
        let newest = groups.values().filter_map(|group| group.times[part(group)].last()).max();
        let Some(&newest) = newest else { break };
        live.start(newest);
        let mut room = FRAME_ROOM_BYTES;
        for (id, group) in groups.iter().filter(|(_, group)| !part(group).is_empty()) {
            let part = part(group);
            let most_bytes = SamplesBuffer::most_bytes(group.columns.len(), part.len());
            if most_bytes > room {
                close(&mut live, newest, &mut frame, &mut encoded)?;
                live.start(newest);
                room = FRAME_ROOM_BYTES;
            }
            room = room.saturating_sub(most_bytes);
            let columns = group.columns.iter().map(|(&series, values)| (series, &values[part.clone()]));
            live.push(BlockMode::Merge, *id, &group.times[part.clone()], columns)?;
        }
        close(&mut live, newest, &mut frame, &mut encoded)?;
    }
    encoded.seconds = started.elapsed().as_secs_f64();
    Ok(encoded)
}

/// Encodes a frame that is sent 2 ms after its newest row.
fn close(live: &mut SamplesBuffer, newest: Timestamp, frame: &mut Vec<u8>, encoded: &mut Encoded) -> Result<()> {
    let header = Header { sent: newest + Interval::from_millis(2), ..Header::default() };
    Frame { header, body: Body::Samples(live.samples()) }.encode(frame)?;
    encoded.frames += 1;
    encoded.bytes += black_box(&*frame).len();
    Ok(())
}

/// The rows of the synthetic source, rounded to two decimals.
#[tokio::main(flavor = "current_thread")]
async fn synthetic() -> Result<BTreeMap<GroupId, Rows>> {
    let prefill = std::time::Duration::from_mins(1);
    let settings = SyntheticSettings { groups: 12, series: 8, hz: 100.0, prefill, seed: 1 };
    let (sender, mut batches) = feed_server::ingest::batch_queue::batch_queue();
    let config = [SourceConfig::Synthetic(settings)];
    let source = ingest::start(&config, Arc::new(Catalog::default()), sender, &Telemetry::default());
    let mut groups: BTreeMap<GroupId, Rows> = BTreeMap::new();
    while groups.len() < 12 || groups.values().any(|rows| rows.times.len() < 6_000) {
        let batch = batches.recv().await.context("the source ended")?;
        let rows = groups.entry(batch.group).or_default();
        rows.times.extend(&batch.times);
        for column in batch.columns {
            let values = column.values.iter().map(|value| (value * 100.0).round() / 100.0);
            rows.columns.entry(column.series).or_default().extend(values);
        }
    }
    drop(batches);
    source.stop().await;
    for rows in groups.values_mut() {
        rows.times.truncate(6_000);
        for values in rows.columns.values_mut() {
            values.truncate(6_000);
        }
    }
    Ok(groups)
}

/// Logarithms of uniform numbers, which use every bit of the mantissa.
fn noise() -> BTreeMap<GroupId, Rows> {
    let times: Vec<_> = (0..6_000).map(|row| Timestamp::from_micros(row * 10_000)).collect();
    let column = |series: u64| (0..6_000).map(|row| -benches::noise(1, series, row).max(1e-300).ln()).collect();
    let columns = (1..=8).map(|series| (SeriesId(series), column(u64::from(series)))).collect();
    BTreeMap::from([(GroupId(1), Rows { times, columns })])
}
