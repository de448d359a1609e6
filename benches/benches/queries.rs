//! Cost of queries against the number of series and the range. Prints a table.
//!
//! A day of 8 series at 100 Hz is published as a source sends it. The history keeps an hour of rows, the tiers keep all of it. Each query is
//! made as a session makes it, in turns, without the waits between them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use benches::effort::Effort;
use feed_server::deliver::hub::{Bounds, Hub};
use feed_server::deliver::query_run::{QueryRun, RangeQuery};
use feed_server::ingest::batch::{Batch, BatchColumn};
use feed_server::ingest::registry::{Group, Registry, Series};
use feed_server::stream::selected_by::SelectedBy;
use feed_server::stream::summaries::tier::TierBounds;
use feed_server::telemetry::Telemetry;
use protocol::{AnswerOrder, GroupId, Interval, SeriesId, SeriesKind, Timestamp};

const SERIES: u32 = 8;
const HZ: i64 = 100;
const MINUTE_ROWS: i64 = 60 * HZ;
/// About the cost of a session's turn.
const TURN_COST: usize = 192 << 10;

fn main() -> Result<()> {
    let effort = Effort::of_bench("queries");
    let (minutes, rounds) = if effort == Effort::Full { (24 * 60, 21) } else { (20, 2) };
    let hub = hub(minutes)?;
    println!(
        "| range | series | columns | step | cost (values) | turns | longest turn | in all | bytes | B a summary |"
    );
    println!("| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |");
    let newest = at(minutes * MINUTE_ROWS);
    for (name, range_minutes) in [("1 min", 1), ("10 min", 10), ("1 h", 60), ("6 h", 360), ("24 h", 1_440)] {
        if range_minutes > minutes {
            continue;
        }
        for (series, columns) in [(1, 400), (8, 400), (8, 1_600)] {
            row(&hub, name, newest - Interval::from_secs(60 * range_minutes as u64)..newest, series, columns, rounds)?;
        }
    }
    Ok(())
}

fn at(row: i64) -> Timestamp {
    Timestamp::from_micros(row * 1_000_000 / HZ)
}

fn hub(minutes: i64) -> Result<Arc<Hub>> {
    let history = Interval::from_secs(3_600);
    let bounds = Bounds { history, history_bytes: 1 << 30, ring_bytes: 1 << 20, series: 100 };
    let tier = |step, hours: u64| TierBounds {
        step: Interval::from_secs(step),
        keep: Interval::from_secs(3_600 * hours),
        bytes: 32 << 20,
    };
    let tiers = [tier(1, 2), tier(10, 24), tier(60, 168)];
    let hub = Arc::new(Hub::new("bench".into(), bounds, Telemetry::default()).with_summaries(tiers));
    let (name, title, unit) = ("g".to_owned(), "G".to_owned(), "1".to_owned());
    let group = Group { name, title, unit, interval: Interval::from_millis(10), ..Group::default() };
    let group = hub.catalog.register_group(group)?;
    for number in 0..SERIES {
        let labels = vec![("number".to_owned(), number.to_string())];
        hub.catalog.register_series(Series { group, name: String::new(), kind: SeriesKind::Gauge, labels })?;
    }
    for minute in 0..minutes {
        let rows = minute * MINUTE_ROWS..(minute + 1) * MINUTE_ROWS;
        for first in rows.step_by(500) {
            hub.publish([batch(first..first + 500)], at(first + 500))?;
            hub.seal(usize::MAX)?;
        }
    }
    Ok(hub)
}

fn batch(rows: std::ops::Range<i64>) -> Batch {
    let value = |series: u32, row: i64| {
        let noise = benches::noise(7, u64::from(series), row as u64);
        ((f64::from(series) + noise + (row as f64 / 7_000.0).sin()) * 1_000.0).round() / 100.0
    };
    let column = |series: u32| BatchColumn {
        series: SeriesId(series + 1),
        values: rows.clone().map(|row| value(series, row)).collect(),
    };
    Batch { group: GroupId(1), times: rows.clone().map(at).collect(), columns: (0..SERIES).map(column).collect() }
}

fn row(
    hub: &Hub,
    name: &str,
    range: std::ops::Range<Timestamp>,
    series: u32,
    columns: u32,
    rounds: usize,
) -> Result<()> {
    let (mut all, mut longest) = (Vec::new(), Duration::ZERO);
    let (mut turns, mut bytes, mut read, mut summaries, mut step) = (0, 0, 0, 0, Interval::ZERO);
    for _ in 0..rounds {
        let ids = (1..=series).map(SeriesId).collect();
        let (selection, range) = (SelectedBy::Ids(ids), range.clone());
        let mut run = QueryRun::new(Arc::new(RangeQuery {
            id: 1,
            selection,
            selection_bytes: 0,
            range,
            columns,
            order: AnswerOrder::Direct,
        }));
        (turns, bytes, read, summaries) = (0, 0, 0, 0);
        let mut took = Duration::ZERO;
        while !run.is_done() {
            let began = Instant::now();
            let turn = run.turn(hub, TURN_COST)?;
            took += began.elapsed();
            longest = longest.max(began.elapsed());
            turns += 1;
            read += turn.read;
            for frame in &turn.frames {
                bytes += frame.len();
                let head = if frame[1] < 126 { 2 } else { 4 };
                let protocol::Body::Answer(answer) = protocol::Frame::decode(&frame[head..])?.body else {
                    anyhow::bail!("not an answer")
                };
                for block in &answer.blocks {
                    step = block.step;
                    summaries += block.times.len() * block.series.iter().count();
                }
            }
        }
        all.push(took);
    }
    ensure!(summaries > 0, "an empty answer");
    all.sort_unstable();
    let median = *all.get(all.len() / 2).context("no rounds")?;
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    println!(
        "| {name} | {series} | {columns} | {step} | {read} | {turns} | {:.2} ms | {:.2} ms | {bytes} | {:.1} |",
        ms(longest),
        ms(median),
        bytes as f64 / summaries as f64
    );
    Ok(())
}
