//! Reading lines, from bytes to named values. The budget is 200,000 lines a second on one core.

use std::fmt::Write;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use feed_server::ingest::lines;

const LINES: usize = 10_000;

fn lines_of(head: &str, line: impl Fn(usize) -> String) -> String {
    let mut text = head.to_owned();
    (0..LINES).for_each(|number| writeln!(text, "{}", line(number)).unwrap_or_default());
    text
}

fn read(c: &mut Criterion) {
    let mut group = c.benchmark_group("lines");
    group.throughput(Throughput::Elements(LINES as u64));
    let vmstat = "r b swpd free buff cache si so bi bo in cs us sy id wa st\n";
    let texts = [
        ("three columns of CSV", lines_of("x,y,z\n", |n| format!("{}.5,{},-{n}.25", n % 7, n % 900))),
        (
            "17 columns of vmstat",
            lines_of(vmstat, |n| format!(" 1 0 0 {n} 12000 3260212 0 0 20 40 {n} 500 3 1 96 0 0")),
        ),
        (
            "JSON, four values in two objects",
            lines_of("", |n| format!(r#"{{"arm":{{"x":{n},"y":0.5}},"t":21.5,"up":true}}"#)),
        ),
        ("three words", lines_of("", |n| format!("rpm={n} temp:21.5 load=0.75"))),
        ("ping", lines_of("", |n| format!("64 bytes from 127.0.0.1: icmp_seq={n} ttl=64 time=0.036 ms"))),
    ];
    for (what, text) in texts {
        group.bench_function(what, |b| b.iter(|| black_box(lines::read(black_box(text.as_bytes())))));
    }
    group.finish();
}

criterion_group!(benches, read);
criterion_main!(benches);
