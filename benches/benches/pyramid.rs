//! The pyramid of summaries: the cost of appending a sample and of reading a chart's columns, next to a scan with
//! [argminmax](https://docs.rs/argminmax), which finds minimum and maximum only.

use argminmax::ArgMinMax;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use series::Summary;
use series::pyramid::{BUCKET_ROWS, Pyramid};
use std::hint::black_box;

/// A minute at 1,000 Hz, in whole buckets.
const ROWS: usize = 60_032;

/// Columns of a chart: a column is 150 samples.
const COLUMNS: usize = 400;

/// Rows of a display frame at 1,000 Hz, of a history message, and of a long one.
const BLOCKS: [usize; 3] = [16, 256, 4_096];

fn values() -> Vec<f64> {
    (0..ROWS).map(|row| (row as f64 * 0.001).sin() + (row * 7_919 % 1_000) as f64 * 1e-4).collect()
}

fn append(c: &mut Criterion) {
    let values = values();
    for rows in BLOCKS {
        let mut group = c.benchmark_group(format!("pyramid/append {rows} rows"));
        group.throughput(Throughput::Elements(rows as u64));
        let mut ring = values.clone();
        let mut place = 0;
        let mut copy = |ring: &mut [f64]| {
            let count = rows.min(ring.len() - place);
            ring[place..place + count].copy_from_slice(black_box(&values[..count]));
            place = (place + count) % ring.len();
        };
        group.bench_function("memcpy into the ring", |b| b.iter(|| copy(&mut ring)));
        let mut pyramid = Pyramid::new(ROWS);
        let mut row = 0;
        group.bench_function("memcpy and pyramid", |b| {
            b.iter(|| {
                copy(&mut ring);
                pyramid.append(&ring, row..row + rows as u64);
                row += rows as u64;
            });
        });
        group.finish();
    }
}

fn query(c: &mut Criterion) {
    let ring = values();
    let mut pyramid = Pyramid::new(ROWS);
    pyramid.append(&ring, 0..ROWS as u64);
    for rows in [BUCKET_ROWS as usize, ROWS / COLUMNS, ROWS / 40] {
        let mut group = c.benchmark_group(format!("pyramid/columns of {rows} rows"));
        group.throughput(Throughput::Elements(ROWS as u64));
        group.bench_function("from the pyramid", |b| {
            b.iter(|| {
                for start in (0..ROWS - rows).step_by(rows) {
                    black_box(pyramid.summary(&ring, start as u64..(start + rows) as u64));
                }
            });
        });
        group.bench_function("from samples, ours", |b| {
            b.iter(|| ring.chunks_exact(rows).for_each(|column| _ = black_box(Summary::of(column))));
        });
        group.bench_function("from samples, argminmax", |b| {
            b.iter(|| ring.chunks_exact(rows).for_each(|column| _ = black_box(column.argminmax())));
        });
        group.finish();
    }
}

criterion_group!(benches, append, query);
criterion_main!(benches);
