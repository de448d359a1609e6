//! Memory of the history, cost of sealing, and a thousand viewers that resume at once. Prints tables.
//!
//! Rows are published as a source sends them, tick by tick, and sealed as the ticker does. Memory is what the history counts:
//! all that is allocated for it, open rows and the fields of segments included.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use benches::data::Signal;
use benches::effort::Effort;
use benches::recording::{self, HOST_MINUTE, Rows};
use feed_server::deliver::history_blocks::HistoryBlocks;
use feed_server::deliver::hub::{Bounds, Hub};
use feed_server::deliver::session::cursor::{Charge, Cursor};
use feed_server::ingest::batch::{Batch, BatchColumn};
use feed_server::stream::summaries::tier::TierBounds;
use feed_server::telemetry::Telemetry;
use protocol::{GroupId, Interval, Revision, Sequence, SeriesId, Start, Timestamp};

/// Values that a tick seals beside twice those that it published.
const SEALED_VALUES: usize = 1 << 14;

/// The steps of the default tiers, without other bounds.
const TIERS: [TierBounds; 3] = [tier(1), tier(10), tier(60)];

const fn tier(seconds: u64) -> TierBounds {
    TierBounds { step: Interval::from_secs(seconds), keep: Interval::from_secs(1 << 40), bytes: usize::MAX }
}

const GROUPS: u32 = 12;
const SERIES: u32 = 8;
/// Rows of a tick at 960 Hz.
const TICK_ROWS: i64 = 16;

fn main() -> Result<()> {
    let effort = Effort::of_bench("history");
    let minutes = if effort == Effort::Full { 5 } else { 1 };
    println!(
        "| data | samples | history, B/sample | of raw columns | sealing, ns/sample | with summaries, ns/sample | 1 s summaries, B/sample | 10 s |"
    );
    println!("| --- | --: | --: | --: | --: | --: | --: | --: |");
    memory("host metrics, 10 Hz", &repeated(&recording::read(HOST_MINUTE)?, minutes), 1)?;
    for signal in [Signal::Walk, Signal::Sine, Signal::Noise] {
        memory(&format!("{}, 100 Hz", signal.name()), &wall(signal, minutes * 6_000), 2)?;
    }
    println!();
    resume(if effort == Effort::Full { 1_000 } else { 20 })
}

fn hub() -> Arc<Hub> {
    let history = Interval::from_secs(100_000);
    let bounds = Bounds { history, history_bytes: 1 << 30, ring_bytes: 1 << 20, series: 1 };
    Arc::new(Hub::new("bench".into(), bounds, Telemetry::default()))
}

fn slice(id: GroupId, rows: &Rows, range: std::ops::Range<usize>) -> Batch {
    let columns =
        rows.columns.iter().map(|(&series, values)| BatchColumn { series, values: values[range.clone()].to_vec() });
    Batch { group: id, times: rows.times[range.clone()].to_vec(), columns: columns.collect() }
}

/// Publishes the rows, `rows_per_tick` of each group at a time, without and with summaries, and prints a line.
fn memory(name: &str, groups: &BTreeMap<GroupId, Rows>, rows_per_tick: usize) -> Result<()> {
    let (plain, sealing) = publish(&hub(), groups, rows_per_tick)?;
    let summarized = Arc::into_inner(hub()).context("one owner")?.with_summaries(TIERS);
    let (_, with_summaries) = publish(&summarized, groups, rows_per_tick)?;
    let samples: usize = groups.values().map(|rows| rows.times.len() * rows.columns.len()).sum();
    let raw: usize = groups.values().map(|rows| rows.times.len() * (rows.columns.len() + 1) * size_of::<f64>()).sum();
    let (each, ratio) = (plain / samples as f64, plain / raw as f64);
    let nanoseconds = |time: Duration| time.as_secs_f64() * 1e9 / samples as f64;
    let tiers: Vec<usize> = summarized.read_summaries(|summaries| summaries.bytes().map(|(_, bytes)| bytes).collect());
    let [second, ten] = [tiers[0], tiers[1]].map(|bytes| bytes as f64 / samples as f64);
    println!(
        "| {name} | {samples} | {each:.2} | {ratio:.2} x | {:.1} | {:.1} | {second:.2} | {ten:.2} |",
        nanoseconds(sealing),
        nanoseconds(with_summaries)
    );
    Ok(())
}

/// Publishes the rows. Returns the memory of the history, and the time that sealing took.
fn publish(hub: &Hub, groups: &BTreeMap<GroupId, Rows>, rows_per_tick: usize) -> Result<(f64, Duration)> {
    let longest = groups.values().map(|rows| rows.times.len()).max().context("no rows")?;
    let mut sealing = Duration::ZERO;
    for first in (0..longest).step_by(rows_per_tick) {
        let batches: Vec<Batch> = groups
            .iter()
            .filter(|(_, rows)| first < rows.times.len())
            .map(|(&id, rows)| slice(id, rows, first..(first + rows_per_tick).min(rows.times.len())))
            .collect();
        hub.publish(batches, Timestamp::default())?;
        let began = Instant::now();
        hub.seal(SEALED_VALUES)?;
        sealing += began.elapsed();
    }
    hub.publish([], Timestamp::default())?;
    Ok((hub.telemetry.history_bytes.get(), sealing))
}

