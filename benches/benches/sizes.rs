//! Encoded bytes and encoding time per sample. Prints a table.
//!
//! Sizes are those of complete frames: header, heads of blocks and columns, times.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;

use anyhow::Result;
use benches::effort::Effort;
use benches::live_peers::{LiveFrame, LivePeers, LiveRow};
use benches::recording::{self, HOST_MINUTE, Rows};
use benches::synthetic::synthetic;
use feed_server::stream::packing::FRAME_ROOM_BYTES;
use protocol::column::is_missing;
use protocol::{BlockMode, Body, Frame, GroupId, Header, Interval, SamplesBuffer, SeriesId, Timestamp};

/// Rows of a block: live at 10 Hz, live at 1,000 Hz, and history.
const ROWS: [usize; 9] = [1, 2, 3, 4, 5, 16, 60, 250, 1_000];

fn main() -> Result<()> {
    let effort = Effort::of_bench("sizes");
    println!("| data | rows a block | frames | B/sample | encode, ns/sample |");
    println!("| --- | --: | --: | --: | --: |");
    let data = [
        ("host metrics, 10 Hz, a minute", recording::read(HOST_MINUTE)?),
        ("synthetic, 100 Hz, a minute, 2 decimals", synthetic(100.0, 6_000)?),
        ("white noise", noise()),
    ];
    for (name, groups) in &data {
        report(name, groups, effort)?;
    }
    println!();
    println!("| live frames of one row a group, B/sample | ours | raw doubles | protobuf | JSON |");
    println!("| --- | --: | --: | --: | --: |");
    for (name, groups) in &data {
        let ours = encode(groups, 1)?.bytes as f64;
        let others = live_peers(groups)?;
        let samples = samples(groups) as f64;
        let cell = |bytes: f64| format!("{:.2} ({:.2} x)", bytes / samples, bytes / ours);
        let [raw, protobuf, json] = [others.raw, others.protobuf, others.json].map(|bytes| cell(bytes as f64));
        println!("| {name} | {:.2} | {raw} | {protobuf} | {json} |", ours / samples);
    }
    Ok(())
}

/// Values that are present: a recording fills the rows of series that come and go.
fn samples(groups: &BTreeMap<GroupId, Rows>) -> usize {
    let present = |values: &Vec<f64>| values.iter().filter(|value| !is_missing(**value)).count();
    groups.values().flat_map(|rows| rows.columns.values()).map(present).sum()
}

/// The same frames in other formats.
fn live_peers(groups: &BTreeMap<GroupId, Rows>) -> Result<LivePeers> {
    let mut peers = LivePeers::default();
    let longest = groups.values().map(|rows| rows.times.len()).max().unwrap_or_default();
    for row in 0..longest {
        let rows = groups.iter().filter_map(|(group, rows)| {
            let (group, time) = (group.0, rows.times.get(row)?.micros());
            Some(LiveRow { group, time, values: rows.columns.values().map(|values| values[row]).collect() })
        });
        let rows: Vec<LiveRow> = rows.collect();
        let sent = rows.iter().map(|row| row.time).max().unwrap_or_default() + 2_000;
        peers.add(&LiveFrame { epoch: 1_700_000_000_123_456, sequence: row as u64, sent, rows })?;
    }
    Ok(peers)
}

fn report(name: &str, groups: &BTreeMap<GroupId, Rows>, effort: Effort) -> Result<()> {
    for rows in ROWS {
        let mut best = encode(groups, rows)?;
        let repetitions = if effort == Effort::Full { 9 } else { 0 };
        for _ in 0..repetitions {
            let again = encode(groups, rows)?;
            best.seconds = best.seconds.min(again.seconds);
        }
        let samples = samples(groups);
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

/// Logarithms of uniform numbers, which use every bit of the mantissa.
fn noise() -> BTreeMap<GroupId, Rows> {
    let times: Vec<_> = (0..6_000).map(|row| Timestamp::from_micros(row * 10_000)).collect();
    let column = |series: u64| (0..6_000).map(|row| -benches::noise(1, series, row).max(1e-300).ln()).collect();
    let columns = (1..=8).map(|series| (SeriesId(series), column(u64::from(series)))).collect();
    BTreeMap::from([(GroupId(1), Rows { times, columns })])
}
