//! Encoding and decoding beside other codecs. `cargo run -p benches --bin summary` prints the tables.

use std::hint::black_box;
use std::time::Duration;

use benches::peers::{self, Peer};
use benches::plan::{SIGNALS, Task};
use benches::record::Ring;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn codecs(c: &mut Criterion) {
    for signal in SIGNALS {
        for task in Task::ALL {
            let mut group = c.benchmark_group(task.group(signal));
            for &shape in task.shapes(signal) {
                let record = shape.record(signal);
                let mut send = |message: &[u8]| _ = black_box(message);
                let mut ring = Ring::new(shape.columns, shape.rows);
                group.throughput(Throughput::Bytes(shape.values() as u64 * 8));
                for peer in &mut peers::all() {
                    let peer: &mut dyn Peer = &mut **peer;
                    let bytes = peers::encoded(peer, &record);
                    if task == Task::DecodeOwned && peer.decode_owned(&bytes).is_none() {
                        continue;
                    }
                    group.bench_function(BenchmarkId::new(peer.name(), shape.name()), |b| match task {
                        Task::Encode => b.iter(|| peer.encode(black_box(&record), &mut send)),
                        Task::DecodeIntoRing => b.iter(|| peer.decode_into(black_box(&bytes), black_box(&mut ring))),
                        Task::DecodeOwned => b.iter(|| peer.decode_owned(black_box(&bytes))),
                    });
                }
            }
            group.finish();
        }
    }
}

criterion_group! {
    name = benches;
    // About two hundred functions: enough samples for a median within a few minutes.
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(500))
        .sample_size(50)
        .nresamples(10_000);
    targets = codecs
}
criterion_main!(benches);
