//! Compressible blocks beside pco. `cargo run -p benches --bin summary` prints the tables.

use std::hint::black_box;
use std::time::Duration;

use benches::data::{Shape, Signal};
use benches::packed;
use benches::plan::{BLOCK_COLUMNS, BlockTask, TIMED_BLOCK_ROWS};
use benches::record::Ring;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn blocks(c: &mut Criterion) {
    for signal in Signal::COMPRESSIBLE {
        for task in [BlockTask::Decode, BlockTask::Encode] {
            let mut group = c.benchmark_group(task.group(signal));
            for rows in TIMED_BLOCK_ROWS {
                let shape = Shape::new(BLOCK_COLUMNS, rows);
                let block = shape.record(signal);
                let mut ring = Ring::new(shape.columns, rows);
                group.throughput(Throughput::Elements(shape.values() as u64));
                for codec in &mut packed::all() {
                    let mut bytes = Vec::new();
                    codec.encode(&block, &mut bytes);
                    group.bench_function(BenchmarkId::new(codec.name(), rows), |b| match task {
                        BlockTask::Encode => b.iter(|| codec.encode(black_box(&block), &mut bytes)),
                        BlockTask::Decode => b.iter(|| codec.decode(black_box(&bytes), shape, black_box(&mut ring))),
                    });
                }
            }
            group.finish();
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(500))
        .sample_size(50)
        .nresamples(10_000);
    targets = blocks
}
criterion_main!(benches);
