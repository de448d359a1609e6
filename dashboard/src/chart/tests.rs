//! Charts of generated feeds, and the pixels that they change.

use protocol::{
    Answer, AnswerPart, BlockBuffer, Blocks, Body, Catalog, CatalogScope, EntriesBuffer, Epoch, Frame, GroupDescriptor,
    GroupId, Header, History, HistoryPart, Interval, Samples, Sequence, SeriesDescriptor, SeriesId, SeriesKind,
    SummaryBuffer, SummaryColumnsBuffer, SummaryValues, Timestamp,
};
use series::Summary;

use super::live::Change;
use super::{Kind, LiveChart, Options, Style};
use crate::store::{Group, PastAnswer, Store};
use crate::surface::{Color, ColorRamp};
use crate::view::{Mapping, RangeMode, Steps, Window};

fn catalog(interval: Interval) -> Vec<u8> {
    let (mut groups, mut series) = (EntriesBuffer::default(), EntriesBuffer::default());
    let (id, name, title, unit) = (GroupId(1), "g", "G", "1");
    groups.push(&GroupDescriptor { id, name, title, unit, interval, ..GroupDescriptor::default() }).expect("encodes");
    for (id, name) in [(SeriesId(1), "a"), (SeriesId(2), "b")] {
        let labels = protocol::Entries::default();
        let descriptor = SeriesDescriptor { id, group: GroupId(1), name, kind: SeriesKind::Gauge, labels };
        series.push(&descriptor).expect("encodes");
    }
    let (groups, series, retired) = (groups.entries(), series.entries(), protocol::Entries::default());
    let body = Body::Catalog(Catalog { scope: CatalogScope::Whole, groups, series, retired, ..Catalog::default() });
    Frame { header: Header { epoch: Epoch(1), ..Header::default() }, body }.to_bytes().expect("encodes")
}

fn samples(sequence: u64, time: Timestamp, values: [f64; 2]) -> Vec<u8> {
    let mut blocks = BlockBuffer::default();
    let columns = [(SeriesId(1), &values[..1]), (SeriesId(2), &values[1..])];
    blocks.push(GroupId(1), &[time], columns).expect("encodes");
    let body = Body::Samples(Samples::of_blocks(blocks.blocks()));
    let header = Header { epoch: Epoch(1), sequence: Sequence(sequence), sent: time, skipped: 0 };
    Frame { header, body }.to_bytes().expect("encodes")
}

pub(super) const WIDTH: u32 = 200;
pub(super) const HEIGHT: u32 = 80;

fn style() -> Style {
    Style {
        line_width_px: 1.5,
        series: [Color::opaque(255, 0, 0), Color::opaque(0, 255, 0)].into(),
        ramp: ColorRamp::dark().into(),
    }
}

/// A store with one group of two series, `hz` rows a second, and a source of further rows.
pub(super) struct Feed {
    store: Store,
    hz: i64,
    row: i64,
    sequence: u64,
}

impl Feed {
    pub(super) fn new(hz: i64) -> Self {
        let mut store = Store::new(Interval::from_secs(20));
        let catalog = catalog(Interval::from_micros((1_000_000 / hz) as u64));
        store.apply(&Frame::decode(&catalog).expect("decodes"));
        let history = Body::History(History { part: HistoryPart::Last, blocks: Blocks::default() });
        store.apply(&Frame { header: Header { epoch: Epoch(1), ..Header::default() }, body: history });
        Self { store, hz, row: 0, sequence: 0 }
    }

    pub(super) fn now(&self) -> Timestamp {
        Timestamp::from_micros((self.row - 1) * 1_000_000 / self.hz)
    }

    pub(super) fn group(&self) -> &Group {
        &self.store.groups()[0]
    }

    pub(super) fn run(&mut self, rows: i64, value: impl Fn(i64) -> f64) {
        for _ in 0..rows {
            let time = Timestamp::from_micros(self.row * 1_000_000 / self.hz);
            let values = [value(self.row), -value(self.row)];
            self.row += 1;
            self.sequence += 1;
            let frame = samples(self.sequence, time, values);
            let frame = Frame::decode(&frame).expect("decodes");
            assert!(matches!(frame.body, Body::Samples(_)));
            self.store.apply(&frame);
        }
    }