/// The recording, one time after another.
fn repeated(groups: &BTreeMap<GroupId, Rows>, times: usize) -> BTreeMap<GroupId, Rows> {
    const MINUTE: Interval = Interval::from_secs(61);
    let mut all = BTreeMap::new();
    for (&id, rows) in groups {
        let repeated: &mut Rows = all.entry(id).or_default();
        for number in 0..times {
            let later = Interval::from_micros(MINUTE.micros() * number as u64);
            repeated.times.extend(rows.times.iter().map(|&time| time + later));
            for (&series, values) in &rows.columns {
                repeated.columns.entry(series).or_default().extend(values);
            }
        }
    }
    all
}

fn wall(signal: Signal, rows: usize) -> BTreeMap<GroupId, Rows> {
    let group = |group: u32| {
        let columns =
            (0..SERIES).map(|series| (SeriesId(series + 1), signal.values(u64::from(group * SERIES + series), rows)));
        let times = (0..rows as i64).map(|row| Timestamp::from_micros(row * 10_000)).collect();
        (GroupId(group + 1), Rows { times, columns: columns.collect() })
    };
    (0..GROUPS).map(group).collect()
}

/// The ticker's ticks, alone and beside viewers that resume a minute of 12 x 8 series.
fn resume(viewers: usize) -> Result<()> {
    let hub = hub();
    let tick = |number: i64| -> Result<Duration> {
        let time = |row: i64| Timestamp::from_micros((number * TICK_ROWS + row) * 1_042);
        let batches: Vec<Batch> = (1..=GROUPS)
            .map(|group| {
                let value = |series: u32, row: i64| {
                    let noise = benches::noise(u64::from(group), u64::from(series), (number * TICK_ROWS + row) as u64);
                    (noise * 100.0).round() / 100.0
                };
                let column = |series: u32| BatchColumn {
                    series: SeriesId(group * SERIES + series),
                    values: (0..TICK_ROWS).map(|row| value(series, row)).collect(),
                };
                let times = (0..TICK_ROWS).map(time).collect();
                Batch { group: GroupId(group), times, columns: (0..SERIES).map(column).collect() }
            })
            .collect();
        let values: usize = batches.iter().map(Batch::values).sum();
        let began = Instant::now();
        hub.publish(batches, Timestamp::default())?;
        hub.seal(SEALED_VALUES + 2 * values)?;
        Ok(began.elapsed())
    };
    let minute = 60 * 60;
    for number in 0..minute {
        tick(number)?;
    }
    let _viewer = hub.join();
    let encoded = || hub.telemetry.history_blocks_encoded.get();
    let mut next = minute;
    let mut ticks = |until: &dyn Fn() -> bool| -> Result<(usize, Duration, Duration, u64)> {
        let (before, mut all) = (encoded(), Vec::new());
        while !until() {
            let due = Instant::now() + Duration::from_micros(16_667);
            all.push(tick(next)?);
            next += 1;
            thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        all.sort();
        let longest = all.last().copied().unwrap_or_default();
        Ok((all.len(), all[all.len() / 2], longest, encoded() - before))
    };
    println!(
        "| ticker | ticks | tick p50, us | longest, us | blocks encoded a tick | viewers | bytes each | ms each |"
    );
    println!("| --- | --: | --: | --: | --: | --: | --: | --: |");
    let began = Instant::now();
    let (count, p50, longest, blocks) = ticks(&|| began.elapsed() > Duration::from_secs(2))?;
    let line = |what: &str, count: usize, p50: Duration, longest: Duration, blocks: u64| {
        let (p50, longest) = (p50.as_secs_f64() * 1e6, longest.as_secs_f64() * 1e6);
        format!("| {what} | {count} | {p50:.0} | {longest:.0} | {:.1} |", blocks as f64 / count as f64)
    };
    println!("{} - | - | - |", line("alone", count, p50, longest, blocks));

    let (done, sent, is_done) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
    let began = Instant::now();
    let (count, p50, longest, blocks) = thread::scope(|scope| {
        scope.spawn(|| {
            for viewer in 0..viewers {
                sent.fetch_add(backfill(&hub, 1 + viewer as u64), Ordering::Relaxed);
                done.fetch_add(1, Ordering::Relaxed);
            }
            is_done.store(true, Ordering::Release);
        });
        ticks(&|| is_done.load(Ordering::Acquire))
    })?;
    let (bytes, milliseconds) =
        (sent.load(Ordering::Relaxed) / viewers, began.elapsed().as_secs_f64() * 1e3 / viewers as f64);
    let line = line("while they resume", count, p50, longest, blocks);
    println!("{line} {} | {bytes} | {milliseconds:.2} |", done.load(Ordering::Relaxed));
    Ok(())
}

/// Makes the frames for a viewer that resumes at `position`. Returns their bytes.
fn backfill(hub: &Arc<Hub>, position: u64) -> usize {
    let start =
        Start::After { epoch: hub.epoch, sequence: Sequence(position), window: Interval::ZERO, revision: Revision(0) };
    let (mut cursor, mut blocks) = (Cursor::at(start.into(), Charge::Overall), HistoryBlocks::default());
    let mut viewer = hub.join();
    let mut bytes = 0;
    while cursor.needs_turn() {
        let turn = cursor.next_turn(&mut viewer, &mut blocks, 192 << 10).expect("encodes");
        bytes += turn.frames.iter().map(bytes::Bytes::len).sum::<usize>();
    }
    bytes
}
