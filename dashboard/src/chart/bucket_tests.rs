//! A chart of buckets, and the same chart of the rows in them.

use proptest::prelude::*;
use protocol::{
    BlockMode, Blocks, Body, Bounds, Catalog, CatalogScope, EntriesBuffer, Epoch, Frame, GroupDescriptor, Header,
    History, HistoryPart, Interval, SamplesBuffer, Sequence, SeriesDescriptor, SeriesId, SeriesKind, Timestamp,
};

use super::live::Change;
use super::{Kind, LiveChart, Options, Style};
use crate::store::Store;
use crate::store::bucket_sender::{BucketSender, GROUP, Row, start_of};
use crate::surface::{Color, ColorRamp};
use crate::view::{Mapping, RangeMode, Steps, Window};

const STEP: Interval = Interval::from_millis(100);
const SPAN: Interval = Interval::from_secs(20);
const INTERVAL: Interval = Interval::from_millis(5);
/// One bucket for each column.
const WIDTH: u32 = 200;
const HEIGHT: u32 = 60;
const SERIES: usize = 2;

fn style() -> Style {
    let series = [Color::opaque(255, 0, 0), Color::opaque(0, 255, 0)];
    Style { line_width_px: 1.5, series: series.into(), ramp: ColorRamp::dark().into() }
}

fn header(sequence: u64) -> Header {
    Header { epoch: Epoch(1), sequence: Sequence(sequence), ..Header::default() }
}

/// A store with a catalog, at the beginning of a history.
fn store() -> Store {
    let mut store = Store::new(SPAN);
    let (mut groups, mut series) = (EntriesBuffer::default(), EntriesBuffer::default());
    let (name, unit, interval, bounds) = ("g", "1", INTERVAL, Bounds::Auto);
    groups
        .push(&GroupDescriptor { id: GROUP, name, title: name, unit, interval, bounds, ..GroupDescriptor::default() })
        .expect("encodes");
    for (id, name) in [(SeriesId(1), "a"), (SeriesId(2), "b")] {
        let (kind, labels) = (SeriesKind::Gauge, protocol::Entries::default());
        series.push(&SeriesDescriptor { id, group: GROUP, name, kind, labels }).expect("encodes");
    }
    let (groups, series, retired) = (groups.entries(), series.entries(), protocol::Entries::default());
    let body = Body::Catalog(Catalog { scope: CatalogScope::Whole, groups, series, retired, ..Catalog::default() });
    store.apply(&Frame { header: header(0), body });
    store
}

/// The same rows in two stores: as rows, and as buckets.
struct Both {
    of_rows: Store,
    of_buckets: Store,
    sender: BucketSender,
    rows: SamplesBuffer,
}

impl Both {
    /// Stores that hold these rows as history.
    fn new(rows: &[Row]) -> Self {
        let (mut of_rows, mut of_buckets) = (store(), store());
        let last = History { part: HistoryPart::Last, blocks: Blocks::default() };
        of_rows.apply(&Frame { header: header(0), body: Body::History(last) });
        let mut sender = BucketSender::new(STEP);
        sender.rows = rows.to_vec();
        for frame in sender.history(0, 50, 1) {
            of_buckets.apply(&Frame::decode(&frame).expect("decodes"));
        }
        let mut both = Self { of_rows, of_buckets, sender, rows: SamplesBuffer::default() };
        for rows in rows.chunks(100) {
            both.send_rows(rows);
        }
        both
    }

    fn send_rows(&mut self, rows: &[Row]) {
        let times: Vec<Timestamp> = rows.iter().map(|(time, _)| *time).collect();
        let column = |series: usize| rows.iter().map(|(_, values)| values[series]).collect::<Vec<f64>>();
        let columns: Vec<Vec<f64>> = (0..SERIES).map(column).collect();
        self.rows.start(times.last().copied().unwrap_or_default());
        if !rows.is_empty() {
            let columns = (1..).map(SeriesId).zip(columns.iter().map(Vec::as_slice));
            self.rows.push(BlockMode::Merge, GROUP, &times, columns).expect("encodes");
        }
        let sequence = self.of_rows.position().held().map_or(1, |held| held.0 + 1);
        self.of_rows.apply(&Frame { header: header(sequence), body: Body::Samples(self.rows.samples()) });
    }

    fn send(&mut self, rows: Vec<Row>) {
        self.send_rows(&rows);
        let frame = self.sender.frame(rows);
        self.of_buckets.apply(&Frame::decode(&frame).expect("decodes"));
    }

    fn newest(&self) -> Timestamp {
        self.sender.rows[self.sender.rows.len() - 1].0
    }
}

/// The chart of each store.
struct Charts {
    charts: [LiveChart; 2],
    width: u32,
}

impl Charts {
    fn new(kind: Kind, mapping: Mapping, width: u32) -> Self {
        // The mean of the open bucket is not known, and moves the axes of kinds that draw means.
        let range = match kind {
            Kind::Line => RangeMode::Automatic,
            _ => RangeMode::Fixed { low: -250.0, high: 250.0 },
        };
        let charts = [(); 2].map(|()| {
            let mut chart = LiveChart::new(Steps::Decimal);
            chart.set_options(Options { kind, mapping, range });
            chart.resize(width, HEIGHT, 2);
            chart
        });
        Self { charts, width }
    }

    fn window(&self) -> Window {
        Window::new(SPAN, self.width)
    }

    fn draw(&mut self, both: &Both, now: Timestamp) -> [Change; 2] {
        let window = self.window();
        let [rows, buckets] = &mut self.charts;
        let of = |chart: &mut LiveChart, store: &Store| chart.draw(&store.groups()[0], &window, now, &style());
        [of(rows, &both.of_rows), of(buckets, &both.of_buckets)]
    }