    pub(super) fn draw(&self, chart: &mut LiveChart, now: Timestamp) -> Change {
        let window = Window::new(Interval::from_secs(20), WIDTH);
        chart.draw(&self.store.groups()[0], &window, now, &style())
    }
}

fn chart() -> LiveChart {
    let mut chart = LiveChart::new(Steps::Decimal);
    chart.resize(WIDTH, HEIGHT, 0);
    chart
}

fn wave(row: i64) -> f64 {
    (row as f64 / 17.0).sin() * 10.0 + (row % 5) as f64
}

/// Draws 8 s in 40 steps and at once, and compares the pictures from column 3 on: the leftmost columns once had a neighbour
/// that has left the window.
fn assert_steps_equal_whole(hz: i64, width_px: f32, options: Options, value: impl Fn(i64) -> f64) {
    let mut feed = Feed::new(hz);
    feed.run(hz * 15, &value);
    // One colour: the second series is dashed.
    let style = Style { line_width_px: width_px, series: [Color::opaque(255, 0, 0)].into(), ..style() };
    let window = Window::new(Interval::from_secs(20), WIDTH);
    let new = || {
        let mut chart = chart();
        chart.set_options(options);
        chart
    };
    let draw = |feed: &Feed, chart: &mut LiveChart| {
        chart.draw(&feed.store.groups()[0], &window, feed.now(), &style);
    };
    let mut chart_bit_by_bit = new();
    for _ in 0..40 {
        feed.run((hz / 5).max(1), &value);
        draw(&feed, &mut chart_bit_by_bit);
    }
    let mut at_once = new();
    draw(&feed, &mut at_once);
    assert_eq!(chart_bit_by_bit.scale(), at_once.scale(), "{hz} Hz, {options:?}");
    // An x is rounded at each position on its way to the left, so the last bits of an edge may differ.
    let left = 2 + width_px.ceil() as u32;
    for (x, y) in (left..WIDTH).flat_map(|x| (0..HEIGHT).map(move |y| (x, y))) {
        let at = |chart: &LiveChart| chart.pixels().pixel(x, y).expect("inside");
        let (one, other) = (at(&chart_bit_by_bit), at(&at_once));
        let far = one.iter().zip(other).any(|(a, b)| a.abs_diff(b) > 2);
        assert!(!far, "{hz} Hz, {width_px} px, {options:?} at {x}, {y}: {one:?} and {other:?}");
    }
}

#[test]
fn drawing_in_steps_gives_the_same_picture_as_drawing_at_once() {
    for (hz, mapping) in [2, 10, 100].into_iter().flat_map(|hz| [(hz, Mapping::Linear), (hz, Mapping::Log)]) {
        assert_steps_equal_whole(hz, 1.5, Options { mapping, ..Options::default() }, wave);
    }
}

/// Single samples, pairs, and longer lines, with holes between them.
fn broken(row: i64) -> f64 {
    if [1, 3, 4, 6, 7, 8, 9].contains(&(row / 2 % 12)) || row % 12 == 0 { wave(row) } else { f64::NAN }
}

#[test]
fn lone_samples_drawn_in_steps_give_the_same_picture_as_drawn_at_once() {
    for (kind, hz) in [(Kind::Line, 2), (Kind::Line, 10), (Kind::Line, 50), (Kind::Line, 1_000), (Kind::Area, 10)] {
        for width_px in [1.5, 3.0, 4.5] {
            // The axis of a chart that is drawn in steps follows values that are not on screen any more.
            let options = Options { kind, range: RangeMode::Fixed { low: -20.0, high: 20.0 }, ..Options::default() };
            assert_steps_equal_whole(hz, width_px, options, broken);
            assert_steps_equal_whole(
                hz,
                width_px,
                options,
                |row| {
                    if row % (hz / 2) == 0 { wave(row) } else { f64::NAN }
                },
            );
        }
    }
}

/// The largest sum of alphas in a square of 3 pixels, in pixels that are opaque.
fn largest_spot(chart: &LiveChart) -> f64 {
    let alpha = |x: u32, y: u32| chart.pixels().pixel(x, y).map_or(0.0, |pixel| f64::from(pixel[3]) / 255.0);
    let square = |x: u32, y: u32| (0..9).map(|at| alpha(x + at % 3, y + at / 3)).sum::<f64>();
    (0..WIDTH).flat_map(|x| (0..HEIGHT).map(move |y| (x, y))).map(|(x, y)| square(x, y)).fold(0.0, f64::max)
}

