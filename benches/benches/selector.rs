//! Selectors: matching 10,000 series. The budget is 1 us a series (1 Melem/s and more).

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use series::Selector;

const SERIES: usize = 10_000;

struct Series {
    group: String,
    name: String,
    labels: [(String, String); 3],
}

impl Series {
    fn labels(&self) -> [(&str, &str); 3] {
        self.labels.each_ref().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

/// Groups of 100 series, with names and labels as a host source has them.
fn all_series() -> Vec<Series> {
    let series = |number: usize| {
        let (group, interface) = (number / 100, number % 100);
        let label = |key: &str, value: String| (key.to_owned(), value);
        Series {
            group: format!("network.bytes.{group}"),
            name: format!("eth{interface} received"),
            labels: [
                label("interface", format!("eth{interface}")),
                label("direction", "received".to_owned()),
                label("host", format!("host-{group}.example.org")),
            ],
        }
    };
    (0..SERIES).map(series).collect()
}

fn selector(c: &mut Criterion) {
    let all = all_series();
    let exact = Selector::exact(&all[7].group, all[7].labels());
    let mut group = c.benchmark_group("selector/10,000 series");
    group.throughput(Throughput::Elements(SERIES as u64));
    for (what, text) in [
        ("a group name", "network.bytes.7".to_owned()),
        ("a label", "network.*{interface=\"eth*\"}".to_owned()),
        ("three labels and a name", "*bytes*/eth*ved{host=*.example.*,direction!=sent,interface=eth*7*}".to_owned()),
        ("one series exactly", exact.to_string()),
        ("eight terms", ["*.bytes.*{interface=*x*,direction=received}"; 8].join(",")),
    ] {
        let selector: Selector = text.parse().expect("well formed");
        group.bench_function(what, |b| {
            b.iter(|| {
                let is_match = |series: &&Series| selector.matches(&series.group, &series.name, series.labels());
                black_box(all.iter().filter(is_match).count())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, selector);
criterion_main!(benches);
