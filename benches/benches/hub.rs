//! One tick of the hub: numbers batches and encodes them as a frame.

use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use feed_server::deliver::hub::{self, Hub};
use feed_server::ingest::batch::{Batch, BatchColumn};
use feed_server::ingest::registry::{Group, Registry, Series};
use feed_server::telemetry::Telemetry;
use protocol::{Bounds, Interval, SeriesKind, Timestamp};

/// A wall of 12 groups x 8 series at 1 kHz, a sixtieth of a second of it.
const GROUPS: u32 = 12;
const SERIES: u32 = 8;
const ROWS: u32 = 16;

fn hub(c: &mut Criterion) {
    let bounds =
        hub::Bounds { history: Interval::from_secs(10), history_bytes: 64 << 20, ring_bytes: 1 << 20, series: 100_000 };
    let hub = Arc::new(Hub::new("bench".into(), bounds, Telemetry::default()));
    let ids: Vec<_> = (0..GROUPS).map(|number| register(&hub, number)).collect();
    let _viewer = hub.join();
    let mut tick = 0;
    let mut group = c.benchmark_group("hub");
    group.throughput(Throughput::Elements(u64::from(GROUPS * SERIES * ROWS)));
    group.bench_function("tick of 12x8 at 1 kHz", |b| {
        b.iter_batched(
            || {
                tick += 1;
                let batches: Vec<_> = ids.iter().map(|(group, series)| batch(*group, series, tick)).collect();
                (batches, Timestamp::from_micros(tick * i64::from(ROWS) * 1_000))
            },
            |(batches, now)| hub.publish(batches, now).expect("encodes"),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn register(hub: &Hub, number: u32) -> (protocol::GroupId, Vec<protocol::SeriesId>) {
    let name = format!("bench.{number}");
    let (title, unit, interval) = (name.clone(), "1".into(), Interval::from_millis(1));
    let group = Group { name, title, unit, interval, bounds: Bounds::Auto };
    let group = hub.catalog.register_group(group).expect("fits");
    let series = (0..SERIES).map(|number| {
        let labels = vec![("number".to_owned(), number.to_string())];
        let series = Series { group, name: number.to_string(), kind: SeriesKind::Gauge, labels };
        hub.catalog.register_series(series).expect("fits")
    });
    (group, series.collect())
}

fn batch(group: protocol::GroupId, series: &[protocol::SeriesId], tick: i64) -> Batch {
    let first = tick * i64::from(ROWS);
    let times = (0..i64::from(ROWS)).map(|row| Timestamp::from_micros((first + row) * 1_000)).collect();
    let columns = series.iter().map(|&series| BatchColumn {
        series,
        values: (0..ROWS).map(|row| benches::noise(tick as u64, u64::from(series.0), u64::from(row))).collect(),
    });
    Batch { group, times, columns: columns.collect() }
}

criterion_group!(benches, hub);
criterion_main!(benches);