#[test]
fn a_lone_sample_is_a_dot_wherever_it_is() {
    for (kind, hz) in [(Kind::Line, 10), (Kind::Line, 1_000), (Kind::Area, 10), (Kind::Area, 1_000)] {
        // In the middle of the window, near its left edge, and the newest sample.
        for second in [10.0, 0.2, 20.0] {
            let mut feed = Feed::new(hz);
            let lone = ((second * hz as f64) as i64).min(hz * 20 - 1);
            feed.run(hz * 20, |row| if row == lone { 5.0 } else { f64::NAN });
            let mut chart = chart();
            chart.set_options(Options { kind, ..Options::default() });
            feed.draw(&mut chart, feed.now());
            // A disc of 3 px has 7; at an edge half of it is on screen. An area holds the value for some columns.
            let expected = match (kind, second) {
                (Kind::Line, 10.0) => 6.0,
                (_, 10.0) => 4.0,
                _ => 3.0,
            };
            assert!(largest_spot(&chart) >= expected, "{kind:?}, {hz} Hz, {second} s: {}", largest_spot(&chart));
        }
    }
}

/// The answer of a server for the buckets of 100 ms up to `until`, with the rows before it.
fn past(hz: i64, until: i64) -> PastAnswer {
    let rows_per_bucket = hz / 10;
    let (mut blocks, mut columns) = (SummaryBuffer::default(), SummaryColumnsBuffer::default());
    let buckets: Vec<i64> = (0..=(until - 1) / rows_per_bucket).collect();
    for (id, sign) in [(SeriesId(1), 1.0), (SeriesId(2), -1.0)] {
        let mut fields = [const { Vec::new() }; 6];
        for bucket in &buckets {
            let rows = bucket * rows_per_bucket..((bucket + 1) * rows_per_bucket).min(until);
            let values: Vec<f64> = rows.map(|row| sign * wave(row)).collect();
            let Summary { first, last, min, max, sum, count } = Summary::of(&values);
            let all = [first, last, min, max, sum, f64::from(count)];
            fields.iter_mut().zip(all).for_each(|(field, value)| field.push(value));
        }
        let [first, last, min, max, sum, count] = fields.each_ref().map(Vec::as_slice);
        let others = Some([last, min, max, sum, count]);
        columns.push(id, SummaryValues { first, others }).expect("encodes");
    }
    let times: Vec<Timestamp> = buckets.iter().map(|bucket| Timestamp::from_micros(bucket * 100_000)).collect();
    blocks.push(GroupId(1), Interval::from_millis(100), &times, &columns).expect("encodes");
    let mut answer = PastAnswer::default();
    answer.add(&Answer { query: 1, part: AnswerPart::Last, blocks: blocks.blocks() });
    answer
}

#[test]
fn a_chart_of_summaries_and_rows_equals_one_of_rows_alone_pixel_for_pixel() {
    let hz = 200;
    for kind in [Kind::Line, Kind::Area, Kind::Bars, Kind::Heatmap] {
        // The rows begin within a column.
        for (first, until) in [(3_007, 3_400), (3_000, 3_000), (3_007, 3_010)] {
            let (mut whole, mut part) = (Feed::new(hz), Feed::new(hz));
            whole.run(hz * 20, wave);
            part.row = first;
            part.run(hz * 20 - first, wave);
            let range = Timestamp::default()..Timestamp::from_micros(until * 5_000);
            part.store.take_past("g", Interval::from_millis(100), range, &past(hz, until), None);
            let draw = |feed: &Feed| {
                let mut chart = chart();
                chart.set_options(Options { kind, ..Options::default() });
                feed.draw(&mut chart, feed.now());
                chart
            };
            let (whole, part) = (draw(&whole), draw(&part));
            assert_eq!(whole.scale(), part.scale(), "{kind:?}");
            for (x, y) in (0..WIDTH).flat_map(|x| (0..HEIGHT).map(move |y| (x, y))) {
                let (one, other) = (whole.pixels().pixel(x, y), part.pixels().pixel(x, y));
                assert_eq!(one, other, "{kind:?} at {x}, {y}, rows from {first}, summaries until {until}");
            }
        }
    }
}

