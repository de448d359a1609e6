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
use feed_server::telemetry::Telemetry;
use protocol::{BlockBuffer, Body, Frame, GroupId, Header, Samples, SeriesId, Timestamp};

/// Rows of a block: live at 10 Hz, live at 1,000 Hz, and history.
const ROWS: [usize; 5] = [1, 16, 60, 250, 1_000];

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
    let (mut blocks, mut frame) = (BlockBuffer::default(), Vec::new());
    let longest = groups.values().map(|rows| rows.times.len()).max().unwrap_or_default();
    let started = Instant::now();
    for first in (0..longest).step_by(rows) {
        blocks.start(groups.values().find_map(|group| group.times.get(first)).copied().unwrap_or_default());
        for (id, group) in groups {
            let part = first.min(group.times.len())..(first + rows).min(group.times.len());
            if part.is_empty() {
                continue;
            }
            let before = blocks.len();
            let columns = || group.columns.iter().map(|(&series, values)| (series, &values[part.clone()]));
            blocks.push(*id, &group.times[part.clone()], columns())?;
            if blocks.len() > Frame::MAX_BODY_BYTES - 64 {
                blocks.truncate(before);
                close(&mut blocks, &mut frame, &mut encoded)?;
                blocks.start(group.times[part.start]);
                blocks.push(*id, &group.times[part.clone()], columns())?;
            }
        }
        close(&mut blocks, &mut frame, &mut encoded)?;
    }
    encoded.seconds = started.elapsed().as_secs_f64();
    Ok(encoded)
}

fn close(blocks: &mut BlockBuffer, frame: &mut Vec<u8>, encoded: &mut Encoded) -> Result<()> {
    if blocks.is_empty() {
        return Ok(());
    }
    let now = Timestamp::from_micros(1_700_000_000_000_000);
    let body = Body::Samples(Samples { collected: now, queued: now, blocks: blocks.blocks() });
    Frame { header: Header::default(), body }.encode(frame)?;
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
