//! Bytes of a wall of 12 x 8 series, live and to fill a minute on 400 columns: as rows, as summaries, and in other formats. Prints a table.
//!
//! The rows of the synthetic source, two decimals, are published sixty times a second, as the server does. A viewer of each resolution takes
//! every frame; at the end another one begins and is sent the window. Bytes are those of WebSocket messages with their heads.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use benches::effort::Effort;
use benches::live_peers::{LiveFrame, LivePeers, LiveRow};
use benches::recording::Rows;
use benches::synthetic::synthetic;
use feed_server::deliver::history_blocks::HistoryBlocks;
use feed_server::deliver::hub::{Bounds, Hub};
use feed_server::deliver::session::cursor::{Charge, Cursor};
use feed_server::deliver::session::request::{RequestedSelection, StreamRequest};
use feed_server::deliver::subscription::Part;
use feed_server::deliver::viewer::ViewerGuard;
use feed_server::ingest::batch::{Batch, BatchColumn};
use feed_server::ingest::registry::{Group, Registry, Series};
use feed_server::stream::buckets::steps::Steps;
use feed_server::stream::selected_by::SelectedBy;
use feed_server::telemetry::Telemetry;
use protocol::{GroupId, Interval, SeriesId, SeriesKind, Start, Timestamp};

const WINDOW: Interval = Interval::from_secs(60);
/// A minute on 400 columns.
const STEP: Interval = Interval::from_millis(150);
const TICKS_PER_S: usize = 60;
/// About the cost of a session's turn.
const TURN_COST: usize = 192 << 10;

fn main() -> Result<()> {
    let effort = Effort::of_bench("resolutions");
    let seconds = if effort == Effort::Full { 80 } else { 3 };
    println!(
        "| wall of 12 x 8, 60 s on 400 columns | live, KB/s | fill, KB | fill, ms of a core | publishing, us a tick |"
    );
    println!("| --- | --: | --: | --: | --: |");
    for hz in [10, 100, 1_000] {
        let groups = synthetic(f64::from(hz), seconds * hz as usize)?;
        let mut rows = None;
        for (name, step) in [("rows", Interval::ZERO), ("summaries", STEP)] {
            let measured = measure(&groups, hz, seconds, step)?;
            let rows = *rows.get_or_insert(measured);
            let of = |own: f64, of_rows: f64| format!("{:.1} ({:.2} x)", own / 1e3, own / of_rows);
            let (live, fill) = (of(measured.live, rows.live), of(measured.fill, rows.fill));
            let (fill_ms, tick_us) = (measured.filling.as_secs_f64() * 1e3, measured.tick.as_secs_f64() * 1e6);
            println!("| {hz} Hz, {name} | {live} | {fill} | {fill_ms:.1} | {tick_us:.0} |");
        }
        let rows = rows.context("measured")?;
        let peers = peers(&groups, hz, seconds)?;
        let window = seconds.min(60) as f64;
        for (name, bytes) in [("protobuf", peers.protobuf), ("JSON", peers.json)] {
            let live = bytes as f64 / seconds as f64;
            let cell = |own: f64, of_rows: f64| format!("{:.1} ({:.2} x)", own / 1e3, own / of_rows);
            println!("| {hz} Hz, {name} | {} | {} | | |", cell(live, rows.live), cell(live * window, rows.fill));
        }
    }
    Ok(())
}

#[derive(Clone, Copy)]
struct Measured {
    /// Bytes a second.
    live: f64,
    /// Bytes.
    fill: f64,
    filling: Duration,
    /// The time to publish a tick, of which nothing is sent to a socket.
    tick: Duration,
}

struct Connection {
    cursor: Cursor,
    guard: ViewerGuard,
}

impl Connection {
    fn open(hub: &Arc<Hub>, step: Interval) -> Result<Self> {
        let by = SelectedBy::Selector("*".parse()?);
        let (added, steps) = (by.clone(), Steps { step, groups: Vec::new() });
        let selection = Some(RequestedSelection { id: 1, to: Part { by, steps }, added });
        let request = StreamRequest { start: Start::Window(WINDOW), selection };
        Ok(Self { cursor: Cursor::at(request, Charge::Overall), guard: hub.join() })
    }

