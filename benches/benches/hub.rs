//! One tick of the hub: numbers batches and encodes them as a frame.

use std::sync::Arc;

use criterion::measurement::WallTime;
use criterion::{BatchSize, BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use feed_server::deliver::hub::{self, Hub};
use feed_server::ingest::batch::{Batch, BatchColumn};
use feed_server::ingest::entry::{Entry, EntryContent, LogLine};
use feed_server::ingest::registry::{Group, Registry, Series};
use feed_server::telemetry::Telemetry;
use protocol::{Interval, SeriesKind, Severity, Timestamp};

/// A sixtieth of a second of some feed.
struct Tick {
    name: &'static str,
    groups: u32,
    series: u32,
    rows: u32,
}

const TICKS: [Tick; 3] = [
    Tick { name: "tick of 12x8 at 1 kHz", groups: 12, series: 8, rows: 16 },
    Tick { name: "tick of 2,000x1 at 60 Hz", groups: 2_000, series: 1, rows: 1 },
    Tick { name: "tick of 1x2,000 at 120 Hz", groups: 1, series: 2_000, rows: 2 },
];

const BOUNDS: hub::Bounds =
    hub::Bounds { history: Interval::from_secs(10), history_bytes: 64 << 20, ring_bytes: 1 << 20, series: 100_000 };

fn hub(c: &mut Criterion) {
    let mut group = c.benchmark_group("hub");
    for Tick { name, groups, series, rows } in TICKS {
        let hub = Arc::new(Hub::new("bench".into(), BOUNDS, Telemetry::default()));
        let ids: Vec<_> = (0..groups).map(|number| register(&hub, number, series)).collect();
        let _viewer = hub.join();
        let mut tick = 0;
        group.throughput(Throughput::Elements(u64::from(groups * series * rows)));
        group.bench_function(name, |b| {
            b.iter_batched(
                || {
                    tick += 1;
                    let batches: Vec<_> = ids.iter().map(|(group, series)| batch(*group, series, rows, tick)).collect();
                    (batches, Timestamp::from_micros(tick * i64::from(rows) * 1_000))
                },
                |(batches, now)| hub.publish(batches, now).expect("encodes"),
                BatchSize::SmallInput,
            );
        });
    }
    lines(&mut group);
    group.finish();
}

/// A sixtieth of a second of 100,000 lines of a log a second.
fn lines(group: &mut BenchmarkGroup<'_, WallTime>) {
    const LINES: u64 = 1_667;
    let hub = Arc::new(Hub::new("bench".into(), BOUNDS, Telemetry::default()));
    let _viewer = hub.join();
    let text = "GET /api/v1/query_range 200 in 12 ms, 4,096 bytes for 10.0.0.17, request 8d2f71";
    let line = |number: u64| {
        let time = Timestamp::from_micros(number as i64);
        LogLine { time, severity: Severity::Info, text: format!("{number} {text}"), labels: Vec::new() }
    };
    group.throughput(Throughput::Elements(LINES));
    group.bench_function("tick of 1,667 log lines", |b| {
        b.iter_batched(
            || Entry { source: "access".into(), content: EntryContent::Logs((0..LINES).map(line).collect()) },
            |entry| hub.publish_entries([entry], Timestamp::default()).expect("encodes"),
            BatchSize::SmallInput,
        );
    });
}

fn register(hub: &Hub, number: u32, series: u32) -> (protocol::GroupId, Vec<protocol::SeriesId>) {
    let name = format!("bench.{number}");
    let (title, unit, interval) = (name.clone(), "1".into(), Interval::from_millis(1));
    let group = Group { name, title, unit, interval, ..Group::default() };
    let group = hub.catalog.register_group(group).expect("fits");
    let series = (0..series).map(|number| {
        let labels = vec![("number".to_owned(), number.to_string())];
        let series = Series { group, name: number.to_string(), kind: SeriesKind::Gauge, labels };
        hub.catalog.register_series(series).expect("fits")
    });
    (group, series.collect())
}

fn batch(group: protocol::GroupId, series: &[protocol::SeriesId], rows: u32, tick: i64) -> Batch {
    let first = tick * i64::from(rows);
    let times = (0..i64::from(rows)).map(|row| Timestamp::from_micros((first + row) * 1_000)).collect();
    let columns = series.iter().map(|&series| BatchColumn {
        series,
        values: (0..rows).map(|row| benches::noise(tick as u64, u64::from(series.0), u64::from(row))).collect(),
    });
    Batch { group, times, columns: columns.collect() }
}

criterion_group!(benches, hub);
criterion_main!(benches);
