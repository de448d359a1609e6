//! Reading metrics in Prometheus' text format. The budget is a million samples a second on one core.
//!
//! Three ways over the same text: the source, which knows each series by the part of its line that identifies it; each line with its labels, as
//! for a series that is new; and the crate prometheus-parse.

use std::fmt::Write;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use feed_server::ingest::exposition::{Format, Line, SeriesText};
use feed_server::ingest::prometheus::Rereading;
use feed_server::stream::catalog::Catalog;

/// So many metrics, each with as many series: the shape of a `node_exporter` on a large machine.
const METRICS: usize = 100;
const SERIES: usize = 100;

fn text() -> String {
    let mut text = String::new();
    for metric in 0..METRICS {
        let name = format!("node_something_{metric}_seconds_total");
        let head = format!("# HELP {name} Seconds that something took, by mode.\n# TYPE {name} counter\n");
        text.push_str(&head);
        for series in 0..SERIES {
            let labels = format!("cpu=\"{series}\",mode=\"iowait\",device=\"/dev/disk/by-id/{series}\"");
            writeln!(text, "{name}{{{labels}}} {}.{:02}", metric * 977 + series * 13, series % 100).unwrap_or_default();
        }
    }
    text
}

/// The number of labels, with each line read as a new one.
fn read_all(text: &str) -> usize {
    let samples = text.lines().filter_map(|line| match Line::parse(line, Format::Text) {
        Ok(Line::Sample(sample)) => SeriesText::parse(sample.series, Format::Text).ok(),
        _ => None,
    });
    samples.map(|series| series.labels.len()).sum()
}

fn read(c: &mut Criterion) {
    let text = text();
    let mut group = c.benchmark_group("exposition");
    group.throughput(Throughput::Elements((METRICS * SERIES) as u64));
    let mut source = Rereading::new(Arc::new(Catalog::default()), METRICS * SERIES);
    assert_eq!(source.read(text.as_bytes(), Format::Text), METRICS * SERIES);
    group.bench_function("the source, series known", |b| {
        b.iter(|| black_box(source.read(black_box(text.as_bytes()), Format::Text)));
    });
    assert_eq!(read_all(&text), METRICS * SERIES * 3);
    group.bench_function("each line with its labels", |b| b.iter(|| black_box(read_all(black_box(&text)))));
    group.bench_function("prometheus-parse", |b| {
        b.iter(|| {
            let lines = black_box(&text).lines().map(|line| Ok(line.to_owned()));
            black_box(prometheus_parse::Scrape::parse(lines).map_or(0, |scrape| scrape.samples.len()))
        });
    });
    group.finish();
}

criterion_group!(benches, read);
criterion_main!(benches);