#[test]
fn nothing_new_draws_nothing() {
    let mut feed = Feed::new(10);
    feed.run(100, wave);
    let mut chart = chart();
    assert_eq!(feed.draw(&mut chart, feed.now()), Change::Axis);
    chart.pixels_mut().take_dirty();
    assert_eq!(feed.draw(&mut chart, feed.now()), Change::Nothing);
    assert_eq!(chart.pixels_mut().take_dirty(), None);
}

#[test]
fn a_hole_in_time_is_not_bridged() {
    let mut feed = Feed::new(10);
    feed.run(60, |_| 5.0);
    feed.row += 60;
    feed.run(60, |_| 5.0);
    let mut chart = chart();
    feed.draw(&mut chart, feed.now());
    let drawn = |x| (0..HEIGHT).any(|y| chart.pixels().pixel(x, y).is_some_and(|pixel| pixel[3] > 0));
    // 20 s on 200 columns: the last 6 s are drawn, the 6 s before are the hole, and before it is drawn again.
    assert!((145..WIDTH).all(drawn) && !(85..135).any(drawn) && (30..75).all(drawn));
}

#[test]
fn no_value_makes_drawing_panic() {
    for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN_POSITIVE, 1e-300, -0.0] {
        for hz in [2, 100] {
            let mut feed = Feed::new(hz);
            feed.run(hz * 10, |row| if row % 3 == 0 { odd } else { wave(row) });
            feed.draw(&mut chart(), feed.now());
            let mut feed = Feed::new(hz);
            feed.run(hz * 10, |_| odd);
            feed.draw(&mut chart(), feed.now());
            feed.draw(&mut chart(), Timestamp::MIN);
            feed.draw(&mut chart(), Timestamp::MAX);
            feed.draw(&mut LiveChart::new(Steps::Decimal), feed.now());
        }
    }
}

/// Extreme values that a stream can hold.
const ODD: [f64; 8] = [
    f64::MAX,
    f64::MIN,
    f64::from_bits(0x7ff0_0000_0000_0002),
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::from_bits(1),
    -f64::MIN_POSITIVE / 2.0,
    -0.0,
];

#[test]
fn any_values_are_drawn_on_an_axis_of_finite_span() {
    let together = [&ODD[..], &ODD[..2], &[f64::MAX, 1.0], &[f64::INFINITY, 1.0]];
    let constant = ODD.iter().chain(&[1e300, 1e-300, 5.0]).map(std::slice::from_ref);
    for values in together.into_iter().chain(constant) {
        // No sample, one, fewer than columns, more than columns.
        for (hz, rows) in [(10, 0), (10, 1), (2, 30), (100, 1_000)] {
            let mut feed = Feed::new(hz);
            feed.run(rows, |row| values[row as usize % values.len()]);
            let kinds = [Kind::Line, Kind::Area, Kind::Bars, Kind::Heatmap];
            for (kind, mapping) in kinds.into_iter().flat_map(|kind| [(kind, Mapping::Linear), (kind, Mapping::Log)]) {
                let options = Options { kind, mapping, ..Options::default() };
                let mut chart = chart();
                chart.set_options(options);
                feed.draw(&mut chart, feed.now());
                let (low, high) = (chart.scale().low(), chart.scale().high());
                let span = high - low;
                assert!(span.is_finite() && span > 0.0, "{options:?} of {values:?}: from {low} to {high}");
            }
        }
    }
}

#[test]
fn a_spike_of_one_sample_is_drawn_at_any_density() {
    for hz in [2, 10, 1_000] {
        let mut feed = Feed::new(hz);
        let spike = hz * 7 + hz / 2;
        feed.run(hz * 15, |row| if row == spike { 100.0 } else { 0.0 });
        let mut chart = chart();
        feed.draw(&mut chart, feed.now());
        let y = chart.scale().y(100.0).round().clamp(0.0, HEIGHT as f32 - 1.0) as u32;
        let seen = (0..WIDTH).any(|x| chart.pixels().pixel(x, y).is_some_and(|pixel| pixel[3] > 0));
        assert!(seen, "{hz} Hz");
    }
}
