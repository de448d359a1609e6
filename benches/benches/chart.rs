//! A chart of 8 series on 400 x 150 pixels, a minute at 1,000 Hz: the cost of a complete redraw and of a display frame for
//! each kind, and of lines in a group of 1,000 series; and the cost of transforms for each row.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dashboard::chart::{Kind, LiveChart, Options, Style};
use dashboard::store::{DisplayOrder, Store};
use dashboard::surface::{Color, ColorRamp};
use dashboard::view::{Steps, Window};
use hdrhistogram::Histogram;
use protocol::{Frame, Interval, Timestamp};
use series::transforms::moving_mean::MovingMean;
use series::transforms::quantile::SlidingQuantile;
use series::transforms::rate::Rate;
use std::hint::black_box;

const MINUTE: Interval = Interval::from_secs(60);
const WIDTH: u32 = 400;
const HEIGHT: u32 = 150;
const SERIES: u32 = 8;
/// Rows of a display frame at 1,000 Hz.
const FRAME_ROWS: u32 = 16;
const FRAMES: u64 = 3_750;

/// A store with a full minute, or the given part of one, and the time of its newest row.
fn store(window: Interval, series: u32, frames: u64, frame_rows: u32) -> (Store, Timestamp) {
    let mut store = Store::new(window);
    let catalog = benches::catalog(series).expect("fits a message");
    store.apply(&Frame::decode(&catalog).expect("decodes"));
    let no_history = benches::no_history().expect("fits a message");
    store.apply(&Frame::decode(&no_history).expect("decodes"));
    for sequence in 1..=frames {
        let frame = benches::samples(sequence, series, frame_rows).expect("fits a message");
        store.apply(&Frame::decode(&frame).expect("decodes"));
    }
    let newest = store.newest().expect("has rows");
    (store, newest)
}

fn style() -> Style {
    let series = (0..8).map(|number| Color::opaque(30 * number, 200 - 20 * number, 90)).collect();
    Style { line_width_px: 1.5, series, ramp: ColorRamp::dark().into() }
}

fn raster(c: &mut Criterion) {
    let style = style();
    let window = Window::new(MINUTE, WIDTH);
    for kind in [Kind::Line, Kind::Area, Kind::Bars, Kind::Heatmap] {
        let mut group = c.benchmark_group(format!("chart/{kind}"));
        let (mut store, mut now) = store(MINUTE, SERIES, FRAMES, FRAME_ROWS);
        let mut chart = LiveChart::new(Steps::Decimal);
        chart.set_options(Options { kind, ..Options::default() });
        chart.resize(WIDTH, HEIGHT, 2);
        group.bench_function("whole", |b| {
            b.iter(|| {
                chart.repaint();
                black_box(chart.draw(&store.groups()[0], &window, now, &style))
            });
        });
        let mut sequence = FRAMES;
        group.bench_function("a display frame's samples", |b| {
            b.iter_batched(
                || {
                    sequence += 1;
                    benches::samples(sequence, SERIES, FRAME_ROWS).expect("fits a message")
                },
                |bytes| {
                    store.apply(&Frame::decode(&bytes).expect("decodes"));
                    now = store.newest().unwrap_or(now);
                    black_box(chart.draw(&store.groups()[0], &window, now, &style))
                },
                criterion::BatchSize::SmallInput,
            );
        });
        group.finish();
    }
}

/// A group with more series than a chart draws, two seconds of rows of which the largest change with each row.
fn wide(c: &mut Criterion) {
    let (series, span, style) = (1_000, Interval::from_secs(2), style());
    let mut group = c.benchmark_group("chart/1,000 series");
    let (mut store, mut now) = store(span, series, 2_000, 1);
    let window = Window::new(span, WIDTH);
    let mut chart = LiveChart::new(Steps::Decimal);
    chart.resize(WIDTH, HEIGHT, 2);
    group.bench_function("whole", |b| {
        b.iter(|| {
            chart.release();
            chart.resize(WIDTH, HEIGHT, 2);
            black_box(chart.draw(&store.groups()[0], &window, now, &style))
        });
    });
    group.bench_function("the choice of 256", |b| {
        let from = window.start_of(window.visible(now).start);
        b.iter(|| {
            black_box(DisplayOrder::of(&store.groups()[0].activities(from)).choose(256, &|place| place % 2 == 0))
        });
    });
    let mut sequence = 2_000;
    group.bench_function("a row", |b| {
        b.iter_batched(
            || {
                sequence += 1;
                benches::samples(sequence, series, 1).expect("fits a message")
            },
            |bytes| {
                store.apply(&Frame::decode(&bytes).expect("decodes"));
                now = store.newest().unwrap_or(now);
                black_box(chart.draw(&store.groups()[0], &window, now, &style))
            },
            criterion::BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn transforms(c: &mut Criterion) {
    let values: Vec<f64> = (0..10_000).map(|row| 50.0 + f64::from(row * 7_919 % 10_007) * 0.01).collect();
    let mut group = c.benchmark_group("transforms");
    group.throughput(Throughput::Elements(values.len() as u64));
    let at = |row: usize| Timestamp::from_micros(row as i64 * 1_000);
    let rows = || values.iter().enumerate().map(|(row, &value)| (at(row), value));
    group.bench_function("rate", |b| {
        let mut rate = Rate::new(Interval::from_secs(1));
        b.iter(|| rows().for_each(|(time, value)| _ = black_box(rate.next(time, value))));
    });
    group.bench_function("mean of 5 s", |b| {
        let mut mean = MovingMean::new(Interval::from_secs(5));
        b.iter(|| rows().for_each(|(time, value)| _ = black_box(mean.next(time, value))));
    });
    group.bench_function("p99 of 10 s", |b| {
        let mut quantile = SlidingQuantile::new(0.99, Interval::from_secs(10));
        b.iter(|| rows().for_each(|(time, value)| _ = black_box(quantile.next(time, value))));
    });
    group.bench_function("one sketch, insertion alone", |b| {
        let mut sketch = sketches_ddsketch::DDSketch::new(sketches_ddsketch::Config::new(0.01, 2_048, 1e-9));
        b.iter(|| values.iter().for_each(|&value| sketch.add(black_box(value))));
    });
    group.bench_function("one HdrHistogram, insertion alone", |b| {
        let mut histogram = Histogram::<u64>::new_with_bounds(1, 1_000_000, 2).expect("bounds rise");
        b.iter(|| values.iter().for_each(|&value| histogram.saturating_record(black_box((value * 1e3) as u64))));
    });
    group.finish();
}

criterion_group!(benches, raster, wide, transforms);
criterion_main!(benches);
