//! Finding a series among 100,000 by typing. The budget is 20 ms a key.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use dashboard::find::Index;

const SERIES: usize = 100_000;
const RESULTS: usize = 20;

fn index() -> Index {
    let mut index = Index::default();
    for number in 0..SERIES {
        let (host, interface) = (number / 200, number % 200);
        index.push(&format!("eth{interface} received Network traffic of host-{host}.example.org"));
    }
    index
}

fn find(c: &mut Criterion) {
    let mut group = c.benchmark_group("find/100,000 series");
    group.bench_function("building the index", |b| b.iter(|| black_box(index())));
    let index = index();
    for (what, query) in [
        ("a first letter", "e"),
        ("a word that all have", "received"),
        ("scattered letters", "ntrk"),
        ("three words", "eth17 host-42 rec"),
        ("letters that none has", "qqq"),
    ] {
        group.bench_function(what, |b| {
            b.iter_batched_ref(
                || index.clone(),
                |index| black_box(index.find(query, RESULTS)),
                criterion::BatchSize::LargeInput,
            );
        });
    }
    // All keys of a query, one after the other.
    let query = "eth17 host-42 rec";
    group.bench_function(format!("typing {} keys", query.len()), |b| {
        b.iter_batched_ref(
            || index.clone(),
            |index| (1..=query.len()).for_each(|end| _ = black_box(index.find(&query[..end], RESULTS))),
            criterion::BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(benches, find);
criterion_main!(benches);