    /// The bytes of all frames that are due.
    fn catch_up(&mut self) -> Result<usize> {
        let mut bytes = 0;
        while self.cursor.caught_up(&self.guard).is_none() {
            let Self { cursor, guard } = self;
            let frames = if cursor.needs_turn() {
                cursor.next_turn(guard, &mut HistoryBlocks::default(), TURN_COST)?.frames
            } else {
                cursor.live(guard, TURN_COST)
            };
            bytes += frames.iter().map(bytes::Bytes::len).sum::<usize>();
        }
        Ok(bytes)
    }
}

fn measure(groups: &BTreeMap<GroupId, Rows>, hz: u32, seconds: usize, step: Interval) -> Result<Measured> {
    let bounds = Bounds { history: Interval::from_secs(300), history_bytes: 1 << 30, ring_bytes: 1 << 20, series: 100 };
    let hub = Arc::new(Hub::new("bench".into(), bounds, Telemetry::default()));
    let interval = Interval::from_micros(1_000_000 / u64::from(hz));
    for (&group, rows) in groups {
        let (name, title, unit) = (format!("g{group}"), String::new(), "1".to_owned());
        let id = hub.catalog.register_group(Group { name, title, unit, interval, ..Group::default() })?;
        ensure!(id == group, "ids rise from 1");
        for &series in rows.columns.keys() {
            let labels = vec![("id".to_owned(), series.to_string())];
            let known =
                hub.catalog.register_series(Series { group, name: String::new(), kind: SeriesKind::Gauge, labels })?;
            ensure!(known == series, "ids rise from 1");
        }
    }
    // The window of a viewer ends now.
    let end = feed_server::clock::now();
    let newest = groups.values().filter_map(|rows| rows.times.last()).max().context("rows")?;
    let shift = end.micros_since(*newest);
    let mut viewer = Connection::open(&hub, step)?;
    viewer.catch_up()?;
    let (mut live, mut tick) = (0, Duration::ZERO);
    let ticks = seconds * TICKS_PER_S;
    for number in 0..ticks {
        let batches: Vec<Batch> =
            groups.iter().filter_map(|(&group, rows)| batch(group, rows, number, ticks, shift)).collect();
        let began = Instant::now();
        hub.publish(batches, end)?;
        tick += began.elapsed();
        hub.seal(usize::MAX)?;
        live += viewer.catch_up()?;
    }
    let began = Instant::now();
    let fill = Connection::open(&hub, step)?.catch_up()?;
    let filling = began.elapsed();
    Ok(Measured { live: live as f64 / seconds as f64, fill: fill as f64, filling, tick: tick / ticks as u32 })
}

/// The rows of one tick of `ticks`.
fn part(rows: &Rows, number: usize, ticks: usize) -> std::ops::Range<usize> {
    let all = rows.times.len();
    number * all / ticks..(number + 1) * all / ticks
}

fn batch(group: GroupId, rows: &Rows, number: usize, ticks: usize, shift: i64) -> Option<Batch> {
    let part = part(rows, number, ticks);
    let times = rows.times[part.clone()].iter().map(|time| Timestamp::from_micros(time.micros() + shift)).collect();
    let column =
        |(&series, values): (&SeriesId, &Vec<f64>)| BatchColumn { series, values: values[part.clone()].to_vec() };
    let columns = rows.columns.iter().map(column).collect();
    (!part.is_empty()).then_some(Batch { group, times, columns })
}

fn peers(groups: &BTreeMap<GroupId, Rows>, hz: u32, seconds: usize) -> Result<LivePeers> {
    let mut peers = LivePeers::default();
    let ticks = seconds * TICKS_PER_S;
    for number in 0..ticks {
        let rows = groups.iter().flat_map(|(group, rows)| {
            part(rows, number, ticks).map(|row| LiveRow {
                group: group.0,
                time: rows.times[row].micros(),
                values: rows.columns.values().map(|values| values[row]).collect(),
            })
        });
        let rows: Vec<LiveRow> = rows.collect();
        if !rows.is_empty() {
            let sent = rows.iter().map(|row| row.time).max().unwrap_or_default() + 2_000;
            peers.add(&LiveFrame { epoch: 1_700_000_000_123_456, sequence: number as u64, sent, rows })?;
        }
    }
    ensure!(hz > 0 && peers.json > 0, "rows were sent");
    Ok(peers)
}
