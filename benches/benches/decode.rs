//! Decoding a message into the store's rings, beside a copy of its bytes.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use dashboard::store::Store;
use protocol::{Frame, Interval};
use std::hint::black_box;

/// (series, rows): one long column; many short columns; the frame of a wall of 96 series at 1 kHz.
const SHAPES: [(u32, u32); 3] = [(1, 8_000), (400, 2), (96, 16)];

fn decode(c: &mut Criterion) {
    for (series, rows) in SHAPES {
        let mut group = c.benchmark_group(format!("decode/{series}x{rows}"));
        group.throughput(Throughput::Elements(u64::from(series * rows)));
        let bytes = benches::samples(1, series, rows).expect("fits a message");

        let mut copy = vec![0_u8; bytes.len()];
        group.bench_function("memcpy", |b| b.iter(|| copy.copy_from_slice(black_box(&bytes))));

        group.bench_function("frame", |b| b.iter(|| Frame::decode(black_box(&bytes)).expect("decodes")));

        let catalog = benches::catalog(series).expect("fits a message");
        let mut store = Store::new(Interval::from_secs(60));
        store.apply(&Frame::decode(&catalog).expect("decodes"));
        let no_history = benches::no_history().expect("fits a message");
        store.apply(&Frame::decode(&no_history).expect("decodes"));
        let mut sequence = 0;
        group.bench_function("frame into store", |b| {
            b.iter_batched(
                || {
                    sequence += 1;
                    benches::samples(sequence, series, rows).expect("fits a message")
                },
                |bytes| store.apply(&Frame::decode(&bytes).expect("decodes")),
                BatchSize::SmallInput,
            );
        });
        group.finish();
    }
}

criterion_group!(benches, decode);
criterion_main!(benches);