    /// The first column, from the left, in which the pixels differ.
    fn difference(&self) -> Option<u32> {
        let [rows, buckets] = &self.charts;
        let height = rows.pixels().height();
        let differs = |x: &u32| (0..height).any(|y| rows.pixels().pixel(*x, y) != buckets.pixels().pixel(*x, y));
        (0..self.width).find(differs)
    }
}

type Values = Vec<(u16, [Option<i8>; SERIES])>;

/// Rows of a source that is fast, stops now and then, and sometimes has no value for a series.
fn rows(count: std::ops::Range<usize>) -> impl Strategy<Value = Values> {
    let value = prop_oneof![30 => (-100_i8..100).prop_map(Some), 1 => Just(None)];
    let time = prop_oneof![300 => 1_u16..10, 1 => 50_u16..1_000];
    proptest::collection::vec((time, [value.clone(), value]), count)
}

fn timed(rows: Values, now: &mut i64) -> Vec<Row> {
    let row = |(after, values): (u16, [Option<i8>; SERIES])| {
        *now += i64::from(after) * 1_000;
        (Timestamp::from_micros(*now), values.map(|value| value.map_or(f64::NAN, f64::from)).to_vec())
    };
    rows.into_iter().map(row).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Drawn in ticks while it scrolls, a chart of buckets has the pixels of a chart of rows, in columns of one, two or four buckets.
    /// Kinds that draw means differ only where the open bucket has a part.
    #[test]
    fn a_chart_of_buckets_equals_one_of_rows_pixel_for_pixel(
        history in rows(1_500..4_000),
        ticks in proptest::collection::vec((rows(0..40), 0_i64..3_000), 1..12),
        kind in prop_oneof![Just(Kind::Line), Just(Kind::Area), Just(Kind::Bars), Just(Kind::Heatmap)],
        width in prop_oneof![Just(WIDTH), Just(WIDTH / 2), Just(WIDTH / 4)], log: bool,
    ) {
        let mut now = 1_700_000_000_000_000;
        let mut both = Both::new(&timed(history, &mut now));
        let mapping = if log && kind == Kind::Line { Mapping::Log } else { Mapping::Linear };
        let mut charts = Charts::new(kind, mapping, width);
        // Rows on screen, so that the lines of rows are dense in each tick.
        let window = charts.window();
        let dense = |both: &Both, right: Timestamp| {
            let group = &both.of_rows.groups()[0];
            group.rows().end - group.first_row_at(window.start_of(window.visible(right).start)) > 2 * u64::from(width)
        };
        for (rows, later) in ticks {
            both.send(timed(rows, &mut now));
            let right = both.newest() + Interval::from_micros(later.unsigned_abs() * 100);
            charts.draw(&both, right);
            if kind == Kind::Line {
                prop_assert!(!dense(&both, right) || charts.difference().is_none(), "{kind:?} on {width}: {:?}", charts.difference());
            } else {
                let open = window.column_of(start_of(both.newest(), STEP)) - window.visible(right).start;
                // As many columns to the left depend on it: those of a bar.
                let part = i64::from(width / 40).max(8);
                prop_assert!(charts.difference().is_none_or(|x| i64::from(x) > open - part), "{kind:?} on {width}: {:?}", charts.difference());
            }
        }
        // Up to the column before the open bucket, every kind is equal.
        let right = window.start_of(window.column_of(start_of(both.newest(), STEP))) - Interval::from_micros(1);
        charts.draw(&both, right);
        prop_assert!(kind == Kind::Line && !dense(&both, right) || charts.difference().is_none(), "{kind:?} on {width}: {:?}", charts.difference());
    }
}

fn steady(rows: std::ops::Range<i64>) -> Vec<Row> {
    rows.map(|row| (Timestamp::from_micros(row * 5_000), vec![(row % 50) as f64, -((row % 70) as f64)])).collect()
}

#[test]
fn while_the_open_bucket_changes_only_its_columns_are_drawn() {
    let mut both = Both::new(&steady(0..4_005));
    let mut charts = Charts::new(Kind::Line, Mapping::Linear, WIDTH);
    let now = Timestamp::from_micros(4_019 * 5_000);
    charts.draw(&both, now);
    charts.charts[1].pixels_mut().take_dirty();
    assert_eq!(charts.draw(&both, now), [Change::Nothing; 2]);
    both.send(steady(4_005..4_010));
    assert_eq!(charts.draw(&both, now), [Change::Series; 2]);
    let dirty = charts.charts[1].pixels_mut().take_dirty().expect("drawn");
    assert!(dirty.start >= WIDTH - 6 && dirty.end == WIDTH, "{dirty:?}");
    both.send(Vec::new());
    assert_eq!(charts.draw(&both, now), [Change::Nothing; 2], "a frame without rows of the group");
    assert_eq!(charts.difference(), None);
}

#[test]
fn after_a_resize_lines_of_longer_buckets_have_no_holes() {
    let both = Both::new(&steady(0..4_000));
    for kind in [Kind::Line, Kind::Area, Kind::Heatmap] {
        for width in [150, 230, 640] {
            let mut charts = Charts::new(kind, Mapping::Linear, width);
            charts.draw(&both, both.newest());
            let pixels = charts.charts[1].pixels();
            let inked = |x| (0..pixels.height()).any(|y| pixels.pixel(x, y).is_some_and(|pixel| pixel[3] > 0));
            assert!((8..width).all(inked), "{kind:?} on {width} columns");
        }
    }
}
